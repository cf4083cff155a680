"""«Konfigurera Authenticator-appen»: a code, a phone that comes with it, a number typed in it."""

import asyncio
import base64
import re
from datetime import timedelta

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.push_approval import ApprovalState
from portvakt.records.unit import Unit
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    TYPED,
    app_code,
    codes_on,
    comes_to_register,
    key_on,
    kinds,
    new_person,
    second_factors,
    with_rule,
    with_work_phone,
)
from tests.journeys.set_up_mfa.phones import (
    PHONE,
    TOTP_SECRET,
    answers,
    asked,
    at_the_phone,
    long_code,
    number_on,
    pairs,
    phones,
    registers_a_phone,
    short_code,
    usable,
)
from tests.world import INSIDE, Page

FROM = {"x-forwarded-for": INSIDE}
ACTIVATE = "Tryck på din användare i appen och välj ”Aktivera telefoninloggning”."


async def test_the_instruction_can_be_followed_with_our_app(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        titles = [browser.page.title]
        page = await browser.post(PHONE, {})
        titles.append(page.title)
        assert "Rikta telefonens kamera mot bilden." in page.text
        assert "Tryck på länken som visas" in page.text
        phone = await pairs(world, anna, long_code(page))
        assert phone is not None
        page = await browser.submit({})
        titles.append(page.title)
        assert 'value="Annas Pixel"' in page.html
        page = await browser.submit({"label": "Jobbtelefonen"})
        titles.append(page.title)
        assert len(number_on(page)) == 2
        assert (await asked(world, anna)).phone_id == phone
        assert await answers(world, anna, phone) is ApprovalState.APPROVED
        page = await browser.submit({})
        titles.append(page.title)
        assert titles == [
            "Så visar du att det är du",
            "Lägg till din telefon",
            "Vad ska telefonen heta?",
            "Skriv numret i telefonen",
            "Klart!",
        ], "at most five screens"
        assert ACTIVATE in page.text
        assert len(codes_on(page)) == 10
        assert await kinds(world, anna) == ["push", "recovery_code", "sms_code", "totp"]
        assert await phones(world, anna) == [
            ("push", "Jobbtelefonen", "active"),
            ("totp", "Jobbtelefonen", "active"),
        ]


async def test_the_first_phone_makes_the_session_a_full_one(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        before = browser.cookie("session")
        phone = await registers_a_phone(world, browser, bo)
        assert browser.page.title == "Vilket mobilnummer har du?"
        assert browser.cookie("session") != before
        [session] = await world.sessions(bo)
        shown = {(each.type, each.authenticator_id) for each in session.evidence}
        assert (AuthenticatorType.PUSH, phone) in shown
        page = await browser.post(f"{HOME}/finish", {})
        assert page.title == "Klart!"
        assert "Nu visar du att det är du med appen." in page.text
        assert "method.added" in await world.events(bo)
        letters = [words for _, words in await world.outbox("mail")]
        assert any("telefon med vår app (Annas Pixel)" in each for each in letters)


async def test_the_codes_of_the_phone_work_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await registers_a_phone(world, browser, bo)
        standing = await world.standing(bo)
        [codes] = standing.active(AuthenticatorType.TOTP)
        assert codes.sealed is not None
        place = {"table": "authenticators", "column": "sealed", "row": codes.authenticator.id}
        assert world.house.sealer.open(codes.sealed, **place) == TOTP_SECRET


async def test_older_telephones_are_told_of_a_new_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        await registers_a_phone(world, browser, anna)
        assert [to for to, _ in await world.outbox("sms")] == [NUMBER]


async def test_a_number_typed_on_the_sheet_is_proved_after_the_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "app", "number": TYPED})
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        await browser.submit({})
        await browser.submit({"label": ""})
        await answers(world, bo, phone)
        page = await browser.submit({})
        assert page.title == "Vilken kod fick du?"
        standing = await world.standing(bo)
        [bound] = standing.active(AuthenticatorType.PUSH)
        assert bound.authenticator.preferred, "chosen in the list"
        assert bound.authenticator.label == "Annas Pixel", "an empty name leaves the phone's own"


