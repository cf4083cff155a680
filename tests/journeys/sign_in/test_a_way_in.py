"""Name, password and a second factor, through real pages."""

from portvakt.core import totp
from tests import make
from tests.journeys.conftest import Open
from tests.world import INSIDE, OUTSIDE, PASSWORD, World

SECRET = b"12345678901234567890"
LAN = make.network()
OUTSIDE_RULE = make.rule(networks_not={make.LAN})


def code(world: World) -> str:
    return totp.code_at(SECRET, totp.step_of(world.clock.at))


async def test_inside_the_network_a_password_is_enough(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await world.configure([OUTSIDE_RULE], [LAN])
        await world.person(totp=SECRET)
        page = await browser.sign_in()
        assert page.path == "/apps"


async def test_outside_a_code_is_asked_for_and_the_reason_is_said(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        await world.configure([OUTSIDE_RULE], [LAN])
        await world.person(totp=SECRET)
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        assert "Du är utanför regionens nät." in page.text
        page = await browser.submit({"code": code(world)})
        assert page.path == "/apps"


async def test_a_wrong_password_keeps_the_name_and_never_the_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.person()
        page = await browser.sign_in(password="fel lösenord")
        assert page.status == 422
        assert 'value="anna.berg"' in page.html
        assert "fel lösenord" not in page.html
        assert "Fel:" in page.html
        page = await browser.submit({"name": "Anna.Berg@region.example", "password": PASSWORD})
        assert page.path == "/apps"
