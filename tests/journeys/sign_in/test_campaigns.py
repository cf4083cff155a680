"""After signing in people are asked to register something: now, another day, at last for good."""

from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.method_rules import Campaign, MethodEntry
from portvakt.core.sessions import SessionKind
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import adds, soft_key
from tests.journeys.sign_in.region import SECRET, app_code
from tests.world import Browser, Page, World

OUTSIDE = make.rule(networks_not={make.LAN})
ASKED = {"sv": "Lägg till en nyckel", "en": "Add a key"}
LATER = {"sv": "Inte nu", "en": "Not now"}
HELP = {"sv": "Kan du inte? Ring supporten på", "en": "Can you not do it? Call support on"}


async def campaign(world: World, *, days: int | None = 30, begins: int = 0) -> None:
    """Ask for a key from so many days from now, and until so many days from now."""
    today = world.clock.at.date()
    last = None if days is None else today + timedelta(days=days)
    asks = Campaign(
        register=AuthenticatorType.PASSKEY,
        begins=today + timedelta(days=begins),
        last_day=last,
        snooze_days=7,
    )
    entry = MethodEntry(id="staff", groups=frozenset({make.STAFF}), campaign=asks)
    await world.configure([OUTSIDE], [make.network()], methods=[entry])


async def signs_in(world: World, browser: Browser, to: str = "/apps") -> Page:
    browser.client.cookies.delete("__Host-session")
    await browser.sign_in(to=to)
    return await browser.submit({"code": app_code(world)})


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_it_may_wait_for_some_days_and_is_asked_again(
    open_world: Open, language: str
) -> None:
    async with open_world() as world, world.browser() as browser:
        browser.client.cookies.set("__Host-language", language)
        await world.person(totp=SECRET)
        await campaign(world)
        page = await signs_in(world, browser)
        assert page.title == ASKED[language]
        assert LATER[language] in page.text
        assert HELP[language] in page.text
        page = await browser.submit({"later": "yes"})
        assert 'content="0; url=/apps"' in page.html
        assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(days=6, hours=23)
        assert (await signs_in(world, browser)).path == "/apps"
        world.clock.move(hours=2)
        assert (await signs_in(world, browser)).title == ASKED[language]


async def test_before_its_first_day_nobody_is_asked(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.person(totp=SECRET)
        await campaign(world, begins=1)
        assert (await signs_in(world, browser)).path == "/apps"


async def test_whoever_has_registered_it_is_asked_no_more(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.person(totp=SECRET)
        await campaign(world)
        page = await signs_in(world, browser)
        page = await browser.get("/security-info")
        await browser.submit({})
        await browser.submit({"code": "Vinterdäck i augusti"})
        world.clock.move(minutes=1)
        page = await browser.submit({"code": app_code(world)})
        page = await adds(browser, soft_key())
        page = await browser.get("/security-info/asked?to=/apps")
        assert 'content="0; url=/apps"' in page.html


async def test_after_its_last_day_a_sign_in_opens_registration_and_nothing_else(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await world.person(totp=SECRET)
        await campaign(world, days=0)
        world.clock.move(days=1)
        page = await signs_in(world, browser)
        assert page.path == "/security-info"
        (session,) = await world.sessions(anna)
        assert session.kind is SessionKind.REGISTRATION
        assert (await browser.get("/apps")).path != "/apps"
        await browser.get("/security-info")
        await adds(browser, soft_key())
        (session,) = await world.sessions(anna)
        assert session.kind is SessionKind.FULL
        assert (await browser.get("/apps")).path == "/apps"


async def test_a_form_that_comes_after_the_last_day_puts_nothing_off(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await world.person(totp=SECRET)
        await campaign(world, days=0)
        page = await signs_in(world, browser)
        assert page.title == ASKED["sv"]
        world.clock.move(hours=13)
        page = await browser.submit({"later": "yes"})
        assert "/apps" not in page.path
        held = await world.house.records.read(
            lambda unit: unit.snoozes.holds(anna.id, world.clock.at)
        )
        assert not held
