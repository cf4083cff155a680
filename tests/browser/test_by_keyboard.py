"""Everything by keyboard, at the width of a small phone, with the focus always in sight (A129)."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, Person, code_in, oathtool
from tests.browser.looking import axe_findings, too_wide
from tests.browser.seeing import Eyes

MOST_STEPS = 40
FOCUSED = """() => {
  const e = document.activeElement;
  const label = e.labels?.[0]?.innerText ?? e.getAttribute('aria-label') ?? e.innerText ?? '';
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return {
    name: label.trim(),
    visible: box.width > 0 && box.top >= 0 && box.bottom <= innerHeight,
    marked: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none',
  };
}"""


class Keys:
    """Hands on the keyboard, and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, name: str) -> None:
        """Press Tab until the thing of this name has the focus, which must then be seen."""
        met = []
        for _ in range(MOST_STEPS):
            focused = self.page.evaluate(FOCUSED)
            met.append(focused["name"])
            if focused["name"] == name:
                assert focused["marked"], f"{name} does not show its focus"
                assert focused["visible"], f"{name} has the focus out of sight"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{name} was not reached; there was {met}")

    def write(self, name: str, text: str) -> None:
        self.reach(name)
        self.page.keyboard.type(text)

    def press(self, name: str) -> None:
        self.reach(name)
        self.page.keyboard.press("Enter")

    def log_in(self, person: Person) -> None:
        self.write("E-postadress eller användarnamn", person.email)
        self.write("Lösenord", person.password)
        self.page.keyboard.press("Enter")


def test_a129_the_whole_registration_by_keyboard(demo: DemoAt, browse: Callable[..., Page]) -> None:
    """An app by its key as text, since a picture is no use here, and a number after it."""
    number = "+46701740652"
    demo.move("outside")
    page = browse(width=320, height=700)
    keys, eyes = Keys(page), Eyes(page)
    eyes.go(demo.registration)
    keys.log_in(demo.person("elodie.sjodahl"))
    eyes.title("Hur vill du visa att det är du?")
    usable(page)
    keys.press("Konfigurera Authenticator-appen")
    eyes.title("Lägg till din telefon")
    usable(page)
    keys.press("Jag vill använda en annan autentiseringsapp")
    eyes.title("Vilken kod visar appen?")
    usable(page)
    keys.write("Kod från appen", oathtool(eyes.app_key()))
    page.keyboard.press("Enter")
    eyes.title("Vilket mobilnummer har du?")
    usable(page)
    keys.write("Mobilnummer", "0701740652")
    page.keyboard.press("Enter")
    eyes.title("Vilken kod fick du?")
    usable(page)
    keys.write("Kod", code_in(demo.next_text(number, 0)))
    page.keyboard.press("Enter")
    eyes.title("Klart!")
    usable(page)
    keys.press("Fortsätt")
    eyes.title("Dina appar")
    usable(page)


def usable(page: Page) -> None:
    """What is asked of every page on the way."""
    assert too_wide(page) is None
    assert axe_findings(page) == []
