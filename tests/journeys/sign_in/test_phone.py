"""The phone after a password: a number on the screen, typed in the phone."""

import re
from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.push_approval import ApprovalState
from portvakt.records.unit import Unit
from portvakt.wake import from_body
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import (
    NUMBER_PAGE,
    OTHER,
    PHONE,
    anna,
    answer,
    approve,
    go_on,
    known,
    pair,
    waiting,
    wrong,
)
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.world import INSIDE, Page


def number_on(page: Page) -> str:
    """The number that a page shows."""
    shown = re.search(r'class="number"[^>]*>(.*?)</p>', page.html)
    assert shown is not None
    return re.sub(r"<[^>]+>", "", shown[1])


async def test_a030_the_right_number_lets_the_browser_go_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        assert page.title == NUMBER_PAGE
        (asked,) = await waiting(world, account)
        assert number_on(page) == asked.number
        assert f'aria-label="Numret är {" ".join(asked.number)}"' in page.html
        assert (asked.digits, asked.lock, asked.quiet) == (2, False, False)
        await approve(world, account)
        page = await go_on(browser)
        assert page.path == "/apps"
        (session,) = await world.sessions(account)
        types = {each.type for each in session.evidence}
        assert types == {AuthenticatorType.PASSWORD, AuthenticatorType.PUSH}
        assert {each.authenticator_id for each in session.evidence} >= {PHONE}


