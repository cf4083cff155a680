"""Who is one lost thing away from being locked out is told so after signing in."""

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.records import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.world import INSIDE, Browser, World

TOLD = "Allt du visar att det är du med kan försvinna på en gång."


async def with_card(world: World, account: Account, left: int) -> None:
    card = make.bound(
        AuthenticatorType.RECOVERY_CODE, id=AuthenticatorId("card"), account_id=account.id
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(card.id, [(1, "AB", "$x")])
        if not left:
            await unit.authenticators.recovery_burn("card.1", world.clock.at)

    await world.house.records.write(act)


async def told(world: World, browser: Browser, *bound: Authenticator, card: int = -1) -> bool:
    """Sign in inside, where the password is enough, and look at the portal."""
    account = await world.person(bound=bound)
    if card >= 0:
        await with_card(world, account, card)
    browser.address = INSIDE
    await world.configure(networks=[make.network()])
    page = await browser.sign_in()
    assert page.path == "/apps"
    return TOLD in page.text


PHONE = make.work_phone()
TOKEN = make.bound(AuthenticatorType.HARDWARE_TOKEN, detail="totp sha1 6 30 1")


async def test_somebody_with_one_phone_is_told_and_led_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert await told(world, browser, PHONE)
        assert 'href="/security-info">Lägg till ett sätt till' in browser.page.html


async def test_two_things_are_enough(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert not await told(world, browser, PHONE, TOKEN)


async def test_a_card_with_a_code_left_is_enough_beside_a_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert not await told(world, browser, PHONE, card=1)


async def test_a_card_that_is_used_up_is_none(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert await told(world, browser, PHONE, card=0)


async def test_nobody_without_a_second_factor_is_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert not await told(world, browser)


async def test_it_is_told_after_signing_in_and_not_all_day(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        assert await told(world, browser, PHONE)
        world.clock.move(minutes=16)
        assert TOLD not in (await browser.get("/apps")).text
