"""Break-glass accounts in a world: made as the command makes them, with keys made on the page."""

from dataclasses import replace
from typing import Any

from portvakt.core.break_glass import LINK_LIVES
from portvakt.core.ids import AccountId
from portvakt.core.people import Account
from portvakt.core.roles import Role
from portvakt.crypto.digests import lookup_hash
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.keys import asked, soft_key, to_make
from tests.soft_key import SoftKey
from tests.world import Browser, Page, World

NAME = "nodkonto-1"
ID = AccountId("breakglass1")
HOME = "/break-glass"
TOKEN = "a-link-that-was-printed-once"
LINK = f"{HOME}/new/{TOKEN}"


def two_keys() -> tuple[SoftKey, SoftKey]:
    return soft_key(id=b"the-key-of-envelope-a"), soft_key(id=b"the-key-of-envelope-b")


async def added(world: World) -> None:
    """What `portvakt break-glass add` stores."""
    now = world.clock.at

    async def act(unit: Unit) -> None:
        assert await unit.break_glass.add(ID, NAME, [], now, "cli:test")
        await unit.break_glass.link(ID, lookup_hash(TOKEN), now + LINK_LIVES)

    await world.house.records.write(act)


async def makes(browser: Browser, key: SoftKey, label: str = "Kuvert A", **said: Any) -> Page:
    """Open the link, and have a key made."""
    page = await browser.get(LINK)
    assert page.status == 200, page.text
    return await browser.submit({"key": key.make(to_make(page), **said), "label": label})


async def ready(world: World) -> tuple[SoftKey, SoftKey]:
    """An account with both its keys, and an administrator to tell."""
    await added(world)
    one, two = two_keys()
    async with world.browser() as browser:
        await makes(browser, one)
        page = await makes(browser, two, "Kuvert B")
        assert page.title == "Nödkontot är klart", page.text
    world.clock.move(minutes=1)
    return one, two


async def administrator(world: World) -> Account:
    roles = frozenset({Role.ADMINISTRATOR})
    return await world.person(replace(make.account(), roles=roles))


async def signs_in(browser: Browser, key: SoftKey) -> Page:
    """At the page of these accounts."""
    page = await browser.get(HOME)
    assert page.status == 200, page.text
    return await browser.submit({"key": key.use(await asked(browser, f"{HOME}/key"))})


async def account(world: World) -> Account:
    async def act(unit: Unit) -> Account | None:
        found = await unit.people.load(ID)
        return None if found is None else found.account

    stored = await world.house.records.read(act)
    assert stored is not None
    return stored
