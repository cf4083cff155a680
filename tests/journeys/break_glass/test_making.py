"""The link that is printed once, and what it makes: two keys that stay where they were made."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from portvakt.core.people import AccountState
from tests.journeys.break_glass.accounts import (
    LINK,
    NAME,
    account,
    added,
    makes,
    ready,
    two_keys,
)
from tests.journeys.conftest import Open
from tests.journeys.keys import keys_of, soft_key, to_make
from tests.soft_key import BE, BS, UP, UV
from tests.world import World


async def has(world: World) -> list[bytes]:
    return [each.credential_id for each in await keys_of(world, await account(world))]


async def test_two_keys_are_made_and_then_the_account_can_be_used(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await added(world)
        one, two = two_keys()
        page = await browser.get(LINK)
        assert page.title == "Skapa nyckel 1 av 2"
        options = to_make(page)
        assert options["user"]["name"] == NAME
        assert options["authenticatorSelection"]["userVerification"] == "required"
        page = await makes(browser, one)
        assert (page.title, page.path) == ("Skapa nyckel 2 av 2", LINK)
        assert (await account(world)).state is AccountState.DISABLED
        assert len(to_make(page)["excludeCredentials"]) == 1
        assert to_make(page)["user"]["id"] == options["user"]["id"]
        page = await makes(browser, two, "Kuvert B")
        assert page.title == "Nödkontot är klart"
        assert (await account(world)).usable
        kept = await keys_of(world, await account(world))
        assert [(each.copied, each.verifies) for each in kept] == [(False, True)] * 2
        standing = await world.standing(await account(world))
        assert sorted(each.label for each in standing.authenticators) == ["Kuvert A", "Kuvert B"]
        assert "break_glass.ready" in await world.events()


async def test_a_link_is_over_when_both_keys_stand_or_the_hour_has_gone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert (await browser.get(LINK)).status == 404
        await added(world)
        page = await browser.get(LINK)
        world.clock.move(hours=1)
        assert (await browser.get(LINK)).status == 404
        browser.page = page
        key = {"key": soft_key().make(to_make(page)), "label": "A"}
        assert (await browser.submit(key)).status == 404
        assert await has(world) == []


async def test_what_was_begun_before_the_end_of_a_link_comes_too_late(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await ready(world)
        assert (await browser.get(LINK)).status == 404
        third = soft_key(id=b"a third")
        form = {"csrf": "", "asked": "", "key": "", "label": "C"}
        await browser.get("/sign-in")
        token = browser.page.forms()[0][1]["csrf"]
        page = await browser.post(LINK, form | {"csrf": token, "key": third.id.decode()})
        assert page.status in (404, 422)
        assert len(await has(world)) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"flags": UP | UV | BE | BS}, "kan kopieras till andra enheter"),
        ({"flags": UP | UV | BE}, "kan kopieras till andra enheter"),
        ({"flags": UP}, "ingen nyckel som går att använda"),
        ({"origin": "https://evil.example"}, "ingen nyckel som går att använda"),
    ],
)
async def test_a_key_that_may_be_copied_or_asks_nobody_is_refused(
    open_world: Open, given: dict[str, Any], said: str
) -> None:
    async with open_world() as world, world.browser() as browser:
        await added(world)
        page = await makes(browser, replace(soft_key(), **given))
        assert page.status == 422
        assert said in page.text
        assert page.title == "Skapa nyckel 1 av 2"
        assert await has(world) == []


async def test_the_same_key_twice_is_one_key(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await added(world)
        one, _ = two_keys()
        await makes(browser, one)
        page = await makes(browser, one)
        assert page.status == 422
        assert "redan registrerad" in page.text
        assert len(await has(world)) == 1
        assert not (await account(world)).usable


async def test_a_key_has_a_name_that_can_be_written_on_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await added(world)
        for label in ("", "x" * 41, "a\u0007b"):
            page = await makes(browser, soft_key(), label)
            assert page.status == 422
            assert "högst 40 tecken" in page.text
        assert await has(world) == []


async def test_a_question_belongs_to_its_browser_and_is_answered_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await added(world)
        page = await browser.get(LINK)
        mine, asked = page.forms()[0][1]["asked"], to_make(page)
        await other.get(LINK)
        taken = {"key": soft_key().make(asked), "label": "A", "asked": mine}
        assert (await other.submit(taken)).status == 422
        assert (await browser.submit(taken)).title == "Skapa nyckel 2 av 2"
        again = {"key": soft_key(id=b"another").make(asked), "label": "B", "asked": mine}
        assert (await browser.submit(again)).status == 404
        assert len(await has(world)) == 1


async def test_of_many_keys_at_once_two_are_made(open_world: Open) -> None:
    async with open_world() as world:
        await added(world)

        async def one(number: int) -> None:
            async with world.browser() as browser:
                page = await browser.get(LINK)
                key = soft_key(id=b"key-%d" % number)
                if page.status == 200:
                    await browser.submit({"key": key.make(to_make(page)), "label": f"{number}"})

        await asyncio.gather(*map(one, range(4)))
        assert len(await has(world)) == 2
        assert (await account(world)).usable
