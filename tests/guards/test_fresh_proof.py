"""Nobody changes how they sign in on old proof (rule R15): asked of every form there is.

Each form that somebody signed in can send stands in one of the tables below. A new one that stands
in none of them fails: whoever adds it decides, and writes down why.
"""

from pathlib import Path

from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.web.routing import Who
from tests import make
from tests.guards.test_every_route import SOME_ID, house
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    OTHER_TYPED,
    SECRET,
    comes_with_app,
    proves_again,
    with_rule,
)
from tests.world import PASSWORD, Browser, World

OWN = AuthenticatorId("ownphone")
CHANGE = "/change-password"

FRESH: dict[str, dict[str, str]] = {
    HOME: {"option": "sms", "number": OTHER_TYPED},
    f"{HOME}/guide": {"way": "sms"},
    f"{HOME}/phone": {},
    f"{HOME}/app": {},
    f"{HOME}/key": {},
    f"{HOME}/number": {"number": OTHER_TYPED},
    f"{HOME}/hardware-token": {"serial": "GA-1042", "code": "123456"},
    f"{HOME}/recovery-codes": {},
    f"{HOME}/finish": {},
    f"{HOME}/thaw": {},
    f"{HOME}/methods/{{method}}": {"label": "Jobbmobilen"},
    f"{HOME}/methods/{{method}}/prefer": {},
    f"{HOME}/methods/{{method}}/number": {"number": OTHER_TYPED},
    f"{HOME}/methods/{{method}}/remove": {},
    CHANGE: {"current": PASSWORD, "new": "tre gula cyklar i regn"},
}
"""What adds, changes or takes away a way to sign in, and what is typed there."""

FINISH = {f"{HOME}/{kind}/{{draft}}" for kind in ("app", "key", "number", "phone")}
"""What was begun with fresh proof may be finished while it lives, ten minutes: whoever is slow is
not asked twice. A draft cannot be begun on old proof: each begins in the table above."""

SHOWN_ELSEWHERE = {
    "/vouch/{attempt}": "tests/journeys/new_phone/test_who_may.py::"
    "test_a_voucher_shows_a_second_factor_anew_after_five_minutes",
}
"""What needs somebody else to have asked first."""

OPEN = {
    f"{HOME}/password": "the first password, in a session that a start code has just opened",
    f"{HOME}/asked": "puts a question off, and changes nothing",
    f"{HOME}/password/strength": "changes nothing",
    f"{CHANGE}/strength": "changes nothing",
    "/my-sign-ins/others/end": "ends, and opens nothing: whoever is worried acts at once (A065)",
    "/my-sign-ins/all/end": "the same",
    "/my-sign-ins/one/{session}/end": "the same",
    "/my-sign-ins/known/{browser}/forget": "asks for more there from now on, and for no less",
    "/my-sign-ins/row/{row}/not-me": "freezes; reaches far back only with what is older (ADR 41)",
    "/app-access": "takes back what an app holds, and gives nothing",
    "/sign-out": "ends this session",
    "/switch-person": "ends this session",
    "/sign-in/again": "begins to give fresh proof",
    "/apps/arrange": "the order of pictures",
    "/apps/collection": "the order of pictures",
    "/oidc/consent": "what an app gets is for the rules of signing in to it",
    "/device": "what a device gets is for the rules of signing in to it",
    "/device/answer": "the same",
}
"""What is open to old proof, and why."""

TYPED = {
    HOME: OTHER_TYPED,
    f"{HOME}/guide": 'value="sms" checked',
    f"{HOME}/number": OTHER_TYPED,
    f"{HOME}/hardware-token": "GA-1042",
    f"{HOME}/methods/{{method}}": "Jobbmobilen",
    f"{HOME}/methods/{{method}}/number": OTHER_TYPED,
}
"""What stands on the page again afterwards. Passwords and codes are kept nowhere."""


async def anna_with_an_app_and_a_number(world: World) -> Account:
    await with_rule(world)
    phone = make.bound(make.SMS_CODE, id=OWN, account_id=AccountId(make.ANNA), detail=NUMBER)
    return await world.person(bound=[phone], totp=SECRET)


async def long_ago(world: World, browser: Browser) -> None:
    """Let the newest proof become a second too old."""
    world.clock.move(minutes=5, seconds=1)
    await browser.get("/apps")


async def test_every_form_is_in_one_of_the_tables(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (_, routes):
        forms = {
            each.path for each in routes if each.who is Who.SIGNED_IN and "POST" in each.methods
        }
    tables = (set(FRESH), FINISH, set(SHOWN_ELSEWHERE), set(OPEN))
    named = set().union(*tables)
    assert forms - named == set(), "say whether it needs fresh proof, and why not"
    assert named - forms == set(), "there is no such form any more"
    assert len(named) == sum(map(len, tables))


async def test_a042_proof_of_five_minutes_and_a_second_changes_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as (world, _), world.browser() as browser:
        anna = await anna_with_an_app_and_a_number(world)
        assert (await comes_with_app(world, browser)).path == HOME
        await long_ago(world, browser)
        await world.outbox("mail")
        before = (await world.standing(anna), await world.sessions(anna), await world.events())
        for path, fields in FRESH.items():
            page = await browser.post(path.replace("{method}", OWN), fields)
            assert page.path.startswith("/sign-in?to="), path
            assert page.path.endswith("&for=methods"), path
            now = (await world.standing(anna), await world.sessions(anna), await world.events())
            assert now == before, path
        assert await world.outbox("sms") == []
        assert await world.outbox("mail") == []


async def test_proof_of_five_minutes_is_asked_for_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """The other side: without it the test above could pass by asking always."""
    async with house(tmp_path, sqlite_url) as (world, _), world.browser() as browser:
        await anna_with_an_app_and_a_number(world)
        await comes_with_app(world, browser)
        world.clock.move(minutes=5)
        page = await browser.post(f"{HOME}/methods/{OWN}", FRESH[f"{HOME}/methods/{{method}}"])
        assert page.path == f"{HOME}?done=renamed"


async def test_what_was_typed_stands_there_again_after_fresh_proof(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as (world, _), world.browser() as browser:
        await anna_with_an_app_and_a_number(world)
        await comes_with_app(world, browser)
        for path, shown in TYPED.items():
            await long_ago(world, browser)
            await browser.post(path.replace("{method}", OWN), FRESH[path])
            page = await proves_again(world, browser)
            assert page.path.split("?")[0] == path.replace("{method}", OWN), path
            assert shown in page.html, path
            assert "123456" not in page.html, "no code is kept"


async def test_what_was_typed_is_nobody_elses(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (world, _), world.browser() as browser:
        await anna_with_an_app_and_a_number(world)
        await comes_with_app(world, browser)
        await long_ago(world, browser)
        await browser.post(f"{HOME}/number", {"number": OTHER_TYPED})
        typed = (await proves_again(world, browser)).path.partition("?")[2]
        async with world.browser() as other:
            world.clock.move(seconds=30)
            await comes_with_app(world, other)
            for asked in (typed, f"typed={SOME_ID}", "typed="):
                page = await other.get(f"{HOME}/number?{asked}")
                assert page.status == 200
                assert OTHER_TYPED not in page.html
