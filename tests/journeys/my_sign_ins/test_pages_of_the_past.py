"""Ten thousand events: a page is one read by the index, and none is told twice or left out."""

import re
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    AppAccessTakenBack,
    AppConsentAnswered,
    AppOpened,
    CodeReused,
    Event,
    PasswordChanged,
    RefreshTokenReused,
    RiskSeen,
    SessionSeenElsewhere,
    SessionsEnded,
    SignInFailed,
    SignInHeld,
    SignInNotJudged,
    SignInSucceeded,
    TicketRefused,
)
from portvakt.core.ids import GrantId, SessionId
from portvakt.core.people import Account
from portvakt.core.risk import FINDERS, Level
from tests import make
from tests.journeys.conftest import Open
from tests.world import INSIDE, OUTSIDE, Browser, World, world

HERE = "/my-sign-ins"
MANY = 10_000
SOON = 0.5
"""Seconds that a page may take here, where a scan of everybody's events would take longer."""


async def stored(world: World, *found: Event) -> None:
    await world.house.records.write(lambda unit: unit.audit.write_many(found))


def failed(account: Account, world: World, ago: int) -> SignInFailed:
    """A wrong password so many seconds ago, from an address of its own."""
    return SignInFailed(
        at=world.clock.at - timedelta(seconds=ago),
        account_id=account.id,
        address=f"198.51.{ago // 250}.{ago % 250}",
        method=AuthenticatorType.PASSWORD,
        reason="wrong",
    )


def told(browser: Browser) -> list[str]:
    body = browser.page.html.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body]


def older(browser: Browser) -> str | None:
    found = re.search(r'href="(/my-sign-ins\?before=\d+)"', browser.page.html)
    return found and found[1]


