"""What only a browser can show, in Chromium: axe, small windows, keyboard, script on and off."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Page, ViewportSize

from tests.web.gallery import PAGES, PROBLEMS, gallery
from tests.web.serving import served
from tests.web.shots import chromium

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
EVERY = [*PAGES, *PROBLEMS]
PHONE = ViewportSize(width=390, height=700)
NARROW = ViewportSize(width=320, height=640)
DESK = ViewportSize(width=1280, height=800)

COUNT_CONTROLS = """() =>
  [...document.querySelectorAll(`a, button, input:not([type=hidden]), select`)]
    .filter(e => e.checkVisibility() && (e.type !== 'radio' || e.checked)).length"""
FOCUSED = """() => {
  const e = document.activeElement, ring = getComputedStyle(e.closest('.choice') || e);
  const place = [...document.querySelectorAll('*')].indexOf(e);
  return e === document.body ? null : [place, ring.outlineStyle, ring.outlineWidth].join() }"""


@asynccontextmanager
async def tab(**options: Any) -> AsyncIterator[tuple[Page, str]]:
    """Open a tab before the gallery; give it and the address. Trouble in the console fails."""
    trouble: list[str] = []
    async with served(gallery) as address, chromium() as browser:
        page = await _page(browser, trouble, **{"viewport": PHONE, **options})
        yield page, f"{address}/gallery"
    assert trouble == []


async def _page(browser: Browser, trouble: list[str], **options: Any) -> Page:
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "console",
        lambda said: (
            trouble.append(said.text)
            if said.type == "error" and "the server responded with" not in said.text
            else None
        ),
    )
    return page


@pytest.mark.parametrize(
    ("scheme", "language", "size"),
    [("light", "sv", NARROW), ("dark", "sv", DESK), ("dark", "en", NARROW)],
)
async def test_axe_finds_nothing_on_any_page(
    scheme: str, language: str, size: ViewportSize
) -> None:
    spoken = {"cookie": f"__Host-language={language}"}
    async with tab(color_scheme=scheme, extra_http_headers=spoken, viewport=size) as (
        page,
        gallery_at,
    ):
        for name in EVERY:
            await page.goto(f"{gallery_at}/{name}")
            await page.evaluate(AXE)
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            said = [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]
            assert said == [], name


async def test_nothing_scrolls_sideways_at_320_pixels() -> None:
    async with tab(viewport=NARROW) as (page, gallery_at):
        for name in EVERY:
            await page.goto(f"{gallery_at}/{name}")
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, name


async def test_everything_to_press_is_large_enough_for_a_thumb() -> None:
    measure = """() => [...document.querySelectorAll(`button, .main, .choice, .tile, .brand,
        select, .other a, .back a, .menu a,
        input:not([type=hidden], [type=radio], [type=checkbox])`)]
        .filter(e => e.checkVisibility())
        .map(e => [e.outerHTML, e.getBoundingClientRect().height])"""
    async with tab() as (page, gallery_at):
        for name in EVERY:
            await page.goto(f"{gallery_at}/{name}")
            small = [what for what, height in await page.evaluate(measure) if height < 44]
            assert small == [], name


async def test_the_cursor_stands_in_the_first_field_and_on_the_summary_after_an_error() -> None:
    focused = "document.activeElement.id || document.activeElement.className"
    async with tab() as (page, gallery_at):
        for name, place in {"sign-in": "name", "code": "code", "code-wrong": "summary"}.items():
            await page.goto(f"{gallery_at}/{name}")
            assert await page.evaluate(focused) == place
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate(focused) == "code"


async def test_a129_every_control_is_reached_by_keyboard_and_shows_it() -> None:
    async with tab() as (page, gallery_at):
        for name in ("sign-in", "choose", "sheet", "scan", "portal", "history"):
            await page.goto(f"{gallery_at}/{name}")
            await page.evaluate("document.activeElement.blur()")
            expected = await page.evaluate(COUNT_CONTROLS)
            seen = set()
            for _ in range(expected + 1):  # once past the page itself
                await page.keyboard.press("Tab")
                seen.add(await page.evaluate(FOCUSED))
            seen.discard(None)
            assert len(seen) == expected, name
            assert all(each.endswith("solid,3px") for each in seen), (name, seen)


async def test_a_password_can_be_looked_at_and_is_hidden_again_when_it_is_sent() -> None:
    async with tab() as (page, gallery_at):
        await page.goto(f"{gallery_at}/sign-in")
        await page.fill("#password", "blåbärsgröt på fjället")
        await page.click("[data-reveals]")
        assert await page.get_attribute("#password", "type") == "text"
        assert await page.get_by_role("button", name="Dölj Lösenord").is_visible()
        await page.evaluate(
            """() => document.querySelector('main form').addEventListener('submit', e => {
            e.preventDefault(); window.sentAs = document.getElementById('password').type })"""
        )
        await page.click("button.main")
        assert await page.evaluate("sentAs") == "password"


async def test_a127_a_pasted_code_with_spaces_arrives_whole() -> None:
    async with tab(permissions=["clipboard-read", "clipboard-write"]) as (page, gallery_at):
        await page.goto(f"{gallery_at}/code")
        await page.evaluate("navigator.clipboard.writeText('123 456')")
        await page.focus("#code")
        await page.keyboard.press("Control+V")
        assert await page.input_value("#code") == "123 456"


async def test_a_key_is_copied_without_its_spaces() -> None:
    async with tab(permissions=["clipboard-read", "clipboard-write"]) as (page, gallery_at):
        await page.goto(f"{gallery_at}/scan")
        await page.click("[data-copies]")
        await page.wait_for_function(
            "document.querySelector('[data-copies]').innerText == 'Kopierat'"
        )
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def test_a126_twenty_seconds_before_the_end_a_polite_word_and_a_button_appear() -> None:
    async with tab() as (page, gallery_at):
        await page.clock.install()
        await page.goto(f"{gallery_at}/code")
        soon = page.get_by_text("Koden går snart ut. Vill du ha mer tid?")
        again = page.get_by_role("button", name="Skicka en ny kod")
        await page.fill("#code", "12")
        await page.clock.fast_forward(279_000)
        assert not await soon.is_visible()
        await page.clock.fast_forward(2_000)
        assert await soon.is_visible()
        assert await again.is_visible()
        assert await soon.evaluate("e => e.closest('[role=status]') !== null")
        assert await page.input_value("#code") == "12"
        assert await page.evaluate("document.activeElement.id") == "code"
        await page.clock.fast_forward(20_000)
        assert await page.get_by_text("Koden har gått ut.").is_visible()
        assert await again.is_visible()


async def test_after_a_long_wait_the_other_way_grows_to_a_button_in_its_place() -> None:
    async with tab() as (page, gallery_at):
        await page.clock.install()
        await page.goto(f"{gallery_at}/code")
        other = page.get_by_role("button", name="Ta ett annat sätt")
        before = await other.bounding_box()
        await page.clock.fast_forward(21_000)
        after = await other.bounding_box()
        assert before is not None
        assert after is not None
        assert after["width"] > before["width"] * 1.5
        assert (after["y"], after["height"]) == (before["y"], before["height"])


async def test_enter_sends_the_code_and_does_not_ask_for_a_new_one() -> None:
    async with tab() as (page, gallery_at):
        await page.goto(f"{gallery_at}/code-soon")
        await page.fill("#code", "123456")
        async with page.expect_request("**/gallery/*") as sent:
            await page.keyboard.press("Enter")
        body = (await sent.value).post_data or ""
        assert "code=123456" in body
        assert "again" not in body
        assert "other" not in body


async def test_without_script_nothing_is_missing_that_is_needed() -> None:
    async with tab(java_script_enabled=False) as (page, gallery_at):
        await page.goto(f"{gallery_at}/sign-in")
        assert not await page.locator("[data-reveals]").is_visible()
        assert await page.locator("button.main").is_visible()
        await page.goto(f"{gallery_at}/scan")
        assert not await page.locator("[data-copies]").is_visible()
        assert await page.get_by_text("JBSW Y3DP").is_visible()
        await page.goto(f"{gallery_at}/sign-in")
        await page.get_by_role("button", name="English").click()
        assert page.url == f"{gallery_at}/sign-in"
        assert await page.inner_text("h1") == "Sign in"


async def test_a_browser_sends_our_origin_and_keeps_our_cookie_on_localhost() -> None:
    async with tab() as (page, gallery_at):
        await page.goto(f"{gallery_at}/sign-in")
        async with page.expect_request("**/language") as sent:
            await page.get_by_role("button", name="English").click()
        headers = await (await sent.value).all_headers()
        assert headers["origin"] == gallery_at.removesuffix("/gallery")
        assert headers["sec-fetch-site"] == "same-origin"
        assert re.fullmatch(r"__Host-binding=[\w-]{43}", headers["cookie"])


async def test_at_four_times_the_size_nothing_is_cut_off() -> None:
    """400 % of 1280 pixels is 320 wide and 256 high, which is how WCAG 1.4.10 puts it."""
    async with tab(viewport=ViewportSize(width=320, height=256)) as (page, gallery_at):
        for name in ("sign-in", "code-wrong", "portal"):
            await page.goto(f"{gallery_at}/{name}")
            last = page.locator("footer a, footer button").last
            await last.scroll_into_view_if_needed()
            assert await last.is_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_the_card_of_codes_prints_as_a_card() -> None:
    async with tab() as (page, gallery_at):
        await page.emulate_media(media="print")
        await page.goto(f"{gallery_at}/card")
        assert await page.get_by_text("Anna Berg · localhost").is_visible()
        assert await page.locator(".codes li").count() == 10
        for hidden in ("h1", ".foot", ".main", ".skip"):
            assert not await page.locator(hidden).first.is_visible(), hidden


async def test_pages_stay_as_they_are_and_never_reload_by_themselves() -> None:
    async with tab() as (page, gallery_at):
        await page.goto(f"{gallery_at}/code")
        await page.evaluate("window.still = true")
        await asyncio.sleep(1)
        assert await page.evaluate("window.still")
