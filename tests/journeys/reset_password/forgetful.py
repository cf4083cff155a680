"""People who have forgotten their password, and what they do at the reset site."""

from collections.abc import Iterable
from datetime import timedelta

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.one_time_codes import normalise_base32
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.sign_in.region import NUMBER, SECRET, app_code, with_rule
from tests.world import Browser, Page, World

NEW = "Korgstol under päronträdet"
CARD = "ABCDEFGHJKMNPQRSTU"
START_CODE = "ABCDEFGHJKMNP"
OWN_NUMBER = "+46701740677"
UNIT = "Vårdcentral 4"


async def staff(world: World, user_name: str, number: str, *, unit: str = UNIT) -> Account:
    """Somebody with an app, in a unit."""
    who = make.account(
        id=AccountId(user_name),
        external_id=number,
        user_name=user_name,
        email=f"{user_name}@region.example",
        given_name=user_name.title(),
        family_name="Ek",
        unit=unit,
        manager="",
    )
    return await world.person(who, totp=SECRET)


async def anna(
    world: World, *, app: bool = True, phone: bool = True, bound: Iterable[Authenticator] = ()
) -> Account:
    """Anna, with a work phone for texts and an app with codes; both are a week old."""
    await with_rule(world)
    phones = [make.work_phone(id=AuthenticatorId("work-phone"), detail=NUMBER)] if phone else []
    return await world.person(bound=[*phones, *bound], totp=SECRET if app else None)


async def card(world: World, account: Account) -> None:
    """Give a printed card with one code."""
    code = normalise_base32(CARD, len(CARD))
    assert code is not None
    hash_ = await world.house.hasher.hash(Secret(code[2:]))
    mine = make.bound(
        AuthenticatorType.RECOVERY_CODE, id=AuthenticatorId("card"), account_id=account.id
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(mine)
        await unit.authenticators.recovery_put(mine.id, [(1, code[:2], hash_)])

    await world.house.records.write(act)


async def start_code(world: World, account: Account) -> None:
    """Give a start code, as support does."""
    code = normalise_base32(START_CODE, len(START_CODE))
    assert code is not None
    hash_ = await world.house.hasher.hash(Secret(code))
    mine = make.bound(
        AuthenticatorType.START_CODE,
        id=AuthenticatorId("start"),
        account_id=account.id,
        expires_at=world.clock.at + timedelta(hours=1),
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(mine, verifier=hash_)

    await world.house.records.write(act)


async def begin(browser: Browser, name: str = "anna.berg", goal: str = "new_password") -> Page:
    """Type a name at `/reset`."""
    await browser.get("/reset")
    return await browser.submit({"name": name, "goal": goal})


async def choose(browser: Browser, way: str) -> Page:
    """Choose a way, from the list of ways or from the page of another."""
    page = browser.page
    if "/choose" not in page.forms()[0][0]:
        form = next(n for n, (action, _) in enumerate(page.forms()) if action.endswith("/choose"))
        await browser.submit({"way": "other"}, form=form)
    return await browser.submit({"way": way})


async def by_app(browser: Browser, world: World) -> Page:
    """Show the app's code."""
    await choose(browser, "code")
    return await browser.submit({"code": app_code(world)})


async def by_text(browser: Browser, world: World, way: str = "text") -> Page:
    """Show the code of a text."""
    await choose(browser, way)
    return await browser.submit({"code": await world.last_code()})


async def proved(browser: Browser, world: World, goal: str = "new_password") -> Page:
    """Show both: what is asked for next is the password."""
    await begin(browser, goal=goal)
    await by_app(browser, world)
    return await by_text(browser, world, "text:work-phone")
