"""SMS-registrering: the number is typed, proved by a code, and then it is bound."""

from portvakt.core.authenticators import AuthenticatorType
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    OTHER,
    OTHER_TYPED,
    TYPED,
    codes_on,
    comes_to_register,
    new_person,
    second_factors,
    with_work_phone,
)
from tests.world import INSIDE, Browser

FROM = {"x-forwarded-for": INSIDE}


async def at_the_code(browser: Browser) -> None:
    await comes_to_register(browser)
    await browser.post(HOME, {"option": "sms", "number": TYPED})


async def test_the_instruction_can_be_followed_on_the_sheet(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await comes_to_register(browser)
        for words in (
            "Vilket kontaktalternativ föredrar du?",
            "Textkod till min telefon för autentisering",
            "Konfigurera Authenticator-appen",
            "Mobilnummer",
            "Spara",
            "Jag har ingen smartphone",
        ):
            assert words in page.text
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert "Koden går till 070-174 06 05" in page.text
        assert "Sms:et är på väg till operatören" in page.text
        assert await second_factors(world, anna) == []
        page = await browser.submit({"code": await world.last_code()})
        assert page.title == "Klart!"
        assert "sms till ••• 05" in page.text
        assert len(codes_on(page)) == 10
        assert 'href="/apps"' in page.html
        bound = await second_factors(world, anna)
        assert bound == [("recovery_code", "", "self"), ("sms_code", NUMBER, "self")]
        assert (await browser.get("/apps")).path == "/apps"


async def test_the_session_becomes_a_full_one_with_a_new_secret(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await at_the_code(browser)
        before = browser.cookie("session")
        await browser.submit({"code": await world.last_code()})
        after = browser.cookie("session")
        assert before is not None
        assert after is not None
        assert before.split(".")[0] == after.split(".")[0]
        assert before != after
        [session] = await world.sessions(anna)
        assert session.kind.value == "full"
        assert [each.type for each in session.evidence] == [
            AuthenticatorType.PASSWORD,
            AuthenticatorType.SMS_CODE,
        ]


async def test_a_wrong_code_binds_nothing_and_a_right_one_after_it_does(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await at_the_code(browser)
        right = await world.last_code()
        wrong = "000000" if right != "000000" else "000001"
        page = await browser.submit({"code": wrong})
        assert page.status == 422
        assert "Koden stämde inte. Titta på sista sms:et" in page.text
        assert right not in page.html
        assert await second_factors(world, anna) == []
        assert (await browser.submit({"code": right})).title == "Klart!"


async def test_a_late_code_is_refused_and_a_new_one_can_be_sent(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        late = await world.last_code()
        world.clock.move(minutes=5)
        page = await browser.submit({"code": late})
        assert "Koden har gått ut" in page.text
        page = await browser.submit({"again": "yes", "code": ""})
        assert "Du får en ny kod" in page.text
        assert (await browser.submit({"code": await world.last_code()})).title == "Klart!"


async def test_a_new_code_kills_the_older_one(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        older = await world.last_code()
        world.clock.move(seconds=31)
        await browser.submit({"again": "yes", "code": ""})
        newer = await world.last_code()
        if older != newer:
            assert (await browser.submit({"code": older})).status == 422
        assert (await browser.submit({"code": newer})).title == "Klart!"


async def test_codes_are_half_a_minute_apart_and_the_page_says_when(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        await world.outbox("sms")
        world.clock.move(seconds=10)
        page = await browser.submit({"again": "yes", "code": ""})
        assert page.status == 429
        assert "klockan 13:00:31" in page.text
        assert await world.outbox("sms") == []


async def test_a_used_code_is_worth_nothing_in_another_draft(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        used = await world.last_code()
        await browser.submit({"code": used})
        world.clock.move(seconds=31)
        await browser.get(HOME)
        await browser.post(HOME, {"option": "sms", "number": OTHER_TYPED})
        fresh = await world.last_code()
        if used != fresh:
            assert (await browser.submit({"code": used})).status == 422


async def test_five_wrong_answers_kill_a_code_and_ten_stop_the_account(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        right = await world.last_code()
        wrong = "000000" if right != "000000" else "000001"
        for _ in range(5):
            await browser.submit({"code": wrong})
        assert (await browser.submit({"code": right})).status == 422
        world.clock.move(seconds=31)
        await browser.submit({"again": "yes", "code": ""})
        right = await world.last_code()
        wrong = "000000" if right != "000000" else "000001"
        for _ in range(4):
            await browser.submit({"code": wrong})
        page = await browser.submit({"code": right})
        assert page.status == 429, "asking for a new code bought no more guesses"
        assert "eller välj appen" in page.text


async def test_a023_only_numbers_that_may_be_sent_to_get_a_text(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        for typed, words in (
            ("+881612345678", "Vi kan inte skicka sms till det landet"),
            ("+447700900123", "Vi kan inte skicka sms till det landet"),
            ("+46900123456", "Vi kan inte skicka sms till det numret"),
            ("090-12 34 56", "Vi kan inte skicka sms till det numret"),
            ("070-174 0A 05", "Numret går inte att läsa"),
            ("", "Skriv ditt mobilnummer"),
        ):
            page = await browser.post(HOME, {"option": "sms", "number": typed})
            assert page.status == 422, typed
            assert words in page.text, typed
            assert typed in page.html
        assert await world.outbox("sms") == []
        await browser.post(HOME, {"option": "sms", "number": "+46701740605"})
        [(to, _)] = await world.outbox("sms")
        assert to == NUMBER


async def test_all_errors_of_the_sheet_come_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "", "number": "070"})
        assert "Välj ett alternativ i listan" in page.text
        assert "Numret går inte att läsa" in page.text
        assert "<title>Fel:" in page.html
        assert 'value="070"' in page.html


async def test_a128_a_known_work_phone_is_shown_and_not_asked_for_again(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        page = await browser.submit({"code": await world.last_code()})
        assert page.path == HOME
        assert "Sms till ••• 05" in page.text
        assert "från HR-systemet" in page.text
        assert "Vi har redan ••• 05 från HR-systemet" in page.text
        assert "Konfigurera Authenticator-appen" in page.text
        assert "1740605" not in page.html.replace("-", "").replace(" ", "")
        page = await browser.post(HOME, {"option": "sms", "number": ""})
        assert page.path == f"{HOME}?done=preferred"
        standing = await world.standing(anna)
        [phone] = [each for each in standing.authenticators if each.detail]
        assert phone.preferred


async def test_an_alternative_number_stands_beside_the_work_phone_and_the_old_one_is_told(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        await browser.post(HOME, {"option": "sms", "number": OTHER_TYPED})
        page = await browser.submit({"code": await world.last_code()})
        assert page.title == "Klart!"
        bound = await second_factors(world, anna)
        assert ("sms_code", NUMBER, "hr") in bound
        assert ("sms_code", OTHER, "self") in bound
        texts = await world.outbox("sms")
        assert [to for to, _ in texts] == [NUMBER]
        assert "*** 17" in texts[0][1]  # a dot is no sign of the alphabet of texts


async def test_a048_a_third_number_is_refused(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        await browser.post(HOME, {"option": "sms", "number": OTHER_TYPED})
        await browser.submit({"code": await world.last_code()})
        await world.outbox("sms")
        page = await browser.get(HOME)
        assert "Du har redan 2 nummer" in page.text
        page = await browser.post(HOME, {"option": "sms", "number": "070-174 06 20"})
        assert page.status == 422
        assert await world.outbox("sms") == []


async def test_the_same_number_twice_is_refused(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert "Numret finns redan" in page.text


async def test_another_browser_cannot_use_the_draft(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        await at_the_code(browser)
        where = browser.page.path
        code = await world.last_code()
        await comes_to_register(other)
        page = await other.get(where)
        assert page.status == 410
        assert "Inget har ändrats" in page.text
        assert (await other.post(where, {"code": code})).status == 410
        async with world.browser() as stranger:
            assert (await stranger.get(where)).path.startswith("/sign-in")


async def test_a126_the_page_says_until_when_and_one_button_gives_a_new_code(
    open_world: Open,
) -> None:
    """The warning 20 seconds before the end is script's; what it shows is in the page."""
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await at_the_code(browser)
        page = browser.page
        assert 'data-ends-in="300"' in page.html
        assert "13:05" in page.text
        assert 'name="again" value="yes"' in page.html
        assert page.response.headers.get("refresh") is None


async def test_a_page_that_waits_for_its_text_keeps_no_session_alive(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        [before] = await world.sessions(anna)
        world.clock.move(minutes=2)
        asked = await browser.client.get(f"{page.path}/text?seen=x", headers=FROM)
        assert asked.status_code == 200
        [after] = await world.sessions(anna)
        assert after.seen_at == before.seen_at
        await browser.get(page.path)
        [now] = await world.sessions(anna)
        assert now.seen_at > before.seen_at
