"""From the operator's call to the words on the page, through the whole product."""

from pathlib import Path

import pytest

from portvakt.settings.structs import Sms
from portvakt.text_gateways import gateway_names
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_phone
from tests.journeys.sign_in.test_text_waiting import told, tried
from tests.world import World

SECRET = "what-the-operator-and-we-know"


def gateway(folder: Path, url: str = "https://api.operator.example/sms") -> Sms:
    secret = folder / "receipts"
    secret.write_text(SECRET)
    receipt = {
        "id": "id",
        "state": "status",
        "delivered": ["delivered"],
        "failed": ["failed"],
        "proof": "basic",
        "user": "portvakt",
        "secret": {"file": str(secret)},
    }
    options = {
        "url": url,
        "idempotency_header": "Idempotency-Key",
        "body": "to={to}&message={text}&whendelivered=https://portvakt:{receipt_secret}@x.example/",
        "receipt_field": "id",
        "receipt": receipt,
    }
    return Sms("http_form", name="elks", options=options)


async def calls(world: World, password: str, path: str = "/receipts/elks") -> int:
    """Call as the operator does; return the status."""
    async with world.browser() as operator:
        answer = await operator.client.post(
            path, data={"id": "op-1", "status": "delivered"}, auth=("portvakt", password)
        )
        return answer.status_code


async def test_a028_a_forged_receipt_is_401_and_the_page_says_what_it_said(
    open_world: Open, tmp_path: Path
) -> None:
    async with open_world(sms=(gateway(tmp_path),)) as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        id_, now = await tried(world), world.clock.at
        await world.house.records.write(
            lambda unit: unit.outbox.handed_over(id_, now, "op-1", "elks")
        )
        before = told(await browser.get(page.path))
        assert await calls(world, "guessed") == 401
        assert told(await browser.get(page.path)) == before == "Skickat 13:00:01 till ••• 05"
        assert await calls(world, SECRET) == 204
        assert told(await browser.get(page.path)) == f"{before} · Framme 13:00:01"


async def test_a_gateway_that_is_not_in_the_settings_has_no_address(
    open_world: Open, tmp_path: Path
) -> None:
    async with open_world(sms=(gateway(tmp_path),)) as world:
        assert await calls(world, SECRET, "/receipts/http_form") == 404


@pytest.mark.parametrize(
    ("blocks", "names"),
    [
        ((Sms("smpp"), Sms("http_form")), ("smpp", "http_form")),
        ((Sms("http_form"), Sms("http_form")), ("http_form", "http_form-2")),
        ((Sms("http_form", name="elks"), Sms("http_form")), ("elks", "http_form")),
    ],
)
def test_a_gateway_without_a_name_is_called_by_its_adapter_and_place(
    blocks: tuple[Sms, ...], names: tuple[str, ...]
) -> None:
    assert gateway_names(blocks) == names
