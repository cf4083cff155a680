"""Guessing is stopped; nobody can be kept out by a stranger."""

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AccountId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import (
    PASSWORD,
    SECRET,
    anna_with_app,
    anna_with_phone,
    app_code,
    failures,
    reaches_apps,
    with_rule,
    wrong_code,
)
from tests.world import INSIDE, OUTSIDE


async def test_a009_one_password_over_many_names_is_throttled_within_thirty(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser("198.51.100.9") as attacker:
        await anna_with_app(world)
        page = await attacker.get("/sign-in")
        judged = 0
        for number in range(60):
            page = await attacker.submit({"name": f"person.{number}", "password": "Sommar2026"})
            if page.status == 429:
                break
            judged += 1
        assert judged <= 30
        assert "retry-after" in page.response.headers
        assert "Vänta till klockan" in page.text
        async with world.browser(OUTSIDE) as anna:
            assert await reaches_apps(anna, world)
        events = await world.events()
        assert "alarm.spray" in events


async def test_a009_neighbours_in_one_ipv6_network_are_one_address(open_world: Open) -> None:
    async with open_world() as world:
        await with_rule(world)
        statuses = []
        for number in range(32):
            async with world.browser(f"2001:db8:bad::{number + 1:x}") as browser:
                await browser.get("/sign-in")
                page = await browser.submit({"name": f"person.{number}", "password": "Sommar2026"})
                statuses.append(page.status)
        assert statuses[:30] == [422] * 30
        assert statuses[30:] == [429, 429]


async def test_a010_fifty_wrong_passwords_from_outside_keep_nobody_out(open_world: Open) -> None:
    async with open_world() as world, world.browser() as known:
        await anna_with_app(world)
        assert await reaches_apps(known, world)
        world.clock.move(seconds=40)
        for number in range(5):
            async with world.browser(f"198.51.100.{number}") as attacker:
                await failures(attacker, 10)
        async with world.browser(INSIDE) as at_work:
            assert await reaches_apps(at_work, world)  # with a code: so many guesses ask for one
        world.clock.move(seconds=40)
        await known.post("/sign-out", {})
        assert await reaches_apps(known, world)


async def test_a010_a_second_factor_opens_a_locked_password_again(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await failures(browser, 10)
        page = await browser.sign_in()
        assert page.title == "Visa först att det är du"
        page = await browser.submit({"code": app_code(world)})
        assert page.title == "Skriv ditt lösenord"
        page = await browser.submit({"code": PASSWORD})
        assert page.path == "/apps"


async def test_a010_somebody_with_only_a_phone_gets_past_a_locked_password(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await failures(browser, 10)
        await browser.sign_in()
        await browser.submit({}, form=1)
        page = await browser.submit({"code": await world.last_code()})
        assert page.title == "Skriv ditt lösenord"
        page = await browser.submit({"code": PASSWORD})
        assert page.path == "/apps"


async def test_codes_guessed_before_the_password_close_that_way_and_no_other(
    open_world: Open,
) -> None:
    """Five tries a day; the method itself is untouched."""
    async with open_world() as world, world.browser() as attacker:
        await anna_with_app(world)
        await failures(attacker, 10)
        await attacker.sign_in()
        for _ in range(5):
            page = await attacker.submit({"code": wrong_code(world)})
        page = await attacker.submit({"code": app_code(world)})
        assert page.status == 429
        async with world.browser(INSIDE) as at_work:
            assert await reaches_apps(at_work, world)


async def test_a013_ten_wrong_codes_stop_the_right_one_for_fifteen_minutes(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.sign_in()
        for _ in range(10):
            page = await browser.submit({"code": wrong_code(world)})
            assert page.status == 422
        page = await browser.submit({"code": app_code(world)})
        assert page.status == 429
        assert "Du kan försöka igen klockan" in page.text
        letters = await world.outbox("mail")
        assert any("felaktiga" in words for _, words in letters)
        world.clock.move(minutes=15)
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def test_a013_new_sign_ins_do_not_start_the_count_over(open_world: Open) -> None:
    async with open_world() as world:
        await anna_with_app(world)
        for number in range(5):
            async with world.browser(f"198.51.100.{number}") as browser:
                await browser.sign_in()
                for _ in range(2):
                    await browser.submit({"code": wrong_code(world)})
        async with world.browser() as browser:
            await browser.sign_in()
            page = await browser.submit({"code": app_code(world)})
            assert page.status == 429


async def test_a014_a_new_text_does_not_start_the_count_over(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await browser.sign_in()
        statuses = []
        for _ in range(3):
            right = await world.last_code()
            wrong = "000000" if right != "000000" else "000001"
            statuses += [(await browser.submit({"code": wrong})).status for _ in range(4)]
            world.clock.move(seconds=31)
            await browser.submit({}, form=1)
        assert statuses == [422] * 10 + [429] * 2
        page = await browser.submit({"code": await world.last_code()})
        assert page.status == 429


async def test_a015_a_hundred_wrong_codes_in_a_row_switch_the_method_off(
    open_world: Open,
) -> None:
    async with open_world() as world:
        anna = await anna_with_phone(world, app=True)
        for _ in range(6):
            async with world.browser() as browser:
                for _ in range(2):
                    page = await browser.sign_in()
                    if page.title != "Vilken kod visar din app?":
                        break
                    for _ in range(10):
                        page = await browser.submit({"code": wrong_code(world)})
                    world.clock.move(minutes=16)
            world.clock.move(hours=25)
        standing = await world.standing(anna)
        app = [each for each in standing.authenticators if each.type == "totp"]
        assert [each.state for each in app] == [AuthenticatorState.DISABLED]
        letters = await world.outbox("mail")
        assert any("stängt av" in words for _, words in letters)
        async with world.browser() as browser:
            page = await browser.sign_in()
            assert page.title == "Vilken kod fick du?"


async def test_a_right_password_is_never_counted_against_anybody(open_world: Open) -> None:
    """Twenty ordinary mornings leave no trace in the counts."""
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person(make.account(id=AccountId("anna")))
        for _ in range(20):
            page = await browser.sign_in()
            assert page.path == "/apps"
            await browser.post("/sign-out", {})


async def test_a_stranger_who_used_up_the_tries_leaves_the_person_hers(open_world: Open) -> None:
    """Neither codes guessed nor texts asked for elsewhere close the way past a locked password."""
    async with open_world() as world:
        await anna_with_phone(world, app=True)
        for number in range(3):
            async with world.browser(f"198.51.100.{number}") as attacker:
                await failures(attacker, 10)
                await attacker.sign_in()
                for _ in range(6):
                    await attacker.submit({"code": wrong_code(world)})
                for _ in range(3):
                    await attacker.submit({}, form=1)
                    world.clock.move(seconds=31)
        assert len(await world.outbox("sms")) <= 2
        async with world.browser() as anna:
            page = await anna.sign_in()
            assert page.title == "Visa först att det är du"
            page = await anna.submit({"code": app_code(world)})
            assert page.title == "Skriv ditt lösenord"
            assert (await anna.submit({"code": PASSWORD})).path == "/apps"


async def test_a009_an_account_of_ones_own_does_not_clear_the_count_of_an_address(
    open_world: Open,
) -> None:
    """An insider who signs in between guesses is stopped all the same."""
    async with open_world() as world, world.browser("198.51.100.9") as attacker:
        await with_rule(world)
        await world.person(totp=SECRET)
        statuses = []
        for number in range(36):
            if number % 4 == 3:
                async with world.browser("198.51.100.9") as own:
                    await own.sign_in()
            page = await attacker.get("/sign-in")
            page = await attacker.submit({"name": f"person.{number}", "password": "Sommar2026"})
            statuses.append(page.status)
        assert statuses.count(422) <= 30
        assert statuses[-1] == 429
