"""Nobody else gets in: a break-glass account does, with its keys and nothing else, and loudly."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import RuleId
from portvakt.core.method_rules import MethodEntry
from portvakt.core.people import AccountState
from portvakt.core.policy import Condition, Require, Rule, RuleState
from portvakt.core.throttle import Familiarity, Kind, Limit
from portvakt.records.authenticators import KeysAloneError
from portvakt.records.unit import Unit
from portvakt.settings.structs import BreakGlass
from tests import make
from tests.journeys import keys as everyday
from tests.journeys.break_glass.accounts import (
    HOME,
    ID,
    NAME,
    account,
    added,
    administrator,
    makes,
    ready,
    signs_in,
    two_keys,
)
from tests.journeys.conftest import Open
from tests.soft_key import BE, UP, UV
from tests.world import OUTSIDE, World

BLOCKED = Rule(id=RuleId("nobody"), state=RuleState.ON, when=Condition(), require=Require.BLOCK)
NO_KEYS = MethodEntry(id="no-keys", second_factor=frozenset({make.TOTP}))
USED = "alarm.break_glass_used"
REFUSED = "alarm.break_glass_refused"


async def alarms(world: World) -> list[str]:
    return [each for each in await world.events() if each.startswith("alarm.")]


async def test_each_of_two_keys_opens_it_where_a_rule_lets_nobody_in(open_world: Open) -> None:
    async with open_world() as world:
        one, two = await ready(world)
        anna = await administrator(world)
        await world.configure([BLOCKED], methods=[NO_KEYS])
        for key in (one, two):
            async with world.browser() as browser:
                assert (await signs_in(browser, key)).path == "/apps"
        async with world.browser() as browser:
            page = await browser.sign_in()
            assert page.path != "/apps"
        sessions = await world.sessions(await account(world))
        assert [len(each.evidence) for each in sessions] == [1, 1]
        assert not await world.sessions(anna)


async def test_each_use_is_an_alarm_for_everybody_in_charge(open_world: Open) -> None:
    settings = BreakGlass(alarm=("jour@region.example",))
    async with open_world(break_glass=settings) as world, world.browser() as browser:
        one, _ = await ready(world)
        anna = await administrator(world)
        await signs_in(browser, one)
        assert await alarms(world) == [USED]
        sent = dict(await world.outbox("mail"))
        assert set(sent) == {"jour@region.example", anna.email}
        for words in sent.values():
            assert words.startswith("Ett nödkonto användes\n")
            assert f"nödkontot {NAME} från adressen {OUTSIDE}" in words


async def test_at_the_everyday_page_its_keys_work_with_its_name_and_without(
    open_world: Open,
) -> None:
    async with open_world() as world:
        one, _ = await ready(world)
        await world.configure([BLOCKED])
        for name in ("", NAME):
            async with world.browser() as browser:
                assert (await everyday.signs_in(browser, one, name=name)).path == "/apps"
        async with world.browser() as browser:
            assert (await everyday.signs_in(browser, one, name="anna.berg")).status == 422
        assert await alarms(world) == [USED, USED]


async def test_a011_its_name_is_nobodys_to_a_stranger(open_world: Open) -> None:
    async with open_world() as world:
        await ready(world)
        seen = []
        for name in (NAME, "nobody.at.all"):
            async with world.browser() as browser:
                page = await browser.sign_in(name)
                seen.append((page.status, page.path, page.text.replace(name, "")))
                await browser.get("/reset")
                page = await browser.submit({"name": name})
                seen.append((page.status, page.title, ""))
        assert seen[:2] == seen[2:]
        assert not await alarms(world)


async def test_it_is_not_usable_before_both_keys_stand(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await added(world)
        one, _ = two_keys()
        await makes(browser, one)
        assert (await account(world)).state is AccountState.DISABLED
        assert (await signs_in(browser, one)).status == 422
        assert (await everyday.signs_in(browser, one)).status == 422
        assert await alarms(world) == [REFUSED]
        assert not await world.sessions(await account(world))


async def test_a_key_that_does_not_ask_who_holds_it_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        for wrong in (
            replace(one, flags=UP),
            replace(one, flags=UP | UV | BE),
            replace(one, origin="https://evil.example"),
            replace(one, key=two_keys()[0].key),
        ):
            assert (await signs_in(browser, wrong)).status == 422
        assert await alarms(world) == [REFUSED] * 4
        assert not await world.sessions(await account(world))


async def test_a_key_of_anybody_else_opens_nothing_here(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await ready(world)
        anna = await administrator(world)
        stranger = everyday.soft_key()
        stranger.handle = b"x" * 32
        assert (await signs_in(browser, stranger)).status == 422
        assert not await world.sessions(anna)
        assert not await alarms(world)


async def test_a_whole_answer_is_taken_once_and_belongs_to_its_browser(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        one, _ = await ready(world)
        one.counts = False
        await browser.get(HOME)
        await other.get(HOME)
        answer = one.use(await everyday.asked(browser, f"{HOME}/key"))
        assert (await other.submit({"key": answer})).status == 422
        first = browser.page
        assert (await browser.submit({"key": answer})).path == "/apps"
        browser.page = first
        page = await browser.submit({"key": answer})
        assert page.status == 422
        assert "redan använt" in page.text
        late = one.use(await everyday.asked(other, f"{HOME}/key"))
        world.clock.move(minutes=10)
        assert (await other.submit({"key": late})).status == 422
        assert len(await world.sessions(await account(world))) == 1


async def test_of_many_at_once_one_is_taken(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        one.counts = False
        await browser.get(HOME)
        answer = one.use(await everyday.asked(browser, f"{HOME}/key"))
        action, hidden = browser.page.forms()[0]
        headers = {"origin": "https://portvakt.region.example"}
        pages = await asyncio.gather(
            *(
                browser.client.post(action, data=hidden | {"key": answer}, headers=headers)
                for _ in range(8)
            )
        )
        assert sorted(each.status_code for each in pages) == [303] + [422] * 7


async def test_a_copy_of_its_key_is_refused_and_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        copy = replace(one)
        assert (await signs_in(browser, one)).path == "/apps"
        async with world.browser() as other:
            assert (await signs_in(other, copy)).status == 422
        assert await alarms(world) == [USED, REFUSED]


async def test_no_storm_of_wrong_answers_shuts_its_page(open_world: Open) -> None:
    """Every limit there is on addresses and on its name is used up, and it opens all the same."""
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)

        async def storm(unit: Unit) -> None:
            once = Limit(run=1, stop=timedelta(days=1))
            for kind in (Kind.ADDRESS, Kind.PASSKEY):
                for subject in (f"address:{OUTSIDE}", f"{ID} address:{OUTSIDE}"):
                    key = (subject, kind, Familiarity.ANY)
                    tries = [await unit.attempts.count(*key, once, world.clock.at) for _ in "12"]
                    assert [each.allowed for each in tries] == [True, False]

        await world.house.records.write(storm)
        assert (await everyday.signs_in(browser, one)).status == 429
        for _ in range(12):
            assert (await signs_in(browser, replace(one, flags=UP))).status == 422
        assert (await signs_in(browser, one)).path == "/apps"


async def test_what_is_asked_there_is_kept_nowhere(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await ready(world)
        await browser.get(HOME)
        await everyday.asked(browser, f"{HOME}/key")  # reads which networks there are
        before = world.house.records.counted
        told = [await everyday.asked(browser, f"{HOME}/key") for _ in range(20)]
        assert len({each["challenge"] for each in told}) == 20
        assert {each["userVerification"] for each in told} == {"required"}
        assert world.house.records.counted == before


async def test_it_lasts_an_hour_and_a_quarter_without_an_act(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        await signs_in(browser, one)
        for _ in range(4):
            world.clock.move(minutes=14)
            assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=5)
        assert (await browser.get("/apps")).path.startswith("/sign-in")
        async with world.browser() as other:
            await signs_in(other, one)
            world.clock.move(minutes=16)
            assert (await other.get("/apps")).path.startswith("/sign-in")


async def test_networks_of_the_settings_shut_it_elsewhere(open_world: Open) -> None:
    settings = BreakGlass(networks=("10.20.0.0/16",))
    async with open_world(break_glass=settings) as world:
        one, _ = await ready(world)
        async with world.browser(OUTSIDE) as browser:
            page = await signs_in(browser, one)
            assert page.status == 422
            assert "inte användas härifrån" in page.text
            assert (await everyday.signs_in(browser, one)).path != "/apps"
        assert REFUSED in await alarms(world)
        assert USED not in await alarms(world)
        async with world.browser("10.20.1.1") as browser:
            assert (await signs_in(browser, one)).path == "/apps"
            browser.address = OUTSIDE
            assert (await browser.get("/apps")).path != "/apps"


async def test_nothing_is_added_or_changed_in_its_session(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        await signs_in(browser, one)
        for path in ("/security-info", "/security-info/manage", "/security-info/key"):
            page = await browser.get(path)
            assert page.status in (403, 404, 405), path
        page = await browser.get("/security-info")
        assert page.title == "Ett nödkonto har bara sina nycklar"
        await browser.post("/security-info/key", {})
        assert browser.page.status == 403


async def test_nothing_but_a_key_is_ever_bound_to_it(open_world: Open) -> None:
    """The floor under every way to bind something, whoever calls it."""
    async with open_world() as world:
        await ready(world)
        for kind in set(AuthenticatorType) - {make.PASSKEY}:
            other = make.bound(kind, account_id=ID)
            with pytest.raises(KeysAloneError):
                await world.house.records.write(lambda unit, o=other: unit.authenticators.bind(o))


async def test_it_was_not_me_ends_its_sessions_and_leaves_its_keys(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        one, two = await ready(world)
        await signs_in(other, one)
        await signs_in(browser, two)
        page = await browser.get("/my-sign-ins")
        assert page.status == 200
        row = re.search(r'href="(/my-sign-ins/row/[0-9]+/not-me)"', page.html)
        assert row is not None
        await browser.get(row[1])
        await browser.submit({})
        assert not await world.sessions(await account(world))
        async with world.browser() as third:
            assert (await signs_in(third, one)).path == "/apps"
