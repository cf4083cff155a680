"""Rules are applied while somebody is at the registration pages; then nothing more is bound."""

from collections.abc import Awaitable, Callable

import pytest

from portvakt.core.asking import Require
from portvakt.core.policy import Rule
from portvakt.core.signals import Action
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    app_code,
    comes_to_register,
    comes_with_app,
    key_on,
    kinds,
    new_person,
    with_app,
)
from tests.world import INSIDE, PASSWORD, Browser, World

SAID = {"sv": "Registrera dig hos it-enheten.", "en": "Register at the IT department."}
AT_THE_DESK = make.rule(Require.BLOCK, id="desk", actions={Action.REGISTER}, reason=SAID)
TWO_TO_REGISTER = make.rule(id="desk", actions={Action.REGISTER}, reason=SAID)
CLOSED = make.rule(Require.BLOCK, id="closed", reason=SAID)
DESK = make.network(id="desk", name="It-disken", addresses=("10.20.9.0/24",))
ONLY_THERE = make.rule(
    Require.BLOCK, id="desk", reason=SAID, actions={Action.REGISTER}, networks_not={DESK.id}
)


async def nothing(_world: World, _browser: Browser) -> None:
    """Nobody goes anywhere."""


async def leaves_the_desk(_world: World, browser: Browser) -> None:
    browser.address = INSIDE


@pytest.mark.parametrize(
    ("rule", "moves"),
    [
        (AT_THE_DESK, nothing),
        (TWO_TO_REGISTER, nothing),
        (CLOSED, nothing),
        (ONLY_THERE, leaves_the_desk),
    ],
)
async def test_a_first_method_is_bound_by_the_rules_of_that_moment(
    rule: Rule, moves: Callable[[World, Browser], Awaitable[None]], open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await world.configure([rule] if rule is ONLY_THERE else [], [DESK])
        await comes_to_register(browser, address="10.20.9.1")
        page = await browser.post(f"{HOME}/app", {})
        assert page.path.startswith(f"{HOME}/app/")
        code = app_code(world, key_on(page))
        await world.configure([rule])
        world.clock.move(seconds=2)
        await moves(world, browser)
        page = await browser.submit({"code": code})
        assert page.path.startswith("/sign-in"), page.title
        assert await kinds(world, anna) == []
        for _ in range(2):  # the page that says that more is to be shown, and then the password
            page = await browser.submit({"code": PASSWORD})
        assert "Registrera dig hos it-enheten." in page.text
        assert await kinds(world, anna) == []


async def test_a_card_as_the_first_method_is_made_by_the_rules_of_that_moment(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        await browser.get(f"{HOME}/no-smartphone")
        await world.configure([AT_THE_DESK])
        world.clock.move(seconds=2)
        await browser.post(f"{HOME}/card", {})
        assert await kinds(world, anna) == []


async def test_a_rule_about_registering_says_nothing_of_a_further_method(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await browser.post(f"{HOME}/app", {})
        await world.configure([AT_THE_DESK])
        world.clock.move(seconds=32)
        await browser.submit({"code": app_code(world, key_on(page))})
        assert (await kinds(world, anna)).count("totp") == 2


@pytest.mark.parametrize("rule", [CLOSED, make.rule(Require.PHISHING_RESISTANT, id="key")])
async def test_a_further_method_is_bound_by_the_rules_of_that_moment(
    rule: Rule, open_world: Open
) -> None:
    """A055: proof that was given before the rule binds nothing weaker after it."""
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await browser.post(f"{HOME}/app", {})
        await world.configure([rule])
        world.clock.move(seconds=32)
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert page.path.startswith("/sign-in"), page.title
        assert await kinds(world, anna) == ["totp"]
