"""Somebody at a hotel has forgotten their password, and has a text phone and a manager."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, Person, code_in
from tests.browser.seeing import Eyes, log_in, opens_the_shop

HARRIETS, MARIANNES = "+46701740622", "+46701740637"
NEW = "Tranor dansar vid Hornborgasjön"


def test_a_text_phone_and_a_manager_give_a_new_password(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    harriet, marianne = demo.person("harriet.wijkmark"), demo.person("marianne.ek")
    demo.move("outside")
    eyes = Eyes(browse())
    eyes.go(demo.apps)
    eyes.press("Glömt lösenordet?")
    eyes.title("Glömt lösenordet?")
    eyes.write("E-postadress eller användarnamn", harriet.email)
    eyes.press("Fortsätt")
    eyes.title("Hur vill du visa att det är du?")
    seen = len(demo.texts(HARRIETS))
    eyes.press("Kod i ett sms")
    eyes.title("Vilken kod fick du?")
    assert "06 22" not in eyes.page.inner_text("main")
    text = demo.next_text(HARRIETS, seen)
    assert "välja ett nytt lösenord" in text
    eyes.write("Kod från sms", code_in(text))
    eyes.press("Fortsätt")
    eyes.title("Tack. Nu behöver vi ett sätt till")
    eyes.page.get_by_role("button", name="Någon som känner dig").click()
    eyes.title("Ring den som ska intyga")

    the_manager_says_yes(demo, Eyes(browse()), marianne)

    eyes.press("Titta om det är klart")
    eyes.title("Välj ett nytt lösenord")
    eyes.write("Nytt lösenord", "harriet")
    eyes.press("Spara lösenordet")
    eyes.sees("Lösenordet behöver minst 15 tecken.")
    eyes.sees("Lösenordet är bara dina egna ord")
    eyes.write("Nytt lösenord", NEW)
    eyes.press("Spara lösenordet")
    eyes.sees("Ditt nya lösenord gäller.")
    assert "Ditt konto har fått ett nytt lösenord." in demo.next_text(HARRIETS, seen + 1)
    eyes.press("Logga in")

    seen = len(demo.texts(HARRIETS))
    eyes.write("E-postadress eller användarnamn", harriet.email)
    eyes.write("Lösenord", NEW)
    eyes.press("Logga in")
    eyes.write("Kod från sms", code_in(demo.next_text(HARRIETS, seen)))
    eyes.press("Fortsätt")
    opens_the_shop(eyes, harriet, amr="mfa pwd sms")


def the_manager_says_yes(demo: DemoAt, eyes: Eyes, manager: Person) -> None:
    """Sign in with two factors, and confirm who it is."""
    demo.rest(MARIANNES)
    seen = len(demo.texts(MARIANNES))
    eyes.go(f"{demo.portvakt}/vouch")
    log_in(eyes, manager)
    eyes.write("Kod från sms", code_in(demo.next_text(MARIANNES, seen)))
    eyes.press("Fortsätt")
    eyes.title("Intyga vem någon är")
    eyes.sees("bad om hjälp klockan")
    eyes.page.get_by_role("button", name="Ja, jag har pratat med").click()
    eyes.sees("kan gå vidare nu")
