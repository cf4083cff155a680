"""A person at the browser, who knows what is on the page and nothing of what is behind it."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo_at import DemoAt, Person, code_in


class Eyes:
    """Finds everything by the words that are shown, or that a screen reader says."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, address: str) -> None:
        self.page.goto(address)

    def write(self, label: str, text: str) -> None:
        self.field(label).fill(text)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def choose(self, question: str, option: str) -> None:
        self.field(question).select_option(label=option)

    def press(self, words: str) -> None:
        """A button, or a link: people do not tell them apart."""
        button = self.page.get_by_role("button", name=words, exact=True)
        link = self.page.get_by_role("link", name=words, exact=True)
        button.or_(link).first.click()

    def sees(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def title(self, words: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=words, exact=True)).to_be_visible()

    def app_key(self) -> str:
        """The key under the picture, as somebody types it into an app."""
        shown = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", self.page.inner_text("main"))
        assert shown is not None, self.page.inner_text("main")
        return shown[0]


def log_in(eyes: Eyes, person: Person) -> None:
    """Step 2 of the instruction, and step 4: with your e-mail address and your password."""
    eyes.write("E-postadress eller användarnamn", person.email)
    eyes.write("Lösenord", person.password)
    eyes.press("Logga in")


def prove_number(eyes: Eyes, demo: DemoAt, number: str, seen: int, label: str = "Kod") -> None:
    """Read the text that has come, and type its code."""
    eyes.title("Vilken kod fick du?")
    eyes.write(label, code_in(demo.next_text(number, seen)))
    eyes.press("Fortsätt")


def number_shown(eyes: Eyes) -> str:
    """The number on the screen that is to be typed in the phone."""
    return re.sub(r"\s", "", eyes.page.get_by_label(re.compile("^Numret är")).inner_text())


def opens_the_shop(eyes: Eyes, person: Person, *, amr: str) -> None:
    """Från Mina appar till en ansluten tjänst, utan att logga in igen."""
    eyes.title("Dina appar")
    eyes.press("Demobutiken")
    eyes.title("Demobutiken")
    eyes.sees(f"Hej {person.name}")
    assert " ".join(sorted(told(eyes, "Så visade du vem du är (amr)").split())) == amr


def told(eyes: Eyes, term: str) -> str:
    """What the shop says that it was told."""
    return eyes.page.get_by_text(term).locator("xpath=following::dd[1]").inner_text()
