"""What the authenticator app does by itself: a start without network, bad days, and being woken."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_at import oathtool
from tests.browser.seeing import Eyes
from tests.browser.small_service import (
    CODE,
    SECRET,
    SmallService,
    small_service,
    with_screen_lock,
)

Browse = Callable[..., Page]
SHOWN = "!!document.querySelector('.code')?.textContent"


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as one:
        yield one


def app(service: SmallService) -> str:
    return f"{service.address}/authenticator/"


def paired(service: SmallService, page: Page) -> Eyes:
    """Pair, and come to the list of accounts."""
    with_screen_lock(page)
    page.goto(f"{app(service)}#pair={CODE}")
    eyes = Eyes(page)
    eyes.title("Klart!")
    eyes.press("Till mina konton")
    eyes.title("Dina konton")
    eyes.sees("Telefonen är på.")
    return eyes


def kept(page: Page) -> None:
    """Wait until the service worker holds the app."""
    page.evaluate("() => navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_a_code_in_the_address_is_taken_out_of_it_and_spent_once(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    paired(service, page)
    assert page.url == app(service)
    page.reload()
    expect(page.get_by_role("heading", name="Dina konton")).to_be_visible()
    pairing = [each for each in service.seen if each["act"] == "pair"]
    assert [each["code"] for each in pairing] == [CODE]
    assert service.seen[0]["name"] == "Min telefon"


def test_on_ios_the_home_screen_comes_first_and_the_code_is_not_spent(
    service: SmallService, browse: Browse
) -> None:
    page = browse(has_touch=True)
    page.add_init_script("Object.defineProperty(navigator, 'standalone', {value: false})")
    page.goto(f"{app(service)}#pair={CODE}")
    eyes = Eyes(page)
    eyes.title("Lägg till på hemskärmen")
    eyes.sees(f"#pair={CODE}")  # to be copied into the installed app
    assert service.acts() == []


def test_eight_letters_are_sent_with_the_account(service: SmallService, browse: Browse) -> None:
    page = browse()
    page.goto(app(service))
    eyes = Eyes(page)
    eyes.press("Lägg till ett konto")
    eyes.press("Skriv eller klistra in koden")
    eyes.write("Kod", "abcd-2345")
    eyes.press("Fortsätt")
    eyes.write("E-postadress eller användarnamn", "anna.berg")
    eyes.press("Fortsätt")
    eyes.title("Klart!")
    assert {name: service.seen[0][name] for name in ("code", "short", "account")} == {
        "code": "",
        "short": "ABCD2345",
        "account": "anna.berg",
    }


def test_a_code_of_another_organisation_is_not_taken(service: SmallService, browse: Browse) -> None:
    page = browse()
    page.goto(app(service))
    eyes = Eyes(page)
    eyes.press("Lägg till ett konto")
    eyes.press("Skriv eller klistra in koden")
    eyes.write("Kod", f"https://auth.evil.example/authenticator/#pair={CODE}")
    eyes.press("Fortsätt")
    eyes.sees("Koden hör till en annan organisation, på auth.evil.example.")
    assert service.acts() == []


def test_the_installed_app_starts_without_network_and_its_codes_work(
    service: SmallService, browse: Browse
) -> None:
    """How soon is a figure: `python -m bench.app_start`."""
    page = browse()
    paired(service, page)
    kept(page)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="Dina konton")).to_be_visible()
    Eyes(page).sees("Telefonen når inte tjänsten just nu. Koderna fungerar ändå.")
    page.get_by_role("button", name="anna.berg").click()
    page.wait_for_function(SHOWN)
    shown = re.sub(r"\s", "", page.locator(".code").inner_text())
    assert shown in {oathtool(SECRET), oathtool(SECRET, ahead=-1)}


def test_two_requests_stand_side_by_side_and_what_is_typed_stays(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    eyes = paired(service, page)
    service.ask("strange", known_browser=False, browser="Firefox, Linux", digits=6)
    eyes.title("Är det du som loggar in?")
    page.get_by_label("Vilket nummer står på den andra skärmen?").press_sequentially("1")
    service.ask("known")
    eyes.title("Två frågor väntar")
    fields = page.get_by_label("Vilket nummer står på den andra skärmen?")
    assert [field.input_value() for field in fields.all()] == ["", "1"]
    expect(fields.nth(1)).to_be_focused()
    eyes.sees("Utanför regionens nät, adress 203.0.113.7")
    fields.first.fill("42")
    eyes.press("Godkänn")
    eyes.title("Klart!")
    answers = [each for each in service.seen if each["act"] == "answer"]
    assert [(each["request"], each["number"]) for each in answers] == [("known", "42")]
    eyes.press("Visa nästa fråga")
    eyes.press("Neka")
    eyes.title("Du nekade")


def test_the_screen_lock_is_proved_where_it_is_asked_for(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    eyes = paired(service, page)
    page.get_by_role("button", name="anna.berg").click()
    eyes.press("Aktivera telefoninloggning")
    eyes.sees("Telefoninloggning är på.")
    service.ask("one", digits=6, lock=True)
    eyes.write("Vilket nummer står på den andra skärmen?", "123456")
    eyes.press("Godkänn")
    eyes.title("Klart!")
    beside = {each["act"]: each["beside"] for each in service.seen if "beside" in each}
    assert beside["screen_lock"] == ["attestation"]
    assert beside["answer"] == ["assertion"]


def test_a_quiet_request_waits_until_somebody_looks(service: SmallService, browse: Browse) -> None:
    page = browse()
    eyes = paired(service, page)
    page.wait_for_timeout(5_500)  # whoever has just opened the app is shown it at once
    service.ask("quiet", quiet=True)
    eyes.sees("Någon försöker logga in som du.")
    eyes.title("Dina konton")
    eyes.press("Visa")
    eyes.title("Är det du som loggar in?")


def test_it_was_not_me_leads_to_locking_the_account(service: SmallService, browse: Browse) -> None:
    eyes = paired(service, browse())
    service.ask("reset", purpose="reset", digits=6)
    eyes.title("ÅTERSTÄLL LÖSENORD")
    eyes.press("Det var inte jag")
    eyes.title("Vi har stoppat försöket")
    eyes.press("Lås kontot")
    eyes.title("Kontot är låst")
    assert service.acts()[-1] == "lock_account"


def test_a_wrong_number_ends_it(service: SmallService, browse: Browse) -> None:
    eyes = paired(service, browse())
    service.result = "wrong_number"
    service.ask("one")
    eyes.write("Vilket nummer står på den andra skärmen?", "1")
    eyes.press("Godkänn")
    eyes.sees("Skriv de två siffrorna.")
    eyes.write("Vilket nummer står på den andra skärmen?", "11")
    eyes.press("Godkänn")
    eyes.title("Numret stämde inte")


def test_a_request_that_ends_while_it_is_shown_is_over(
    service: SmallService, browse: Browse
) -> None:
    eyes = paired(service, browse())
    service.ask("short", lives=2500)
    eyes.title("Är det du som loggar in?")
    eyes.title("Frågan är över")


def test_a_clock_ten_minutes_wrong_is_no_obstacle(service: SmallService, browse: Browse) -> None:
    service.clock_ahead = 600_000
    eyes = paired(service, browse())
    service.ask("one")
    eyes.write("Vilket nummer står på den andra skärmen?", "42")
    eyes.press("Godkänn")
    eyes.title("Klart!")


def test_flight_mode_in_the_middle_of_an_answer_loses_nothing(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    eyes = paired(service, page)
    service.ask("one")
    eyes.write("Vilket nummer står på den andra skärmen?", "42")
    page.context.set_offline(True)
    eyes.press("Godkänn")
    eyes.sees("Telefonen har inget nät.")
    page.context.set_offline(False)
    eyes.press("Godkänn")
    eyes.title("Klart!")


def test_a_removed_phone_says_so_and_leads_to_pairing(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    eyes = paired(service, page)
    service.gone = True
    service.changed()
    eyes.sees("Borttaget")
    page.get_by_role("button", name="anna.berg").click()
    eyes.sees("Telefonen är borttagen från kontot.")
    eyes.press("Lägg till kontot igen")
    eyes.title("Hur får du in koden?")


def test_a_busy_service_is_told_and_tried_again(service: SmallService, browse: Browse) -> None:
    eyes = paired(service, browse())
    service.refuses = ("busy", 503)
    eyes.press("Hämta")
    eyes.sees("Tjänsten svarar inte just nu. Vi försöker igen.")
    service.refuses = None
    eyes.sees("Inget väntar på svar just nu.")


def test_an_answer_to_a_busy_service_is_sent_again(service: SmallService, browse: Browse) -> None:
    eyes = paired(service, browse())
    service.ask("one")
    eyes.write("Vilket nummer står på den andra skärmen?", "42")
    service.refuses = ("busy", 503)
    eyes.press("Godkänn")
    eyes.sees("Tjänsten svarar inte just nu. Vi försöker igen.")
    service.refuses = None
    eyes.title("Klart!")


def test_keys_that_the_browser_threw_away_are_missed(service: SmallService, browse: Browse) -> None:
    page = browse()
    paired(service, page)
    page.goto(f"{service.address}/authenticator/manifest.webmanifest")  # lets go of the database
    page.evaluate(
        """() => new Promise((done) => {
          indexedDB.deleteDatabase("portvakt").onsuccess = done;
        })"""
    )
    page.goto(app(service))
    eyes = Eyes(page)
    eyes.title("Telefonen har tappat ditt konto")
    eyes.press("Lägg till kontot igen")
    eyes.title("Hur får du in koden?")


def test_the_app_moves_to_a_new_phone(service: SmallService, browse: Browse) -> None:
    page = browse()
    eyes = paired(service, page)
    page.get_by_role("button", name="anna.berg").click()
    eyes.press("Flytta till en ny telefon")
    eyes.press("Visa koden")
    eyes.title("Läs av med den nya telefonen")
    eyes.sees(f"#pair={CODE}")
    expect(page.get_by_role("img")).to_be_visible()
    service.gone = True
    service.changed()
    eyes.sees("Kontot finns nu i den nya telefonen.")


def test_the_app_can_be_locked_with_the_screen_lock(service: SmallService, browse: Browse) -> None:
    page = browse()
    eyes = paired(service, page)
    eyes.press("Lås appen")
    eyes.press("Lås med skärmlåset")
    eyes.sees("Appen är låst med skärmlåset.")
    page.reload()
    eyes.title("Appen är låst")
    assert "anna.berg" not in page.inner_text("body")
    eyes.press("Lås upp")
    eyes.title("Dina konton")


def test_a_closed_app_that_is_woken_shows_one_notification_without_names(
    service: SmallService, browse: Browse
) -> None:
    page = browse(permissions=["notifications"])
    paired(service, page)
    kept(page)
    worker = page.context.service_workers[0]
    registered: list[dict[str, Any]] = []
    devtools = page.context.new_cdp_session(page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registered.extend(told["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.wait_for_timeout(200)
    registration = registered[-1]["registrationId"]
    page.goto(f"{service.address}/authenticator/icon.svg")  # the app is closed
    service.ask("one")
    for _ in range(2):
        before = service.acts().count("fetch")
        devtools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": service.address, "registrationId": registration, "data": '{"v":1}'},
        )
        for _ in range(50):
            page.wait_for_timeout(50)
            if service.acts().count("fetch") > before:
                break
    page.wait_for_timeout(300)
    shown = worker.evaluate(
        "self.registration.getNotifications().then((all) => all.map((n) => [n.title, n.body]))"
    )
    assert shown == [["Är det du som loggar in?", "Öppna appen och svara."]]
