"""A region where a browser is known for two weeks after a second factor, and what people do."""

from datetime import timedelta

from portvakt.core.asking import AnyOf, Require
from portvakt.core.ids import NetworkId
from portvakt.core.known_browsers import KnownBrowser
from portvakt.core.people import Account
from portvakt.core.policy import Rule
from tests import make
from tests.journeys.sign_in.region import SECRET, app_code
from tests.world import Browser, Page, World

DAYS = 14
EITHER = AnyOf((Require.KNOWN_BROWSER, Require.MULTIFACTOR))
BOX = 'name="remember"'
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"
NETWORKS = (
    make.network(),
    make.network(
        id=NetworkId("ward"), name="Avdelning 7", addresses=("10.30.0.0/16",), shared=True
    ),
)
WARD = "10.30.0.9"


def known_rule(days: int = DAYS, **given: object) -> Rule:
    when = {"networks_not": {make.LAN}} | given
    return make.rule(EITHER, id="known", remember=timedelta(days=days), **when)  # type: ignore[arg-type]  # names of its conditions


async def anna(world: World) -> Account:
    """Anna, who has an app with codes, where the rule stands."""
    await world.configure([known_rule()], NETWORKS)
    return await world.person(totp=SECRET)


async def answer(world: World, browser: Browser, *, tick: bool = False) -> Page:
    """Answer with the app; each code works once."""
    world.clock.move(seconds=31)
    ticked = {"remember": "yes"} if tick else {}
    return await browser.submit({"code": app_code(world)} | ticked)


async def remembered(world: World, browser: Browser) -> Page:
    """Sign in with both, and ask not to be asked again."""
    browser.client.headers["user-agent"] = CHROME
    await browser.sign_in()
    return await answer(world, browser, tick=True)


def leave(browser: Browser) -> None:
    """Close the browser: what lives as long as it does is gone."""
    for name in ("session", "binding"):
        browser.client.cookies.delete(f"__Host-{name}")


def asks(page: Page) -> bool:
    return "Vilken kod visar" in page.title


async def again(world: World, browser: Browser, **after: float) -> Page:
    """Come back later, with name and password."""
    world.clock.move(**(after or {"days": 1}))
    if browser.cookie("session") is not None:
        leave(browser)
    return await browser.sign_in()


async def known(world: World, account: Account) -> list[KnownBrowser]:
    """List the browsers in which somebody is not asked."""
    return await world.house.records.read(
        lambda unit: unit.known_browsers.of(account.id, world.clock.at)
    )


def copied(browser: Browser, to: Browser) -> None:
    """Give another browser every cookie, as somebody does who has copied the disk."""
    to.client.headers["user-agent"] = browser.client.headers["user-agent"]
    for each in browser.client.cookies.jar:
        to.client.cookies.jar.set_cookie(each)
