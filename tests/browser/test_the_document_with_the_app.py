"""The region's instruction for the app, steps 3 to 7, with our own app in a phone beside the desk.

Two windows: the desk (1280 px) and a phone (390 px, touched) whose camera films the desk's picture.
Both are read by visible Swedish text alone. Then what it was for: no password any more.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import running_demo
from tests.browser.demo_at import DemoAt
from tests.browser.phone_at_hand import (
    NUMBER,
    answers_the_test,
    approves,
    asks_for_the_phone,
    code_without_network,
    names_the_phone,
    registers_a_phone,
    scans,
    turns_phone_sign_in_on,
)
from tests.browser.phone_sized import Camera, PhoneMaker
from tests.browser.seeing import Eyes, log_in, number_shown, opens_the_shop, told
from tests.browser.test_by_keyboard import Keys

Browse = Callable[..., Page]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoAt]:
    """A demo of its own, where nobody has registered anything yet."""
    with running_demo(tmp_path_factory.mktemp("demo-with-phones")) as running:
        running.move("outside")
        yield running


def test_the_app_step_3_to_7_and_then_without_a_password(
    demo: DemoAt, browse: Browse, new_phone: PhoneMaker, camera: Camera
) -> None:
    david = demo.person("david.ek")
    desk, phone = Eyes(browse(width=1280, height=900)), Eyes(new_phone())
    desk.go(demo.registration)  # 3. surfa till https://mfaregistrering…
    log_in(desk, david)  # 4. logga in med din e-postadress och ditt lösenord
    desk.press("Konfigurera Authenticator-appen")  # 5. välj … och följ instruktionerna
    desk.title("Lägg till din telefon")
    scans(phone, desk, demo, camera)
    desk.title("Skriv numret i telefonen")  # by itself, when the phone has come
    answers_the_test(phone, number_shown(desk))
    names_the_phone(phone, "Davids mobil")
    desk.title("Vilket mobilnummer har du?")  # … registrera även ett mobiltelefonnummer
    desk.press("Inte nu")
    desk.title("Klart!")
    desk.sees("Tryck på din användare i appen och välj ”Aktivera telefoninloggning”.")
    turns_phone_sign_in_on(phone, david)  # 6. tryck på din användare i appen och välj …
    desk.press("Fortsätt")  # 7. Klart!

    desk.press("Logga ut")
    desk.go(demo.apps)
    asks_for_the_phone(desk, david)
    number = number_shown(desk)
    assert len(number) == 6
    approves(phone, number)  # and the desk goes on by itself
    opens_the_shop(desk, david, amr="mfa swk user")
    assert told(desk, "Så säkert är det (acr)") == "urn:portvakt:aal2"


def test_every_answer_of_a_phone_ends_the_request_and_leaves_another_way(
    demo: DemoAt, browse: Browse, new_phone: PhoneMaker, camera: Camera
) -> None:
    bo = demo.person("bo.astrom")
    desk, phone = Eyes(browse(width=1280, height=900)), Eyes(new_phone())
    registers_a_phone(phone, desk, demo, camera, bo)
    desk.press("Logga ut")

    desk.go(demo.apps)  # the wrong number ends it
    log_in(desk, bo)
    desk.title("Öppna appen och skriv numret")
    number = number_shown(desk)
    assert len(number) == 2
    approves(phone, f"{(int(number) + 1) % 100:02}", ends="Numret stämde inte")
    desk.title("Numret stämde inte")
    phone.press("Till mina konton")

    desk.press("Skicka en ny")  # «Neka» ends it
    desk.title("Öppna appen och skriv numret")
    phone.title("Är det du som loggar in?")
    phone.press("Neka")
    phone.title("Du nekade")
    desk.title("Du nekade i telefonen")
    phone.press("Till mina konton")

    desk.press("Skicka en ny")  # nobody answers: another way, at once
    desk.title("Öppna appen och skriv numret")
    phone.title("Är det du som loggar in?")
    desk.press("Ta ett annat sätt")
    desk.title("Hur vill du visa att det är du?")
    desk.press("Kod från appen Min telefon")
    phone.title("Frågan är över")
    phone.press("Till mina konton")
    desk.write("Kod från appen", code_without_network(phone, bo))
    desk.press("Fortsätt")
    opens_the_shop(desk, bo, amr="mfa otp pwd")


def test_the_phone_is_used_by_keyboard_alone(
    demo: DemoAt, browse: Browse, new_phone: PhoneMaker, camera: Camera
) -> None:
    elodie = demo.person("elodie.sjodahl")
    desk, phone = Eyes(browse(width=1280, height=900)), Eyes(new_phone())
    registers_a_phone(phone, desk, demo, camera, elodie)
    desk.press("Logga ut")
    desk.go(demo.apps)
    log_in(desk, elodie)
    phone.title("Är det du som loggar in?")
    keys = Keys(phone.page)
    keys.write(NUMBER, number_shown(desk))
    keys.press("Godkänn")
    phone.title("Klart!")
    keys.press("Till mina konton")
    phone.title("Dina konton")
    opens_the_shop(desk, elodie, amr="mfa pwd swk")


def test_it_was_not_me_stops_everything_and_locks_the_account(
    demo: DemoAt, browse: Browse, new_phone: PhoneMaker, camera: Camera
) -> None:
    fia = demo.person("fia.skogh")
    desk, phone = Eyes(browse(width=1280, height=900)), Eyes(new_phone())
    registers_a_phone(phone, desk, demo, camera, fia)
    strange, stranger = Eyes(browse(width=1280)), Eyes(browse(width=1280))
    for each in (strange, stranger):
        each.go(demo.apps)
        log_in(each, fia)
        each.title("Öppna appen och skriv numret")
    assert number_shown(strange) != number_shown(stranger)
    phone.title("Två frågor väntar")
    phone.sees("Du har inte loggat in i den webbläsaren förut.")
    phone.press("Det var inte jag")
    phone.title("Vi har stoppat försöket")
    strange.title("Du nekade i telefonen")
    stranger.title("Du nekade i telefonen")
    phone.press("Lås kontot")
    phone.title("Kontot är låst")
    desk.go(demo.apps)
    desk.title("Logga in")
    log_in(desk, fia)
    desk.sees("Namnet och lösenordet hör inte ihop.")
