"""The waiting page: what it tells, to whom, and how it learns of an answer."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from portvakt.core.ids import SessionId
from portvakt.core.push_approval import Approval
from portvakt.records.approvals import What
from portvakt.records.unit import Unit
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import (
    NUMBER_PAGE,
    anna,
    answer,
    approve,
    by_phone,
    go_on,
    known,
    waiting,
)
from tests.world import OUTSIDE, PROXY, Browser, Page, World, world

SOON = 5.0
"""Seconds in which an answer must have come through, however busy the machine is: a hang guard."""


async def note(one: World, asked: Approval, what: What) -> None:
    """What the phone's side writes when a request was sent, delivered or opened."""

    async def act(unit: Unit) -> None:
        await unit.approvals.note(asked.id, what, one.clock.at)
        await unit.wakeups.ring(f"approval:{asked.id}")

    await one.house.records.write(act)


def address(page: Page) -> str:
    """Where the page's script asks."""
    found = re.search(r'data-waits-for="([^"]+)"', page.html)
    assert found is not None
    return found[1]


async def ask(browser: Browser, where: str) -> httpx.Response:
    """Ask as the script does."""
    headers = {"accept": "application/json", "x-forwarded-for": browser.address}
    return await browser.client.get(where, headers=headers)


def told(page: Page) -> str:
    found = re.search(r'<p class="waiting" role="status">(.*?)</p>', page.html)
    assert found is not None
    return found[1]


