"""The demo's own pages are looked at, too: somebody meets them before anything else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_at import DemoAt
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.seeing import Eyes

SCHEMES = ("light", "dark")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("part", ["control", "phone", "letters", "shop"])
def test_a_page_of_the_demo_can_be_used_by_everyone(
    part: str, scheme: str, demo: DemoAt, browse: Callable[..., Page]
) -> None:
    page = browse(color_scheme=scheme)
    page.goto(getattr(demo, part))
    assert axe_findings(page) == []
    assert small_targets(page) == []
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        assert too_wide(page) is None


def test_the_switch_is_one_button(demo: DemoAt, browse: Callable[..., Page]) -> None:
    demo.move("outside")
    eyes = Eyes(browse())
    eyes.go(demo.control)
    eyes.sees("utanför regionens nät")
    eyes.press("Gå in på regionens nät")
    eyes.sees("inne på regionens nät")
    eyes.press("Gå ut")
    eyes.sees("utanför regionens nät")


def test_a_text_appears_by_itself(demo: DemoAt, browse: Callable[..., Page]) -> None:
    """Nobody has to reload the phone while they sign in beside it."""
    page, phone = browse(), browse()
    phone.goto(demo.phone)
    demo.move("outside")
    eyes, ismail = Eyes(page), demo.person("ismail.yildiz")
    eyes.go(demo.apps)
    eyes.write("E-postadress eller användarnamn", ismail.user_name)
    eyes.write("Lösenord", ismail.password)
    eyes.press("Logga in")
    eyes.title("Vilken kod fick du?")
    expect(phone.get_by_text("İsmail Yıldız")).to_be_visible()
    assert axe_findings(phone) == []