async def test_ten_thousand_events_are_read_page_by_page(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await world.person()
        other = await world.person(
            make.account(id="bo", external_id="000018", user_name="bo.ek", given_name="Bo")
        )
        await stored(world, *(failed(anna, world, ago) for ago in range(MANY, 0, -1)))
        await stored(world, *(failed(other, world, ago) for ago in range(MANY, 0, -1)))
        await browser.sign_in(to=HERE)
        records = world.house.records
        before, began = records.counted, perf_counter()
        await browser.get(HERE)
        took = perf_counter() - began
        assert records.counted == before + 3, "the session, the sessions, a page of events"
        assert took < SOON
        seen = [re.findall(r"198\.51\.\d+\.\d+", row) for row in told(browser)]
        assert len(seen) == 50
        for _ in range(2):
            await stored(world, failed(anna, world, 0))  # what comes meanwhile moves nothing
            address = older(browser)
            assert address is not None
            before, began = records.counted, perf_counter()
            page = await browser.get(address)
            assert perf_counter() - began < SOON
            assert records.counted == before + 2, "the session, a page of events"
            assert page.title == "Äldre inloggningar"
            assert "Här är du inloggad nu" not in page.text
            seen += [re.findall(r"198\.51\.\d+\.\d+", row) for row in told(browser)]
        assert seen[:2] == [[], []]  # the sign-in itself, and that so many were wrong before
        assert seen[2:] == [[f"198.51.0.{ago}"] for ago in range(1, 149)]


async def test_the_last_page_says_that_there_is_nothing_older(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await world.person()
        await stored(world, *(failed(anna, world, ago) for ago in range(60, 0, -1)))
        await browser.sign_in(to=HERE)
        await browser.get(older(browser) or "")
        assert len(told(browser)) == 12
        assert older(browser) is None
        page = await browser.get(f"{HERE}?before=1")
        assert "Det finns inget äldre." in page.text


@pytest.mark.parametrize("before", ["", "x", "-5", "1.5", "9" * 40, "%00"])
async def test_what_is_no_row_is_the_first_page(
    tmp_path: Path, sqlite_url: str, before: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await found.person()
        await browser.sign_in()
        page = await browser.get(f"{HERE}?before={before}")
        assert page.status in {200, 400}
        assert page.status == 400 or page.title == "Mina inloggningar"


SAID: dict[str, Any] = {"at": make.NOW, "account_id": make.ANNA, "address": OUTSIDE}
GRANT = GrantId("g")
CASES: tuple[tuple[Event, str], ...] = (
    (
        SignInHeld(**SAID, method=make.PASSWORD, until=None),
        "Ett försök kom under pausen, och prövades inte",
    ),
    (
        SignInNotJudged(**SAID, method=make.PASSWORD, directory="ad", reason="away"),
        "Ett försök gick inte att pröva",
    ),
    (
        RiskSeen(**SAID, risks=tuple(FINDERS), level=Level.HIGH, app=None),
        "något var ovanligt: många personers lösenord prövades från samma plats",
    ),
    (
        SessionSeenElsewhere(
            **SAID,
            session_id=SessionId("gone"),
            user_agent="",
            opened_from=None,
            opened_in="",
        ),
        "Utloggad: inloggningen kom från en annan webbläsare på ett annat nät",
    ),
    (PasswordChanged(**SAID, sessions=0), "Lösenordet byttes"),
    (
        AppAccessTakenBack(**SAID, app=make.SHOP, grants=1, consent=False),
        "Demobutiken får inte längre veta vem du är",
    ),
    (
        AppConsentAnswered(**SAID, app=make.SHOP, scope=("openid",), allowed=True),
        "Du lät Demobutiken veta vem du är",
    ),
    (
        AppConsentAnswered(**SAID, app=make.SHOP, scope=("openid",), allowed=False),
        "Du sa nej till Demobutiken",
    ),
    (CodeReused(**SAID, app=make.SHOP, grant_id=GRANT), "Demobutiken loggades ut"),
    (RefreshTokenReused(**SAID, app=make.SHOP, grant_id=GRANT), "Demobutiken loggades ut"),
    (
        AppOpened(**SAID, app=make.SHOP, session_id=SessionId("gone"), aal=Aal.TWO),
        "Du öppnade Demobutiken Två steg",
    ),
)


@pytest.mark.parametrize(("event", "words"), CASES, ids=[type(each).__name__ for each, _ in CASES])
async def test_what_happened_is_told_with_its_place(
    open_world: Open, event: Event, words: str
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await world.person()
        await world.configure(apps=[make.app()])
        await stored(world, event)
        await browser.sign_in(to=HERE)
        row = told(browser)[-1]
        assert words in row
        assert OUTSIDE in row
        assert "Det var inte jag" in row


async def test_what_support_did_has_no_place_of_the_persons(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await world.person()
        by: dict[str, Any] = {"at": make.NOW, "account_id": make.ANNA, "actor": "cli:kim"}
        ended = SessionsEnded(**by, sessions=1, reason="operator")
        taken = AppAccessTakenBack(**by, app=make.SHOP, grants=1, consent=True)
        await stored(world, ended, taken)
        await browser.sign_in(to=HERE)
        _, app, sessions = told(browser)
        assert "avslutades åt dig" in sessions
        for row in (app, sessions):
            assert "Utanför" not in row


async def test_an_app_is_told_with_the_browser_of_its_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await world.person()
        came = SignInSucceeded(
            **SAID,
            session_id=SessionId("s1"),
            app=None,
            methods=(make.PASSWORD,),
            aal=Aal.ONE,
            rules=(),
            networks=(),
            known_browser=True,
            user_agent="Mozilla/5.0 (iPhone) Version/18 Safari/605",
        )
        app = AppOpened(**SAID, app=make.SHOP, session_id=SessionId("s1"), aal=Aal.ONE)
        await stored(world, came, app)
        await browser.sign_in(to=HERE)
        assert "Du öppnade shop Ett steg" in told(browser)[1]
        assert "Safari på iPhone" in told(browser)[1]


async def test_the_computers_account_is_told_as_such(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        account = await world.person()
        await world.configure()
        about: dict[str, Any] = {"at": world.clock.at, "account_id": account.id}
        await stored(
            world,
            TicketRefused(**about, reason="disabled"),
            SignInSucceeded(
                **about,
                session_id=SessionId("s1"),
                app=None,
                methods=(make.PASSWORD,),
                aal=Aal.ONE,
                rules=(),
                networks=(),
                known_browser=True,
                by_ticket=True,
            ),
        )
        await browser.sign_in(to=HERE)
        rows = told(browser)
        assert "Du loggade in Ett steg, datorns konto" in rows[1]
        assert "Datorns konto gick inte att använda" in rows[2]
