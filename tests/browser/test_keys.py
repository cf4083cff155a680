"""Keys in Chromium, with its virtual authenticator: made, used with a name and without, refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import running_demo
from tests.browser.demo_at import DemoAt, Person
from tests.browser.looking import axe_findings, too_wide
from tests.browser.phone_at_hand import proves_the_work_phone
from tests.browser.seeing import Eyes
from tests.browser.test_by_keyboard import Keys

WITH_KEY = "Logga in med nyckel"


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[DemoAt]:
    """A demo of its own: whoever has a key is asked for it from then on, in every other story."""
    with running_demo(tmp_path) as demo:
        yield demo


class Token:
    """The virtual authenticator of one page; it answers at once, whenever it is asked."""

    def __init__(self, page: Page, *, resident: bool = True, verifies: bool = True) -> None:
        self._tools: CDPSession = page.context.new_cdp_session(page)
        self._tools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": resident,
            "hasUserVerification": verifies,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": True,
        }
        made = self._tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = {"authenticatorId": made["authenticatorId"]}

    def credentials(self) -> list[dict[str, Any]]:
        found = self._tools.send("WebAuthn.getCredentials", self._id)
        credentials: list[dict[str, Any]] = found["credentials"]
        return credentials

    def verifies(self, *, verified: bool) -> None:
        """Let the person be recognised, or not."""
        self._tools.send("WebAuthn.setUserVerified", self._id | {"isUserVerified": verified})

    def waits(self) -> None:
        """Answer nothing by itself: what is offered in a field would be picked at once."""
        self._simulate(enabled=False)

    def answers(self) -> None:
        self._simulate(enabled=True)

    def _simulate(self, *, enabled: bool) -> None:
        name = "WebAuthn.setAutomaticPresenceSimulation"
        self._tools.send(name, self._id | {"enabled": enabled})

    def become(self, credential: dict[str, Any]) -> None:
        """Hold this copy in place of what it holds."""
        for each in self.credentials():
            which = {"credentialId": each["credentialId"]}
            self._tools.send("WebAuthn.removeCredential", self._id | which)
        self._tools.send("WebAuthn.addCredential", self._id | {"credential": credential})


def adds_a_key(eyes: Eyes, keys: Keys, demo: DemoAt, person: Person) -> None:
    """By keyboard; inside, where whoever has a work phone shows its text first."""
    eyes.go(demo.registration)
    keys.log_in(person)
    proves_the_work_phone(eyes, demo, person)
    eyes.title("Så visar du att det är du")
    keys.press("Lägg till en nyckel")
    eyes.title("Lägg till en nyckel")
    usable(eyes.page)
    keys.write("Vad ska nyckeln heta?", "Nyckeln på knippan")
    keys.press("Skapa nyckeln")
    eyes.title("Klart!")
    eyes.press("Fortsätt")
    eyes.title("Dina appar")


def usable(page: Page) -> None:
    assert axe_findings(page) == []
    assert too_wide(page) is None


def at_the_first_page(eyes: Eyes, demo: DemoAt, token: Token) -> None:
    """As somebody whom this browser does not know; the key does not answer yet."""
    token.waits()
    eyes.page.context.clear_cookies()
    eyes.go(f"{demo.portvakt}/sign-in")
    eyes.title("Logga in")


def test_a_key_from_its_making_to_its_copy(untouched: DemoAt, browse: Callable[..., Page]) -> None:
    """On a phone's width and a desk's, in both languages, and by keyboard."""
    demo = untouched
    person = demo.person("cia.ohman-lindqvist")
    demo.move("inside")
    page = browse(width=390)
    token, eyes, keys = Token(page), Eyes(page), Keys(page)
    adds_a_key(eyes, keys, demo, person)
    (made,) = token.credentials()
    assert (made["isResidentCredential"], made["rpId"]) == (True, "localhost")
    demo.move("outside")
    at_the_first_page(eyes, demo, token)
    usable(page)
    token.answers()
    keys.press(WITH_KEY)
    eyes.title("Dina appar")
    with_a_name(eyes, demo, token, person)
    fresh_proof(eyes, demo)
    by_itself(eyes, demo, token)
    in_english(eyes, keys, demo, token)
    unverified(eyes, demo, token)
    for_another_page(eyes, demo, token)
    copied(eyes, demo, token, made)


def with_a_name(eyes: Eyes, demo: DemoAt, token: Token, person: Person) -> None:
    eyes.page.set_viewport_size({"width": 1280, "height": 900})
    at_the_first_page(eyes, demo, token)
    usable(eyes.page)
    eyes.write("E-postadress eller användarnamn", person.email)
    token.answers()
    eyes.press(WITH_KEY)
    eyes.title("Dina appar")


def fresh_proof(eyes: Eyes, demo: DemoAt) -> None:
    """Before methods are changed, in place of the password."""
    eyes.go(f"{demo.portvakt}/security-info")
    eyes.press("Fortsätt")
    eyes.title("Skriv ditt lösenord")
    usable(eyes.page)
    eyes.press(WITH_KEY)
    eyes.title("Så visar du att det är du")
    eyes.sees("Nyckeln på knippan")
    eyes.sees("Den finns bara på ett ställe.")
    usable(eyes.page)


def by_itself(eyes: Eyes, demo: DemoAt, token: Token) -> None:
    """Autofill: the key is offered in the name's own field, and picked there."""
    before = token.credentials()[0]["signCount"]
    token.answers()
    eyes.page.context.clear_cookies()
    eyes.go(f"{demo.portvakt}/sign-in")
    eyes.title("Dina appar")
    assert token.credentials()[0]["signCount"] > before


