"""Where a rule names ways, everybody is asked for what they have, and for nothing weaker."""

from portvakt.core.asking import AnyOf, Own, Require
from portvakt.core.authenticators import AuthenticatorType
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import NUMBER_PAGE, anna, approve, by_phone, go_on, waiting
from tests.journeys.sign_in.region import SECRET
from tests.world import World

PASSWORD, PUSH = AuthenticatorType.PASSWORD, AuthenticatorType.PUSH
TOTP, PHONE_SIGN_IN = AuthenticatorType.TOTP, AuthenticatorType.PHONE_SIGN_IN
SAID = {"sv": "Här räcker inte lösenordet.", "en": "The password will not do here."}
NO_PASSWORD = make.rule(Require.PASSWORDLESS, id="no-password", reason=SAID)
CODES = make.rule(Own("codes", frozenset({TOTP})), id="codes", reason=SAID)
EITHER = make.rule(
    AnyOf((Require.OUR_DEVICE, Own("codes", frozenset({TOTP})))), id="either", reason=SAID
)


async def refusals(world: World) -> int:
    return (await world.events()).count("authentication.refused")


async def test_a_way_without_a_password_is_asked_for_after_one(open_world: Open) -> None:
    """The phone comes after the password as it would in its place; then nothing more is asked."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await world.configure([NO_PASSWORD])
        page = await browser.sign_in()
        assert page.title == "Telefonen har inte fått någon förfrågan än"
        page = await browser.submit({})
        assert page.title == NUMBER_PAGE
        (asked,) = await waiting(world, account)
        assert asked.lock
        await approve(world, account)
        page = await go_on(browser)
        assert page.path == "/apps"
        (session,) = await world.sessions(account)
        assert {each.type for each in session.evidence} == {PASSWORD, PHONE_SIGN_IN}


async def test_a_way_without_a_password_that_nobody_gave_them_refuses(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await world.configure([NO_PASSWORD])
        page = await browser.sign_in()
        assert SAID["sv"] in page.text
        assert await refusals(world) == 1
        assert await world.sessions(account) == []


async def test_a_strength_asks_for_its_own_methods_alone(open_world: Open) -> None:
    """The alternative that the device could be is not there, so the codes are asked for."""
    async with open_world() as world, world.browser() as browser:
        account = await world.person(totp=SECRET)
        for rule in (CODES, EITHER):
            await world.configure([rule])
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        assert SAID["sv"] in page.text
        assert await world.sessions(account) == []


async def test_a_phone_alone_is_asked_for_what_a_strength_misses(open_world: Open) -> None:
    """Two factors were shown, and not the one that the rule names."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await world.configure([CODES])
        await by_phone(browser)
        await approve(world, account)
        page = await go_on(browser)
        assert page.path != "/apps"
        assert await world.sessions(account) == []
