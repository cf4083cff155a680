"""Somebody who knows their password chooses another one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.common_passwords import PasswordJudge
from portvakt.core.freezing import Change, Disowned
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.sessions import SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.change_password.flow import ChangePassword, Parts, Person
from portvakt.journeys.change_password.outcomes import NoPassword, Over
from portvakt.mail import Writer
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.proving.notices import Notices
from portvakt.proving.password_changing import PasswordChanges
from portvakt.proving.password_homes import Homes
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit
from portvakt.texts import Texts
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import (
    NUMBER,
    SECRET,
    app_code,
    reaches_apps,
    with_rule,
)
from tests.world import INSIDE, ORIGIN, PASSWORD, Browser, Page, World

HOME = "/change-password"
NEW = "Korgstol under päronträdet"
TITLE = "Byt lösenord"


async def anna(world: World) -> Account:
    """Anna, with an app for codes and a work phone."""
    await with_rule(world)
    phone = make.work_phone(id=AuthenticatorId("work-phone"), detail=NUMBER)
    return await world.person(bound=[phone], totp=SECRET)


async def comes(browser: Browser, world: World, password: str = PASSWORD) -> Page:
    """Sign in with both, on the way to the form."""
    world.clock.move(seconds=60)
    await browser.get(HOME)
    await browser.submit({"name": "anna.berg", "password": password})
    return await browser.submit({"code": app_code(world)})


async def changes(browser: Browser, current: str = PASSWORD, new: str = NEW) -> Page:
    return await browser.submit({"current": current, "new": new})


async def test_a_new_password_holds_and_the_old_one_does_not(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await comes(browser, world)
        assert (page.title, page.path) == (TITLE, HOME)
        page = await changes(browser)
        assert page.path == f"{HOME}/done"
        assert "Ditt nya lösenord gäller" in page.text
        assert "password_change.done" in await world.events(account)
        world.clock.move(seconds=60)
        async with world.browser(INSIDE) as other:
            assert (await other.sign_in()).status == 422
            assert (await other.sign_in(password=NEW)).path == "/apps"


async def test_everything_else_ends_everybody_is_told_and_this_session_stays(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as old, world.browser() as browser:
        account = await anna(world)
        assert await reaches_apps(old, world)
        async with world.browser() as thief:
            world.clock.move(seconds=60)
            await comes(browser, world)
            half = await thief.sign_in()
            assert half.title == "Vilken kod visar din app?"
            await world.outbox("mail")
            await world.outbox("sms")
            await changes(browser)
            world.clock.move(seconds=60)
            assert (await thief.submit({"code": app_code(world)})).status == 410
        assert (await old.get("/apps")).path.startswith("/sign-in")
        assert (await browser.get("/apps")).path == "/apps"
        (session,) = await world.sessions(account)
        known = await world.house.records.read(
            lambda unit: unit.people.find("anna.berg", browser_of(browser))
        )
        assert session.kind is SessionKind.FULL
        assert known is not None
        assert known.known_browser
        ((to, letter),) = await world.outbox("mail")
        assert (to, "nytt lösenord" in letter) == (account.email, True)
        ((number, words),) = await world.outbox("sms")
        assert (number, "Ditt konto har fått ett nytt lösenord." in words) == (NUMBER, True)


def browser_of(browser: Browser) -> bytes:
    """What this browser is known by, as it is stored."""
    return lookup_hash(browser.cookie("browser") or "")


async def test_it_takes_the_best_that_there_is_shown_just_now(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna(world)
        await browser.sign_in()
        page = await browser.get(HOME)
        assert page.path.startswith("/sign-in")
        await browser.submit({})
        await browser.submit({"code": PASSWORD})
        page = await browser.submit({"code": app_code(world)})
        assert (page.title, page.path) == (TITLE, HOME)
        world.clock.move(minutes=6)
        page = await changes(browser)
        assert page.path.startswith("/sign-in")
        assert await reaches_with(world, PASSWORD)


async def reaches_with(world: World, password: str) -> bool:
    async with world.browser(INSIDE) as other:
        return (await other.sign_in(password=password)).path == "/apps"


async def test_whoever_has_nothing_but_the_password_shows_it_in_the_form(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        await browser.sign_in()
        assert (await browser.get(HOME)).title == TITLE
        assert (await changes(browser, "inte rätt alls")).status == 422
        assert (await changes(browser)).path == f"{HOME}/done"
        assert await reaches_with(world, NEW)


async def test_a_session_that_can_only_register_leads_to_registration(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        bo = await world.person()
        await browser.sign_in(to="/security-info")
        (session,) = await world.sessions(bo)
        assert session.kind is SessionKind.REGISTRATION
        assert (await browser.get(HOME)).path == "/security-info"


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("", NEW, "Skriv lösenordet du har nu."),
        (PASSWORD, "", "Skriv ett nytt lösenord."),
        ("inte rätt alls", NEW, "Lösenordet stämde inte."),
        ("x" * 2000, NEW, "Lösenordet stämde inte."),
        (PASSWORD, "Kort", "minst 15 tecken"),
        (PASSWORD, "anna.berg", "bara dina egna ord"),
        (PASSWORD, PASSWORD + "!", "för likt det gamla"),
        (PASSWORD, PASSWORD, "för likt det gamla"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_changes(
    current: str, new: str, words: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        page = await changes(browser, current, new)
        assert (page.status, page.title) == (422, TITLE)
        assert words in page.text
        assert PASSWORD not in page.html
        assert NEW not in page.html
        assert (await changes(browser)).path == f"{HOME}/done"


async def test_the_old_password_is_not_guessed_here(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        statuses = [(await changes(browser, "inte rätt alls")).status for _ in range(11)]
        assert statuses == [422] * 10 + [429]
        page = await changes(browser)
        assert page.status == 429
        assert "Det blev för många försök." in page.text
        assert (await world.events(account)).count("password_change.wrong_current") == 10
        assert await reaches_with(world, PASSWORD)


async def test_a_right_one_gives_the_wrong_ones_back(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        for _ in range(9):
            await changes(browser, "inte rätt alls")
        assert (await changes(browser)).path == f"{HOME}/done"
        await browser.get(HOME)
        for _ in range(9):
            assert (await changes(browser, "inte rätt alls")).status == 422


async def test_of_eight_changes_at_once_one_is_written(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await comes(browser, world)
        (_, hidden), *_ = page.forms()
        chosen = [f"{NEW} nummer {number}" for number in range(8)]

        async def once(new: str) -> int:
            fields = hidden | {"current": PASSWORD, "new": new}
            sent = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
            sent |= {"x-forwarded-for": browser.address, "accept": "text/html"}
            return (await browser.client.post(HOME, data=fields, headers=sent)).status_code

        statuses = sorted(await asyncio.gather(*(once(new) for new in chosen)))
        assert statuses.count(303) == 1
        assert set(statuses) <= {303, 422, 503}
        assert (await world.events(account)).count("password_change.done") == 1
        assert [await reaches_with(world, new) for new in chosen].count(True) == 1


async def test_a_session_that_has_ended_changes_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)

        async def act(unit: Unit) -> None:
            await unit.sessions.close_all(account.id, world.clock.at)

        await world.house.records.write(act)
        assert (await changes(browser)).path.startswith("/sign-in")
        assert await reaches_with(world, PASSWORD)


async def test_nothing_is_changed_while_a_change_is_disowned(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        made = world.clock.at - timedelta(hours=1)
        disowned = Disowned(Change.ADDED, made, world.clock.at)
        await world.house.records.write(lambda unit: unit.freezes.freeze(account.id, disowned))
        assert (await changes(browser)).path == "/security-info"
        assert await reaches_with(world, PASSWORD)


async def test_what_ends_while_the_form_is_on_its_way_changes_nothing(open_world: Open) -> None:
    """The session, or the person's trust in what was changed before, after the page was shown."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        flow, person = await by_itself(world, account)
        disowned = Disowned(Change.ADDED, world.clock.at, world.clock.at)
        write = world.house.records.write
        await write(lambda unit: unit.freezes.freeze(account.id, disowned))
        assert await flow.change(person, Secret(PASSWORD), Secret(NEW)) == Over()
        await write(lambda unit: unit.freezes.thaw(account.id, world.clock.at))
        await write(lambda unit: unit.sessions.close_all(account.id, world.clock.at))
        assert await flow.change(person, Secret(PASSWORD), Secret(NEW)) == Over()
        assert await reaches_with(world, PASSWORD)


