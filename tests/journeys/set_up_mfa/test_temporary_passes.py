"""A temporary pass: later, several times, for some methods; what it opened ends with it."""

from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.one_time_codes import group
from portvakt.core.passes import Terms, detail_of
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    TYPED,
    app_code,
    key_on,
    kinds,
    with_rule,
)
from tests.make import NOW
from tests.world import Browser, Page, World

CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOP"
GOOD = "tre gula cyklar i regn"


async def given_a_pass(world: World, account: Account, terms: Terms, minutes: int = 60) -> str:
    """Give a pass; returns it as it is typed."""
    code = CODE[: terms.length]
    verifier = await world.house.hasher.hash(Secret(code))
    begins = terms.starts_at or world.clock.at
    bound = make.bound(
        make.START_CODE,
        id=AuthenticatorId("pass"),
        account_id=account.id,
        source="support",
        detail=detail_of(terms),
        expires_at=begins + timedelta(minutes=minutes),
    )
    await world.house.records.write(lambda unit: unit.authenticators.bind(bound, verifier=verifier))
    return group(code)


async def comes(browser: Browser, typed: str) -> Page:
    await browser.get(f"/sign-in?to={HOME}")
    return await browser.submit({"name": "anna.berg", "password": typed})


async def without_password(world: World) -> Account:
    await with_rule(world)
    return await world.person(make.account(created_at=NOW - timedelta(days=7)), password=None)


@pytest.mark.parametrize("length", [13, 20, 48])
async def test_a_pass_of_any_length_opens_registration(length: int, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        typed = await given_a_pass(world, anna, Terms(length=length, uses=2))
        assert (await comes(browser, typed)).path == f"{HOME}/password"
        assert (await browser.get("/apps")).path != "/apps"


async def test_a_pass_is_used_as_often_as_it_says(open_world: Open) -> None:
    async with open_world() as world:
        anna = await without_password(world)
        typed = await given_a_pass(world, anna, Terms(uses=2))
        paths = []
        for _ in range(3):
            async with world.browser() as browser:
                paths.append((await comes(browser, typed)).path)
        assert paths[:2] == [f"{HOME}/password"] * 2
        assert paths[2] == "/sign-in"
        assert (await world.events(anna)).count("start_code.used") == 2


async def test_a_pass_does_not_work_before_it_begins_or_after_it_ends(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        begins = world.clock.at + timedelta(hours=2)
        typed = await given_a_pass(world, anna, Terms(uses=5, starts_at=begins), minutes=30)
        for minutes, opened in ((0, False), (119, False), (1, True), (30, False)):
            world.clock.move(minutes=minutes)
            browser.client.cookies.clear()
            page = await comes(browser, typed)
            assert (page.path == f"{HOME}/password") is opened, minutes


async def test_everything_that_a_pass_opened_ends_with_it(open_world: Open) -> None:
    """A session that has become a full one, too."""
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        typed = await given_a_pass(world, anna, Terms(uses=2), minutes=20)
        await comes(browser, typed)
        await browser.submit({"password": GOOD})
        page = await browser.post(f"{HOME}/app", {})
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=19)
        assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=2)
        assert (await browser.get("/apps")).path.startswith("/sign-in")
        assert "totp" in await kinds(world, anna)


async def test_a_pass_binds_what_it_names_and_nothing_else(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        only = frozenset({AuthenticatorType.TOTP, AuthenticatorType.PASSWORD})
        typed = await given_a_pass(world, anna, Terms(uses=5, binds=only))
        await comes(browser, typed)
        await browser.submit({"password": GOOD})
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        await browser.submit({"code": await world.last_code()})
        assert await kinds(world, anna) == ["start_code"]
        await browser.get(HOME)
        page = await browser.post(f"{HOME}/app", {})
        await browser.submit({"code": app_code(world, key_on(page))})
        assert await kinds(world, anna) == ["start_code", "totp"], (
            "no card either, for it names none"
        )


LEADS = {
    AuthenticatorType.PUSH: f'action="{HOME}/phone"',
    AuthenticatorType.TOTP: f'action="{HOME}/app"',
    AuthenticatorType.PASSKEY: f'action="{HOME}/key"',
    AuthenticatorType.SMS_CODE: 'name="number"',
    AuthenticatorType.HARDWARE_TOKEN: f'href="{HOME}/hardware-token"',
    AuthenticatorType.RECOVERY_CODE: f'action="{HOME}/recovery-codes"',
}
"""What of a page leads to each method. An app with codes is reached by way of ours, if that may be
bound, too."""


@pytest.mark.parametrize("kind", LEADS)
async def test_the_pages_offer_what_a_pass_binds_and_nothing_else(
    kind: AuthenticatorType, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        only = frozenset({kind, AuthenticatorType.PASSWORD})
        typed = await given_a_pass(world, anna, Terms(binds=only))
        await comes(browser, typed)
        pages = [(await browser.submit({"password": GOOD})).html]
        pages += [(await browser.get(f"{HOME}/{page}")).html for page in ("guide", "no-smartphone")]
        offered = {each for each, lead in LEADS.items() if any(lead in page for page in pages)}
        assert offered == {kind}
        assert ('value="app"' in pages[1]) is (kind is AuthenticatorType.PUSH)
        assert ('value="sms"' in pages[1]) is (kind is AuthenticatorType.SMS_CODE)


async def test_a_pass_for_our_app_offers_no_other_app(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        only = frozenset({AuthenticatorType.PUSH, AuthenticatorType.PASSWORD})
        await comes(browser, await given_a_pass(world, anna, Terms(binds=only)))
        await browser.submit({"password": GOOD})
        page = await browser.post(f"{HOME}/phone", {})
        assert page.path.startswith(f"{HOME}/phone/")
        assert "annan autentiseringsapp" not in page.text


async def test_no_password_is_chosen_with_a_pass_for_other_things(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await without_password(world)
        only = frozenset({AuthenticatorType.TOTP})
        typed = await given_a_pass(world, anna, Terms(binds=only))
        await comes(browser, typed)
        await browser.submit({"password": GOOD})
        assert "method.password_chosen" not in await world.events(anna)
