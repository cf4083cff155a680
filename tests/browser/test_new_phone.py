"""Somebody whose phone is gone knows the password, and has a manager who can be called."""

import re
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, code_in
from tests.browser.seeing import Eyes, log_in

HARRIETS, MARIANNES = "+46701740622", "+46701740637"


def test_a_manager_lets_somebody_add_a_new_phone(demo: DemoAt, browse: Callable[..., Page]) -> None:
    harriet, marianne = demo.person("harriet.wijkmark"), demo.person("marianne.ek")
    demo.move("outside")
    eyes, boss = Eyes(browse()), Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, harriet)
    eyes.press("Ta ett annat sätt")
    eyes.press("Jag har en ny telefon, eller har tappat min")
    eyes.title("Har du en ny telefon?")
    seen = len(demo.texts(HARRIETS))
    eyes.press("Be någon intyga")
    eyes.title("Ring den som ska intyga")
    shown = eyes.page.get_by_label(re.compile("^Ditt kontrollnummer")).inner_text()
    number = re.sub(r"\s", "", shown)
    assert "ny telefon" in demo.next_text(HARRIETS, seen), "her other ways are told at once"

    demo.rest(MARIANNES)
    seen = len(demo.texts(MARIANNES))
    boss.go(f"{demo.portvakt}/vouch")
    log_in(boss, marianne)
    boss.write("Kod från sms", code_in(demo.next_text(MARIANNES, seen)))
    boss.press("Fortsätt")
    boss.sees("Säg bara ja om du själv har träffat eller ringt")
    assert f"{number[:3]}\u00a0{number[3:]}" in boss.page.inner_text("main")
    boss.page.get_by_role("button", name="Ja, jag har träffat eller ringt").click()
    boss.sees("kan gå vidare nu")

    eyes.press("Titta om det är klart")
    eyes.title("Nu kan du lägga till telefonen")
    eyes.press("Lägg till den nya telefonen")
    eyes.sees("De har sagt ja. Lägg nu till din nya telefon.")
    eyes.press("Konfigurera Authenticator-appen")
    eyes.title("Lägg till din telefon")
