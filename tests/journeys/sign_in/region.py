"""The people and rules that stories of signing in are about."""

from portvakt.core import totp
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from tests import make
from tests.world import PASSWORD, Browser, Page, World

SECRET = b"12345678901234567890"
NUMBER = "+46701740605"


async def with_rule(world: World) -> None:
    """A second factor outside the region's network."""
    await world.configure([make.rule(networks_not={make.LAN})], [make.network()])


async def anna_with_app(world: World) -> Account:
    await with_rule(world)
    return await world.person(totp=SECRET)


async def anna_with_phone(world: World, *, app: bool = False) -> Account:
    await with_rule(world)
    phone = make.work_phone(id=AuthenticatorId("work-phone"), detail=NUMBER)
    return await world.person(bound=[phone], totp=SECRET if app else None)


def app_code(world: World, steps: int = 0) -> str:
    """What the app shows, so many steps of thirty seconds from now."""
    return totp.code_at(SECRET, totp.step_of(world.clock.at) + steps)


def wrong_code(world: World) -> str:
    """Six digits that the app shows at no time near now."""
    near = {app_code(world, steps) for steps in range(-3, 4)}
    return next(code for code in (f"{n:06d}" for n in range(100)) if code not in near)


async def failures(browser: Browser, times: int, name: str = "anna.berg") -> Page:
    """Type a wrong password so many times."""
    page = await browser.get("/sign-in")
    for _ in range(times):
        page = await browser.submit({"name": name, "password": "inte rätt"})
        if page.path != "/sign-in":
            await browser.get("/sign-in")
    return page


async def reaches_apps(browser: Browser, world: World, name: str = "anna.berg") -> bool:
    """Sign in with what is right, whatever is asked for."""
    page = await browser.sign_in(name)
    if "Vilken kod visar" in page.title:
        page = await browser.submit({"code": app_code(world)})
    elif "Vilken kod fick" in page.title:
        page = await browser.submit({"code": await world.last_code()})
    return page.path == "/apps"


__all__ = [
    "NUMBER",
    "PASSWORD",
    "SECRET",
    "AuthenticatorType",
    "anna_with_app",
    "anna_with_phone",
    "app_code",
    "failures",
    "reaches_apps",
    "with_rule",
    "wrong_code",
]
