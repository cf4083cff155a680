"""Not being asked again, after each way of showing a second factor."""

from portvakt.core.authenticators import AuthenticatorType
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import HOME, adds, asked, soft_key
from tests.journeys.sign_in import phones
from tests.journeys.sign_in.knowing import (
    BOX,
    NETWORKS,
    again,
    anna,
    answer,
    known,
    known_rule,
    leave,
)


async def test_after_a_phones_yes_and_no_more_once_the_phone_is_gone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.configure([known_rule()], NETWORKS)
        account = await world.person()
        await phones.pair(world, account)
        page = await browser.sign_in()
        assert page.title == phones.NUMBER_PAGE
        assert BOX in page.html
        await phones.approve(world, account)
        page = await browser.submit({"remember": "yes"})
        assert page.path == "/apps"
        (mine,) = await known(world, account)
        assert mine.authenticator_id == phones.PHONE
        assert (await again(world, browser)).path == "/apps"
        removed = await world.house.records.write(
            lambda unit: unit.phones.remove(phones.PHONE, account.id)
        )
        assert removed
        assert await known(world, account) == []
        assert (await again(world, browser)).path != "/apps"


async def test_after_a_key_beside_the_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        key = soft_key()
        await browser.sign_in(to=HOME)
        await answer(world, browser)
        await adds(browser, key, beside=True)
        leave(browser)
        world.clock.move(minutes=1)
        page = await browser.sign_in()
        assert BOX in page.html
        told = await asked(browser, f"{page.path}/key")
        page = await browser.submit({"key": key.use(told, named=False), "remember": "yes"})
        assert page.path == "/apps"
        (mine,) = await known(world, account)
        types = {each.id: each.type for each in (await world.standing(account)).authenticators}
        assert types[mine.authenticator_id] is AuthenticatorType.PASSKEY
        assert (await again(world, browser)).path == "/apps"


async def test_after_no_printed_code(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.configure([known_rule()], NETWORKS)
        card = make.bound(make.RECOVERY_CODE)
        await world.person(bound=[card])
        page = await browser.sign_in()
        assert "reservkod" in page.text.lower()
        assert BOX not in page.html