def in_english(eyes: Eyes, keys: Keys, demo: DemoAt, token: Token) -> None:
    at_the_first_page(eyes, demo, token)
    eyes.press("English")
    eyes.title("Sign in")
    usable(eyes.page)
    token.answers()
    keys.press("Sign in with a key")
    eyes.title("Your apps")


def unverified(eyes: Eyes, demo: DemoAt, token: Token) -> None:
    """A051: whoever holds it is not recognised."""
    at_the_first_page(eyes, demo, token)
    token.verifies(verified=False)
    token.answers()
    eyes.press(WITH_KEY)
    eyes.sees("Det blev inget svar från nyckeln.")
    token.verifies(verified=True)


def copied(eyes: Eyes, demo: DemoAt, token: Token, before: dict[str, Any]) -> None:
    """A052: the key as it was when it was made, with the count that it had then."""
    at_the_first_page(eyes, demo, token)
    token.become(before)
    token.answers()
    eyes.press(WITH_KEY)
    eyes.sees("Nyckeln kan vara kopierad")
    usable(eyes.page)


USE = """async challenge => {
  const bytes = text => Uint8Array.from(
    atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
  const found = await navigator.credentials.get({publicKey: {
    challenge: bytes(challenge), rpId: 'localhost', userVerification: 'required'}});
  return JSON.stringify(found.toJSON());
}"""
ASK = """async () => {
  const form = document.querySelector('[data-uses-key]');
  const body = new URLSearchParams({csrf: form.elements.csrf.value, to: '/apps', for: 'sign_in'});
  const answer = await fetch('/sign-in/key', {method: 'POST', body});
  return (await answer.json()).challenge;
}"""
SEND = """answer => {
  const form = document.querySelector('[data-uses-key]');
  form.elements.key.value = answer;
  form.submit();
}"""


def for_another_page(eyes: Eyes, demo: DemoAt, token: Token) -> None:
    """A049: a page beside ours has the key sign our own challenge, and hands it on."""
    at_the_first_page(eyes, demo, token)
    page = eyes.page
    challenge = page.evaluate(ASK)
    beside = page.context.new_page()
    try:
        beside.route("http://localhost:9/", lambda route: route.fulfill(body="<p>ours, honestly"))
        beside.goto("http://localhost:9/")
        Token(beside).become(token.credentials()[0])
        answer = beside.evaluate(USE, challenge)
    finally:
        beside.close()
    assert json.loads(answer)["type"] == "public-key"
    page.evaluate(SEND, answer)
    eyes.sees("Nyckeln fungerade inte här")


def test_without_a_script_each_page_says_what_keys_need(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    page = browse(script=False)
    eyes = Eyes(page)
    eyes.go(f"{demo.portvakt}/sign-in")
    eyes.sees("Nycklar fungerar bara när webbläsaren får köra skript.")
    expect(page.get_by_role("button", name=WITH_KEY)).to_have_count(0)


def test_a_browser_that_knows_no_keys_is_told_so(demo: DemoAt, browse: Callable[..., Page]) -> None:
    """A055: nothing weaker is offered for it; the page says what to do."""
    page = browse()
    page.add_init_script("delete window.PublicKeyCredential")
    eyes = Eyes(page)
    eyes.go(f"{demo.portvakt}/sign-in")
    eyes.sees("Den här webbläsaren kan inte använda nycklar.")
    expect(page.get_by_role("button", name=WITH_KEY)).to_have_count(0)
