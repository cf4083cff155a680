"""Which push addresses a phone may name (A035)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.wake import LONGEST_ENDPOINT, allowed_endpoint, destination_of
from portvakt.wire.addresses import BadDestinationError

HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
    "push.example:8443",
    "192.0.2.7",
)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/c1:APA91bF-_x",
        "https://fcm.googleapis.com:443/fcm/send/c1",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl",
        "https://web.push.apple.com/QGu",
        "https://a.b.push.apple.com/QGu",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%3d%3d",
        "https://push.example:8443/x",
        "https://192.0.2.7/x",
    ],
)
def test_addresses_of_the_services_in_the_settings_are_allowed(endpoint: str) -> None:
    assert allowed_endpoint(endpoint, HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254/x",
        "https://169.254.169.254/latest/meta-data",
        "http://localhost:6379/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://192.0.2.8/",
        "https://3221225991/",
        "https://0xc0000207/",
        "http://fcm.googleapis.com/fcm/send/c1",
        "https://fcm.googleapis.com:8443/fcm/send/c1",
        "https://fcm.googleapis.com.attacker.example/",
        "https://evil-push.apple.com/",
        "https://evil-push.apple.com.attacker.example/",
        "https://push.apple.com/",
        "https://.push.apple.com/",
        "https://a..push.apple.com/",
        "https://push.example/x",
        "https://push.example:443/x",
        "https://push.example:08443/x",
        "https://anna@fcm.googleapis.com/",
        "https://anna:b@fcm.googleapis.com/",
        "https://fcm.googleapis.com@attacker.example/",
        "https://fcm.googleapis.com:443@attacker.example/",
        "https://attacker.example\\@fcm.googleapis.com/",
        "https://attacker.example#@fcm.googleapis.com/",
        "https://attacker.example?fcm.googleapis.com/",
        "https://fcm.googleapis.com#x",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com",
        "https://FCM.googleapis.com/x",
        "https://fcm.googleapis.com./x",
        "https://ｆcm.googleapis.com/x",
        "https://fcm.googleapis.com/x y",
        "https://fcm.googleapis.com/x\r\nHost: a",
        "https://fcm.googleapis.com/x\n",
        " https://fcm.googleapis.com/x",
        "https:fcm.googleapis.com/x",
        "https:///fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:99999/x",
        "https://fcm.googleapis.com:/x",
        "",
        "https://fcm.googleapis.com/" + "x" * LONGEST_ENDPOINT,
    ],
)
def test_a035_any_other_address_is_refused(endpoint: str) -> None:
    assert not allowed_endpoint(endpoint, HOSTS)


def test_the_longest_address_is_just_allowed() -> None:
    start = "https://fcm.googleapis.com/"
    assert allowed_endpoint(start + "x" * (LONGEST_ENDPOINT - len(start)), HOSTS)


def test_without_services_nothing_is_allowed() -> None:
    assert not allowed_endpoint("https://fcm.googleapis.com/x", ())


def test_loopback_is_allowed_only_where_the_settings_name_it_with_its_port() -> None:
    assert allowed_endpoint("http://127.0.0.1:8770/x", ["http://127.0.0.1:8770"])
    assert allowed_endpoint("https://localhost:8770/x", ["localhost:8770"])
    assert not allowed_endpoint("http://127.0.0.1:8770/x", ["127.0.0.1:8770"])
    assert not allowed_endpoint("https://127.0.0.1:8770/x", ["http://127.0.0.1:8770"])
    assert not allowed_endpoint("http://127.0.0.1:8771/x", ["http://127.0.0.1:8770"])
    assert not allowed_endpoint("http://localhost:8770/x", ["http://127.0.0.1:8770"])


@given(st.text(), st.sampled_from(["fcm.googleapis.com", "web.push.apple.com"]))
def test_no_text_before_a_host_makes_another_host_allowed(text: str, host: str) -> None:
    endpoint = f"https://{text}{host}/x"
    if allowed_endpoint(endpoint, HOSTS):
        asked = endpoint.removeprefix("https://").partition("/")[0]
        assert (
            asked == host
            or asked.endswith(".push.apple.com")
            or text.startswith(tuple(entry for entry in HOSTS if not entry.startswith("*")))
        )


@pytest.mark.parametrize(
    "entry",
    [
        "*",
        "*.com",
        "*.",
        "*.push.apple.com:443",
        "*.0.0.1",
        "a.*.example",
        "**.push.example",
        "https://*.push.example",
        "http://push.example",
        "http://10.0.0.1:8080",
        "push.example/path",
        "push.example:x",
        "anna@push.example",
        "Push.example",
        "push example",
        "ftp://push.example",
        "",
    ],
)
def test_what_is_no_service_is_no_setting(entry: str) -> None:
    with pytest.raises(BadDestinationError):
        destination_of(entry)
