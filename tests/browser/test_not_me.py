"""A mail tells of recovery codes that the owner did not make: one button, by keyboard."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo_at import DemoAt, Person, code_in
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.seeing import Eyes, log_in
from tests.browser.test_by_keyboard import Keys
from tests.guards.tree import TOP

ANNAS = "+46701740605"
WIDTHS = (1280, 390)
PICTURES = TOP / "build" / "not_me"
LETTER = "Nytt sätt att logga in på ditt konto"


def usable(page: Page, name: str) -> None:
    """Ask of the page as it stands, at both widths, what is asked of every page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
        assert not axe_findings(page)
        assert too_wide(page) is None
        assert not small_targets(page)


def comes_in(demo: DemoAt, eyes: Eyes, person: Person, address: str) -> None:
    """Sign in with the password and the work phone."""
    seen = len(demo.texts(ANNAS))
    eyes.go(address)
    log_in(eyes, person)
    eyes.title("Vilken kod fick du?")
    if eyes.page.get_by_text("Vi har inte skickat något nytt sms").is_visible():
        eyes.page.wait_for_timeout(1000 * demo.seconds_until(ANNAS, 30))
        eyes.press("Skicka en ny kod")
    eyes.write("Kod från sms", code_in(demo.next_text(ANNAS, seen)))
    eyes.press("Fortsätt")


def links_in_mails(demo: DemoAt, page: Page, person: Person) -> Locator:
    """Open the letters, and find the links of those that tell the person of a new way."""
    page.goto(demo.letters)
    letter = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=LETTER))
    return letter.filter(has_text=person.email).get_by_role("link", name="/not-me/")


def link_in_the_mail(demo: DemoAt, page: Page, person: Person, before: int) -> str:
    """Open the letters until the one about the codes has come; return where its link leads.

    Other stories of this demo may have had letters sent to the same person.
    """
    link = links_in_mails(demo, page, person)
    for _ in range(50):
        if link.count() > before:
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.get_by_role("heading", name=LETTER).first).to_be_visible()
    found = link.first.get_attribute("href")
    assert found is not None
    return found


def test_a_change_is_disowned_and_the_owner_goes_on_with_what_is_older(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    person = demo.person("anna.berg")
    demo.move("outside")
    thief, owner = Eyes(browse()), Eyes(browse())
    comes_in(demo, thief, person, f"{demo.portvakt}/security-info")
    before = links_in_mails(demo, owner.page, person).count()
    thief.press("Skapa reservkoder")
    thief.title("Klart!")

    address = link_in_the_mail(demo, owner.page, person, before)
    owner.go(address)
    owner.title("Var det inte du?")
    usable(owner.page, "ask")
    owner.page.reload()  # looking changes nothing
    keys = Keys(owner.page)
    keys.press("Det var inte jag. Frys kontot")
    owner.title("Kontot är fryst")
    usable(owner.page, "done")
    owner.go(address)
    owner.title("Länken fungerar inte")
    usable(owner.page, "over")

    thief.go(f"{demo.portvakt}/apps")
    thief.title("Logga in")

    comes_in(demo, owner, person, f"{demo.portvakt}/security-info")
    owner.title("Ditt konto är fryst")
    usable(owner.page, "frozen")
    Keys(owner.page).press("Ja, lås upp ändringar")
    owner.sees("Nu kan du ändra hur du loggar in.")
    owner.sees("Skapa reservkoder")  # those that were made are not given back
