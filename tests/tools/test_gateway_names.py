from portvakt.settings.structs import Sms
from portvakt.text_gateways import gateway_names


def test_a_gateway_is_called_what_its_block_says_or_as_its_adapter() -> None:
    blocks = [
        Sms(gateway="http_form"),
        Sms(gateway="http_form", name="46elks"),
        Sms(gateway="http_form"),
        Sms(gateway="smpp"),
    ]
    assert gateway_names(blocks) == ("http_form", "46elks", "http_form-3", "smpp")
