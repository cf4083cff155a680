"""A hardware token is a kind of proof of its own where a password is reset, and is no phone."""

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.hardware_tokens import Make, TokenKind, detail_of
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.totp import code_at
from portvakt.records import Unit
from portvakt.settings.structs import Reset
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import anna, begin, by_app, choose
from tests.world import World

DEVICE = Make(kind=TokenKind.HOTP, period=0)
SEED = b"09876543210987654321"


async def with_device(world: World, account: Account) -> None:
    device = make.bound(
        AuthenticatorType.HARDWARE_TOKEN,
        id=AuthenticatorId("device"),
        account_id=account.id,
        detail=detail_of(DEVICE, "2308712345"),
        last_used_at=account.created_at,
    )
    sealed = world.house.sealer.seal(SEED, table="authenticators", column="sealed", row=device.id)

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(device, sealed=sealed, last_step=10)

    await world.house.records.write(act)


async def test_an_app_and_a_device_are_two_kinds_even_where_one_phone_is_not_enough(
    open_world: Open,
) -> None:
    strict = Reset(two_devices=(make.STAFF,))
    async with open_world(reset=strict) as world, world.browser() as browser:
        await with_device(world, await anna(world, phone=False))
        await begin(browser)
        await by_app(browser, world)
        await choose(browser, "token")
        page = await browser.submit({"code": code_at(SEED, 99)})
        assert page.status == 422
        assert "två koder i rad" in page.text
        page = await browser.submit({"code": f"{code_at(SEED, 99)} {code_at(SEED, 100)}"})
        assert page.title == "Välj ett nytt lösenord"


async def test_a016_a_code_of_a_device_is_taken_once_here_too(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await with_device(world, await anna(world))
        for browser, status in ((one, 200), (other, 422)):
            await begin(browser)
            await choose(browser, "token")
            assert (await browser.submit({"code": code_at(SEED, 11)})).status == status
