"""The people that stories of registration are about, and what they do again and again."""

import base64
import re
from datetime import timedelta

from portvakt.core import totp
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from tests import make
from tests.make import NOW
from tests.world import INSIDE, PASSWORD, Browser, Page, World

HOME = "/security-info"
SECRET = b"12345678901234567890"
NUMBER = "+46701740605"
TYPED = "070-174 06 05"
OTHER = "+46701740617"
OTHER_TYPED = "070-174 06 17"


async def with_rule(world: World) -> None:
    """A second factor outside the region's network."""
    await world.configure([make.rule(networks_not={make.LAN})], [make.network()])


async def new_person(world: World, **given: object) -> Account:
    """Somebody with a password and nothing else."""
    await with_rule(world)
    return await world.person(make.account(created_at=NOW - timedelta(days=7), **given))


async def with_work_phone(world: World, **given: object) -> Account:
    """Somebody whose mobile HR has registered."""
    await with_rule(world)
    return await world.person(bound=[work_phone(**given)])


def work_phone(**given: object) -> Authenticator:
    return make.work_phone(
        id=AuthenticatorId("workphone"), detail=NUMBER, label="Tjänstetelefon från HR", **given
    )


async def with_app(world: World, **given: object) -> Account:
    """Somebody with an authenticator app."""
    await with_rule(world)
    return await world.person(totp=SECRET, **given)  # type: ignore[arg-type] # passed on as it is


async def comes_to_register(browser: Browser, *, address: str = INSIDE) -> Page:
    """Sign in with name and password where that is enough to register."""
    browser.address = address
    return await browser.sign_in(to=HOME)


async def comes_with_app(world: World, browser: Browser, to: str = HOME) -> Page:
    """Sign in with password and app, to change methods."""
    await browser.sign_in(to=to)
    return await browser.submit({"code": app_code(world)})


async def proves_again(world: World, browser: Browser) -> Page:
    """Give fresh proof, password and app, on the page that asks somebody signed in for it."""
    await browser.submit({})
    await browser.submit({"code": PASSWORD})
    return await browser.submit({"code": app_code(world)})


def app_code(world: World, secret: bytes = SECRET, steps: int = 0) -> str:
    return totp.code_at(secret, totp.step_of(world.clock.at) + steps)


def key_on(page: Page) -> bytes:
    """Read the key that a person would type into an app."""
    found = re.search(r"\b((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})\b", page.text)
    assert found is not None, page.text
    return base64.b32decode(found[1].replace(" ", ""))


def codes_on(page: Page) -> list[str]:
    """Read the recovery codes as they are printed."""
    return re.findall(r"\b[A-Z2-7]{6}-[A-Z2-7]{6}-[A-Z2-7]{6}\b", page.text)


async def kinds(world: World, account: Account) -> list[str]:
    """The types of what is bound beside the password, sorted."""
    return [kind for kind, _, _ in await second_factors(world, account)]


async def second_factors(world: World, account: Account) -> list[tuple[str, str, str]]:
    """What is bound beside the password, sorted: type, number, source."""
    standing = await world.standing(account)
    return sorted(
        (each.type.value, each.detail, each.source)
        for each in standing.authenticators
        if each.type is not AuthenticatorType.PASSWORD
    )
