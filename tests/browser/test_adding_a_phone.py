"""«Konfigurera Authenticator-appen» at the computer, with a phone at the command line.

The phone's own screen, and its camera, have stories of their own.
"""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.browser.cli_phone import CliPhone
from tests.browser.demo_at import DemoAt
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.phone_at_hand import asks_for_the_phone
from tests.browser.seeing import Eyes, log_in, prove_number

Browse = Callable[..., Page]


HARRIET, JONNA, FIA = "+46701740622", "+46701740628", "+46701740615"
ISMAIL = "+46701740625"


def at_the_sheet(eyes: Eyes, demo: DemoAt, user_name: str, number: str) -> None:
    """Come from outside, with the password and a text to the work phone."""
    demo.move("outside")
    seen = len(demo.texts(number))
    eyes.go(demo.registration)
    log_in(eyes, demo.person(user_name))
    prove_number(eyes, demo, number, seen, "Kod från sms")


def usable(page: Page) -> None:
    assert axe_findings(page) == []
    assert too_wide(page) is None
    assert small_targets(page) == []


def address_on(eyes: Eyes) -> str:
    """The address beside the picture, as somebody copies it."""
    shown = re.search(r"http\S+#pair=\S+", eyes.page.inner_text("main"))
    assert shown is not None, eyes.page.inner_text("main")
    return shown[0]


def number_on(eyes: Eyes) -> str:
    return re.sub(r"\s", "", eyes.page.locator(".number").inner_text())


def test_the_screen_goes_on_by_itself_when_the_phone_has_come_and_answered(
    demo: DemoAt, browse: Browse, tmp_path: Path
) -> None:
    eyes = Eyes(browse())
    at_the_sheet(eyes, demo, "harriet.wijkmark", HARRIET)
    eyes.press("Konfigurera Authenticator-appen")
    eyes.title("Lägg till din telefon")
    usable(eyes.page)
    phone = CliPhone(tmp_path, "Harriets Pixel")
    phone.pair(address_on(eyes))
    eyes.title("Skriv numret i telefonen")  # nothing was pressed
    eyes.sees("Telefonen ”Harriets Pixel” är hittad.")
    usable(eyes.page)
    phone.approve(number_on(eyes))
    eyes.title("Klart!")
    eyes.sees("Tryck på din användare i appen och välj ”Aktivera telefoninloggning”.")
    eyes.press("Fortsätt")
    eyes.go(demo.registration)
    eyes.title("Så visar du att det är du")
    eyes.sees("Harriets Pixel")
    usable(eyes.page)


def test_the_phone_at_the_command_line_signs_in_without_a_password(
    demo: DemoAt, browse: Browse, tmp_path: Path
) -> None:
    eyes = Eyes(browse())
    at_the_sheet(eyes, demo, "ismail.yildiz", ISMAIL)
    eyes.press("Konfigurera Authenticator-appen")
    phone = CliPhone(tmp_path, "Min telefon")
    phone.pair(address_on(eyes))
    eyes.title("Skriv numret i telefonen")
    phone.approve(number_on(eyes))
    eyes.title("Klart!")
    phone.enable_sign_in()
    eyes.press("Fortsätt")
    eyes.press("Logga ut")
    eyes.go(demo.apps)
    asks_for_the_phone(eyes, demo.person("ismail.yildiz"))
    number = number_on(eyes)
    assert len(number) == 6
    phone.approve(number)
    eyes.title("Dina appar")  # nothing was pressed


def test_with_script_off_a_button_does_the_same(
    demo: DemoAt, browse: Browse, tmp_path: Path
) -> None:
    eyes = Eyes(browse(script=False))
    at_the_sheet(eyes, demo, "jonna.hagg", JONNA)
    eyes.press("Konfigurera Authenticator-appen")
    eyes.press("Fortsätt")
    eyes.sees("Ingen telefon har kommit än.")
    phone = CliPhone(tmp_path, "Min telefon")
    phone.pair(address_on(eyes))
    eyes.press("Fortsätt")
    eyes.title("Skriv numret i telefonen")
    phone.deny()
    eyes.press("Fortsätt")
    eyes.title("Du svarade nej i telefonen")
    eyes.press("Försök igen")
    eyes.press("Fortsätt")
    eyes.sees("Telefonen har inte svarat än.")
    phone.approve(number_on(eyes))
    eyes.press("Fortsätt")
    eyes.title("Klart!")


def test_on_a_phone_the_link_stands_first(demo: DemoAt, browse: Browse) -> None:
    page = browse()
    eyes = Eyes(page)
    at_the_sheet(eyes, demo, "fia.skogh", FIA)
    eyes.press("Konfigurera Authenticator-appen")
    link = page.get_by_role("link", name="Lägg till på den här telefonen")
    picture = page.get_by_role("img", name=re.compile("Bild att läsa"))
    assert _top(link) < _top(picture)
    assert _top(link) < 844, "without scrolling"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert _top(picture) < _top(link)


def _top(what: Locator) -> float:
    box = what.bounding_box()
    assert box is not None
    return box["y"]