async def test_a030_a_wrong_number_ends_the_request_and_a_new_one_is_needed(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        (asked,) = await waiting(world, account)
        assert await answer(world, asked, wrong(asked)) is ApprovalState.WRONG_NUMBER
        assert await answer(world, asked) is None
        page = await go_on(browser)
        assert (page.status, page.title) == (422, "Numret stämde inte")
        assert await world.sessions(account) == []
        page = await browser.submit({})  # «Skicka en ny»
        assert page.title == NUMBER_PAGE
        (newer,) = await waiting(world, account)
        assert newer.id != asked.id
        await approve(world, account)
        assert (await go_on(browser)).path == "/apps"


async def test_nothing_happens_before_the_phone_has_answered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        page = await go_on(browser)
        assert (page.status, page.title) == (422, NUMBER_PAGE)
        assert "Vi har inte fått något svar än" in page.text
        assert await world.sessions(account) == []
        assert len(await waiting(world, account)) == 1


async def test_looking_at_the_page_again_asks_nothing_new(open_world: Open) -> None:
    """Reload, the back button, a second tab: the number is the same, and so is the request."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        for _ in range(3):
            again = await browser.get(page.path)
            assert number_on(again) == asked.number
        assert [each.id for each in await waiting(world, account)] == [asked.id]


async def test_a_denied_request_says_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        await answer(world, asked, approve=False)
        assert (await browser.get(page.path)).title == "Du nekade i telefonen"
        assert (await world.sessions(account)) == []


async def test_deny_beats_approve_until_the_browser_has_gone_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        asked = await approve(world, account)
        assert await answer(world, asked, approve=False) is ApprovalState.DENIED
        page = await go_on(browser)
        assert page.title == "Du nekade i telefonen"
        assert await world.sessions(account) == []


async def test_a036_an_answer_after_ninety_seconds_is_too_late(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        (asked,) = await waiting(world, account)
        world.clock.move(seconds=91)
        assert await answer(world, asked) is None
        page = await go_on(browser)
        assert page.title == "Ingen telefon har svarat"
        assert "Förfrågan har gått ut" in page.text
        assert await world.sessions(account) == []


@pytest.mark.parametrize(("later", "enters"), [(6, True), (60, True), (61, False)])
async def test_r11_an_answer_in_time_counts_for_a_minute(
    later: int, enters: bool, open_world: Open
) -> None:
    """Answered at 89 s; the browser comes at 95 s, which is within the minute after."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        world.clock.move(seconds=89)
        await approve(world, account)
        world.clock.move(seconds=later)
        page = await go_on(browser)
        assert (page.path == "/apps") is enters
        if not enters:
            assert page.title == "Svaret kom fram, men det tog för lång tid"
        assert len(await world.sessions(account)) == int(enters)


@pytest.mark.parametrize("approved", [False, True])
async def test_a034_a_phone_that_was_removed_opens_nothing(
    approved: bool, open_world: Open
) -> None:
    """Removed while the request waits, and removed after it had approved."""
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        account = await world.person(totp=SECRET)
        await pair(world, account)
        await browser.sign_in()
        (asked,) = await waiting(world, account)
        if approved:
            await approve(world, account)
        await world.house.records.write(lambda unit: unit.phones.remove(PHONE, account.id))
        assert await answer(world, asked) is None
        page = await go_on(browser)
        assert await world.sessions(account) == []
        assert page.title == "Vilken kod visar din app?"
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def test_an_account_that_was_disabled_after_the_answer_is_not_let_in(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        await approve(world, account)
        await world.house.records.write(
            lambda unit: unit.people.disable_many([account.id], world.clock.at)
        )
        page = await go_on(browser)
        assert page.path != "/apps"
        assert await world.sessions(account) == []


async def test_a032_each_browser_goes_on_with_its_own_number_only(open_world: Open) -> None:
    """Anna's and an attacker's, at once: she types the number on her own screen."""
    async with (
        open_world() as world,
        world.browser() as mine,
        world.browser("198.51.100.9") as theirs,
    ):
        account = await anna(world)
        await known(world, mine, account)
        await theirs.sign_in()
        world.clock.move(seconds=1)
        await mine.sign_in()
        first, second = await waiting(world, account)
        assert (first.known_browser, second.known_browser) == (False, True)
        assert first.number != second.number
        assert await answer(world, second) is ApprovalState.APPROVED
        assert (await go_on(theirs)).title == NUMBER_PAGE
        assert (await go_on(mine)).path == "/apps"
        assert len(await world.sessions(account)) == 2  # one from before, one now


async def test_a032_a_newer_request_of_the_same_browser_replaces_the_older(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        first = await browser.sign_in()
        (older,) = await waiting(world, account)
        await browser.sign_in()
        (newer,) = await waiting(world, account)
        assert newer.id != older.id
        assert await answer(world, older) is None
        assert (await browser.get(first.path)).title == "En nyare förfrågan tog över"


async def test_a_third_browser_that_is_not_known_finds_no_room(open_world: Open) -> None:
    async with (
        open_world() as world,
        world.browser() as first,
        world.browser() as second,
        world.browser(INSIDE) as third,
    ):
        account = await anna(world)
        await world.configure([make.rule()], [make.network()])
        await first.sign_in()
        await second.sign_in()
        page = await third.sign_in()
        assert page.title == "Telefonen har inte fått någon förfrågan än"
        assert len(await waiting(world, account)) == 2
        world.clock.move(seconds=91)
        page = await third.submit({})
        assert page.title == NUMBER_PAGE


async def test_another_way_always_works_and_closes_the_request(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        page = await browser.get(f"{page.path}/other")
        assert "Svara i appen på telefonen" in page.text
        page = await browser.submit({"way": "totp"})
        assert page.title == "Vilken kod visar din app?"
        assert await waiting(world, account) == []
        assert await answer(world, asked) is None
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def test_what_was_approved_is_worth_nothing_once_another_way_was_chosen(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        flow = page.path
        await approve(world, account)
        await browser.get(f"{flow}/other")
        await browser.submit({"way": "totp"})
        page = await browser.post(flow, {"answered": "yes"})
        assert page.title == "Vilken kod visar din app?"
        assert await world.sessions(account) == []


async def test_choosing_the_phone_again_while_it_waits_shows_the_same_number(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        (asked,) = await waiting(world, account)
        await browser.get(f"{page.path}/other")
        page = await browser.submit({"way": "push"})
        assert number_on(page) == asked.number
        assert [each.id for each in await waiting(world, account)] == [asked.id]


async def test_any_of_the_phones_may_answer(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await pair(world, account, OTHER)
        await browser.sign_in()
        await approve(world, account, OTHER)
        assert (await go_on(browser)).path == "/apps"
        (session,) = await world.sessions(account)
        assert AuthenticatorId(OTHER) in {each.authenticator_id for each in session.evidence}


async def test_every_phone_that_can_be_woken_is(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, woken=True)
        await pair(world, account, OTHER)
        await browser.sign_in()
        (asked,) = await waiting(world, account)

        async def taken(unit: Unit) -> list[tuple[str, bytes]]:
            found = await unit.outbox.claim("wake", world.clock.at, 10, timedelta(minutes=1))
            assert {each.not_after for each in found} == {asked.expires_at}
            return [
                (
                    each.to,
                    world.house.sealer.open(each.body, table="outbox", column="body", row=each.id),
                )
                for each in found
            ]

        ((to, body),) = await world.house.records.write(taken)
        assert to == PHONE
        wake = from_body(body, at=world.clock.at, not_after=asked.expires_at)
        assert (wake.phone_id, wake.request_id) == (PHONE, asked.id)


async def test_what_the_phone_shows_is_what_the_browser_asked(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        account = await anna(world)
        await world.configure([make.rule()], [make.network()])
        agent = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
        browser.client.headers["user-agent"] = agent
        await browser.sign_in()
        (asked,) = await waiting(world, account)
        shown = asked.shown.decode()
        for part in (
            f'"request":"{asked.id}"',
            '"account":"anna.berg@region.example"',
            '"purpose":"sign_in"',
            '"network":"Regionens nät"',
            f'"address":"{INSIDE}"',
            '"browser":"Chrome, Windows"',
            '"digits":2',
        ):
            assert part in shown
        assert '"number"' not in shown
