"""A small budget of its own: a stranger can use it up, and locks nobody out of sign-in."""

import pytest

from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import (
    NEW,
    OWN_NUMBER,
    anna,
    begin,
    by_app,
    choose,
    proved,
)
from tests.journeys.sign_in.phones import anna as anna_with_our_app
from tests.journeys.sign_in.phones import waiting, woken
from tests.journeys.sign_in.region import NUMBER, app_code, reaches_apps, wrong_code
from tests.world import World


async def test_a082_twenty_starts_send_three_texts_and_stop_no_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        account = await anna(world, app=False)
        for number in range(20):
            async with world.browser(f"198.51.100.{number}") as stranger:
                await begin(stranger)
                page = await choose(stranger, "text")
                assert page.status in (200, 429)
                world.clock.move(seconds=30)
        texts = await world.outbox("sms")
        assert 1 <= len(texts) <= 3
        assert "password_reset.asked_often" in await world.events(account)
        assert await reaches_apps(owner, world)


async def test_a082_twenty_starts_ask_a_phone_at_most_three_times(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        account = await anna_with_our_app(world, woken=True)
        world.clock.move(days=2)
        seen = set()
        for number in range(20):
            async with world.browser(f"198.51.100.{number}") as stranger:
                await begin(stranger)
                await choose(stranger, "phone")
                seen |= {each.id for each in await waiting(world, account)}
                world.clock.move(seconds=30)
        assert 1 <= len(seen) <= 3
        assert await woken(world) == []
        page = await owner.sign_in()
        assert page.title == "Öppna appen och skriv numret"


@pytest.mark.parametrize("name", ["anna.berg", "nobody.here"])
async def test_five_wrong_proofs_close_the_reset_for_a_day_and_nothing_else(
    name: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as stranger, world.browser() as owner:
        await anna(world)
        await begin(stranger, name)
        page = await choose(stranger, "code")
        for _ in range(5):
            page = await stranger.submit({"code": wrong_code(world)})
        assert page.title == "Det går inte att gå vidare"
        assert "Vänta ett dygn" in page.text
        page = await begin(stranger, name)
        assert page.title == "Det går inte att gå vidare"
        assert await reaches_apps(owner, world)
        world.clock.move(days=1, seconds=1)
        page = await begin(stranger, name)
        assert page.title == "Hur vill du visa att det är du?"


async def test_the_fifth_try_may_be_right_and_takes_back_its_own(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await begin(browser)
        await choose(browser, "code")
        for _ in range(4):
            await browser.submit({"code": wrong_code(world)})
        page = await browser.submit({"code": app_code(world)})
        assert page.title == "Tack. Nu behöver vi ett sätt till"


async def test_a_number_younger_than_a_day_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        young = make.work_phone(
            id=AuthenticatorId("young"),
            detail=OWN_NUMBER,
            source="self",
            created_at=world.clock.at,
            changed_at=world.clock.at,
        )
        await anna(world, bound=[young])
        await begin(browser)
        await choose(browser, "text")
        assert [to for to, _ in await world.outbox("sms")] == [NUMBER]
        world.clock.move(seconds=31)
        await browser.submit({}, form=1)
        assert [to for to, _ in await world.outbox("sms")] == [NUMBER]


async def test_a_text_asked_for_again_goes_to_the_next_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        old = make.work_phone(id=AuthenticatorId("own"), detail=OWN_NUMBER, source="self")
        await anna(world, bound=[old])
        await begin(browser)
        await choose(browser, "text")
        world.clock.move(seconds=31)
        await browser.submit({}, form=1)
        assert {to for to, _ in await world.outbox("sms")} == {NUMBER, OWN_NUMBER}


async def used_up(world: World, name: str) -> None:
    async with world.browser() as stranger:
        await begin(stranger, name)
        await choose(stranger, "code")
        for _ in range(5):
            await stranger.submit({"code": wrong_code(world)})


async def test_whoever_has_proved_enough_is_not_stopped_by_a_stranger(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await proved(browser, world)
        await used_up(world, "anna.berg")
        page = await browser.submit({"password": NEW})
        assert "Ditt nya lösenord gäller" in page.text


async def test_looking_at_a_page_sends_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await begin(browser)
        page = await choose(browser, "text")
        assert len(await world.outbox("sms")) == 1
        world.clock.move(minutes=2)
        before = world.house.records.transactions
        for _ in range(3):
            await browser.get(page.path)
        assert world.house.records.transactions == before
        assert await world.outbox("sms") == []


async def test_a075_another_host_in_the_request_changes_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.get("/reset", host="evil.example")
        assert page.status in (400, 421)
        await begin(browser)
        await choose(browser, "text")
        (_, words) = (await world.outbox("sms"))[0]
        assert "@portvakt.region.example #" in words
        assert "evil" not in words


async def test_the_app_counts_once_for_each_code(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna(world)
        await begin(one)
        await by_app(one, world)
        await begin(other)
        page = await by_app(other, world)
        assert page.status == 422
