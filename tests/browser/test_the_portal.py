"""«Dina appar» as people use it: in both languages, with script and without, by keyboard alone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.demo_at import DemoAt, Person, code_in
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.seeing import Eyes
from tests.browser.test_by_keyboard import FOCUSED, Keys, usable

SWEDISH = {
    "name": "E-postadress eller användarnamn",
    "password": "Lösenord",
    "sign in": "Logga in",
    "apps": "Dina appar",
    "search": "Sök bland dina appar",
    "do search": "Sök",
    "one": "1 app stämmer med det du skrev.",
    "two": "2 appar stämmer med det du skrev.",
    "none": "Ingen av dina appar stämmer med det du skrev.",
    "all": "Visa alla appar",
    "arrange": "Ordna dina appar",
    "others": "Övriga appar",
    "employment": "Min anställning",
    "hide": "Göm",
    "show": "Visa igen",
    "hidden": "Felanmälan är gömd. Du hittar den när du söker.",
    "shown": "Felanmälan visas igen.",
    "first": "Först",
    "up": "Upp",
    "down": "Ner",
    "moved first": "Intranätet är nu nummer 1 av 3.",
    "moved last": "Intranätet är nu nummer 3 av 3.",
    "new": "Ny samling",
    "called": "Namn",
    "save": "Spara",
    "saved": "Samlingen Varje dag är sparad.",
    "change": "Ändra samlingen",
    "remove": "Ta bort samlingen",
    "removed": "Samlingen är borttagen. Apparna finns kvar.",
    "missing": "Skriv vad samlingen ska heta.",
}
ENGLISH = {
    "name": "E-mail address or user name",
    "password": "Password",
    "sign in": "Sign in",
    "apps": "Your apps",
    "search": "Search your apps",
    "do search": "Search",
    "one": "1 app matches what you wrote.",
    "two": "2 apps match what you wrote.",
    "none": "None of your apps matches what you wrote.",
    "all": "Show all apps",
    "arrange": "Arrange your apps",
    "others": "Other apps",
    "employment": "My employment",
    "hide": "Hide",
    "show": "Show again",
    "hidden": "Felanmälan is hidden. You find it when you search.",
    "shown": "Felanmälan is shown again.",
    "first": "First",
    "up": "Up",
    "down": "Down",
    "moved first": "Intranätet is now number 1 of 3.",
    "moved last": "Intranätet is now number 3 of 3.",
    "new": "New collection",
    "called": "Name",
    "save": "Save",
    "saved": "The collection Varje dag is saved.",
    "change": "Change the collection",
    "remove": "Remove the collection",
    "removed": "The collection is removed. Its apps are still there.",
    "missing": "Write what the collection is called.",
}
ISMAIL = "ismail.yildiz"
OTHERS = ["Demobutiken", "Felanmälan", "Intranätet"]


class Portal:
    """A person before their tiles."""

    def __init__(
        self, page: Page, demo: DemoAt, words: dict[str, str], *, script: bool = True
    ) -> None:
        self.page, self.words, self.script, self.eyes = page, words, script, Eyes(page)
        self.home = f"{demo.portvakt}/apps"

    def log_in(self, person: Person) -> None:
        self.eyes.go(self.home)
        if self.words is ENGLISH:
            self.eyes.press("English")
        self.eyes.write(self.words["name"], person.email)
        self.eyes.write(self.words["password"], person.password)
        self.eyes.press(self.words["sign in"])
        self.eyes.title(self.words["apps"])

    def press(self, word: str, which: str = "") -> None:
        self.eyes.press(f"{self.words[word]} {which}".strip())

    def says(self, word: str) -> None:
        expect(self.page.get_by_role("status")).to_have_text(self.words[word])

    def shelf(self, heading: str) -> Locator:
        named = self.page.get_by_role("heading", level=2, name=heading, exact=True)
        return self.page.locator("section", has=named)

    def shows(self, heading: str, names: list[str]) -> None:
        """The shelf has these tiles, once the page that was asked for has come."""
        expect(self.shelf(heading).locator("b")).to_have_text(names)

    def seen(self) -> list[str]:
        """The names of all tiles that are to be seen."""
        return [
            each.inner_text() for each in self.page.locator(".tile b").all() if each.is_visible()
        ]

    def usable(self) -> None:
        """Nothing for axe to find, nothing small, nothing too wide with text twice as large."""
        if not self.script:
            return  # what looks at the page is script itself
        usable(self.page)
        assert small_targets(self.page) == []
        self.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert too_wide(self.page) is None
        self.page.evaluate("document.documentElement.style.fontSize = ''")


@pytest.fixture(
    scope="module", params=[(SWEDISH, True), (SWEDISH, False), (ENGLISH, True), (ENGLISH, False)]
)
def signed_in(request: pytest.FixtureRequest, demo: DemoAt, chromium: Browser) -> Iterator[Portal]:
    """One sign-in for each language, with script and without."""
    words, script = request.param
    demo.move("inside")
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=script, reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    portal = Portal(context.new_page(), demo, words, script=script)
    portal.log_in(demo.person(ISMAIL))
    yield portal
    context.close()


@pytest.fixture
def portal(signed_in: Portal, demo: DemoAt) -> Portal:
    demo.move("inside")
    signed_in.eyes.go(signed_in.home)
    return signed_in


def test_an_app_is_searched_for_and_found(portal: Portal) -> None:
    def search(text: str) -> None:
        portal.eyes.write(portal.words["search"], text)
        if not portal.script:
            portal.press("do search")

    search("LABB")
    portal.says("one")
    assert portal.seen() == ["Labbsvar"]
    search("RA ra")
    portal.says("two")
    assert sorted(portal.seen()) == ["Intranätet", "Tidrapport"]
    portal.usable()
    search("zzz")
    portal.says("none")
    assert portal.seen() == []
    if portal.script:
        assert portal.page.url == portal.home, "nothing is fetched"
        search("")
    else:
        portal.press("all")
    portal.shows(portal.words["others"], OTHERS)
    assert set(portal.seen()) >= {"Journalen", "Schema", "Vårdhandboken"}


def test_a_tile_is_hidden_found_and_shown_again(portal: Portal) -> None:
    portal.press("arrange")
    portal.eyes.title(portal.words["arrange"])
    portal.press("hide", "Felanmälan")
    portal.says("hidden")
    portal.eyes.go(portal.home)
    assert "Felanmälan" not in portal.seen()
    portal.eyes.write(portal.words["search"], "felanm")
    if not portal.script:
        portal.press("do search")
    portal.says("one")
    assert portal.seen() == ["Felanmälan"]
    portal.eyes.go(f"{portal.home}/arrange")
    portal.usable()
    portal.press("show", "Felanmälan")
    portal.says("shown")
    portal.eyes.go(portal.home)
    portal.shows(portal.words["others"], OTHERS)


def test_tiles_are_put_in_order(portal: Portal) -> None:
    portal.press("arrange")
    portal.press("first", "Intranätet")
    portal.says("moved first")
    portal.eyes.go(portal.home)
    portal.shows(portal.words["others"], ["Intranätet", "Demobutiken", "Felanmälan"])
    portal.press("arrange")
    portal.press("down", "Intranätet")
    portal.press("down", "Intranätet")
    portal.says("moved last")
    portal.eyes.go(portal.home)
    portal.shows(portal.words["others"], OTHERS)


def test_a_collection_of_ones_own(portal: Portal) -> None:
    portal.press("arrange")
    portal.press("new")
    portal.eyes.title(portal.words["new"])
    portal.usable()
    portal.eyes.field("Schema").check()
    portal.press("save")
    expect(portal.page.get_by_role("alert")).to_contain_text(portal.words["missing"])
    expect(portal.eyes.field("Schema")).to_be_checked()
    portal.usable()
    portal.eyes.field("Labbsvar").check()
    portal.eyes.write(portal.words["called"], "Varje dag")
    portal.press("save")
    portal.says("saved")
    portal.eyes.go(portal.home)
    portal.shows("Varje dag", ["Labbsvar", "Schema"])
    expect(portal.shelf(portal.words["employment"]).locator("b", has_text="Schema")).to_be_visible()
    portal.press("arrange")
    portal.press("change", "Varje dag")
    portal.eyes.title(portal.words["change"])
    portal.press("remove")
    portal.says("removed")
    portal.eyes.go(portal.home)
    portal.shows("Varje dag", [])


def test_a_tile_that_asks_for_more_asks_and_comes_to_the_app(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    demo.move("inside")
    number = "+46701740625"
    seen = len(demo.texts(number))
    portal = Portal(browse(), demo, SWEDISH)
    ismail = demo.person(ISMAIL)
    portal.log_in(ismail)
    tile = portal.page.get_by_role("link", name="Lönespecifikation")
    expect(tile).to_contain_text("Kräver en kod här.")
    expect(tile).to_contain_text("Lönespecifikationen kräver alltid två steg.")
    tile.first.click()
    portal.eyes.title("Visa att det är du")
    portal.eyes.press("Fortsätt")
    portal.eyes.title("Vilken kod fick du?")
    portal.eyes.write("Kod från sms", code_in(demo.next_text(number, seen)))
    portal.eyes.press("Fortsätt")
    portal.eyes.title("Lönespecifikation")
    portal.eyes.sees(f"Hej {ismail.name}")
    portal.eyes.go(portal.home)
    expect(tile.first).not_to_contain_text("Kräver")
    expect(portal.shelf("Senast använda").locator("b").first).to_have_text("Lönespecifikation")


def test_a129_the_portal_by_keyboard_alone(demo: DemoAt, browse: Callable[..., Page]) -> None:
    demo.move("inside")
    page = browse(width=320, height=700)
    keys, eyes = Keys(page), Eyes(page)
    eyes.go(f"{demo.portvakt}/apps")
    keys.log_in(demo.person(ISMAIL))
    eyes.title("Dina appar")
    keys.press("Ordna dina appar")
    eyes.title("Ordna dina appar")
    keys.press("Ner\nJournalen")
    for number in (2, 3, 4):
        expect(page.get_by_role("status")).to_have_text(f"Journalen är nu nummer {number} av 4.")
        focused = page.evaluate(FOCUSED)
        assert focused["visible"], "the tile is followed"
        assert focused["marked"]
        assert focused["name"] == ("Ner\nJournalen" if number < 4 else "Upp\nJournalen")
        if number < 4:
            page.keyboard.press("Enter")
    keys.press("Först\nJournalen")
    expect(page.get_by_role("status")).to_have_text("Journalen är nu nummer 1 av 4.")
    page.goto(f"{demo.portvakt}/apps")
    keys.write("Sök bland dina appar", "sche")
    expect(page.get_by_role("status")).to_have_text("1 app stämmer med det du skrev.")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED)["name"] == "Schema"
    assert page.evaluate(FOCUSED)["marked"]
    assert axe_findings(page) == []
    page.keyboard.press("Enter")
    eyes.title("Schema")
