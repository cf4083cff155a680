"""The link in a notice: it shows, it freezes once, and it never gives or takes away."""

import re
from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.freezing import Change, Freezing
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.crypto.digests import lookup_hash
from portvakt.proving.freezing import hold_back_password
from portvakt.records.freezes import Link
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password import forgetful
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    OTHER_TYPED,
    SECRET,
    app_code,
    comes_with_app,
    proves_again,
    with_app,
    with_rule,
)
from tests.journeys.sign_in.region import reaches_apps
from tests.world import INSIDE, ORIGIN, PASSWORD, Browser, Page, World

TOKEN = "t" * 43
SMS_CODE = AuthenticatorType.SMS_CODE


async def letters(world: World, account: Account) -> list[str]:
    found = [words for to, words in await world.outbox("mail") if to == account.email]
    return [words for words in found if "Inloggning från en ny plats" not in words]


def links_in(words: str) -> list[str]:
    return re.findall(rf"{re.escape(ORIGIN)}(/not-me/[A-Za-z0-9_-]{{43}})", words)


async def freezing(world: World, account: Account) -> Freezing:
    return await world.house.records.read(lambda unit: unit.freezes.of(account.id))


async def states(world: World, account: Account) -> dict[str, str]:
    """The state of everything bound, by type and number."""
    standing = await world.standing(account)
    return {f"{each.type}{each.detail[-2:]}": each.state.value for each in standing.authenticators}


async def sent(
    world: World, account: Account, change: Change, ago: timedelta = timedelta(), token: str = TOKEN
) -> str:
    """Have sent a link, as a notice does; return its address."""
    link = Link(account.id, change, world.clock.at - ago)
    await world.house.records.write(lambda unit: unit.freezes.put_link(lookup_hash(token), link))
    return f"/not-me/{token}"


async def a_number_is_added(world: World, browser: Browser) -> None:
    """Somebody who has the password and the app adds a number."""
    await comes_with_app(world, browser, f"{HOME}/number")
    await browser.submit({"number": OTHER_TYPED})
    await browser.submit({"code": await world.last_code()})


async def press(browser: Browser, address: str) -> Page:
    await browser.get(address)
    return await browser.submit({})


async def test_a047_a_new_method_is_told_of_with_a_link_that_freezes_it(open_world: Open) -> None:
    async with (
        open_world() as world,
        world.browser() as thief,
        world.browser() as scanner,
        world.browser() as owner,
    ):
        work = make.work_phone(id=AuthenticatorId("work"), detail=NUMBER)
        await with_rule(world)
        anna = await world.person(bound=[work], totp=SECRET)
        await a_number_is_added(world, thief)
        words = next(each for each in await letters(world, anna) if "telefon för sms" in each)
        [address] = links_in(words)
        texts = await world.outbox("sms")
        assert {to for to, _ in texts} == {NUMBER}
        assert not [each for _, each in texts if links_in(each) or "http" in each]

        for _ in range(2):  # what looks through mail opens every link
            page = await scanner.get(address)
            assert page.status == 200
        assert (await freezing(world, anna)).disowned is None
        assert (await states(world, anna))["sms_code17"] == "active"

        page = await press(owner, address)
        assert page.status == 200
        assert "fryst" in page.title
        assert await states(world, anna) == {
            "password": "active",
            "totp": "active",
            "sms_code05": "active",
            "sms_code17": "suspended",
            "recovery_code": "suspended",
        }
        assert await world.sessions(anna) == []
        assert (await thief.get("/apps")).path.startswith("/sign-in")
        events = await world.events(anna)
        assert {"account.frozen", "method.suspended", "session.ended"} <= set(events)
        [told] = await letters(world, anna)
        assert not links_in(told)
        assert "fryst" in told
        assert [to for to, _ in await world.outbox("sms")] == [NUMBER], "and not the new one"


async def test_a_frozen_account_opens_with_what_is_older_and_thaws_by_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        anna = await with_app(world)
        await a_number_is_added(world, thief)
        words = (await letters(world, anna))[0]
        world.clock.move(minutes=3)
        await press(owner, links_in(words)[0])
        await letters(world, anna)
        world.clock.move(minutes=1)

        assert await reaches_apps(owner, world)
        world.clock.move(minutes=1)
        await owner.get(HOME)
        page = await proves_again(world, owner)
        assert (page.status, page.path) == (403, HOME)
        assert "nytt sätt att logga in" in page.text
        for path in (f"{HOME}/number", f"{HOME}/app", f"{HOME}/recovery-codes"):
            refused = await owner.post(path, {"number": OTHER_TYPED, "way": "app"})
            assert "fryst" in refused.title, path
            await owner.get(HOME)
        page = await owner.submit({})
        assert page.path == f"{HOME}?done=thawed"
        assert (await freezing(world, anna)).disowned is None
        assert (await states(world, anna))["sms_code17"] == "suspended"
        assert "account.thawed" in await world.events(anna)
        [told] = await letters(world, anna)
        assert not links_in(told)
        world.clock.move(minutes=1)
        page = await owner.get(f"{HOME}/number")
        assert page.path == f"{HOME}/number"
        page = await owner.get("/my-sign-ins")
        assert "Kontot frystes från en länk i ett mejl" in page.text
        assert "Kontot är inte längre fryst" in page.text


