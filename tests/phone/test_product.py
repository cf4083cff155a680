"""The phone and the product, which know nothing of each other but the page of the protocol."""

from hashlib import sha256

import pytest

from portvakt.core import totp
from portvakt.core.ids import AuthenticatorId
from portvakt.phone.acts import Phone
from portvakt.phone.answers import Result, shown_bytes, shown_in
from portvakt.phone.codes import code_at
from portvakt.phone.encoding import b64u
from portvakt.phone.errors import GoneError, RefusedError
from portvakt.phone.line import Line
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import kinds, new_person
from tests.phone.product import added, by_phone, comes, line, number_on, one, shows_a_code
from tests.world import INSIDE, OUTSIDE, Browser, World


async def with_phone(world: World, way: Line) -> Phone:
    """Anna, who has added our phone in a browser at work."""
    await new_person(world)
    async with world.browser() as browser:
        return await added(browser, way)


async def signed_in(browser: Browser) -> bool:
    """Whether this browser may open what takes a session."""
    return (await browser.get("/apps")).path == "/apps"


async def test_a_phone_is_added_by_the_page(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, line(world) as way:
        anna = await new_person(world)
        phone = await comes(way, await shows_a_code(browser))
        state = await phone.fetch()
        assert (state.state, state.account.name, state.account.organisation) == (
            "proving",
            "Anna Berg",
            "Region Exempel",
        )
        await browser.get(browser.page.path)
        page = await browser.submit({})
        request = await one(phone)
        shown = shown_in(request)
        assert (shown.purpose, shown.digits, shown.lock) == ("test", 2, False)
        assert shown.address == INSIDE
        await phone.opened(request)
        assert (await phone.approve(request, number_on(page))).result == "approved"
        await browser.submit({"step": "number"})
        state = await phone.fetch()
        assert (state.state, state.name) == ("active", "Annas Pixel")
        assert await kinds(world, anna) == ["push", "totp"]


async def test_a040_a_code_is_for_one_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, line(world) as way:
        await new_person(world)
        address = await shows_a_code(browser)
        first = await comes(way, address)
        with pytest.raises(RefusedError, match="used already"):
            await comes(way, address)
        assert (await first.fetch()).state == "proving"


async def test_a_code_is_dead_after_ten_minutes(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, line(world) as way:
        await new_person(world)
        address = await shows_a_code(browser)
        world.clock.move(seconds=601)
        with pytest.raises(RefusedError, match="too old"):
            await comes(way, address)


async def test_a030_the_number_after_the_password_signs_in_and_a_wrong_one_does_not(
    open_world: Open,
) -> None:
    async with open_world() as world, line(world) as way, world.browser(OUTSIDE) as browser:
        phone = await with_phone(world, way)
        page = await browser.sign_in()
        assert page.title == "Öppna appen och skriv numret"
        request = await one(phone)
        shown = shown_in(request)
        assert (shown.purpose, shown.digits, shown.address) == ("sign_in", 2, OUTSIDE)
        wrong = f"{(int(number_on(page)) + 1) % 100:02}"
        assert (await phone.approve(request, wrong)).result == "wrong_number"
        page = await browser.submit({})
        assert page.title == "Numret stämde inte"
        page = await browser.submit({"again": "yes"})
        number = number_on(page)
        assert (await phone.approve(await one(phone), number)).result == "approved"
        await browser.submit({})
        assert await signed_in(browser)


async def test_a033_an_answer_counts_once(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        number = number_on(await browser.sign_in())
        request = await one(phone)
        answers = [(await phone.approve(request, number)).result for _ in range(3)]
        assert answers == ["approved", "ended", "ended"]


async def test_deny_beats_approve_until_the_browser_has_gone_on(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        number = number_on(await browser.sign_in())
        request = await one(phone)
        assert (await phone.approve(request, number)).result == "approved"
        assert (await phone.deny(request)).result == "denied"
        await browser.submit({})
        assert not await signed_in(browser)


async def test_a036_an_answer_after_90_seconds_counts_for_nothing(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        number = number_on(await browser.sign_in())
        request = await one(phone)
        world.clock.move(seconds=91)
        assert (await phone.approve(request, number)).result == "ended"
        assert not (await phone.fetch()).requests
        await browser.submit({})
        assert not await signed_in(browser)


async def test_a032_two_browsers_side_by_side_and_only_the_right_one_goes_on(
    open_world: Open,
) -> None:
    async with (
        open_world() as world,
        line(world) as way,
        world.browser(OUTSIDE) as mine,
        world.browser("198.51.100.9") as theirs,
    ):
        phone = await with_phone(world, way)
        number_on(await theirs.sign_in())
        number = number_on(await mine.sign_in())
        waiting = {shown_in(each).address: each for each in (await phone.fetch()).requests}
        assert len(waiting) == 2
        assert (await phone.approve(waiting[OUTSIDE], number)).result == "approved"
        await theirs.submit({})
        await mine.submit({})
        assert await signed_in(mine)
        assert not await signed_in(theirs)


async def test_a038_signing_in_without_a_password(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        assert (await phone.set_sign_in(on=True)).sign_in
        page = await by_phone(browser)
        number = number_on(page)
        request = await one(phone)
        shown = shown_in(request)
        assert (len(number), shown.digits, shown.lock, shown.quiet) == (6, 6, True, True)
        assert (await phone.approve(request, number)).result == "approved"
        await browser.submit({})
        assert await signed_in(browser)


async def test_without_the_screen_lock_there_is_no_sign_in_without_a_password(
    open_world: Open,
) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        await phone.set_sign_in(on=True)
        number = number_on(await by_phone(browser))
        request = await one(phone)
        fields = {
            "request": request.id,
            "shown": b64u(sha256(shown_bytes(request)).digest()),
            "decision": "approve",
            "number": number,
        }
        mine = phone.identity
        with pytest.raises(RefusedError, match="proof of the screen lock"):
            await way.ask(Result, "answer", fields, key=mine.key, phone=mine.phone)
        await browser.submit({})
        assert not await signed_in(browser)


async def test_whoever_has_not_turned_it_on_and_nobody_at_all_see_the_same(
    open_world: Open,
) -> None:
    async with open_world() as world, line(world) as way:
        phone = await with_phone(world, way)
        pages = []
        for name in ("anna.berg", "no.one"):
            async with world.browser() as browser:
                page = await by_phone(browser, name)
                pages.append((page.status, page.title, len(number_on(page))))
        assert pages[0] == pages[1]
        assert not (await phone.fetch()).requests


async def test_the_new_phone_takes_over_in_one_scan_and_the_old_one_is_dead(
    open_world: Open,
) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        old = await with_phone(world, way)
        await old.set_sign_in(on=True)
        transfer = await old.transfer()
        new = await comes(way, transfer.url)
        state = await new.fetch()
        assert (state.state, state.name, state.sign_in) == ("active", "Annas Pixel", False)
        number = number_on(await browser.sign_in())
        with pytest.raises(GoneError):
            await old.fetch()
        assert (await new.approve(await one(new), number)).result == "approved"
        await browser.submit({})
        assert await signed_in(browser)


async def test_a034_a_phone_removed_in_the_middle_approves_nothing(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        number = number_on(await browser.sign_in())
        request = await one(phone)
        mine, account = AuthenticatorId(phone.identity.phone), make.ANNA
        await world.house.records.write(lambda unit: unit.phones.remove(mine, account))
        with pytest.raises(GoneError):
            await phone.approve(request, number)
        await browser.submit({})
        assert not await signed_in(browser)


async def test_the_last_second_factor_does_not_remove_itself(open_world: Open) -> None:
    async with open_world() as world, line(world) as way:
        phone = await with_phone(world, way)
        with pytest.raises(RefusedError, match="last second factor"):
            await phone.retire()
        assert (await phone.fetch()).state == "active"


async def test_the_codes_of_the_phone_are_those_of_the_account(open_world: Open) -> None:
    async with open_world() as world, line(world) as way, world.browser() as browser:
        phone = await with_phone(world, way)
        assert phone.identity.totp is not None
        world.clock.move(seconds=totp.STEP.total_seconds() * 2)
        await browser.sign_in()
        await browser.get(f"{browser.page.path}/other")
        await browser.submit({"way": "totp"})
        code, _ = code_at(phone.identity.totp, way.clock.now())
        await browser.submit({"code": code})
        assert await signed_in(browser)
