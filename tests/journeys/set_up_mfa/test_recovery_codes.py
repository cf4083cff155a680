"""The card: ten codes, hashed, each good once; a new one replaces the old."""

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import normalise_base32
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    TYPED,
    codes_on,
    comes_to_register,
    comes_with_app,
    kinds,
    new_person,
    with_app,
)
from tests.world import OUTSIDE, Browser, World


async def with_card(world: World, browser: Browser) -> list[str]:
    """Register by text message and keep the card."""
    await comes_to_register(browser)
    await browser.post(HOME, {"option": "sms", "number": TYPED})
    return codes_on(await browser.submit({"code": await world.last_code()}))


async def signs_in_with(browser: Browser, code: str) -> bool:
    """Sign in from outside with the password and a printed code."""
    browser.address = OUTSIDE
    page = await browser.sign_in()
    flow = page.path
    await browser.get(f"{flow}/other")
    await browser.post(f"{flow}/choose", {"way": "recovery_code"})
    return (await browser.submit({"code": code})).path == "/apps"


async def test_a022_a_code_opens_once_and_is_stored_as_a_hash(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        codes = await with_card(world, browser)
        async with world.browser() as one:
            assert await signs_in_with(one, codes[3].lower().replace("-", " "))
        async with world.browser() as two:
            assert not await signs_in_with(two, codes[3])
        async with world.browser() as three:
            assert await signs_in_with(three, codes[4])
        rows = await world.house.records.read(
            lambda unit: unit.authenticators.recovery_find(anna.id, codes[0][:2])
        )
        assert rows[0].hash.startswith("$argon2id$")
        letters = [words for _, words in await world.outbox("mail")]
        assert any("reservkod" in each.lower() for each in letters)


async def test_the_codes_have_80_secret_bits_and_no_two_share_a_row(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        codes = await with_card(world, browser)
        bare = [normalise_base32(each, 18) for each in codes]
        assert all(each is not None for each in bare)
        assert len({(each or "")[:2] for each in bare}) == 10


async def test_a_card_can_be_read_for_ten_minutes_in_that_session_only(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        codes = await with_card(world, browser)
        where = browser.page.path
        assert codes_on(await browser.get(where)) == codes
        assert browser.page.response.headers["cache-control"] == "no-store"
        assert not codes_on(await other.get(where))
        world.clock.move(minutes=10)
        page = await browser.get(where)
        assert page.status == 410
        assert codes[0] not in page.html


async def test_a_new_card_replaces_the_old(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        assert "Du har inga reservkoder" in browser.page.text
        old = codes_on(await browser.post(f"{HOME}/recovery-codes", {}))
        assert browser.page.title == "Klart!"
        new = codes_on(await browser.post(f"{HOME}/recovery-codes", {}))
        assert browser.page.title == "Dina nya reservkoder"
        assert not set(old) & set(new)
        assert await kinds(world, anna) == ["recovery_code", "totp"]
        async with world.browser() as one:
            assert not await signs_in_with(one, old[0])
        async with world.browser() as two:
            assert await signs_in_with(two, new[0])
        assert (await world.events(anna)).count("method.recovery_codes_made") == 2


async def test_what_is_left_is_shown_and_new_ones_are_suggested(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        await browser.post(f"{HOME}/recovery-codes", {})
        assert "10 av 10 koder kvar" in (await browser.get(HOME)).text
        standing = await world.standing(anna)
        [card] = standing.active(AuthenticatorType.RECOVERY_CODE)

        for place in range(1, 11):
            row = f"{card.authenticator.id}.{place}"
            await world.house.records.write(
                lambda unit, row=row: unit.authenticators.recovery_burn(row, world.clock.at)
            )
        assert "Dina reservkoder är slut" in (await browser.get(HOME)).text


async def test_printed_codes_alone_lead_on_and_open_the_door(open_world: Open) -> None:
    """«Jag har ingen smartphone»: codes on paper are a way of their own."""
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.get(f"{HOME}/no-smartphone")
        for words in ("Sms till en vanlig mobil", "Koder på papper", "koddosa", "026-15 40 00"):
            assert words in page.text
        page = await browser.post(f"{HOME}/recovery-codes", {})
        assert page.title == "Klart!"
        codes = codes_on(page)
        assert await kinds(world, anna) == ["recovery_code"]
        async with world.browser() as other:
            other.address = OUTSIDE
            page = await other.sign_in()
            assert (await other.submit({"code": codes[0]})).path == "/apps"


async def test_the_card_can_be_removed(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        await browser.post(f"{HOME}/recovery-codes", {})
        standing = await world.standing(anna)
        [card] = standing.active(AuthenticatorType.RECOVERY_CODE)
        await browser.get(f"{HOME}/methods/{card.authenticator.id}/remove")
        assert browser.page.title == "Vill du ta bort reservkoderna?"
        await browser.submit({})
        assert await kinds(world, anna) == ["totp"]