async def test_a_link_works_once_for_three_days_and_looks_alike_ever_after(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        address = await sent(world, anna, Change.ADDED)
        late = await sent(world, anna, Change.ADDED, timedelta(hours=72), "l" * 43)
        just = await sent(world, anna, Change.ADDED, timedelta(hours=71, minutes=59), "j" * 43)
        assert (await browser.get(just)).status == 200
        await browser.get(address)
        form = browser.page.forms()[0][1]
        assert "fryst" in (await browser.submit({})).title
        pages = []
        for path in (address, late, f"/not-me/{'u' * 43}", "/not-me/x"):
            for page in (await browser.get(path), await browser.post(path, form)):
                assert page.status == 404
                pages.append(re.sub(r"nummer [A-Z0-9-]+", "", page.text))
        assert len(set(pages)) == 1
        assert "Ring supporten genast på 026-15 40 00" in pages[0]


async def test_each_link_freezes_only_its_change_and_what_came_after(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        hour = timedelta(hours=1)
        at = world.clock.at
        older = make.bound(SMS_CODE, id=AuthenticatorId("a"), detail="+46701740601")
        first = make.bound(
            SMS_CODE, id=AuthenticatorId("b"), detail="+46701740602",
            created_at=at - 2 * hour, changed_at=at - 2 * hour,
        )  # fmt: skip
        second = make.bound(
            SMS_CODE, id=AuthenticatorId("c"), detail="+46701740603",
            created_at=at - hour, changed_at=at - hour,
        )  # fmt: skip
        anna = await world.person(bound=[older, first, second], totp=SECRET)
        one = await sent(world, anna, Change.ADDED, 2 * hour, "1" * 43)
        two = await sent(world, anna, Change.ADDED, hour, "2" * 43)
        await press(browser, two)
        assert await states(world, anna) == {
            "password": "active", "totp": "active",
            "sms_code01": "active", "sms_code02": "active", "sms_code03": "suspended",
        }  # fmt: skip
        world.clock.move(minutes=1)
        await press(browser, one)
        assert await states(world, anna) == {
            "password": "active", "totp": "active",
            "sms_code01": "active", "sms_code02": "suspended", "sms_code03": "suspended",
        }  # fmt: skip
        disowned = (await freezing(world, anna)).disowned
        assert disowned is not None
        assert disowned.since == at - 2 * hour


async def test_the_mailbox_alone_locks_nobody_out(open_world: Open) -> None:
    """Whoever reads the mail presses every link there is; what is older opens the account still."""
    async with open_world() as world, world.browser() as owner, world.browser() as reader:
        anna = await with_app(world)
        for n, change in enumerate(Change):
            if change in {Change.PASSWORD, Change.RESET}:
                continue
            address = await sent(world, anna, change, timedelta(hours=n), f"{n:043}")
            assert (await press(reader, address)).status == 200
            world.clock.move(minutes=1)
            assert await reaches_apps(owner, world)
        assert await states(world, anna) == {"password": "active", "totp": "active"}


@pytest.mark.parametrize("change", [Change.PASSWORD, Change.RESET])
async def test_a_new_password_that_is_disowned_opens_nothing(
    open_world: Open, change: Change
) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        anna = await with_app(world)
        assert await reaches_apps(thief, world)
        await press(owner, await sent(world, anna, change))
        assert await states(world, anna) == {"password": "suspended", "totp": "active"}
        world.clock.move(minutes=1)
        assert not await reaches_apps(thief, world)


async def test_a076_a_reset_that_was_not_the_owners_is_frozen_from_its_mail(
    open_world: Open,
) -> None:
    """Whoever reset it with a borrowed phone has the new password, and it opens nothing."""
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        anna = await forgetful.anna(world)
        await forgetful.proved(thief, world)
        await thief.submit({"password": forgetful.NEW})
        words = next(each for each in await letters(world, anna) if "återställt" in each)
        texts = [each for _, each in await world.outbox("sms")]
        assert any("nytt lösenord" in each for each in texts)
        assert not [each for each in texts if "http" in each]
        await press(owner, links_in(words)[0])
        assert (await states(world, anna))["password"] == "suspended"
        world.clock.move(minutes=1)
        await thief.sign_in(password=forgetful.NEW)
        assert not await world.sessions(anna)


async def test_a_password_changed_after_the_disowned_change_goes_with_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        anna = await with_app(world)
        address = await sent(world, anna, Change.ADDED, timedelta(hours=2))
        await sent(world, anna, Change.PASSWORD, timedelta(hours=1), "p" * 43)
        await press(owner, address)
        assert (await states(world, anna))["password"] == "suspended"


async def test_a_password_that_was_on_its_way_is_put_aside(open_world: Open) -> None:
    """It was written while its account was being frozen; the act that keeps it asks once more."""
    async with open_world() as world, world.browser() as owner:
        anna = await with_app(world)
        now = world.clock.at
        write = world.house.records.write
        await write(lambda unit: hold_back_password(unit, anna.id, now))
        assert (await states(world, anna))["password"] == "active"
        await press(owner, await sent(world, anna, Change.ADDED))
        await write(lambda unit: hold_back_password(unit, anna.id, now))
        assert await states(world, anna) == {"password": "suspended", "totp": "active"}
        assert "method.suspended" in await world.events(anna)


async def test_whatever_is_under_way_ends(open_world: Open) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        anna = await with_app(world)
        await comes_with_app(world, thief, f"{HOME}/number")
        await thief.submit({"number": OTHER_TYPED})
        code = await world.last_code()
        await press(owner, await sent(world, anna, Change.ADDED))
        page = await thief.submit({"code": code})
        assert page.path.startswith("/sign-in")
        assert "sms_code17" not in await states(world, anna)

        async def left(unit: Unit) -> int:
            return len(await unit.sessions.of(anna.id))

        assert await world.house.records.read(left) == 0


async def test_thawing_makes_older_links_worthless(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        anna = await with_app(world)
        other = await sent(world, anna, Change.PREFERRED, timedelta(hours=1), "o" * 43)
        await press(owner, await sent(world, anna, Change.ADDED))
        world.clock.move(minutes=1)
        assert await reaches_apps(owner, world)
        world.clock.move(minutes=1)
        await owner.get(HOME)
        await proves_again(world, owner)
        await owner.submit({})
        assert (await freezing(world, anna)).disowned is None
        assert (await owner.get(other)).status == 404


async def test_the_password_alone_does_not_thaw(open_world: Open) -> None:
    """The first method of an account is disowned: who has the password gets no further."""
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        await with_rule(world)
        app = make.bound(
            AuthenticatorType.SMS_CODE,
            id=AuthenticatorId("first"),
            created_at=world.clock.at,
            changed_at=world.clock.at,
        )
        anna = await world.person(bound=[app])
        await press(owner, await sent(world, anna, Change.WELCOME))
        world.clock.move(minutes=1)
        thief.address = INSIDE
        assert "bevis till" in (await thief.sign_in(to=HOME)).title
        assert (await thief.sign_in()).path == "/apps"
        page = await thief.get(HOME)
        assert page.path.startswith("/sign-in")
        page = await thief.post(f"{HOME}/thaw", {})
        assert "thawed" not in page.path
        assert (await freezing(world, anna)).disowned is not None


async def test_a_session_that_showed_nothing_for_it_does_not_thaw(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        anna = await with_app(world)
        await press(owner, await sent(world, anna, Change.ADDED))
        world.clock.move(minutes=1)
        assert await reaches_apps(owner, world)
        page = await owner.post(f"{HOME}/thaw", {})
        assert page.path.startswith("/sign-in")
        assert (await freezing(world, anna)).disowned is not None


async def test_nobody_resets_a_frozen_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as owner:
        await with_rule(world)
        work = make.work_phone(id=AuthenticatorId("work"), detail=NUMBER)
        anna = await world.person(bound=[work], totp=SECRET)
        await press(owner, await sent(world, anna, Change.ADDED))
        await world.outbox("sms")
        await thief.get("/reset")
        await thief.submit({"name": "anna.berg", "goal": "new_password"})
        await thief.submit({"way": "code"})
        page = await thief.submit({"code": app_code(world)})
        assert "password_reset.proof_given" not in await world.events(anna)
        assert page.forms(), "it looks as for a name that nobody has"


async def test_the_page_gives_the_token_to_nobody_and_names_nobody(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        address = await sent(world, anna, Change.ADDED)
        page = await browser.get(address)
        headers = page.response.headers
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        outside = re.findall(r'(?:href|src|action)="(https?:[^"]*)"', page.html)
        assert outside == []
        assert not re.search(r"\bAnna\b|Berg", page.text), "whose it is is not said"


async def test_a_notice_of_what_is_no_change_has_no_link(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await browser.sign_in()
        for _ in range(10):
            await browser.submit({"code": "000000"})
        found = await letters(world, anna)
        assert found
        assert not [each for each in found if links_in(each)]
        assert PASSWORD not in "".join(found)


async def test_what_was_put_aside_before_stays_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as owner:
        anna = await with_app(world)

        async def suspend(unit: Unit) -> None:
            await unit.authenticators.suspend_all(
                anna.id, world.clock.at - timedelta(days=1), [AuthenticatorType.PASSWORD]
            )

        await world.house.records.write(suspend)
        await press(owner, await sent(world, anna, Change.SUSPENDED, timedelta(days=1)))
        standing = await world.standing(anna)
        assert {each.state for each in standing.authenticators} == {
            AuthenticatorState.ACTIVE,
            AuthenticatorState.SUSPENDED,
        }
