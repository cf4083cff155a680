"""What a person does with the phone, and at the desk because of it, by visible Swedish text."""

import re

from playwright.sync_api import expect

from tests.browser.demo_at import DemoAt, Person
from tests.browser.phone_sized import Camera
from tests.browser.seeing import Eyes, log_in, number_shown, prove_number

NUMBER = "Vilket nummer står på den andra skärmen?"
PICTURE = re.compile("^Bild att läsa")


def scans(phone: Eyes, desk: Eyes, demo: DemoAt, camera: Camera) -> None:
    """Open the app and film the picture on the desk, with the app's own scanner."""
    camera.sees(desk.page.get_by_role("img", name=PICTURE).screenshot())
    phone.go(f"{demo.portvakt}/authenticator/")
    phone.press("Lägg till ett konto")
    phone.press("Läs av med kameran")


def answers_the_test(phone: Eyes, number: str) -> None:
    """The number on the desk, typed in the phone."""
    phone.title("Prova telefonen")
    phone.write(NUMBER, number)
    phone.press("Godkänn")
    phone.title("Klart!")
    phone.sees("Telefonen är klar att använda.")


def registers_a_phone(
    phone: Eyes, desk: Eyes, demo: DemoAt, camera: Camera, person: Person
) -> None:
    """Steps 3 to 5 and 7, and the reserve card put away."""
    desk.go(demo.registration)
    log_in(desk, person)
    if person.work_mobile is not None:
        proves_the_work_phone(desk, demo, person)
    desk.press("Konfigurera Authenticator-appen")
    desk.title("Lägg till din telefon")
    scans(phone, desk, demo, camera)
    desk.title("Skriv numret i telefonen")
    answers_the_test(phone, number_shown(desk))
    phone.press("Till mina konton")
    if person.work_mobile is None:
        desk.title("Vilket mobilnummer har du?")
        desk.press("Inte nu")
    desk.title("Klart!")
    desk.press("Fortsätt")
    desk.title("Dina appar")


def names_the_phone(phone: Eyes, name: str) -> None:
    """What it is called was a guess."""
    phone.sees("Telefonen heter Min telefon.")
    phone.press("Byt namn på telefonen")
    phone.write("Telefonens namn", name)
    phone.press("Spara")
    phone.sees(f"Telefonen heter {name}.")
    phone.press("Till mina konton")


def proves_the_work_phone(desk: Eyes, demo: DemoAt, person: Person) -> None:
    """Who has a work phone shows its text first: the password alone registers nothing there."""
    assert person.work_mobile is not None
    number = "+46" + re.sub(r"\D", "", person.work_mobile)[1:]
    prove_number(desk, demo, number, 0, "Kod från sms")


def code_without_network(phone: Eyes, person: Person) -> str:
    """Tap your account, and read its six digits."""
    phone.page.get_by_role("button", name=person.user_name).click()
    shown = phone.page.get_by_role("region", name="Kod som fungerar utan nät").locator("output")
    expect(shown).to_have_text(re.compile(r"\d{3} \d{3}"))
    return re.sub(r"\s", "", shown.inner_text())


def turns_phone_sign_in_on(phone: Eyes, person: Person) -> None:
    """Tryck på din användare i appen och välj «Aktivera telefoninloggning»."""
    phone.page.get_by_role("button", name=person.user_name).click()
    phone.title(person.user_name)
    phone.press("Aktivera telefoninloggning")
    phone.sees("Telefoninloggning är på.")


def asks_for_the_phone(desk: Eyes, person: Person) -> None:
    """The name, and nothing else."""
    desk.write("E-postadress eller användarnamn", person.email)
    desk.press("Logga in med telefonen i stället")
    desk.title("Öppna appen och skriv numret")


def approves(phone: Eyes, number: str, *, ends: str = "Klart!") -> None:
    """Type the number; where the screen lock is asked for, the finger is on it."""
    phone.title("Är det du som loggar in?")
    phone.write(NUMBER, number)
    phone.press("Godkänn")
    phone.title(ends)
