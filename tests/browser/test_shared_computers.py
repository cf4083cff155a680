"""A computer on a ward, as whoever stands before it sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from portvakt.core.ids import AccountId, NetworkId
from tests import make
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.looking import RULES
from tests.browser.real_service import real_service
from tests.world import PASSWORD

WARD = make.network(
    id=NetworkId("ward"), name="Avdelning 7", addresses=("127.0.0.0/8", "::1/128"), shared=True
)
PUSH = ("https://push.invalid",)
SIZES = {"phone": (390, 844), "desk": (1280, 800), "narrow": (320, 640)}


@asynccontextmanager
async def before_the_computer(
    folder: Path, url: str, size: tuple[int, int], language: str
) -> AsyncIterator[tuple[Page, str]]:
    """Stand at a ward's computer; Anna and Bo work there."""
    async with (
        real_service(folder, url, PUSH) as (world, origin),
        async_playwright() as playwright,
    ):
        await world.person()
        await world.person(
            make.account(id=AccountId("bo"), external_id="18", user_name="bo.ek", given_name="Bo")
        )
        await world.configure(networks=[WARD])
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        width, height = size
        context = await browser.new_context(viewport={"width": width, "height": height})
        page = await context.new_page()
        await page.goto(f"{origin}/sign-in")
        if language == "en":
            await page.get_by_role("button", name="English").click()
        yield page, origin
        await browser.close()


async def sign_in(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("size", SIZES)
async def test_whose_session_it_is_stands_on_every_page_and_is_handed_over_by_keyboard(
    tmp_path: Path, sqlite_url: str, size: str, language: str
) -> None:
    switch = {"sv": "Byt person", "en": "Switch person"}[language]
    async with before_the_computer(tmp_path, sqlite_url, SIZES[size], language) as (page, origin):
        await sign_in(page, "anna.berg")
        await expect(page.locator("h1")).to_be_visible()
        for path in ("/apps", "/my-sign-ins", "/security-info"):
            await page.goto(origin + path)
            bar = page.locator("form.ward")
            await expect(bar).to_contain_text("Anna Berg")
            await expect(bar.get_by_role("button", name=switch)).to_be_visible()
            await page.screenshot(
                path=str(tmp_path / f"{size}-{language}{path.replace('/', '-')}.png"),
                full_page=True,
            )
            assert await page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
            found = await Axe().run(page, options={"runOnly": RULES})
            assert not found.response["violations"], path
        await page.goto(f"{origin}/my-sign-ins")
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.innerText") == switch:
                break
        assert (
            await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        )
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{origin}/sign-in?to=/my-sign-ins")
        await expect(page.locator("form.ward")).to_have_count(0)
        await page.go_back()
        await expect(page).to_have_url(f"{origin}/sign-in?to=/my-sign-ins")
        await sign_in(page, "bo.ek")
        await expect(page).to_have_url(f"{origin}/my-sign-ins")
        await expect(page.locator("form.ward")).to_contain_text("Bo Berg")
