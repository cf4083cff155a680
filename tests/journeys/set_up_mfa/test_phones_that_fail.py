"""A phone half set up: two tabs, too late, a no, another's code. Nothing counts before proof."""

import asyncio

from portvakt.core.push_approval import ApprovalState
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    TYPED,
    comes_to_register,
    kinds,
    new_person,
    second_factors,
    with_rule,
)
from tests.journeys.set_up_mfa.phones import (
    PHONE,
    answers,
    asked,
    at_the_phone,
    long_code,
    number_on,
    pairs,
    phones,
    registers_a_phone,
    usable,
)
from tests.world import INSIDE, Page

FROM = {"x-forwarded-for": INSIDE}
ACTIVATE = "Tryck på din användare i appen och välj ”Aktivera telefoninloggning”."


async def test_without_a_phone_the_page_says_that_none_has_come(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_phone(browser)
        page = await browser.submit({})
        assert page.status == 200
        assert "Ingen telefon har kommit än." in page.text
        assert long_code(page)


async def test_a_wrong_number_or_a_no_or_no_answer_is_said_and_can_be_tried_anew(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None

        async def tries_again() -> Page:
            world.clock.move(seconds=1)
            return await browser.submit({})

        page = await browser.submit({})
        wrong = f"{(int(number_on(page)) + 1) % 100:02d}"
        assert await answers(world, bo, phone, wrong) is ApprovalState.WRONG_NUMBER
        page = await browser.submit({})
        assert page.title == "Numret stämde inte"
        page = await tries_again()
        assert page.title == "Skriv numret i telefonen"
        assert await answers(world, bo, phone, approve=False) is ApprovalState.DENIED
        page = await browser.submit({})
        assert page.title == "Du svarade nej i telefonen"
        await tries_again()
        world.clock.move(seconds=91)
        page = await browser.submit({})
        assert page.title == "Telefonen svarade inte i tid"
        assert await second_factors(world, bo) == []
        await tries_again()
        await answers(world, bo, phone)
        world.clock.move(seconds=61)
        page = await browser.submit({})
        assert page.title == "Frågan är inte öppen längre", "the answer was not used in time"
        await tries_again()
        await answers(world, bo, phone)
        assert (await browser.submit({})).title == "Vilket mobilnummer har du?"
        assert await kinds(world, bo) == ["push", "totp"]


async def test_without_an_answer_the_page_says_so_and_shows_the_number_still(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        assert await pairs(world, bo, long_code(page))
        page = await browser.submit({})
        number = number_on(page)
        page = await browser.submit({})
        assert page.status == 200
        assert "Telefonen har inte svarat än." in page.text
        assert number_on(page) == number


async def test_pressing_twice_asks_the_phone_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        assert await pairs(world, bo, long_code(page))
        first = number_on(await browser.submit({}))
        page = await browser.post(page.path, {"step": "scan"})
        assert number_on(page) == first
        assert (await asked(world, bo)).number == first


async def test_a040_of_two_phones_with_the_same_code_the_first_is_bound(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        code = long_code(page)
        first = await pairs(world, bo, code, name="Min egen")
        assert first is not None
        assert await pairs(world, bo, code, name="Någon annans") is None
        page = await browser.submit({})
        assert "”Min egen”" in page.text
        assert code not in page.html, "a code that was used is shown no more"
        assert code not in (await browser.get(page.path)).html
        await answers(world, bo, first)
        await browser.submit({})
        assert await phones(world, bo) == [
            ("push", "Min egen", "active"),
            ("totp", "Min egen", "active"),
        ]


async def test_a045_a_phone_that_did_not_answer_is_never_bound(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        draft, code = page.path, long_code(page)
        phone = await pairs(world, bo, code)
        assert phone is not None
        world.clock.move(minutes=10)
        for page in (await browser.get(draft), await browser.post(draft, {"step": "number"})):
            assert page.status == 410
            assert "Tiden är slut" in page.text
        assert not await usable(world, phone)
        assert await second_factors(world, bo) == []


async def test_a044_after_the_phone_is_bound_its_page_is_gone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        draft, code = page.path, long_code(page)
        phone = await pairs(world, bo, code)
        assert phone is not None
        await browser.submit({})
        await answers(world, bo, phone)
        await browser.submit({})
        assert (await browser.get(draft)).status == 410
        for step in ("scan", "number", "again", "not_mine"):
            assert (await browser.post(draft, {"step": step})).status == 410
        assert len(await phones(world, bo)) == 2


async def test_a_second_code_ends_the_first(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        first = await at_the_phone(browser)
        second = await browser.post(PHONE, {})
        assert await pairs(world, bo, long_code(first)) is None
        assert (await browser.get(first.path)).status == 410
        assert await pairs(world, bo, long_code(second))


async def test_another_browser_cannot_use_the_draft(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser(INSIDE) as other:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        await other.sign_in(to=HOME)
        assert (await other.get(page.path)).status == 410
        assert (await other.post(page.path, {"step": "number"})).status == 410
        assert await pairs(world, bo, long_code(page))
        state = await other.client.get(f"{page.path}/state?seen=over", headers=FROM)
        assert state.status_code == 200


async def test_two_tabs_that_finish_at_once_bind_one_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        page = await browser.submit({})
        await answers(world, bo, phone)
        fields = page.forms()[0][1]
        headers = {"origin": "https://portvakt.region.example", "sec-fetch-site": "same-origin"}
        sent = [
            browser.client.post(
                page.path, data=fields, headers=headers | {"x-forwarded-for": INSIDE}
            )
            for _ in range(2)
        ]
        got = sorted(each.status_code for each in await asyncio.gather(*sent))
        assert got[0] == 303
        assert len(await phones(world, bo)) == 2


async def test_a048_a_sixth_phone_is_refused_clearly(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        for _ in range(5):
            await registers_a_phone(world, browser, bo)
        page = await browser.get(HOME)
        assert "Du har redan 5 telefoner med appen" in page.text
        assert "Konfigurera Authenticator-appen" not in page.text
        page = await browser.post(PHONE, {})
        assert page.status == 422
        assert "Du har redan 5 telefoner med appen" in page.text


async def test_a042_old_proof_adds_no_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        await browser.sign_in(to=HOME)
        await browser.get(HOME)
        world.clock.move(minutes=31)
        page = await browser.post(PHONE, {})
        assert not page.path.startswith(PHONE)


async def test_a_stranger_who_began_beside_the_owner_binds_no_phone(open_world: Open) -> None:
    """Both knew the password; the owner's first method came while the stranger's phone waited."""
    async with open_world() as world, world.browser() as stranger, world.browser() as owner:
        bo = await new_person(world)
        page = await at_the_phone(stranger)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        await stranger.submit({})
        await answers(world, bo, phone)
        await comes_to_register(owner)
        await owner.post(HOME, {"option": "sms", "number": TYPED})
        assert (await owner.submit({"code": await world.last_code()})).title == "Klart!"
        page = await stranger.submit({})
        assert page.path.startswith("/sign-in")
        assert await phones(world, bo) == []
        assert not await usable(world, phone), "it says so, and must pair anew"


async def test_a_session_that_lost_its_ground_binds_no_phone(open_world: Open) -> None:
    """Somebody disabled between approve and finish."""
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        await browser.submit({})
        await answers(world, bo, phone)
        await world.house.records.write(
            lambda unit: unit.people.disable_many([bo.id], world.clock.at)
        )
        page = await browser.submit({})
        assert page.path.startswith("/sign-in")
        assert await phones(world, bo) == []


async def test_a_strangers_phone_is_sent_away_and_a_new_code_is_made(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await comes_to_register(browser)
        first = await browser.post(HOME, {"option": "app", "number": TYPED})
        stranger = await pairs(world, bo, long_code(first), name="Någon annans")
        assert stranger is not None
        page = await browser.submit({})
        assert "Telefonen ”Någon annans” är hittad." in page.text
        page = await browser.post(first.path, {"step": "not_mine"})
        assert page.title == "Lägg till din telefon"
        assert long_code(page) != long_code(first)
        assert not await usable(world, stranger)
        assert "phone.disowned" in await world.events(bo)
        assert (await browser.get(first.path)).status == 410
        phone = await pairs(world, bo, long_code(page), name="Min egen")
        assert phone is not None
        await browser.get(page.path)
        await browser.submit({})
        await answers(world, bo, phone)
        assert (await browser.submit({})).title == "Vilken kod fick du?", "the number was kept"
        assert ("push", "Min egen", "active") in await phones(world, bo)


async def test_a_phone_that_was_sent_away_after_its_answer_is_never_bound(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        await browser.submit({})
        await answers(world, bo, phone)
        await browser.post(page.path, {"step": "not_mine"})
        assert (await browser.post(page.path, {"step": "number"})).status == 410
        assert await phones(world, bo) == []


async def test_a_phone_that_comes_in_the_last_minute_has_time_to_answer(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        world.clock.move(minutes=9, seconds=59)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        world.clock.move(seconds=30)
        page = await browser.submit({})
        assert page.title == "Skriv numret i telefonen"
        world.clock.move(seconds=85)
        assert await answers(world, bo, phone) is ApprovalState.APPROVED
        assert (await browser.submit({})).title == "Vilket mobilnummer har du?"
