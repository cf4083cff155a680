"""The page with the number, in a real browser: it goes on by itself, and works without script."""

import re
from pathlib import Path

from playwright.async_api import Page as Tab
from playwright.async_api import expect

from portvakt.records.unit import Unit
from tests.browser.real_service import real_service
from tests.journeys.sign_in.phones import NUMBER_PAGE, anna, answer, approve, waiting
from tests.web.shots import chromium
from tests.world import PASSWORD

PUSH = ("push.example",)
SOON = 10_000
"""Milliseconds in which everything must have happened: a hang guard."""


async def sign_in(tab: Tab, origin: str) -> None:
    await tab.goto(f"{origin}/sign-in")
    await tab.get_by_label("E-postadress eller användarnamn").fill("anna.berg")
    await tab.get_by_label("Lösenord", exact=True).fill(PASSWORD)
    await tab.get_by_role("button", name="Logga in", exact=True).click()
    await title(tab, NUMBER_PAGE)


async def title(tab: Tab, text: str) -> None:
    await expect(tab.get_by_role("heading", level=1)).to_have_text(text, timeout=SOON)


async def test_the_page_tells_what_happens_and_goes_on_by_itself(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with real_service(tmp_path, sqlite_url, PUSH) as (world, origin), chromium() as browser:
        account = await anna(world)
        tab = await browser.new_page()
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        await sign_in(tab, origin)
        (asked,) = await waiting(world, account)
        number = tab.get_by_role("img", name=f"Numret är {' '.join(asked.number)}")
        await expect(number).to_have_text(asked.number)

        async def opened(unit: Unit) -> None:
            await unit.approvals.note(asked.id, "delivered", world.clock.at)
            await unit.approvals.note(asked.id, "opened", world.clock.at)
            await unit.wakeups.ring(f"approval:{asked.id}")

        await world.house.records.write(opened)
        told = re.compile(r"^Väntar i appen sedan [\d:]{8} · Framme [\d:]{8} · Öppnat [\d:]{8}$")
        await expect(tab.get_by_role("status")).to_have_text(told, timeout=SOON)
        await approve(world, account)
        await expect(tab).to_have_url(f"{origin}/apps", timeout=SOON)
        assert errors == []


async def test_a_denied_request_is_told_on_the_page_by_itself(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with real_service(tmp_path, sqlite_url, PUSH) as (world, origin), chromium() as browser:
        account = await anna(world)
        tab = await browser.new_page()
        await sign_in(tab, origin)
        (asked,) = await waiting(world, account)
        await answer(world, asked, approve=False)
        await title(tab, "Du nekade i telefonen")
        await tab.get_by_role("button", name="Skicka en ny").click()
        await title(tab, NUMBER_PAGE)
        await approve(world, account)
        await expect(tab).to_have_url(f"{origin}/apps", timeout=SOON)


async def test_the_page_works_with_script_off(tmp_path: Path, sqlite_url: str) -> None:
    async with real_service(tmp_path, sqlite_url, PUSH) as (world, origin), chromium() as browser:
        account = await anna(world)
        context = await browser.new_context(java_script_enabled=False)
        tab = await context.new_page()
        await sign_in(tab, origin)
        go_on = tab.get_by_role("button", name="Jag har svarat i telefonen")
        await go_on.click()
        await expect(tab.get_by_text("Vi har inte fått något svar än").first).to_be_visible()
        await approve(world, account)
        await go_on.click()
        await expect(tab).to_have_url(f"{origin}/apps", timeout=SOON)


async def test_a_name_and_the_phone_are_enough(tmp_path: Path, sqlite_url: str) -> None:
    async with real_service(tmp_path, sqlite_url, PUSH) as (world, origin), chromium() as browser:
        account = await anna(world, sign_in=True)
        tab = await browser.new_page()
        await tab.goto(f"{origin}/sign-in")
        await tab.get_by_label("E-postadress eller användarnamn").fill("anna.berg")
        await tab.get_by_role("button", name="Logga in med telefonen i stället").click()
        await title(tab, NUMBER_PAGE)
        (asked,) = await waiting(world, account)
        number = tab.get_by_role("img", name=f"Numret är {' '.join(asked.number)}")
        await expect(number).to_have_text(asked.number)
        await approve(world, account)
        await expect(tab).to_have_url(f"{origin}/apps", timeout=SOON)
