"""Somebody finds a sign-in that was not theirs, and an app that they do not want to know more."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.real_service import real_service
from tests.guards.tree import TOP
from tests.protocols.refreshing import REFRESHING_LEDGER
from tests.protocols.relying_party import Client, OAuthAnswerError
from tests.protocols.stage import LEDGER_SECRET
from tests.world import PASSWORD

PICTURES = TOP / "build" / "my_sign_ins"
PUSH = ("https://push.invalid",)
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
CASE = re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")


@dataclass(frozen=True)
class Words:
    """What stands on the buttons and pages, in one language."""

    language: str | None
    apps: str
    sign_ins: str
    access: str
    take_back: str
    taken: str
    nothing: str
    not_me: str
    ask: str
    freeze: str
    frozen: str
    sign_in: str


SWEDISH = Words(
    language=None,
    apps="Dina appar",
    sign_ins="Mina inloggningar",
    access="Appar som vet vem du är",
    take_back="Ta tillbaka från Ekonomi",
    taken="Klart. Appen får inte veta mer om dig.",
    nothing="Ingen app får veta något om dig just nu.",
    not_me="Det var inte jag: Du öppnade Ekonomi",
    ask="Var det inte du?",
    freeze="Det var inte jag. Frys kontot",
    frozen="Kontot är fryst",
    sign_in="Logga in",
)
ENGLISH = Words(
    language="English",
    apps="Your apps",
    sign_ins="My sign-ins",
    access="Apps that know who you are",
    take_back="Take back from Ekonomi",
    taken="Done. The app is told no more about you.",
    nothing="No app may know anything about you just now.",
    not_me="It was not me: You opened Ekonomi",
    ask="Was it not you?",
    freeze="It was not me. Freeze the account",
    frozen="The account is frozen",
    sign_in="Sign in",
)


@dataclass
class Scene:
    """The service, two browsers in which the same person comes in, and an app that refreshes."""

    origin: str
    owner: Page
    stranger: Page
    app: Client
    words: Words

    async def comes_in(self, page: Page) -> None:
        await page.goto(f"{self.origin}/apps")
        if self.words.language is not None:
            await page.get_by_role("button", name=self.words.language).click()
        await page.locator("#name").fill("anna.berg")
        await page.locator("#password").fill(PASSWORD)
        await page.get_by_role("button", name=self.words.sign_in, exact=True).click()
        await self.title(page, self.words.apps)

    async def opens_the_app(self, page: Page) -> str:
        """Open the app in this browser; return the refresh token that the app has then."""
        attempt = self.app.begin(scope="openid profile offline_access")
        answer = await page.context.request.get(attempt.url, max_redirects=0)
        code = self.app.read_answer(answer.headers["location"], attempt)["code"]
        return str((await self.app.exchange(code, attempt))["refresh_token"])

    async def press(self, page: Page, words: str) -> None:
        """A button, or a link whose name begins so."""
        button = page.get_by_role("button", name=words)
        await button.or_(page.get_by_role("link", name=words)).first.click()

    async def title(self, page: Page, words: str) -> None:
        await expect(page.get_by_role("heading", level=1, name=words, exact=True)).to_be_visible()

    async def picture(self, name: str) -> None:
        """Look at the owner's page at both sizes: nothing is cut off."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        for size, pixels in SIZES.items():
            await self.owner.set_viewport_size(pixels)  # type: ignore[arg-type]  # a TypedDict
            await self.owner.screenshot(path=PICTURES / f"{name}-{size}.png", full_page=True)
            assert await self.owner.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )


@asynccontextmanager
async def scene(folder: Path, url: str, words: Words, *, script: bool) -> AsyncIterator[Scene]:
    async with (
        real_service(folder, url, PUSH) as (world, origin),
        async_playwright() as playwright,
        httpx.AsyncClient(base_url=origin, trust_env=False) as http,
    ):
        await world.person()
        await world.configure(apps=[REFRESHING_LEDGER])
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        contexts: list[BrowserContext] = [
            await browser.new_context(java_script_enabled=script) for _ in range(2)
        ]
        owner, stranger = [await each.new_page() for each in contexts]
        uri = REFRESHING_LEDGER.redirect_uris[0]
        app = Client(origin, "ledger", uri, http, world.clock, secret=LEDGER_SECRET, alg="RS256")
        await app.discover()
        yield Scene(origin, owner, stranger, app, words)
        await browser.close()


@pytest.mark.parametrize(
    ("words", "script"),
    [
        pytest.param(SWEDISH, True, id="sv"),
        pytest.param(ENGLISH, False, id="en-without-script"),
    ],
)
async def test_what_an_app_was_given_is_taken_back_and_a_sign_in_is_disowned(
    tmp_path: Path, sqlite_url: str, words: Words, *, script: bool
) -> None:
    async with scene(tmp_path, sqlite_url, words, script=script) as at:
        name = "sv" if script else "en"
        await at.comes_in(at.owner)
        mine = await at.opens_the_app(at.owner)
        await at.press(at.owner, words.sign_ins)
        await at.title(at.owner, words.sign_ins)
        await at.press(at.owner, words.access)
        await at.title(at.owner, words.access)
        await at.picture(f"{name}-apps")
        await at.press(at.owner, words.take_back)
        await expect(at.owner.get_by_text(words.taken)).to_be_visible()
        await expect(at.owner.get_by_text(words.nothing)).to_be_visible()
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await at.app.refresh(mine)

        await at.comes_in(at.stranger)
        taken = await at.opens_the_app(at.stranger)
        await at.press(at.owner, words.sign_ins)
        await at.picture(f"{name}-list")
        await at.press(at.owner, words.not_me)
        await at.title(at.owner, words.ask)
        await at.picture(f"{name}-ask")
        await at.press(at.owner, words.freeze)
        await at.title(at.owner, words.frozen)
        await expect(at.owner.locator("#case")).to_have_text(CASE)
        await at.picture(f"{name}-done")
        for page in (at.owner, at.stranger):
            await page.goto(f"{at.origin}/apps")
            await at.title(page, words.sign_in)
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await at.app.refresh(taken)
