"""How often a phone is asked: three times unanswered, then another way is shown (A031)."""

from portvakt.core.people import Account
from portvakt.core.policy import RuleState
from portvakt.core.throttle import Kind
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import (
    NUMBER_PAGE,
    anna,
    approve,
    by_phone,
    go_on,
    known,
    waiting,
)
from tests.journeys.sign_in.region import app_code
from tests.world import Browser, Page, World

STOPPED = "Vi frågar inte telefonen just nu"


async def asked_for(world: World, account: Account) -> int:
    """How many requests there have been."""
    return (await world.events(account)).count("phone.request_sent")


async def unanswered(world: World, browser: Browser, times: int) -> Page:
    """Sign in with the right password so many times, half a minute apart, and never answer."""
    for _ in range(times):
        await browser.sign_in()
        world.clock.move(seconds=30)
    return browser.page


async def test_a031_three_requests_reach_the_phone_and_then_none(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await unanswered(world, browser, 10)
        assert await asked_for(world, account) == 3
        assert page.title == STOPPED
        assert "Då kan någon ditt lösenord. Byt det genast." in page.text
        assert "Du kan fråga telefonen igen klockan 13:11." in page.text
        events = await world.events(account)
        assert events.count("phone.requests_stopped") == 1
        ((to, words),) = await world.outbox("mail")
        assert to == account.email
        assert "Byt då lösenord" in words


async def test_a031_another_way_works_all_the_while(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await unanswered(world, browser, 4)
        page = await browser.get(f"{page.path}/other")
        await browser.submit({"way": "totp"})
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def test_a031_asking_anew_on_the_page_counts_as_well(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        flow = page.path
        for _ in range(2):
            world.clock.move(seconds=91)
            await browser.get(flow)
            page = await browser.submit({})
            assert page.title == NUMBER_PAGE
        world.clock.move(seconds=91)
        page = await browser.get(flow)
        assert page.title == "Ingen telefon har svarat"
        assert "Skicka en ny" not in page.html
        page = await browser.post(f"{flow}/send", {})
        assert page.status == 429
        assert await asked_for(world, account) == 3


async def test_after_ten_minutes_it_may_be_asked_again_and_after_ten_requests_not(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        for round_ in (1, 2, 3):
            await unanswered(world, browser, 4)
            assert await asked_for(world, account) == 3 * round_
            world.clock.move(minutes=10)
        page = await unanswered(world, browser, 4)
        assert await asked_for(world, account) == 10
        assert page.title == STOPPED
        world.clock.move(hours=20)
        page = await browser.sign_in()
        assert page.title == STOPPED
        assert "klockan" not in page.text


async def test_r26_a_stranger_with_the_password_does_not_stop_the_person(
    open_world: Open,
) -> None:
    """Each kind of browser has a count of its own, and a success gives back its own only."""
    async with open_world() as world, world.browser() as mine, world.browser() as theirs:
        account = await anna(world)
        await known(world, mine, account)
        page = await unanswered(world, theirs, 10)
        assert page.title == STOPPED
        page = await mine.sign_in()
        assert page.title == NUMBER_PAGE
        await approve(world, account)
        assert (await go_on(mine)).path == "/apps"
        assert (await theirs.sign_in()).title == STOPPED


async def test_signing_in_with_two_factors_opens_the_way_again(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await unanswered(world, browser, 4)
        await browser.get(f"{page.path}/other")
        await browser.submit({"way": "totp"})
        await browser.submit({"code": app_code(world)})
        browser.client.cookies.clear()  # again a browser that nobody knows
        world.clock.move(seconds=91)
        page = await browser.sign_in()
        assert page.title == NUMBER_PAGE
        assert len(await waiting(world, account)) == 1


async def test_a_password_alone_gives_nothing_back(open_world: Open) -> None:
    """Where no second factor is asked for, whoever has the password could ask without end."""
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await unanswered(world, browser, 4)
        await world.configure([make.rule(state=RuleState.OFF)], [make.network()])
        assert (await browser.sign_in()).path == "/apps"
        browser.client.cookies.clear()
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
        assert (await browser.sign_in()).title == STOPPED
        assert await asked_for(world, account) == 3


async def test_a031_asking_by_name_alone_is_counted_apart_and_sends_no_mail(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as theirs, world.browser() as mine:
        account = await anna(world, sign_in=True)
        for _ in range(5):
            await by_phone(theirs)
            world.clock.move(seconds=30)
        assert theirs.page.title == STOPPED
        assert "Logga in med lösenord i stället" in theirs.page.text
        assert await asked_for(world, account) == 3
        assert await world.outbox("mail") == []
        assert (await mine.sign_in()).title == NUMBER_PAGE


async def test_asking_by_name_alone_is_counted_against_the_address(open_world: Open) -> None:
    async with open_world() as world, world.browser("203.0.113.66") as browser:
        statuses = [(await by_phone(browser, f"nobody{number}")).status for number in range(31)]
        assert statuses == [200] * 30 + [429]
        assert browser.page.title == "Vänta en stund"
        assert int(browser.page.response.headers["retry-after"]) > 0


async def test_a_sign_in_that_went_well_is_not_left_counted(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await by_phone(browser)
        await approve(world, account)
        await go_on(browser)

        async def totals(unit: Unit) -> list[int]:
            keys = (
                (account.id, Kind.PUSH_FIRST, "unfamiliar"),
                ("address:203.0.113.7", Kind.ADDRESS, "any"),
            )
            found = [await unit.attempts.peek(*key) for key in keys]
            return [each.run for each in found if each is not None]

        assert await world.house.records.read(totals) == [0, 0]
