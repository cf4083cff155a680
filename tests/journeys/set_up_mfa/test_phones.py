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
)
from tests.world import INSIDE

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
        assert "Telefonen ”Annas Pixel” är hittad." in page.text
        assert len(number_on(page)) == 2
        assert (await asked(world, anna)).phone_id == phone
        assert await answers(world, anna, phone) is ApprovalState.APPROVED
        page = await browser.submit({})
        titles.append(page.title)
        assert titles == [
            "Så visar du att det är du",
            "Lägg till din telefon",
            "Skriv numret i telefonen",
            "Klart!",
        ], "four screens"
        assert ACTIVATE in page.text
        assert len(codes_on(page)) == 10
        assert await kinds(world, anna) == ["push", "recovery_code", "sms_code", "totp"]
        assert await phones(world, anna) == [
            ("push", "Annas Pixel", "active"),
            ("totp", "Annas Pixel", "active"),
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
        await answers(world, bo, phone)
        page = await browser.submit({})
        assert page.title == "Vilken kod fick du?"
        standing = await world.standing(bo)
        [bound] = standing.active(AuthenticatorType.PUSH)
        assert bound.authenticator.preferred, "chosen in the list"
        assert bound.authenticator.label == "Annas Pixel", "its own name"


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
        pages.append(await browser.get(page.path))
        pages.append(await browser.submit({}))
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
        page = await browser.submit({})
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


async def test_a_page_that_waits_for_a_phone_keeps_no_session_alive(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        [before] = await world.sessions(bo)
        world.clock.move(minutes=2)
        asked = await browser.client.get(f"{page.path}/state?seen=x", headers=FROM)
        assert asked.status_code == 200
        [after] = await world.sessions(bo)
        assert after.seen_at == before.seen_at


async def test_the_guide_leads_to_our_app(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await browser.get(f"{HOME}/guide")
        page = await browser.submit({"way": "app"})
        assert page.title == "Lägg till din telefon"
        assert await pairs(world, bo, long_code(page))
        assert (world.clock.at + timedelta(minutes=10)).strftime("%M") in page.text