async def test_the_page_tells_when_it_was_sent_delivered_and_opened(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        assert told(page) == "Väntar i appen sedan 13:00:01"
        world.clock.move(seconds=1)
        await note(world, asked, "sent")
        world.clock.move(seconds=2)
        await note(world, asked, "delivered")
        world.clock.move(seconds=3)
        await note(world, asked, "opened")
        page = await browser.get(page.path)
        assert told(page) == "Skickat 13:00:02 · Framme 13:00:04 · Öppnat 13:00:07"


async def test_after_a_while_the_page_says_that_no_phone_has_answered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.sign_in()
        world.clock.move(seconds=20)
        page = await browser.get(page.path)
        assert "Ingen telefon har svarat än." in told(page)
        assert "Ta ett annat sätt" in page.text


async def test_a_stranger_is_not_told_that_a_phone_has_it(open_world: Open) -> None:
    """A name alone, in a new browser: «Framme» would say that somebody is there."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        page = await by_phone(browser)
        before = told(page), address(page)
        (asked,) = await waiting(world, account)
        await note(world, asked, "delivered")
        await note(world, asked, "opened")
        page = await browser.get(page.path)
        assert (told(page), address(page)) == before


async def test_the_script_is_answered_when_the_phone_has_answered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        asking = asyncio.create_task(ask(browser, address(page)))
        await asyncio.sleep(0.2)
        assert not asking.done()
        before = world.house.records.counted
        await approve(world, account)
        found = await asyncio.wait_for(asking, SOON)
        assert found.json() == {"changed": True}
        assert found.headers["cache-control"] == "no-store"
        assert world.house.records.counted - before <= 6  # two by the phone, two looks
        assert (await go_on(browser)).path == "/apps"


async def test_the_script_is_told_what_becomes_of_the_request(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        asking = asyncio.create_task(ask(browser, address(page)))
        await asyncio.sleep(0.1)
        await note(world, asked, "delivered")
        found = (await asyncio.wait_for(asking, SOON)).json()
        assert found["changed"] is False
        assert found["told"] == "Väntar i appen sedan 13:00:01 · Framme 13:00:01"
        assert found["seen"] != address(page).partition("seen=")[2]
        where = f"{address(page).partition('?')[0]}?seen={found['seen']}"
        asking = asyncio.create_task(ask(browser, where))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await answer(world, asked, approve=False)
        assert (await asyncio.wait_for(asking, SOON)).json() == {"changed": True}
        assert (await go_on(browser)).title == "Du nekade i telefonen"


async def test_a_page_that_shows_something_old_is_answered_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.sign_in()
        where = address(page).partition("?")[0]
        for seen in ("", "?seen=", "?seen=waiting-sdo", "?seen=" + "x" * 2000):
            found = await asyncio.wait_for(ask(browser, where + seen), SOON)
            assert found.json()["changed"] is False


async def test_a_question_that_is_held_asks_the_database_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.sign_in()
        pages = [asyncio.create_task(ask(browser, address(page))) for _ in range(20)]
        await asyncio.sleep(0.5)
        before = world.house.records.counted
        await asyncio.sleep(0.5)
        assert world.house.records.counted == before
        for each in pages:
            each.cancel()
        await asyncio.wait(pages)


async def test_a037_another_browser_learns_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as mine, world.browser() as theirs:
        account = await anna(world)
        page = await mine.sign_in()
        await theirs.get("/sign-in")
        nothing = await ask(theirs, f"/sign-in/{'a' * 26}/phone?seen=")
        found = await ask(theirs, address(page))
        assert (found.status_code, found.content) == (404, nothing.content)
        await approve(world, account)
        found = await ask(theirs, address(page))
        assert (found.status_code, found.content) == (404, nothing.content)
        assert (await theirs.post(page.path, {"answered": "yes"})).status == 410
        assert await world.sessions(account) == []
        assert (await go_on(mine)).path == "/apps"


async def test_waiting_does_not_keep_a_session_alive(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await known(world, browser, account)
        await browser.sign_in()
        await approve(world, account)
        await go_on(browser)
        seen = {each.id: each.seen_at for each in await world.sessions(account)}
        world.clock.move(minutes=5)
        page = await browser.get("/sign-in?to=/security-info&for=methods")
        await browser.submit({})
        page = await browser.submit({"way": "phone_sign_in"}, form=1)
        assert page.title == NUMBER_PAGE
        acted = {each.id: each.seen_at for each in await world.sessions(account)}
        world.clock.move(minutes=2)
        await ask(browser, address(page).replace("seen=", "seen=x"))
        again: dict[SessionId, object] = {
            each.id: each.seen_at for each in await world.sessions(account)
        }
        assert again == acted
        assert acted.keys() == seen.keys()


# ---- two nodes on one database ----


@asynccontextmanager
async def two_nodes(folder: Path, url: str) -> AsyncIterator[tuple[World, World]]:
    """Two products on one database, with clocks that agree."""
    async with world(folder, url) as one, world(folder, url) as two:
        two.clock.at = one.clock.at
        yield one, two


@asynccontextmanager
async def moved(browser: Browser, node: World) -> AsyncIterator[Browser]:
    """Lead a browser to another node: its cookies and its page stay."""
    transport = httpx.ASGITransport(app=node.house.asgi, client=(PROXY, 4000))
    base = str(browser.client.base_url)
    async with httpx.AsyncClient(
        transport=transport, base_url=base, cookies=browser.client.cookies
    ) as client:
        there = Browser(client, browser.address)
        there.page = browser.page
        yield there


async def test_f07_an_approval_outlives_the_node_that_took_it(
    tmp_path: Path, database_url: str
) -> None:
    """The first node dies after the phone has approved; the browser goes on at the other, once."""
    async with world(tmp_path, database_url) as one, one.browser() as browser:
        account = await anna(one)
        await browser.sign_in()
        await approve(one, account)
        at = one.clock.at
        kept = browser
    async with world(tmp_path, database_url) as two, moved(kept, two) as again:
        two.clock.at = at
        two.clock.move(seconds=59)
        assert (await go_on(again)).path == "/apps"
        assert len(await two.sessions(account)) == 1
        again.client.cookies.delete("__Host-session")
        page = await again.post(kept.page.path, {"answered": "yes"})
        assert page.status == 410
        assert len(await two.sessions(account)) == 1


async def test_an_answer_on_one_node_wakes_the_page_that_waits_on_another(
    tmp_path: Path, postgresql_url: str
) -> None:
    async with two_nodes(tmp_path, postgresql_url) as (one, two), one.browser() as browser:
        account = await anna(one)
        two.clock.at = one.clock.at
        page = await browser.sign_in()
        asking = asyncio.create_task(ask(browser, address(page)))
        await asyncio.sleep(0.3)
        await approve(two, account)
        assert (await asyncio.wait_for(asking, SOON)).json() == {"changed": True}


@pytest.mark.parametrize("attempt", range(3))
async def test_two_tabs_on_two_nodes_finish_once(
    attempt: int, tmp_path: Path, postgresql_url: str
) -> None:
    del attempt
    async with two_nodes(tmp_path, postgresql_url) as (one, two), one.browser() as first:
        account = await anna(one)
        two.clock.at = one.clock.at
        await first.sign_in()
        await approve(one, account)
        async with moved(first, two) as second:
            pages = await asyncio.gather(go_on(first), go_on(second))
        assert sorted(page.path == "/apps" for page in pages) == [False, True]
        assert len(await one.sessions(account)) == 1


async def test_two_tabs_finish_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as first:
        account = await anna(world)
        await first.sign_in()
        await approve(world, account)
        async with moved(first, world) as second:
            pages = await asyncio.gather(go_on(first), go_on(second))
        assert sorted(page.path == "/apps" for page in pages) == [False, True]
        assert len(await world.sessions(account)) == 1


async def test_many_browsers_at_once_never_make_more_than_two_requests_or_one_number_twice(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as known_one:
        account = await anna(world)
        await known(world, known_one, account)

        async def stranger() -> None:
            async with world.browser(OUTSIDE) as browser:
                await browser.sign_in()

        await asyncio.gather(*(stranger() for _ in range(4)), known_one.sign_in())
        asked = await waiting(world, account)
        assert len(asked) <= 2
        assert len({each.number for each in asked}) == len(asked)
        assert [each.known_browser for each in asked].count(True) == 1
