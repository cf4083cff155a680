"""Every page, in both languages, light and dark, at three widths: looked at by axe and by us.

320 px is a small phone, and also a desk screen of 1280 px at 400 % zoom (WCAG 2.2, 1.4.10).
"""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.app_screens import SCREENS, Walk
from tests.browser.looking import axe_findings, moving, small_targets, too_wide
from tests.browser.small_service import small_service
from tests.guards.tree import TOP
from tests.pages.hung import hung
from tests.pages.samples import samples
from tools.contact_sheet import sheet

PICTURES = TOP / "build" / "pages"
LANGUAGES = ("sv", "en")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 390, 320)
LOOKED_AT_BY_AXE = {("sv", "light"), ("en", "dark")}
"""Each language once and each scheme once: what axe finds depends on one or the other."""


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    with hung() as address:
        yield address


@pytest.fixture(scope="module")
def pictures() -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.jpg"):
        old.unlink()
    return PICTURES


@pytest.fixture(scope="module")
def tabs(chromium: Browser, gallery: str) -> Iterator[dict[tuple[str, str], Page]]:
    """One window for each language and scheme."""
    contexts = {
        (language, scheme): chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
        for language, scheme in product(LANGUAGES, SCHEMES)
    }
    for (language, _), context in contexts.items():
        where = gallery.replace("http:", "https:")  # cookies know no ports, and trust localhost
        context.add_cookies([{"name": "__Host-language", "value": language, "url": where}])
    yield {which: context.new_page() for which, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_screen_of_the_app_can_be_used_by_everyone(
    language: str, scheme: Literal["light", "dark"], chromium: Browser, pictures: Path
) -> None:
    """All at three widths, and at 320 px with text twice as large (WCAG 2.2, 1.4.4)."""
    wrong: list[str] = []
    met: list[str] = []
    context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce", has_touch=True)
    context.set_default_timeout(10_000)
    tab = context.new_page()

    def look(name: str) -> None:
        met.append(name)
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 800})
            file = f"{name}-{language}-{scheme}-{width}.jpg"
            tab.screenshot(path=pictures / file, type="jpeg", quality=85, full_page=True)
            wide = too_wide(tab)
            wrong.extend([f"{name} {width}: {wide}"] if wide else [])
        tab.evaluate("document.documentElement.style.fontSize = '200%'")
        wide = too_wide(tab)
        wrong.extend([f"{name} 320 with large text: {wide}"] if wide else [])
        tab.evaluate("document.documentElement.style.fontSize = ''")
        wrong.extend(f"{name}: {target} is small" for target in small_targets(tab))
        wrong.extend(f"{name}: {each} moves" for each in moving(tab))
        if (language, scheme) in LOOKED_AT_BY_AXE:
            wrong.extend(f"{name}: {finding}" for finding in axe_findings(tab))

    with small_service() as service:
        Walk(service, tab, language, look).everything()
    context.close()
    assert not wrong
    assert tuple(met) == SCREENS


@pytest.mark.parametrize("name", samples())
def test_a_page_can_be_used_by_everyone(
    name: str, tabs: dict[tuple[str, str], Page], gallery: str, pictures: Path
) -> None:
    wrong: list[str] = []
    for (language, scheme), tab in tabs.items():
        tab.unroute_all()
        tab.route("**/*", staying_on(f"{gallery}/{name}"))
        tab.goto(f"{gallery}/{name}")
        assert tab.locator("html").get_attribute("lang") == language
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 800})
            file = f"{name}-{language}-{scheme}-{width}.jpg"
            tab.screenshot(path=pictures / file, type="jpeg", quality=85, full_page=True)
            wide = too_wide(tab)
            wrong += [f"{language} {width}: {wide}"] if wide else []
        wrong += [f"{language}: {target} is small" for target in small_targets(tab)]
        if (language, scheme) in LOOKED_AT_BY_AXE:
            wrong += [f"{language} {scheme}: {finding}" for finding in axe_findings(tab)]
    assert not wrong


def staying_on(address: str) -> Callable[[Route], None]:
    """Let a page that goes on by itself be looked at: 204 means "stay where you are"."""

    def answer(route: Route) -> None:
        if route.request.is_navigation_request() and route.request.url != address:
            route.fulfill(status=204)
        else:
            route.continue_()

    return answer


def test_the_contact_sheet_shows_every_page(pictures: Path) -> None:
    made = sheet(pictures)
    made.save(pictures.parent / "contact-sheet.jpg", quality=88)
    shown = {file.stem.rsplit("-", 3)[0] for file in pictures.glob("*.jpg")}
    assert shown == {*samples(), *SCREENS}
