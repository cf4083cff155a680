"""Somebody whose password lives in Active Directory has forgotten it, and is outside."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, Person, code_in, oathtool
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.seeing import Eyes, log_in, opens_the_shop, prove_number
from tests.browser.with_a_directory import had_an_app_for_days, region_at
from tests.directories.homes import NEW, RIGHT, AtSamba, grant, somebody
from tests.servers.region import PEOPLE, Somebody
from tests.servers.samba import Samba

pytestmark = pytest.mark.slow
SECRET = b"12345678901234567890"
KEY = base64.b32encode(SECRET).decode()
AINAS, BERTILS, BERITS = "+46701740691", "+46701740692", "+46701740605"
NEWER = "Hägern väntar i vassen 77!"
(BERIT,) = (each for each in PEOPLE if each.user_name == "berit.chef")
WIDTHS = (1280, 390)


@dataclass(frozen=True)
class Region:
    """The product that runs, the directory behind it, and who is in both."""

    at: DemoAt
    home: AtSamba
    aina: Somebody
    bertil: Somebody
    dns: dict[Somebody, str]

    def knows(self, one: Somebody, password: str) -> bool:
        """Ask Kerberos and the file server."""
        kerberos, said = self.home.server.kinit(one.user_name, password)
        files, also_said = self.home.server.smb(one.user_name, password)
        assert kerberos is files, f"{said}\n{also_said}"
        return kerberos


@pytest.fixture(scope="module")
def region(samba: Samba, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    grant(samba)
    home, folder = AtSamba(samba), tmp_path_factory.mktemp("directory")
    aina = somebody(given_name="Aina", family_name="Åkerström", mobile="070-174 06 91")
    bertil = somebody(given_name="Bertil", family_name="Öhrn", mobile="070-174 06 92")
    dns = {each: home.add(each)[1] for each in (aina, bertil)}
    with region_at(home, folder, list(dns.values())) as at:
        had_an_app_for_days(folder, aina, SECRET)
        yield Region(at, home, aina, bertil, dns)


def person(one: Somebody, password: str) -> Person:
    return Person(one.name, one.email, one.user_name, password, one.mobile)


class Careful(Eyes):
    """Also looks at each page as axe does, on a desk screen and on a phone."""

    def title(self, words: str) -> None:
        super().title(words)
        self.page.wait_for_load_state()
        before = self.page.viewport_size
        wrong: list[str] = []
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 844})
            wide = too_wide(self.page)
            wrong += [f"{width}: {wide}"] if wide else []
            wrong += [f"{width}: {each} is small" for each in small_targets(self.page)]
            wrong += axe_findings(self.page)
        assert not wrong, f"{words}: {wrong}"
        assert self.page.locator("html").get_attribute("lang") == "sv"
        if before is not None:
            self.page.set_viewport_size(before)


def begins(eyes: Careful, region: Region, one: Somebody) -> None:
    """From the sign-in page to the question how."""
    eyes.go(region.at.apps)
    eyes.press("Glömt lösenordet?")
    eyes.title("Glömt lösenordet?")
    eyes.write("E-postadress eller användarnamn", one.email)
    eyes.press("Fortsätt")
    eyes.title("Hur vill du visa att det är du?")


def shows_a_text(eyes: Careful, region: Region, number: str) -> None:
    """The first proof: the page tells nobody which number it is."""
    seen = len(region.at.texts(number))
    eyes.press("Kod i ett sms")
    eyes.title("Vilken kod fick du?")
    assert number[-4:-2] + " " + number[-2:] not in eyes.page.inner_text("main")
    text = region.at.next_text(number, seen)
    assert "välja ett nytt lösenord" in text
    eyes.write("Kod från sms", code_in(text))
    eyes.press("Fortsätt")
    eyes.title("Tack. Nu behöver vi ett sätt till")


def chooses_way(eyes: Careful, words: str) -> None:
    """The second proof; a button also says which phone, or who."""
    eyes.page.get_by_role("button", name=words).click()


def chooses(eyes: Careful, region: Region, one: Somebody, password: str, number: str) -> None:
    """A password that is too short is refused before the directory is asked."""
    seen = len(region.at.texts(number))
    eyes.title("Välj ett nytt lösenord")
    eyes.write("Nytt lösenord", "Kort-7!")
    eyes.press("Spara lösenordet")
    eyes.sees("Lösenordet behöver minst 15 tecken.")
    eyes.title("Välj ett nytt lösenord")
    assert region.knows(one, RIGHT.open())
    eyes.write("Nytt lösenord", password)
    eyes.press("Spara lösenordet")
    eyes.sees("Ditt nya lösenord gäller.")
    eyes.title("Klart!")
    assert "Ditt konto har fått ett nytt lösenord." in region.at.next_text(number, seen)
    assert region.knows(one, password)
    assert not region.knows(one, RIGHT.open())
    eyes.press("Logga in")


def test_a_text_and_an_app_give_a_new_password_that_the_domain_knows(
    region: Region, browse: Callable[..., Page]
) -> None:
    aina, eyes = region.aina, Careful(browse())
    begins(eyes, region, aina)
    shows_a_text(eyes, region, AINAS)
    chooses_way(eyes, "Kod från en app med koder")
    eyes.title("Vilken kod visar din app?")
    eyes.write("Kod från appen", oathtool(KEY))
    eyes.press("Fortsätt")
    chooses(eyes, region, aina, NEW.open(), AINAS)

    log_in(eyes, person(aina, RIGHT.open()))
    eyes.sees("Namnet och lösenordet hör inte ihop.")
    log_in(eyes, person(aina, NEW.open()))
    eyes.title("Vilken kod visar din app?")
    eyes.write("Kod från appen", oathtool(KEY, ahead=1))
    eyes.press("Fortsätt")
    opens_the_shop(eyes, person(aina, NEW.open()), amr="mfa otp pwd")


def test_a_text_phone_and_the_manager_give_a_new_password_that_the_domain_knows(
    region: Region, browse: Callable[..., Page]
) -> None:
    bertil, eyes = region.bertil, Careful(browse())
    begins(eyes, region, bertil)
    shows_a_text(eyes, region, BERTILS)
    chooses_way(eyes, "Någon som känner dig")
    eyes.title("Ring den som ska intyga")
    eyes.press("Titta om det är klart")
    eyes.title("Ring den som ska intyga")  # nobody has said yes yet

    the_manager_says_yes(region, Careful(browse()), bertil)

    eyes.press("Titta om det är klart")
    chooses(eyes, region, bertil, NEWER, BERTILS)
    seen = len(region.at.texts(BERTILS))
    log_in(eyes, person(bertil, NEWER))
    prove_number(eyes, region.at, BERTILS, seen, "Kod från sms")
    opens_the_shop(eyes, person(bertil, NEWER), amr="mfa pwd sms")


def the_manager_says_yes(region: Region, eyes: Careful, one: Somebody) -> None:
    """In a browser of her own, signed in with two factors."""
    seen = len(region.at.texts(BERITS))
    eyes.go(f"{region.at.portvakt}/vouch")
    log_in(eyes, person(BERIT, RIGHT.open()))
    prove_number(eyes, region.at, BERITS, seen, "Kod från sms")
    eyes.title("Intyga vem någon är")
    eyes.sees(f"{one.name} bad om hjälp klockan")
    eyes.press(f"Ja, jag har pratat med {one.name}")
    eyes.sees(f"{one.name} kan gå vidare nu")
    eyes.title("Intyga vem någon är")
