"""What makes us ask again in every browser where somebody asked us not to."""

from collections.abc import Awaitable, Callable

import pytest

from portvakt.core.event import SELF
from portvakt.core.people import Account
from portvakt.crypto.digests import lookup_hash
from portvakt.journeys.my_sign_ins.flow import end_all, end_others
from portvakt.proving.after_new_password import Kept, end_what_it_opened
from portvakt.proving.visit import Doer, Visit
from tests.journeys.conftest import Open
from tests.journeys.sign_in.knowing import again, anna, asks, known, remembered
from tests.world import Browser, World


def visit(world: World, browser: Browser) -> Visit:
    mark = browser.cookie("browser")
    assert mark is not None
    return Visit(
        now=world.clock.at,
        address=browser.address,
        binding=b"b" * 32,
        browser=lookup_hash(mark),
        language="sv",
        request_id="AAAA-BBBB-CCCC",
        user_agent="",
    )


async def new_password(world: World, who: Account, browser: Browser) -> None:
    """Changed or reset; in the very browser that is known, which stays a used one."""
    kept = Kept(browser=visit(world, browser).browser)
    doer = Doer(at=world.clock.at, actor=SELF)
    await world.house.records.write(lambda unit: end_what_it_opened(unit, who.id, doer, kept))


async def not_me(world: World, who: Account, browser: Browser) -> None:
    """Of a row in their own list."""
    (row, *_) = await world.house.records.read(lambda unit: unit.audit.of_account(who.id, 1))
    await browser.get("/my-sign-ins")
    await browser.post(f"/my-sign-ins/row/{row.id}/not-me", {})
    assert (await world.events(who))[-1] == "account.frozen"


async def signed_out_everywhere(world: World, who: Account, browser: Browser) -> None:
    await end_all(world.house.records, who.id, visit(world, browser))


async def disabled_for_a_while(world: World, who: Account, _browser: Browser) -> None:
    await world.house.records.write(lambda unit: unit.people.disable_many([who.id], world.clock.at))
    await world.person(who, password=None)


ENDS = [new_password, not_me, signed_out_everywhere, disabled_for_a_while]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: str(end.__name__))
async def test_every_browser_is_asked_again_after(
    open_world: Open, end: Callable[[World, Account, Browser], Awaitable[None]]
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        assert (await again(world, browser)).path == "/apps"
        await end(world, account, browser)
        assert await known(world, account) == []
        assert asks(await again(world, browser))


async def test_whoever_signs_out_elsewhere_is_asked_again_there_and_not_here(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as there:
        account = await anna(world)
        for each in (there, browser):
            await remembered(world, each)
        (session, *_) = await world.sessions(account)
        await browser.get("/my-sign-ins")
        await browser.post("/my-sign-ins/others/end", {})
        assert len(await known(world, account)) == 1
        assert (await again(world, browser)).path == "/apps"
        assert asks(await again(world, there))
        await end_others(world.house.records, account.id, session.id, visit(world, browser))
        assert await known(world, account) == []  # a request that brings nothing keeps none
