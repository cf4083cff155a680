"""Registration and sign-in by text, through message centres that others wrote, receipts and all."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from portvakt.settings.structs import Sms
from portvakt.worker import beside
from tests.conformance.operator import Request, operator
from tests.conformance.operators_page import blocks
from tests.conformance.sms_rigs import smpp_settings, whole
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    TYPED,
    comes_to_register,
    new_person,
    second_factors,
)
from tests.journeys.sign_in.test_text_waiting import told
from tests.servers.kannel import SENDSMS_PASSWORD, Kannel
from tests.servers.message_centre import MessageCentre
from tests.world import Browser, Page, World, settings, world

pytestmark = pytest.mark.slow

PATIENCE = 20.0
SECRET = "what_kannel_and-we-know"


@asynccontextmanager
async def product(folder: Path, database_url: str, gateway: Sms) -> AsyncIterator[World]:
    """The product with its worker beside it, as `portvakt serve` runs them."""
    async with world(folder, database_url, sms=(gateway,)) as opened:
        house = opened.house
        async with beside(
            settings(folder, database_url, sms=(gateway,)),
            records=house.records,
            keys=house.keys,
            hasher=house.hasher,
            clock=opened.clock,
        ):
            yield opened


async def code_of_text(centre: MessageCentre, at: int) -> str:
    """Wait for a text to Anna, as her phone does, and read its last line as the phone does."""
    await centre.until("submit", at)
    to, text = whole(centre.texts)[-1]
    assert to == NUMBER.removeprefix("+")
    found = re.search(r"\n@[a-z.-]+ #([0-9]{6})$", text)
    assert found is not None
    return found[1]


async def arrived(browser: Browser, page: Page) -> str:
    """Look at the page until it says that the text has arrived."""
    async with asyncio.timeout(PATIENCE):
        while "Framme" not in (said := told(await browser.get(page.path))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return said


async def registers_and_signs_in(opened: World, centre: MessageCentre) -> None:
    """Do what the instruction says, by text alone, and sign in with it from home."""
    anna = await new_person(opened)
    async with opened.browser() as browser:
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        code = await code_of_text(centre, 1)
        assert "Skickat" in await arrived(browser, page)
        page = await browser.submit({"code": code})
        assert page.title == "Klart!"
    assert ("sms_code", NUMBER, "self") in await second_factors(opened, anna)
    opened.clock.move(minutes=2)
    async with opened.browser() as browser:
        page = await browser.sign_in()
        code = await code_of_text(centre, 2)
        assert "Skickat" in await arrived(browser, page)
        assert (await browser.submit({"code": code})).path == "/apps"


@pytest.mark.parametrize("tls", ["tls", "none"])
async def test_a_person_registers_and_signs_in_by_smpp(
    tmp_path: Path, sqlite_url: str, message_centre: MessageCentre, tls: str
) -> None:
    message_centre.fresh(state="DELIVRD")
    options = smpp_settings(tmp_path, message_centre, tls=tls)
    async with product(tmp_path, sqlite_url, Sms("smpp", options=options)) as opened:
        await registers_and_signs_in(opened, message_centre)


async def test_a_person_registers_and_signs_in_through_kannel(
    tmp_path: Path, sqlite_url: str, message_centre: MessageCentre
) -> None:
    message_centre.fresh(state="DELIVRD")
    kannel = Kannel(tmp_path / "kannel", message_centre.port)
    forward: list[World] = []

    async def public(request: Request, out: asyncio.StreamWriter) -> None:
        """The proxy in front of the product."""
        async with forward[0].browser() as caller:
            answer = await caller.client.get(request.target)
        out.write(f"HTTP/1.1 {answer.status_code} X\r\nContent-Length: 0\r\n\r\n".encode())
        await out.drain()

    try:
        await message_centre.until("bind")
        async with operator(public) as proxy:
            gateway = kannel_block(tmp_path, kannel, f"http://127.0.0.1:{proxy.port}")
            async with product(tmp_path, sqlite_url, gateway) as opened:
                forward.append(opened)
                await registers_and_signs_in(opened, message_centre)
    finally:
        kannel.close()


def kannel_block(folder: Path, kannel: Kannel, public: str) -> Sms:
    """The block of the operators' page, with places and secrets of this test."""
    block = blocks()["kannel"]
    (folder / "password").write_text(SENDSMS_PASSWORD)
    (folder / "receipts").write_text(SECRET)
    options = {key: value for key, value in block.items() if key not in {"name", "gateway"}}
    options |= {
        "url": kannel.url,
        "query": block["query"].replace("https://login.region.example", public),
        "secret": {"file": str(folder / "password")},
        "receipt": block["receipt"] | {"secret": {"file": str(folder / "receipts")}},
    }
    return Sms("http_form", name="kannel", options=options)
