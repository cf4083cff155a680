"""Script only makes things quicker: with script off everything can still be done."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt
from tests.browser.seeing import Eyes, log_in, prove_number

WORK, OWN = "+46701740611", "+46701740653"


def test_a_second_number_is_added_with_script_off(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    """Cia has a work phone, signs in with it from outside, and adds a number of her own."""
    cia = demo.person("cia.ohman-lindqvist")
    demo.move("outside")
    eyes = Eyes(browse(script=False))
    eyes.go(demo.registration)
    log_in(eyes, cia)
    eyes.sees("Du är utanför regionens nät.")
    prove_number(eyes, demo, WORK, 0, "Kod från sms")
    eyes.choose(
        "Vilket kontaktalternativ föredrar du?", "Textkod till min telefon för autentisering"
    )
    eyes.write("Mobilnummer", "070-174 06 53")
    eyes.press("Spara")
    prove_number(eyes, demo, OWN, 0)
    eyes.title("Klart!")
    eyes.press("Fortsätt")
    told = demo.next_text(WORK, 1)
    assert "har fått ett nytt telefonnummer, *** 53" in told, "the old number is told of the new"


def test_the_language_is_changed_and_kept_with_script_off(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    eyes = Eyes(browse(script=False))
    eyes.go(f"{demo.portvakt}/sign-in?to=/security-info")
    eyes.title("Logga in")
    eyes.press("English")
    eyes.title("Sign in")
    eyes.go(demo.registration)
    eyes.title("Sign in")
    eyes.press("Svenska")
    eyes.title("Logga in")
