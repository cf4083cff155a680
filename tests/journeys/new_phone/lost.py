"""Somebody whose phone is gone, and people who know her."""

import re
from datetime import timedelta

from portvakt.core.people import Account
from tests import make
from tests.journeys.reset_password.forgetful import UNIT, staff
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.make import NOW
from tests.world import Browser, Page, World


async def anna_and_her_manager(world: World, **given: object) -> Account:
    """Anna, whose app is on a phone that is gone, and whoever is her manager."""
    await with_rule(world)
    await staff(world, "chef", "000901", unit="Ledning")
    fields = {"unit": UNIT, "manager": "000901", "created_at": NOW - timedelta(days=90)}
    return await world.person(make.account(**(fields | given)), totp=SECRET)


async def at_the_ways(browser: Browser, to: str = "/apps", name: str = "anna.berg") -> Page:
    """Show the password, and ask for another way."""
    page = await browser.sign_in(name, to=to)
    return await browser.get(f"{page.path}/other")


def leads_to(page: Page) -> str:
    """Where «Jag har en ny telefon» leads."""
    found = re.search(r'href="(/new-phone/[a-z2-7]+)"', page.html)
    assert found is not None, page.text
    return found[1]


async def asks(browser: Browser, to: str = "/apps", name: str = "anna.berg") -> Page:
    """«Jag har en ny telefon», and ask people."""
    page = await at_the_ways(browser, to, name)
    page = await browser.get(leads_to(page))
    assert page.title == "Har du en ny telefon?"
    return await browser.submit({})


async def says_yes(world: World, browser: Browser, name: str = "chef") -> Page:
    page = await browser.sign_in(name, to="/vouch")
    if page.title == "Vilken kod visar din app?":
        page = await browser.submit({"code": app_code(world)})
    return await browser.submit({})


async def goes_on(browser: Browser, path: str) -> Page:
    page = await browser.get(path)
    assert page.title == "Nu kan du lägga till telefonen", page.text
    return await browser.submit({})
