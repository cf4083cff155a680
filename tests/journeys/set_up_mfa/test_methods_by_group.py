"""What an organisation lets nobody register is offered to nobody, and bound for nobody."""

from collections.abc import Iterable

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.method_rules import MethodEntry
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import adds, soft_key
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    SECRET,
    app_code,
    comes_to_register,
    comes_with_app,
    key_on,
    kinds,
    new_person,
    with_app,
)
from tests.world import World

PASSKEY, TOTP = AuthenticatorType.PASSKEY, AuthenticatorType.TOTP
SMS, CARD = AuthenticatorType.SMS_CODE, AuthenticatorType.RECOVERY_CODE
OUTSIDE = make.rule(networks_not={make.LAN})


async def register_only(world: World, kinds: Iterable[AuthenticatorType]) -> None:
    entry = MethodEntry(id="staff", may_register=frozenset(kinds))
    await world.configure([OUTSIDE], [make.network()], methods=[entry])


@pytest.mark.parametrize(("language", "said"), [("sv", "nyckel"), ("en", "key")])
async def test_the_page_offers_what_may_be_registered_and_no_more(
    open_world: Open, language: str, said: str
) -> None:
    async with open_world() as world, world.browser() as browser:
        browser.client.cookies.set("__Host-language", language)
        anna = await new_person(world)
        await register_only(world, [PASSKEY])
        page = await comes_to_register(browser)
        actions = {action for action, _ in page.forms()}
        assert "/security-info/key" in actions
        assert not actions & {"/security-info/phone", "/security-info/app", "/security-info"}
        assert said in page.text
        page = await adds(browser, soft_key())
        assert page.path.startswith(HOME)
        assert await kinds(world, anna) == ["passkey"]  # and no card of codes


async def test_what_may_not_be_registered_is_not_begun_by_whoever_knows_the_address(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await register_only(world, [TOTP])
        await comes_with_app(world, browser)
        for path, fields in (
            ("/security-info/key", {}),
            ("/security-info/phone", {}),
            ("/security-info/number", {"number": NUMBER}),
            ("/security-info/recovery-codes", {}),
        ):
            await browser.get(HOME)
            await browser.post(path, fields)
            assert await kinds(world, anna) == ["totp"], path
        assert await world.outbox("sms") == []
        page = await browser.get("/security-info/hardware-token")
        assert "Det här sättet används inte hos din organisation." in page.text


async def test_what_was_begun_before_is_not_bound_after(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post("/security-info/app", {})
        secret = key_on(page)
        await register_only(world, [PASSKEY])
        page = await browser.submit({"code": app_code(world, secret)})
        assert page.path == HOME
        assert await kinds(world, anna) == []


async def test_a_method_that_was_withdrawn_is_marked_and_may_be_removed(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        number = make.bound(SMS, detail=NUMBER)
        anna = await world.person(totp=SECRET, bound=[number])
        entry = MethodEntry(id="staff", second_factor=frozenset({TOTP}))
        await world.configure([OUTSIDE], [make.network()], methods=[entry])
        page = await comes_with_app(world, browser)
        assert "Får inte användas hos din organisation längre." in page.text
        await browser.get(f"{HOME}/methods/{number.id}/remove")
        await browser.submit({})
        assert await kinds(world, anna) == ["totp"]
