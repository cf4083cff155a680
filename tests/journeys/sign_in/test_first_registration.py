"""Who may come in to register a first method, and on what ground."""

from datetime import timedelta

import pytest

from portvakt.core.asking import Require
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.roles import Role
from portvakt.core.secret import Secret
from portvakt.core.signals import Action
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_phone, with_rule
from tests.world import INSIDE, PASSWORD, World

START_CODE = "ABCDEFGHIJKLM"


async def give_start_code(world: World, who: Account, minutes: int = 60) -> None:
    verifier = await world.house.hasher.hash(Secret(START_CODE))
    code = make.bound(
        AuthenticatorType.START_CODE,
        id=AuthenticatorId("start-code"),
        account_id=who.id,
        source="support",
        expires_at=world.clock.at + timedelta(minutes=minutes),
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(code, verifier=verifier)

    await world.house.records.write(act)


async def test_a041_a_right_password_from_outside_registers_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        bo = await world.person()
        page = await browser.sign_in(to="/security-info")
        assert page.title == "Vi behöver ett bevis till"
        assert "startkod" in page.text
        assert "från en dator på arbetsplatsen" in page.text
        page = await browser.get("/security-info")
        assert page.title == "Logga in"
        assert "registration.refused" in await world.events(bo)


async def test_a041_the_same_from_an_app_or_the_portal(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        await world.person()
        page = await browser.sign_in(to="/apps")
        assert page.title == "Vi behöver ett bevis till"
        assert browser.cookie("session") is None


async def test_inside_the_password_is_enough_to_register(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        page = await browser.sign_in(to="/security-info")
        assert page.path == "/security-info"
        assert "Vilket kontaktalternativ föredrar du?" in page.text


async def test_never_password_alone_holds_inside_too(open_world: Open) -> None:
    async with open_world(first="never_password_alone") as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        page = await browser.sign_in(to="/security-info")
        assert page.title == "Vi behöver ett bevis till"
        assert "från en dator på arbetsplatsen" not in page.text


async def test_a_work_phone_is_asked_for_its_code(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in(to="/security-info")
        assert page.title == "Vilken kod fick du?"
        page = await browser.submit({"code": await world.last_code()})
        assert page.path == "/security-info"


async def test_the_welcome_window_lets_somebody_in_until_a_method_is_bound(
    open_world: Open,
) -> None:
    """A page that is closed too early costs nothing; binding does, see set_up_mfa."""
    async with open_world(first="welcome_window") as world:
        await with_rule(world)
        bo = await world.person()
        for _ in range(2):
            async with world.browser() as browser:
                page = await browser.sign_in(to="/security-info")
                assert page.path == "/security-info"
        assert "registration.welcome_window_used" not in await world.events(bo)


@pytest.mark.parametrize(("days", "opens"), [(13, True), (15, False)])
async def test_the_welcome_window_lasts_fourteen_days(
    days: int, opens: bool, open_world: Open
) -> None:
    async with open_world(first="welcome_window") as world, world.browser() as browser:
        await with_rule(world)
        made = world.clock.at - timedelta(days=days)
        await world.person(make.account(created_at=made, last_sign_in_at=None))
        page = await browser.sign_in(to="/security-info")
        assert (page.path == "/security-info") is opens


async def test_the_welcome_window_is_not_for_those_with_a_work_phone(open_world: Open) -> None:
    async with open_world(first="welcome_window") as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in(to="/security-info")
        assert page.title == "Vilken kod fick du?"


@pytest.mark.parametrize("silent", [True, False])
async def test_silent_and_privileged_accounts_need_a_start_code_even_inside(
    silent: bool, open_world: Open
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        long_ago = world.clock.at - timedelta(days=200)
        person = (
            make.account(created_at=long_ago, last_sign_in_at=long_ago)
            if silent
            else make.account(roles=frozenset({Role.ADMINISTRATOR}))
        )
        await world.person(person)
        page = await browser.sign_in(to="/security-info")
        assert page.title == "Vi behöver ett bevis till"


async def test_a046_a_start_code_opens_registration_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        bo = await world.person(password=None)
        await give_start_code(world, bo)
        page = await browser.sign_in(password="abcd-efgh-ijklm", to="/apps")
        assert page.path.startswith("/security-info")
        assert "start_code.used" in await world.events(bo)
        async with world.browser() as other:
            page = await other.sign_in(password="abcd-efgh-ijklm")
            assert page.status == 422


async def test_a046_a_start_code_opens_no_app(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        bo = await world.person(password=None)
        await give_start_code(world, bo)
        await browser.sign_in(password=START_CODE)
        page = await browser.get("/apps")
        assert page.title == "Logga in"


async def test_a046_an_old_start_code_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        bo = await world.person(password=None)
        await give_start_code(world, bo)
        world.clock.move(minutes=61)
        page = await browser.sign_in(password=START_CODE)
        assert page.status == 422


async def test_a_start_code_is_taken_as_the_second_proof(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        bo = await world.person()
        await give_start_code(world, bo)
        page = await browser.sign_in(password=PASSWORD)
        assert page.title == "Vi behöver ett bevis till"
        page = await browser.submit({"code": START_CODE})
        assert page.path.startswith("/security-info")


@pytest.mark.parametrize(
    ("require", "opens"),
    [
        (Require.BLOCK, False),
        (Require.OUR_DEVICE, False),
        (Require.MULTIFACTOR, False),
        (Require.PASSWORD, True),
    ],
)
async def test_a_rule_about_registering_holds_beside_those_about_signing_in(
    require: Require, opens: bool, open_world: Open
) -> None:
    said = {"sv": "Registrera dig hos it-enheten.", "en": "Register at the IT department."}
    about = make.rule(require, id="at-the-desk", actions={Action.REGISTER}, reason=said)
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.configure([about])
        bo = await world.person()
        page = await browser.sign_in(to="/security-info")
        assert (page.path == "/security-info") is opens
        assert ("authentication.refused" in await world.events(bo)) is not opens
        assert ("Registrera dig hos it-enheten." in page.text) is not opens


async def test_a_rule_about_registering_asks_nothing_of_who_only_signs_in(
    open_world: Open,
) -> None:
    about = make.rule(Require.BLOCK, id="at-the-desk", actions={Action.REGISTER})
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.configure([about])
        await world.person()
        assert (await browser.sign_in(to="/apps")).path == "/apps"
