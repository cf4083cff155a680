"""What an organisation may decide about resets: a slow way, two devices, privileged people."""

from dataclasses import replace

import pytest

from portvakt.core.asking import Require
from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId, RuleId
from portvakt.core.policy import Rule
from portvakt.core.roles import Role
from portvakt.core.signals import Action
from portvakt.records.unit import Unit
from portvakt.settings.structs import Reset
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import (
    NEW,
    OWN_NUMBER,
    anna,
    begin,
    by_app,
    by_text,
    card,
    choose,
)
from tests.journeys.sign_in.region import NUMBER, SECRET, with_rule
from tests.world import INSIDE, OUTSIDE, Browser, Page, World

SLOW = Reset(slow_way=True)
TEXTS = "Tack. Nu behöver vi ett sätt till"
CHOOSES = "Välj ett nytt lösenord"
WAITS = "Kom tillbaka om ett dygn"


async def waits(browser: Browser, world: World) -> Page:
    """Show a text, and begin the wait of a day."""
    await begin(browser)
    await by_text(browser, world)
    return await choose(browser, "later")


async def test_the_slow_way_is_off_where_the_settings_say_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world, app=False)
        await begin(browser)
        page = await by_text(browser, world)
        assert "dygn" not in page.text
        page = await browser.submit({"way": "later"})
        assert page.title != WAITS


async def test_two_texts_a_day_apart_give_a_new_password(open_world: Open) -> None:
    async with open_world(reset=SLOW) as world, world.browser() as browser:
        account = await anna(world, app=False)
        page = await waits(browser, world)
        flow = page.path
        assert page.title == WAITS
        assert "password_reset.slow_begun" in await world.events(account)
        world.clock.move(hours=23, minutes=59)
        page = await browser.get(flow)
        assert page.title == WAITS
        world.clock.move(minutes=2)
        page = await browser.get("/reset")
        assert "Fortsätt där du väntade" in page.text
        page = await browser.get(flow)
        assert page.title == TEXTS
        page = await by_text(browser, world, "later:work-phone")
        assert page.title == CHOOSES
        page = await browser.submit({"password": NEW})
        assert "Ditt nya lösenord gäller" in page.text


async def test_every_channel_is_told_when_the_wait_begins(open_world: Open) -> None:
    own = make.bound(AuthenticatorType.SMS_CODE, id=AuthenticatorId("own-phone"), detail=OWN_NUMBER)
    async with open_world(reset=SLOW) as world, world.browser() as browser:
        account = await anna(world, app=False, bound=[own])
        await begin(browser)
        await by_text(browser, world)
        before = len(await world.outbox("sms"))
        await choose(browser, "later")
        assert [to for to, _ in await world.outbox("mail")] == [account.email]
        texts = (await world.outbox("sms"))[before:]
        assert {to for to, _ in texts} == {NUMBER, OWN_NUMBER}
        assert all("Om ett dygn" in text for _, text in texts)


async def test_the_first_code_typed_again_after_the_day_opens_nothing(open_world: Open) -> None:
    async with open_world(reset=SLOW) as world, world.browser() as browser:
        await anna(world, app=False)
        await begin(browser)
        await choose(browser, "text")
        old = await world.last_code()
        await browser.submit({"code": old})
        flow = (await choose(browser, "later")).path
        world.clock.move(hours=24, minutes=1)
        await browser.get(flow)
        await choose(browser, "later:work-phone")
        page = await browser.submit({"code": old})
        assert "Koden stämde inte" in page.text


async def test_a_number_that_is_put_aside_meanwhile_ends_the_wait(open_world: Open) -> None:
    async with open_world(reset=SLOW) as world, world.browser() as browser:
        await anna(world, app=False)
        flow = (await waits(browser, world)).path
        phone = AuthenticatorId("work-phone")
        aside, now = AuthenticatorState.SUSPENDED, world.clock.at
        await world.house.records.write(
            lambda unit: unit.authenticators.set_state(phone, aside, now)
        )
        world.clock.move(hours=24, minutes=1)
        page = await browser.get(flow)
        assert page.title == "Hur vill du visa att det är du?"


async def test_another_browser_cannot_go_on_with_the_wait(open_world: Open) -> None:
    async with (
        open_world(reset=SLOW) as world,
        world.browser() as browser,
        world.browser() as other,
    ):
        await anna(world, app=False)
        flow = (await waits(browser, world)).path
        world.clock.move(hours=24, minutes=1)
        page = await other.get("/reset")
        assert "där du väntade" not in page.text
        assert (await other.get(flow)).status == 410


async def test_two_ways_on_one_phone_are_not_enough_for_groups_with_two_devices(
    open_world: Open,
) -> None:
    strict = Reset(two_devices=("alla",))
    async with open_world(reset=strict) as world, world.browser() as browser:
        account = await anna(world)
        assert "alla" in account.groups
        await card(world, account)
        await begin(browser)
        page = await by_app(browser, world)
        assert page.title == TEXTS
        assert "Sms till" not in page.text
        assert "reservkoder" in page.text


@pytest.mark.parametrize("allowed", [False, True])
async def test_privileged_people_may_reset_only_where_the_settings_say_so(
    allowed: bool,
    open_world: Open,
) -> None:
    policy = Reset(privileged_may=allowed)
    async with open_world(reset=policy) as world, world.browser() as browser:
        await with_rule(world)
        sven = make.account(roles=frozenset({Role.ADMINISTRATOR}))
        phone = make.work_phone(id=AuthenticatorId("work-phone"), detail=NUMBER)
        await world.person(sven, totp=SECRET, bound=[phone])
        await begin(browser)
        page = await by_app(browser, world)
        assert (page.title == TEXTS) is allowed
        assert "Sms till" not in page.text  # it may be on the phone with the app
        assert ("password_reset.privileged_tried" in await world.events()) is not allowed


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        (make.rule(Require.BLOCK, actions={Action.RESET}, networks_not={make.LAN}), True, False),
        (make.rule(Require.OUR_DEVICE, actions={Action.RESET}), False, False),
        (make.rule(Require.PHISHING_RESISTANT, actions={Action.RESET}), False, False),
        (make.rule(Require.MULTIFACTOR, actions={Action.RESET}), True, True),
        (make.rule(Require.BLOCK, actions={Action.REGISTER}), True, True),
    ],
)
async def test_a_rule_about_resetting_shuts_it_as_to_a_name_that_nobody_has(
    rule: Rule, inside: bool, outside: bool, open_world: Open
) -> None:
    """Two kinds of proof are two factors; where more is asked, no proof here is enough."""
    async with open_world() as world:
        account = await anna(world)
        await world.configure([replace(rule, id=RuleId("resetting"))])
        for address, opens in ((INSIDE, inside), (OUTSIDE, outside)):
            async with world.browser(address) as browser:
                await begin(browser)
                page = await by_app(browser, world)
                assert (page.title == TEXTS) is opens
            world.clock.move(hours=2)

        async def act(unit: Unit) -> list[str]:
            found = await unit.audit.of_account(account.id, 50)
            return [e.detail["closed"] for e in found if e.name == "password_reset.started"]

        shut = await world.house.records.read(act)
        assert [each == "" for each in reversed(shut)] == [inside, outside]
        assert set(shut) <= {"", "by_rule"}
