"""Every request that carries a secret is made, at DEBUG; then the whole log is read (A130, R20)."""

import base64
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import structlog

from portvakt import log
from portvakt.core import totp
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.records.unit import Unit
from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import APP_SERVER, SHOP
from tests.world import ORIGIN, PASSWORD, PROXY, Browser, Page, World, world

NUMBER = "070-174 06 50"
WRONG = "Sommardäck-i-februari"
START_CODE = "ABCDEFGHJKMNP"
LONG_CODE = r"#pair=([A-Za-z0-9_-]{22})"
SHORT_CODE = r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b"


@dataclass
class Diary:
    """Every secret that was met on the way, by what it is."""

    secrets: dict[str, set[str]] = field(default_factory=dict)

    def note(self, kind: str, *values: str) -> None:
        for value in values:
            assert len(value) >= 6, f"too short to be looked for: {kind}"
            self.secrets.setdefault(kind, set()).add(value)

    def note_browser(self, browser: Browser) -> None:
        for cookie in browser.client.cookies.jar:
            if cookie.value and "language" not in cookie.name:
                # Of a session the id may be named; the secret after the dot may not.
                self.note(f"cookie {cookie.name}", cookie.value.rpartition(".")[2])

    def note_page(self, page: Page) -> None:
        self.note("csrf", *re.findall(r'name="csrf" value="([0-9a-f]{20,})"', page.html))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, by us or by a library, as `serve` at DEBUG writes it."""
    out = io.StringIO()
    root = logging.getLogger()
    before, chosen = (root.handlers[:], root.level), structlog.get_config()
    log.configure("json", "debug", out)
    yield out
    structlog.configure(**chosen)
    root.handlers[:], level = before
    root.setLevel(level)


async def submit(browser: Browser, diary: Diary, fields: dict[str, str], form: int = 0) -> Page:
    diary.note_page(browser.page)
    page = await browser.submit(fields, form)
    diary.note_browser(browser)
    return page


def form_to(page: Page, action: str) -> int:
    return [where for where, _ in page.forms()].index(action)


async def registration(one: World, diary: Diary) -> bytes:
    """Bo has nothing bound: a wrong password, the right one, then an app, a number, the card."""
    async with one.browser() as browser:
        for password in (WRONG, PASSWORD):
            diary.note("password", password)
            await browser.get("/sign-in?to=/security-info")
            page = await submit(browser, diary, {"name": "bo.ek", "password": password})
        page = await submit(browser, diary, {}, form_to(page, "/security-info/phone"))
        long, short = (re.search(each, page.html) for each in (LONG_CODE, SHORT_CODE))
        assert long is not None, page.text
        assert short is not None, page.text
        diary.note("pairing code", long[1], short[0], short[0].replace("-", ""))
        page = await submit(browser, diary, {}, form_to(page, "/security-info/app"))
        shown = re.search(r"secret=([A-Z2-7]+)", page.html)
        assert shown is not None, page.text
        key = base64.b32decode(shown[1] + "=" * (-len(shown[1]) % 8))
        groups = re.findall("....", shown[1])
        diary.note("seed", shown[1], " ".join(groups), key.hex(), base64.b64encode(key).decode())
        right = totp.code_at(key, totp.step_of(one.clock.at))
        wrong = f"{(int(right) + 1) % 1_000_000:06d}"
        for code in (wrong, right):
            diary.note("app code", code)
            page = await submit(browser, diary, {"code": code})
        page = await submit(browser, diary, {"number": NUMBER})
        code = await one.last_code()
        diary.note("text code", code)
        page = await submit(browser, diary, {"code": code})
        codes = re.findall(r"<li><code>(.+?)</code></li>", page.html)
        assert len(codes) == 10, page.text
        diary.note("recovery code", *codes, *(re.sub(r"\W", "", code) for code in codes))
    return key


async def ways_in(one: World, diary: Diary) -> None:
    """Bo signs in again: by text, by a printed code, and by a code that was used before."""
    printed = min(diary.secrets["recovery code"])
    for kind, answers in (("sms", []), ("recovery_code", [printed, printed])):
        async with one.browser("203.0.113.40") as browser:
            page = await browser.sign_in("bo.ek")
            await browser.get(f"{page.path}/other")
            ways = re.findall(r'name="way" value="([^"]+)"', browser.page.html)
            way = kind if kind in ways else (set(ways) - {"totp", "recovery_code"}).pop()
            page = await submit(browser, diary, {"way": way})
            for code in answers or [await one.last_code()]:
                diary.note("code", code)
                if 'name="code"' in browser.page.html:
                    page = await submit(browser, diary, {"code": code})
            assert page.path == "/apps", page.text


async def by_start_code(one: World, diary: Diary, cia: Account) -> None:
    """Cia has nothing but a start code, and chooses a password."""
    hashed = await one.house.hasher.hash(Secret(START_CODE))

    async def give(unit: Unit) -> None:
        code = make.bound(
            AuthenticatorType.START_CODE, id=AuthenticatorId("start"), account_id=cia.id
        )
        await unit.authenticators.bind(code, verifier=hashed)

    await one.house.records.write(give)
    diary.note("start code", START_CODE, "ABCD-EFGH-JKMNP")
    async with one.browser() as browser:
        await browser.get("/sign-in?to=/security-info")
        await submit(browser, diary, {"name": "cia.ek", "password": START_CODE})
        page = await browser.get("/security-info/password")
        fresh = "Kanelbulle på perrongen"
        diary.note("password", fresh)
        assert page.path == "/security-info/password", page.text
        page = await submit(browser, diary, {"password": fresh, "again": fresh})
        assert page.path != "/security-info/password", page.text


async def an_app(one: World, diary: Diary, key: bytes) -> None:
    """The shop: code, tokens, userinfo, a code used twice and a made-up token."""
    transport = httpx.ASGITransport(app=one.house.asgi, client=(PROXY, 5000))
    from_the_app = {"x-forwarded-for": APP_SERVER}
    async with (
        httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=from_the_app) as http,
        one.browser() as browser,
    ):
        shop = Client(ORIGIN, "shop", SHOP.redirect_uris[0], http, one.clock)
        await shop.discover()
        attempt = shop.begin()
        diary.note("verifier", attempt.verifier)
        await browser.get(attempt.url.removeprefix(ORIGIN))
        await submit(browser, diary, {"name": "bo.ek", "password": PASSWORD})
        one.clock.move(seconds=60)
        code = totp.code_at(key, totp.step_of(one.clock.at))
        diary.note("app code", code)
        await submit(browser, diary, {"code": code})
        answer = await browser.get(attempt.url.removeprefix(ORIGIN))
        given = shop.read_answer(answer.response.headers["location"], attempt)
        diary.note("authorization code", given["code"])
        tokens = await shop.exchange(given["code"], attempt)
        diary.note("tokens", tokens["access_token"], tokens["id_token"].rpartition(".")[2])
        await shop.userinfo(tokens["access_token"])
        made_up = "not-a-token-that-anybody-gave-out"
        diary.note("tokens", made_up)
        await http.get(shop.metadata["userinfo_endpoint"], headers={"authorization": made_up})
        sent = {"grant_type": "authorization_code", "code": given["code"]}
        assert (await shop.post(sent)).status_code == 400
        diary.note_browser(browser)


async def test_a130_no_secret_is_logged(
    tmp_path: Path, sqlite_url: str, written: io.StringIO
) -> None:
    diary = Diary()
    async with world(tmp_path, sqlite_url, first="welcome_window") as one:
        people = [
            make.account(
                id=AccountId(name),
                external_id=name,
                user_name=f"{name}.ek",
                email=f"{name}@region.example",
                created_at=one.clock.at,
                last_sign_in_at=None,
            )
            for name in ("bo", "cia")
        ]
        bo, cia = people
        await one.person(bo)
        await one.person(cia, password=None)
        await one.configure([make.rule(networks_not={make.LAN})], [make.network()], [SHOP])
        key = await registration(one, diary)
        one.clock.move(minutes=5)
        await ways_in(one, diary)
        await by_start_code(one, diary, cia)
        one.clock.move(minutes=5)
        await an_app(one, diary, key)
        diary.note("number", "+46701740650", "0701740650", "701740650", NUMBER)
    said = written.getvalue()
    assert said.count('"event":"request"') > 20, "nothing was logged, so nothing was proved"
    assert {
        "password",
        "seed",
        "pairing code",
        "app code",
        "text code",
        "recovery code",
        "tokens",
    } <= set(diary.secrets)
    found = {
        kind: value
        for kind, values in diary.secrets.items()
        for value in values
        for form in (value, quote(value), base64.b64encode(value.encode()).decode().rstrip("="))
        if form in said
    }
    assert not found