async def test_whoever_has_no_password_is_told_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        flow, person = await by_itself(world, account)
        bound = tuple(each for each in person.standing.bound if each.verifier is None)
        without = replace(person, standing=Standing(account, bound, known_browser=True))
        assert await flow.least(without) is None
        assert await flow.change(without, Secret(PASSWORD), Secret(NEW)) == NoPassword()


async def by_itself(world: World, account: Account) -> tuple[ChangePassword, Person]:
    """The flow without its pages, and whoever is signed in."""
    house, directories = world.house, DirectoryPasswords({}, tell=nobody)
    writer = Writer(texts=Texts.load(), organisation="Regionen", support_phone="")
    changes = PasswordChanges(
        records=house.records,
        homes=Homes(hasher=house.hasher, directories=directories),
        directories=directories,
        judge=PasswordJudge.over(organisation="Regionen"),
        notices=Notices(
            writer=writer, sealer=house.sealer, random=SystemRandom(), public_url=ORIGIN
        ),
        random=SystemRandom(),
    )
    parts = Parts(records=house.records, changes=changes)
    (session,) = await world.sessions(account)
    visit = Visit(
        now=world.clock.at,
        address=INSIDE,
        binding=b"b" * 32,
        browser=None,
        language="sv",
        request_id="",
        user_agent="",
    )
    person = Person(session=session, standing=await world.standing(account), visit=visit)
    return ChangePassword(parts), person


async def nobody(_name: str, _why: str | None) -> None:
    """Nobody is told of directories here."""


async def test_the_way_here_is_shown_where_people_look(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.get("/reset")
        assert f'href="{HOME}"' in page.html
        assert "Jag vet mitt lösenord och vill byta det" in page.text
        assert (await browser.get("/.well-known/change-password")).path.startswith("/sign-in")
        await comes(browser, world)
        page = await browser.get("/security-info")
        assert page.path == "/security-info"
        assert f'href="{HOME}"' in page.html
