"""The page that waits for a text, in a real browser: it hears of the receipt by itself."""

import asyncio
import re
from pathlib import Path

import httpx
from playwright.async_api import Page as Tab
from playwright.async_api import expect

from tests.browser.real_service import real_service
from tests.conformance.operator import Request, answers, operator
from tests.journeys.sign_in.region import anna_with_phone
from tests.journeys.text_receipts.test_on_the_page import SECRET, gateway
from tests.web.shots import chromium
from tests.worker.office import until
from tests.world import PASSWORD

PUSH = ("push.example",)
SOON = 10_000
"""Milliseconds in which everything must have happened: a hang guard."""
SENT = r"Skickat [\d:]{8} till ••• 05"
QUEUED = "Sms:et är på väg till operatören"


async def sign_in(tab: Tab, origin: str) -> None:
    await tab.goto(f"{origin}/sign-in")
    await tab.get_by_label("E-postadress eller användarnamn").fill("anna.berg")
    await tab.get_by_label("Lösenord", exact=True).fill(PASSWORD)
    await tab.get_by_role("button", name="Logga in", exact=True).click()
    title = tab.get_by_role("heading", level=1)
    await expect(title).to_have_text("Vilken kod fick du?", timeout=SOON)


class Slow:
    """An operator that answers when it is told to."""

    def __init__(self) -> None:
        self.now = asyncio.Event()

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        await self.now.wait()
        await answers(200, b'{"id": "op-1"}')(request, out)


async def calls(origin: str, status: str, password: str = SECRET) -> int:
    """Send a receipt as the operator does."""
    async with httpx.AsyncClient(base_url=origin, auth=("portvakt", password)) as client:
        fields = {"id": "op-1", "status": status}
        return (await client.post("/receipts/elks", data=fields)).status_code


async def test_the_page_hears_of_the_text_and_keeps_what_is_typed(
    tmp_path: Path, sqlite_url: str
) -> None:
    slow = Slow()
    async with (
        operator(slow) as there,
        real_service(tmp_path, sqlite_url, PUSH, (gateway(tmp_path, there.url),)) as (
            world,
            origin,
        ),
        chromium() as browser,
    ):
        await anna_with_phone(world)
        tab = await browser.new_page()
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        await sign_in(tab, origin)
        told = tab.locator("p.waiting")
        await expect(told).to_have_text(QUEUED)
        await tab.get_by_label("Kod från sms").fill("012")
        counting = tab.locator("[data-counts-down]")
        await expect(counting).to_have_text(re.compile(r"^Du kan be om en ny kod om \d+ sekunder"))
        slow.now.set()
        await expect(told).to_have_text(re.compile(f"^{SENT}$"), timeout=SOON)
        assert await calls(origin, "delivered", "guessed") == 401
        assert await calls(origin, "delivered") == 204
        await expect(told).to_have_text(re.compile(rf"^{SENT} · Framme [\d:]{{8}}$"), timeout=SOON)
        await expect(tab.get_by_label("Kod från sms")).to_have_value("012")
        await expect(tab.get_by_role("link", name="Ta ett annat sätt")).to_be_visible()
        assert errors == []


async def test_the_page_tells_the_same_with_script_off(tmp_path: Path, sqlite_url: str) -> None:
    slow = Slow()
    async with (
        operator(slow) as there,
        real_service(tmp_path, sqlite_url, PUSH, (gateway(tmp_path, there.url),)) as (
            world,
            origin,
        ),
        chromium() as browser,
    ):
        await anna_with_phone(world)
        tab = await (await browser.new_context(java_script_enabled=False)).new_page()
        await sign_in(tab, origin)
        await expect(tab.locator("p.waiting")).to_have_text(QUEUED)
        at = re.compile(r"^Du kan be om en ny kod klockan [\d:]{8}\.$")
        await expect(tab.locator("[data-counts-down]")).to_have_text(at)
        slow.now.set()
        await until(lambda: bool(there.requests))
        assert await calls(origin, "failed") == 204
        await tab.reload()
        await expect(tab.locator("p.waiting")).to_contain_text("Det kom inte fram")
