"""kill -9 at the worst moments: what was said stays true, and nothing is worth more than once."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.people import Account
from portvakt.core.sessions import Session
from tests.bad_days.codes import KINDS, Kind
from tests.bad_days.conftest import Open
from tests.bad_days.processes import Node, eventually, torn
from tests.bad_days.site import Site, app_code
from tests.journeys.set_up_mfa.people import HOME, key_on
from tests.journeys.sign_in.test_what_it_costs import CALLBACK, VERIFIER, authorize
from tests.world import INSIDE, Browser, Page

pytestmark = pytest.mark.slow

MOMENTS = (0.005, 0.02, 0.06)
"""Seconds from the posting of codes to the kill; a printed code costs a hash first."""


@asynccontextmanager
async def standing_still(url: str, table: str) -> AsyncIterator[None]:
    """Hold a table so that whoever writes it stands still, in the middle of its transaction."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def somebody_stands_still(site: Site) -> None:
    """Wait until one of our processes waits for what is held."""
    waiting = (
        "SELECT COUNT(*) FROM pg_stat_activity"
        " WHERE application_name = 'portvakt' AND wait_event_type = 'Lock'"
    )
    await eventually(lambda: site.rows(waiting), lambda rows: rows[0][0] > 0)


async def killed_writing(site: Site, table: str, node: Node, asking: Browser, code: str) -> Page:
    """Submit a code, and kill the node when all is written but one table and nothing committed."""
    async with standing_still(site.url, table):
        answer = asyncio.create_task(torn(asking.submit({"code": code})))
        await somebody_stands_still(site)
        node.kill()
        return await answer


async def test_f01_killed_after_the_password_the_same_sign_in_goes_on(open_site: Open) -> None:
    async with open_site() as site, site.serving() as node, site.browser() as browser:
        anna = await site.person_with_app()
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        node.kill()
        await node.restart()
        assert await site.world.sessions(anna) == []
        tried = "SELECT COALESCE(SUM(run), 0) FROM attempts WHERE subject = ?"
        assert await site.rows(tried, anna.id) == [(0,)]
        page = await browser.submit({"code": app_code()})
        assert page.path == "/apps"
        assert len(await site.world.sessions(anna)) == 1


async def test_f01_killed_while_a_password_is_judged_it_is_counted_once_and_opens_nothing(
    open_site: Open,
) -> None:
    async with open_site() as site, site.serving() as node, site.browser() as browser:
        anna = await site.person_with_app()
        await browser.get("/sign-in")
        answer = asyncio.create_task(torn(browser.submit({"name": "anna.berg", "password": "fel"})))
        tried = "SELECT COALESCE(SUM(run), 0) FROM attempts WHERE subject = ?"
        await eventually(lambda: site.rows(tried, anna.id), lambda rows: rows == [(1,)])
        node.kill()
        await answer
        await node.restart()
        assert await site.rows(tried, anna.id) == [(1,)]
        assert await site.rows("SELECT COUNT(*) FROM flows") == [(0,)]
        assert (await browser.sign_in()).title == "Vilken kod visar din app?"


async def test_f02_killed_with_everything_written_and_nothing_committed_the_code_works_once(
    open_large_site: Open,
) -> None:
    async with open_large_site() as site, site.serving() as node, site.browser() as browser:
        anna = await site.person_with_app()
        await browser.sign_in()
        code = app_code(1)  # works for a minute or more
        page = await killed_writing(site, "sessions", node, browser, code)
        assert page.status == 0
        assert await site.world.sessions(anna) == []
        await node.restart()
        async with site.browser() as other:
            await other.sign_in()
            assert (await browser.submit({"code": code})).path == "/apps"
            assert (await other.submit({"code": code})).status == 422
        assert len(await site.world.sessions(anna)) == 1


