"""Appregistrering: a key is shown, proved by a code, and then it is bound."""

import html
import re

from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    TYPED,
    app_code,
    codes_on,
    comes_to_register,
    comes_with_app,
    key_on,
    kinds,
    new_person,
    second_factors,
    with_app,
    with_work_phone,
)
from tests.world import INSIDE, Browser, Page


async def at_the_app(browser: Browser) -> Page:
    await comes_to_register(browser)
    return await browser.post(f"{HOME}/app", {})


async def test_the_instruction_can_be_followed_with_any_app(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await at_the_app(browser)
        key = key_on(page)
        assert len(key) == 20
        assert "anna.berg@region.example" in page.text
        assert "Region Exempel" in page.text
        assert 'src="data:image/svg+xml' in page.html
        page = await browser.submit({"code": app_code(world, key)})
        assert page.title == "Vilket mobilnummer har du?"
        page = await browser.submit({"number": TYPED})
        page = await browser.submit({"code": await world.last_code()})
        assert page.title == "Klart!"
        assert "med appen eller med sms till ••• 05" in page.text
        assert len(codes_on(page)) == 10
        assert await kinds(world, anna) == ["recovery_code", "sms_code", "totp"]


async def test_a_number_typed_beside_the_app_is_proved_next(open_world: Open) -> None:
    """Chosen in the list with a number beside it: nothing is typed twice."""
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        await browser.post(HOME, {"option": "app", "number": TYPED})
        page = await browser.post(f"{HOME}/app", {})
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert page.title == "Vilken kod fick du?"
        assert (await browser.submit({"code": await world.last_code()})).title == "Klart!"
        bound = await second_factors(world, anna)
        assert ("sms_code", NUMBER, "self") in bound


async def test_the_number_can_be_passed_over(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await at_the_app(browser)
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert "Inte nu" in page.text
        page = await browser.post(f"{HOME}/finish", {})
        assert page.title == "Klart!"
        assert "Nu visar du att det är du med appen." in page.text
        assert await kinds(world, anna) == ["recovery_code", "totp"]


async def test_no_number_is_asked_for_where_one_is_known(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        page = await browser.post(f"{HOME}/app", {})
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert page.title == "Klart!"
        assert "med appen eller med sms till ••• 05" in page.text
        assert await kinds(world, anna) == ["recovery_code", "sms_code", "totp"]


async def test_the_guide_asks_one_question_on_each_page(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        page = await browser.get(f"{HOME}/guide")
        assert page.title == "Vilket sätt passar dig?"
        page = await browser.submit({})
        assert "Välj ett av sätten" in page.text
        page = await browser.submit({"way": "app"})
        assert page.title == "Lägg till din telefon"
        page = await browser.post(f"{HOME}/app", {})
        titles = ["Vilket sätt passar dig?", page.title]
        page = await browser.submit({"code": app_code(world, key_on(page))})
        titles.append(page.title)
        page = await browser.submit({"number": TYPED})
        titles.append(page.title)
        page = await browser.submit({"code": await world.last_code()})
        titles.append(page.title)
        assert titles == [
            "Vilket sätt passar dig?",
            "Vilken kod visar appen?",
            "Vilket mobilnummer har du?",
            "Vilken kod fick du?",
            "Klart!",
        ], "at most five screens, beside the one that this leads past"


async def test_the_guide_leads_to_text_messages_as_well(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        await browser.get(f"{HOME}/guide")
        assert (await browser.submit({"way": "sms"})).title == "Vilket mobilnummer har du?"


async def test_a044_the_key_is_shown_until_it_is_proved_and_never_again(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_app(browser)
        draft, key = page.path, key_on(page)
        assert page.response.headers["cache-control"] == "no-store"
        shown = re.search(r"[A-Z2-7]{4} [A-Z2-7]{4} [A-Z2-7]{4}", page.text)
        assert shown is not None
        await browser.submit({"code": app_code(world, key)})
        for path in (draft, HOME, f"{HOME}/guide", f"{HOME}/number", f"{HOME}/no-smartphone"):
            page = await browser.get(path)
            assert shown[0] not in page.text, path
            assert shown[0].replace(" ", "") not in page.html, path
            assert "otpauth" not in page.html, path
        assert (await browser.get(draft)).status == 410


async def test_a045_an_app_that_was_not_proved_is_never_offered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await at_the_app(browser)
        draft, key = page.path, key_on(page)
        world.clock.move(minutes=10)
        page = await browser.get(draft)
        assert page.status == 410
        assert "Tiden är slut" in page.text
        page = await browser.post(draft, {"code": app_code(world, key)})
        assert page.status == 410
        assert await second_factors(world, anna) == []


async def test_a_wrong_code_from_the_app_shows_the_same_key_again(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await at_the_app(browser)
        key = key_on(page)
        page = await browser.submit({"code": app_code(world, key, steps=-2)})
        assert page.status == 422
        assert "Koden stämde inte. Vänta på nästa kod i appen." in page.text
        assert key_on(page) == key
        assert await second_factors(world, anna) == []
        page = await browser.submit({"code": app_code(world, key, steps=1)})
        assert page.title == "Vilket mobilnummer har du?"


async def test_the_code_that_proved_an_app_opens_nothing_afterwards(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        page = await at_the_app(browser)
        key = key_on(page)
        code = app_code(world, key)
        await browser.submit({"code": code})
        await other.sign_in()
        page = await other.submit({"code": code})
        assert page.status == 422
        world.clock.move(seconds=60)
        assert (await other.submit({"code": app_code(world, key)})).path == "/apps"


async def test_a048_a_sixth_app_is_refused_clearly(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        page = await at_the_app(browser)
        await browser.submit({"code": app_code(world, key_on(page))})
        drafts = []
        for _ in range(5):
            page = await browser.post(f"{HOME}/app", {})
            drafts.append((page.path, key_on(page)))
        for path, key in drafts:
            await browser.get(path if path == drafts[0][0] else HOME)
            page = await browser.post(path, {"code": app_code(world, key)})
        bound = [each for each in await second_factors(world, anna) if each[0] == "totp"]
        assert len(bound) == 5
        assert "Du har redan 5 appar" in page.text
        page = await browser.post(f"{HOME}/app", {})
        assert page.status == 422
        assert "Du har redan 5 appar" in page.text


async def test_a129_the_picture_has_its_text_beside_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_app(browser)
        picture = re.search(r"<img[^>]*>", page.html)
        assert picture is not None
        alternative = re.search(r'alt="([^"]+)"', picture[0])
        assert alternative is not None
        assert "Samma uppgifter står som text" in html.unescape(alternative[1])
        address = re.search(r'href="(otpauth://[^"]+)"', page.html)
        assert address is not None
        assert "secret=" in address[1]
        assert key_on(page)


async def test_a127_codes_can_be_pasted_and_filled_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        page = await at_the_app(browser)
        assert 'autocomplete="one-time-code"' in page.html
        assert 'inputmode="numeric"' in page.html
        code = app_code(world, key_on(page))
        page = await browser.submit({"code": f" {code[:3]} {code[3:]} "})
        assert page.title == "Vilket mobilnummer har du?"
        assert 'autocomplete="tel"' in page.html


async def test_adding_an_app_asks_for_what_one_has_first(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        page = await comes_with_app(world, browser)
        assert page.path == HOME
        page = await browser.post(f"{HOME}/app", {})
        world.clock.move(seconds=1)
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert page.title == "Vilket mobilnummer har du?"
        [session] = await world.sessions(anna)
        assert len(session.evidence) == 2, "a new method does not make old proof look fresh"
