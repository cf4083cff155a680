"""The region's instruction, followed word for word by somebody who sees Swedish text alone.

The steps are those of the instruction: text messages 1 to 4, the app 3 to 5 and 7. Then what they
were for: signed in from outside with a second factor, from inside without, and an app opened.
"""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, Person, oathtool
from tests.browser.seeing import Eyes, log_in, opens_the_shop, prove_number

Browse = Callable[..., Page]


def test_text_messages_step_1_to_4(demo: DemoAt, browse: Browse) -> None:
    bo, number = demo.person("bo.astrom"), "+46701740650"
    demo.move("outside")
    eyes = Eyes(browse())
    eyes.go(demo.registration)  # 1. surfa till https://mfaregistrering…
    log_in(eyes, bo)  # 2. logga in med din e-postadress och ditt lösenord
    eyes.choose(  # 3. välj i listan, skriv in det mobilnummer du vill få sms på, välj Spara
        "Vilket kontaktalternativ föredrar du?", "Textkod till min telefon för autentisering"
    )
    eyes.write("Mobilnummer", "070-174 06 50")
    eyes.press("Spara")
    prove_number(eyes, demo, number, 0)
    eyes.title("Klart!")  # 4. Klart!
    eyes.press("Fortsätt")

    inside_without(demo, browse, bo)
    outside_with_a_text(demo, browse, bo, number)


def test_the_app_step_3_to_5_and_7(demo: DemoAt, browse: Browse) -> None:
    david, number = demo.person("david.ek"), "+46701740651"
    demo.move("outside")
    eyes = Eyes(browse())
    eyes.go(demo.registration)  # 3. surfa till https://mfaregistrering…
    log_in(eyes, david)  # 4. logga in med din e-postadress och ditt lösenord
    eyes.press("Konfigurera Authenticator-appen")  # 5. välj … och följ instruktionerna
    eyes.press("Jag vill använda en annan autentiseringsapp")
    key = eyes.app_key()
    eyes.write("Kod från appen", oathtool(key))
    eyes.press("Fortsätt")
    eyes.write("Mobilnummer", "070-174 06 51")  # registrera även ett mobiltelefonnummer
    eyes.press("Skicka kod")
    prove_number(eyes, demo, number, 0)
    eyes.title("Klart!")  # 7. Klart!
    eyes.press("Fortsätt")

    eyes = Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, david)
    eyes.sees("Du är utanför regionens nät.")
    eyes.write("Kod från appen", oathtool(key, ahead=1))
    eyes.press("Fortsätt")
    opens_the_shop(eyes, david, amr="mfa otp pwd")


def outside_with_a_text(demo: DemoAt, browse: Browse, person: Person, number: str) -> None:
    """Två steg, och orsaken i klartext."""
    demo.move("outside")
    seen = len(demo.texts(number))
    eyes = Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, person)
    eyes.sees("Du är utanför regionens nät.")
    if eyes.page.get_by_text("Vi har inte skickat någon ny kod än.").is_visible():
        # One text in thirty seconds to a number; the page says when the next may be asked for.
        demo.rest(number)
        eyes.press("Skicka en ny kod")
    prove_number(eyes, demo, number, seen, "Kod från sms")
    opens_the_shop(eyes, person, amr="mfa pwd sms")


def inside_without(demo: DemoAt, browse: Browse, person: Person) -> None:
    """På regionens nät räcker lösenordet."""
    demo.move("inside")
    eyes = Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, person)
    opens_the_shop(eyes, person, amr="pwd")
    demo.move("outside")