async def test_f03_killed_after_the_commit_the_code_stays_dead_and_the_session_is_nobodys(
    open_site: Open,
) -> None:
    async with open_site() as site, site.serving() as node, site.browser() as browser:
        anna = await site.person_with_app()
        await browser.sign_in()
        code, asking, cookies = app_code(), browser.page, dict(browser.client.cookies)
        answer = asyncio.create_task(torn(browser.submit({"code": code})))
        opened = "SELECT COUNT(*) FROM sessions"
        await eventually(lambda: site.rows(opened), lambda rows: rows == [(1,)])
        node.kill()
        await answer
        browser.client.cookies.clear()  # the answer with the cookie never came
        for name, value in cookies.items():
            browser.client.cookies.set(name, value, domain="portvakt.region.example")
        browser.page = asking
        await node.restart()
        page = await browser.submit({"code": code})
        assert (page.status, page.title) == (410, "Börja om inloggningen")
        assert (await browser.sign_in()).title == "Vilken kod visar din app?"
        assert "redan använd" in (await browser.submit({"code": code})).text
        assert (await browser.submit({"code": app_code(1)})).path == "/apps"
        assert len(await site.world.sessions(anna)) == 2
        assert (await browser.get("/my-sign-ins")).status == 200


@dataclass(frozen=True)
class Crowd:
    """Four tabs of one person, all about to send the same code."""

    kind: Kind
    account: Account
    code: str
    tabs: list[Browser]
    asking: list[Page]

    @classmethod
    async def gathered(cls, site: Site, kind: str, name: str, tabs: list[Browser]) -> "Crowd":
        account, code = await KINDS[kind].asked(site, f"{kind}.{name}", tabs)
        return cls(KINDS[kind], account, code, tabs, [each.page for each in tabs])

    async def post(self) -> None:
        posts = (torn(each.submit({"code": self.code})) for each in self.tabs)
        await asyncio.gather(*posts)

    async def post_again(self) -> None:
        for each, page in zip(self.tabs, self.asking, strict=True):
            each.page = page
            await each.submit({"code": self.code})

    async def sessions(self, site: Site) -> list[Session]:
        """There is one where the code is spent and only there, and with all its proofs (I2, I3)."""
        found = await site.world.sessions(self.account)
        assert [(len(found),)] == await site.rows(self.kind.spent, self.account.id)
        whole(found, self.kind)
        return found


@pytest.mark.parametrize("moment", MOMENTS)
async def test_f02_f03_one_code_from_many_tabs_and_a_kill_at_any_moment_opens_one_session_at_most(
    moment: float, open_site: Open
) -> None:
    async with open_site() as site, site.serving() as node, site.browsers(12) as browsers:
        crowds = [
            await Crowd.gathered(site, kind, "ek", browsers[place * 4 : place * 4 + 4])
            for place, kind in enumerate(KINDS)
        ]
        posts = asyncio.gather(*(crowd.post() for crowd in crowds))
        await asyncio.sleep(moment)
        node.kill()
        await posts
        before = [await crowd.sessions(site) for crowd in crowds]
        for crowd, sessions in zip(crowds, before, strict=True):
            if any(each.cookie("session") for each in crowd.tabs):
                assert len(sessions) == 1, "what was said to somebody is true (I1)"
        await node.restart()
        for crowd, sessions in zip(crowds, before, strict=True):
            await crowd.post_again()
            after = await crowd.sessions(site)
            assert len(after) == 1
            assert [each.id for each in sessions] in ([], [after[0].id])


def whole(sessions: list[Session], kind: Kind) -> None:
    """No session stands without its full set of proofs (I3)."""
    for session in sessions:
        shown = {each.type for each in session.evidence}
        assert shown == {AuthenticatorType.PASSWORD, kind.type}