async def test_another_app_is_one_quiet_step_away(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await browser.post(HOME, {"option": "app", "number": TYPED})
        assert "Jag vill använda en annan autentiseringsapp" in browser.page.text
        page = await browser.post(f"{HOME}/app", {})
        assert page.title == "Vilken kod visar appen?"
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert page.title == "Vilken kod fick du?", "the number is not typed twice"
        assert await kinds(world, bo) == ["totp"]


async def test_every_step_says_what_there_is_without_a_smartphone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        pages = [page]
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        pages.append(await browser.submit({}))
        pages.append(await browser.submit({"label": "Min"}))
        await answers(world, bo, phone, approve=False)
        pages.append(await browser.get(page.path))
        for each in pages:
            assert "Jag har ingen smartphone" in each.text, each.title
            assert each.html.count("<input id=") <= 3, each.title


async def test_the_page_shows_one_code_in_every_form(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_phone(browser)
        assert page.response.headers["cache-control"] == "no-store"
        assert "Lägg till på den här telefonen" in page.text
        assert "anna.berg@region.example" in page.text
        assert len(base64.urlsafe_b64decode(long_code(page) + "==")) == 16
        assert len(short_code(page)) == 8
        again = await browser.get(page.path)
        assert (long_code(again), short_code(again)) == (long_code(page), short_code(page))
        picture = re.search(r"<img[^>]*>", page.html)
        assert picture is not None
        assert 'alt="Bild att läsa' in picture[0]


async def test_no_code_is_stored_in_clear(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        id_ = page.path.rpartition("/")[2]
        [session] = await world.sessions(bo)
        draft = await world.house.records.read(
            lambda unit: unit.drafts.load(id_, bo.id, session.id, world.clock.at)
        )
        assert draft is not None
        assert draft.sealed is not None
        for code in (long_code(page), short_code(page)):
            assert code.encode() not in draft.sealed
            assert code not in draft.detail


async def test_without_a_phone_the_page_says_that_none_has_come(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_phone(browser)
        page = await browser.submit({})
        assert page.status == 422
        assert "Ingen telefon har kommit än." in page.text
        assert long_code(page)


async def test_the_page_waits_for_the_phone_and_goes_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        state = f"{page.path}/state?seen=awaited"
        waiting = asyncio.create_task(browser.client.get(state, headers=FROM))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        phone = await pairs(world, bo, long_code(page))
        assert (await asyncio.wait_for(waiting, 5)).json() == {"changed": True}
        assert phone is not None
        await browser.submit({})
        page = await browser.submit({"label": "Min"})
        state = f"{page.path}/state?seen=sent"
        waiting = asyncio.create_task(browser.client.get(state, headers=FROM))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        request = (await asked(world, bo)).id

        async def opened(unit: Unit) -> None:
            await unit.approvals.note(request, "opened", world.clock.at)
            await unit.wakeups.ring(f"approval:{request}")

        await world.house.records.write(opened)
        assert (await asyncio.wait_for(waiting, 5)).json() == {
            "changed": False,
            "seen": "opened",
            "told": "Du har öppnat frågan i telefonen.",
        }
        state = f"{page.path}/state?seen=opened"
        waiting = asyncio.create_task(browser.client.get(state, headers=FROM))
        await asyncio.sleep(0.05)
        await answers(world, bo, phone)
        assert (await asyncio.wait_for(waiting, 5)).json() == {"changed": True}


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

        await browser.submit({})
        page = await browser.submit({"label": "Min"})
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
        await browser.submit({})
        page = await browser.submit({"label": "Min"})
        number = number_on(page)
        page = await browser.submit({})
        assert page.status == 422
        assert "Telefonen har inte svarat än." in page.text
        assert number_on(page) == number


async def test_pressing_twice_asks_the_phone_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        assert await pairs(world, bo, long_code(page))
        await browser.submit({})
        first = number_on(await browser.submit({"label": "Min"}))
        page = await browser.post(page.path, {"step": "name", "label": "Min"})
        assert number_on(page) == first
        assert (await asked(world, bo)).number == first


async def test_a_name_that_cannot_be_kept_is_said(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        assert await pairs(world, bo, long_code(page))
        await browser.submit({})
        page = await browser.submit({"label": "x" * 41})
        assert page.status == 422
        assert "högst 40 tecken" in page.text
        assert "x" * 41 in page.html


async def test_a040_of_two_phones_with_the_same_code_the_first_is_bound(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        code = long_code(page)
        first = await pairs(world, bo, code, name="Min egen")
        assert first is not None
        assert await pairs(world, bo, code, name="Någon annans") is None
        page = await browser.submit({})
        assert 'value="Min egen"' in page.html
        assert code not in page.html, "a code that was used is shown no more"
        assert code not in (await browser.get(page.path)).html
        await browser.submit({"label": "Min egen"})
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
        await browser.submit({"label": "Min"})
        await answers(world, bo, phone)
        await browser.submit({})
        assert (await browser.get(draft)).status == 410
        for step in ("scan", "name", "number", "again"):
            assert (await browser.post(draft, {"step": step, "label": "Ny"})).status in (303, 410)
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
        await browser.submit({})
        page = await browser.submit({"label": "Min"})
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


async def test_a_session_that_lost_its_ground_binds_no_phone(open_world: Open) -> None:
    """Somebody disabled between approve and finish."""
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = await pairs(world, bo, long_code(page))
        assert phone is not None
        await browser.submit({})
        await browser.submit({"label": "Min"})
        await answers(world, bo, phone)
        await world.house.records.write(
            lambda unit: unit.people.disable_many([bo.id], world.clock.at)
        )
        page = await browser.submit({})
        assert page.path.startswith("/sign-in")
        assert await phones(world, bo) == []


async def test_the_guide_leads_to_our_app(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await browser.get(f"{HOME}/guide")
        page = await browser.submit({"way": "app"})
        assert page.title == "Lägg till din telefon"
        assert await pairs(world, bo, long_code(page))
        assert (world.clock.at + timedelta(minutes=10)).strftime("%M") in page.text
