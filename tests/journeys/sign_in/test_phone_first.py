"""The phone in place of the password: a name, six digits, the screen lock, and no password."""

import re
from dataclasses import replace

from portvakt.core.assurance import METHODS, Aal, assurance_of
from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.push_approval import ApprovalState
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import (
    NUMBER_PAGE,
    PHONE,
    anna,
    answer,
    approve,
    by_phone,
    go_on,
    known,
    pair,
    waiting,
    woken,
    wrong,
)
from tests.journeys.sign_in.region import failures
from tests.journeys.sign_in.test_same_for_everybody import NAMES, Seen, people, seen, work
from tests.world import PASSWORD, Browser, Page, World

SIGN_IN = AuthenticatorId(f"{PHONE}-sign-in")


async def test_a038_a_name_six_digits_and_the_screen_lock_are_enough(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        page = await by_phone(browser)
        assert page.title == NUMBER_PAGE
        (asked,) = await waiting(world, account)
        assert (asked.digits, asked.lock, len(asked.number)) == (6, True, 6)
        await approve(world, account)
        page = await go_on(browser)
        assert page.path == "/apps"
        (session,) = await world.sessions(account)
        (evidence,) = session.evidence
        assert (evidence.type, evidence.authenticator_id) == (
            AuthenticatorType.PHONE_SIGN_IN,
            SIGN_IN,
        )
        assurance = assurance_of(session.evidence)
        assert assurance.aal is Aal.TWO
        assert {"user", "mfa"} <= assurance.amr
        assert "pwd" not in assurance.amr


async def test_whatever_stands_in_the_password_field_is_ignored(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        before = world.house.hasher.calls
        await browser.get("/sign-in")
        way = {"name": "anna.berg", "password": "inte rätt", "way": "phone_sign_in"}
        page = await browser.submit(way)
        assert page.title == NUMBER_PAGE
        assert world.house.hasher.calls == before
        assert len(await waiting(world, account)) == 1


async def test_a_name_is_needed(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        page = await by_phone(browser, " ")
        assert (page.status, page.title) == (422, "Logga in")
        assert "Skriv din e-postadress eller ditt användarnamn." in page.text
        assert "Skriv ditt lösenord." not in page.text
        del world


async def test_a_browser_that_is_not_known_wakes_no_phone(open_world: Open) -> None:
    """Anybody who knows a name can ask; the request waits in the app, quietly."""
    async with open_world() as world, world.browser() as mine, world.browser() as theirs:
        account = await anna(world, sign_in=True, woken=True)
        await known(world, mine, account)
        assert await woken(world) == [PHONE]
        await by_phone(theirs)
        (asked,) = await waiting(world, account)
        assert asked.quiet
        assert '"quiet":true' in asked.shown.decode()
        assert await woken(world) == []
        await by_phone(mine)
        loud = [each for each in await waiting(world, account) if not each.quiet]
        assert len(loud) == 1
        assert await woken(world) == [PHONE]


async def test_a_phone_without_phone_sign_in_is_not_asked(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=False)
        page = await by_phone(browser)
        assert page.title == NUMBER_PAGE
        assert await waiting(world, account) == []


async def test_an_approval_after_the_password_never_stands_in_place_of_it(
    open_world: Open,
) -> None:
    """The number of two digits without the screen lock, given in the same sign-in."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        page = await browser.sign_in()
        flow = page.path
        await approve(world, account)
        page = await browser.post(f"{flow}/choose", {"way": "phone_sign_in"})
        page = await browser.post(flow, {"answered": "yes"})
        (session,) = await world.sessions(account)
        types = {each.type for each in session.evidence}
        assert types == {AuthenticatorType.PASSWORD, AuthenticatorType.PUSH}


async def test_phone_sign_in_that_was_turned_off_meanwhile_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await by_phone(browser)
        await approve(world, account)

        async def off(unit: Unit) -> None:
            await unit.authenticators.set_state(
                SIGN_IN, AuthenticatorState.DISABLED, world.clock.at
            )

        await world.house.records.write(off)
        page = await go_on(browser)
        assert (page.status, page.title) == (422, "Förfrågan är stängd")
        assert await world.sessions(account) == []


async def test_if_nothing_answers_the_password_is_one_step_away(open_world: Open) -> None:
    """It begins again where passwords are counted, and leads to the same place."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        page = await by_phone(browser, to="/my-sign-ins")
        flow = page.path
        assert "Logga in med lösenord i stället" in page.text
        page = await browser.submit({"way": "password"}, form=1)
        assert page.path.startswith("/sign-in?to=/my-sign-ins")
        assert await waiting(world, account) == []
        assert 'value="anna.berg"' in page.html, "the name is not typed twice"
        assert "anna" not in page.path, "nor is it in an address, which is kept and shared"
        await browser.submit({"name": "anna.berg", "password": PASSWORD})
        assert (await browser.get(flow)).title == "Förfrågan är stängd"
        await browser.sign_in(to="/my-sign-ins")
        await approve(world, account)
        page = await go_on(browser)
        assert (page.status, page.path) == (200, "/my-sign-ins")
        assert "svar i appen på telefonen" in page.text


async def test_another_browser_does_not_learn_the_name_that_was_typed(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await anna(world, sign_in=True)
        await by_phone(browser)
        page = await browser.submit({"way": "password"}, form=1)
        assert 'value="anna.berg"' not in (await other.get(page.path)).html
        for left in ("", "x", "k7qm2xw4k7qm2xw4k7qm2xw4k7"):
            page = await browser.get(f"/sign-in?to=/apps&for=anew&left={left}")
            assert page.status == 200
            assert 'value="anna.berg"' not in page.html


async def test_a_sign_in_by_name_alone_is_no_place_to_guess_passwords(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world, sign_in=True)
        page = await by_phone(browser)
        flow = page.path
        before = world.house.hasher.calls
        for way in ("totp", "recovery_code", "sms"):
            await browser.post(f"{flow}/choose", {"way": way})
        page = await browser.post(flow, {"code": PASSWORD})
        assert page.title == NUMBER_PAGE
        assert world.house.hasher.calls == before


async def test_a_wrong_number_in_place_of_the_password_ends_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await by_phone(browser)
        (asked,) = await waiting(world, account)
        assert await answer(world, asked, wrong(asked)) is ApprovalState.WRONG_NUMBER
        page = await go_on(browser)
        assert (page.status, page.title) == (422, "Numret stämde inte")
        assert await world.sessions(account) == []


async def test_a011_asking_the_phone_looks_alike_for_every_name(open_world: Open) -> None:
    """Somebody with phone sign-in, one who left, and nobody; from the first button on."""
    async with open_world() as world:
        await people(world)
        await pair(world, make.account(), sign_in=True)
        rounds: list[set[Seen]] = [set(), set(), set(), set()]
        for number, name in enumerate((*NAMES, "anna.berg@region.example")):
            async with world.browser(f"203.0.113.{number + 10}") as browser:
                await browser.get("/sign-in")
                for step, found in enumerate(rounds):
                    before = work(world)
                    page = await _step(browser, step, name)
                    found.add(await _seen(world, browser, page, before))
        assert [len(found) for found in rounds] == [1, 1, 1, 1]
        assert {each.hashes for found in rounds for each in found} == {0}


async def test_a011_that_others_wait_already_cannot_be_seen(open_world: Open) -> None:
    """There is no room for a third; it gets a page and a number all the same, and no phone."""
    async with (
        open_world() as world,
        world.browser() as first,
        world.browser() as second,
        world.browser() as third,
    ):
        account = await anna(world, sign_in=True)
        pages = [await by_phone(each) for each in (first, second, third)]
        assert [page.title for page in pages] == [NUMBER_PAGE] * 3
        assert len(await waiting(world, account)) == 2


async def test_names_alone_do_not_keep_out_who_knows_the_password(open_world: Open) -> None:
    async with (
        open_world() as world,
        world.browser() as first,
        world.browser() as second,
        world.browser() as mine,
    ):
        account = await anna(world, sign_in=True)
        await by_phone(first)
        await by_phone(second)
        page = await mine.sign_in()
        assert page.title == NUMBER_PAGE
        quiet = sorted(each.quiet for each in await waiting(world, account))
        assert quiet == [False, True]
        (asked,) = [each for each in await waiting(world, account) if not each.quiet]
        await answer(world, asked)
        assert (await go_on(mine)).path == "/apps"


async def _step(browser: Browser, step: int, name: str) -> Page:
    if step == 0:
        return await browser.submit({"name": name, "password": "", "way": "phone_sign_in"})
    if step == 1:
        return await go_on(browser)
    if step == 2:
        return await browser.get(browser.page.path)
    return await browser.submit({"way": "password"}, form=1)


async def _seen(world: World, browser: Browser, page: Page, before: tuple[int, int, int]) -> Seen:
    """All but the number itself."""
    told = await seen(world, browser, page, before)
    return replace(told, body=re.sub(r'<p class="number".*?</p>', "", told.body))


async def test_a_locked_password_can_be_gone_round_with_the_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        page = await failures(browser, 11)
        assert page.title == "Visa först att det är du"
        await browser.get(page.path)
        page = await browser.submit({"way": "phone_sign_in"}, form=2)
        assert page.title == NUMBER_PAGE
        page = await browser.submit({"way": "password"}, form=1)
        assert page.title == "Visa först att det är du"
        page = await browser.submit({"way": "phone_sign_in"}, form=2)
        await approve(world, account)
        assert (await go_on(browser)).path == "/apps"


async def test_fresh_proof_for_ones_methods_may_be_given_with_the_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await by_phone(browser)
        await approve(world, account)
        await go_on(browser)
        world.clock.move(minutes=30)
        page = await browser.get("/sign-in?to=/security-info&for=methods")
        page = await browser.submit({})
        assert page.title == "Skriv ditt lösenord"
        page = await browser.submit({"way": "phone_sign_in"}, form=1)
        assert page.title == NUMBER_PAGE
        (asked,) = await waiting(world, account)
        assert (asked.purpose, asked.quiet, asked.digits) == (METHODS, False, 6)
        await approve(world, account)
        page = await go_on(browser)
        assert page.path.startswith("/security-info")
        (session,) = await world.sessions(account)
        assert METHODS in {each.purpose for each in session.evidence}