async def test_i4_tries_that_were_counted_stay_counted_through_a_kill(open_site: Open) -> None:
    async with open_site() as site, site.serving() as node:
        anna = await site.person_with_app()
        async with site.browsers(6) as browsers:
            for each in browsers:
                await each.sign_in()
            wrong = {"code": f"{(int(app_code()) + 7) % 1_000_000:06}"}
            posts = asyncio.gather(*(torn(each.submit(wrong)) for each in browsers))
            await asyncio.sleep(0.01)
            node.kill()
            said = sum(page.status == 422 for page in await posts)
            tried = "SELECT COALESCE(SUM(run), 0) FROM attempts WHERE subject = ? AND kind = 'totp'"
            [(counted,)] = await site.rows(tried, anna.id)
            assert said <= counted <= 6
            await node.restart()
            await browsers[0].sign_in()
            statuses = [(await browsers[0].submit(wrong)).status for _ in range(11 - counted)]
            assert statuses == [422] * (10 - counted) + [429]
            assert (await browsers[0].submit({"code": app_code()})).status == 429


async def test_f06_killed_while_an_app_is_bound_it_is_either_bound_or_not_there(
    open_large_site: Open,
) -> None:
    async with open_large_site() as site, site.serving() as node:
        anna = await site.person()
        async with site.browser(address=INSIDE) as browser:
            await browser.sign_in(to=HOME)
            page = await browser.post(f"{HOME}/app", {})
            key = key_on(page)
            code = app_code(secret=key)
            # everything but the last event is written when the kill comes
            assert (await killed_writing(site, "outbox", node, browser, code)).status == 0
            assert len((await site.world.standing(anna)).bound) == 1, "the password and no app"
            await node.restart()
            page = await browser.submit({"code": code})
            assert page.title == "Vilket mobilnummer har du?", page.text
            assert len((await site.world.standing(anna)).bound) == 2
            page = await browser.post(f"{HOME}/finish", {})
            assert page.title == "Klart!"
        async with site.browser() as outside:
            await outside.sign_in()
            assert (await outside.submit({"code": code})).status == 422, "used by the binding"
            assert (await outside.submit({"code": app_code(1, key)})).path == "/apps"


async def test_f09_killed_while_all_sign_ins_are_ended_all_end_or_none(
    open_large_site: Open,
) -> None:
    async with open_large_site() as site, site.serving() as node, site.browsers(2) as browsers:
        anna = await site.person_with_app()
        for steps, each in enumerate(browsers):
            await each.sign_in()
            await each.submit({"code": app_code(steps)})
        await browsers[0].get("/my-sign-ins")
        async with standing_still(site.url, "events"):
            ending = asyncio.create_task(torn(browsers[0].post("/my-sign-ins/others/end", {})))
            await somebody_stands_still(site)
            node.kill()
            await ending
        assert len(await site.world.sessions(anna)) == 2
        await node.restart()
        await browsers[0].get("/my-sign-ins")
        await browsers[0].post("/my-sign-ins/others/end", {})
        assert len(await site.world.sessions(anna)) == 1
        assert (await browsers[1].get("/apps")).path.startswith("/sign-in")


async def test_f10_killed_while_a_code_is_redeemed_it_is_dead_or_whole_and_tokens_come_once(
    open_large_site: Open,
) -> None:
    async with open_large_site() as site, site.serving() as node, site.browser() as browser:
        await site.person_with_app()
        await browser.get(authorize())
        await browser.submit({"name": "anna.berg", "password": "Vinterdäck i augusti"})
        page = await browser.submit({"code": app_code()})
        onwards = re.search(r'url=([^"]+)"', page.html)
        assert onwards is not None
        page = await browser.get(onwards[1].replace("&amp;", "&"))
        code = parse_qs(urlsplit(page.response.headers["location"]).query)["code"][0]
        redeemed = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "shop",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }

        async def redeem() -> int:
            return (await browser.client.post("/oidc/token", data=redeemed)).status_code

        lost = asyncio.create_task(redeem())
        spent = "SELECT COUNT(*) FROM grants WHERE code_spent_at IS NOT NULL"
        await eventually(lambda: site.rows(spent), lambda rows: rows == [(1,)])
        node.kill()
        await asyncio.wait([lost])
        lost.exception()
        await node.restart()
        response = await browser.client.post("/oidc/token", data=redeemed)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
