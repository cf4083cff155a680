"""A phone in the list: its name, its place, its end."""

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.push_approval import Approval, ApprovalState
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import HOME, app_code, work_phone
from tests.journeys.set_up_mfa.phones import (
    PHONE,
    TOTP_SECRET,
    answers,
    long_code,
    pairs,
    phones,
    put_phone,
    usable,
    with_phone,
)
from tests.records.a_phone import approval
from tests.world import OUTSIDE, Browser, Page, World


async def comes_with_the_phones_code(world: World, browser: Browser, to: str = HOME) -> Page:
    """Sign in with the password and the code that the phone shows."""
    page = await browser.sign_in(to=to)
    await browser.get(f"{page.path}/other")
    await browser.submit({"way": "totp"})
    return await browser.submit({"code": app_code(world, TOTP_SECRET)})


async def turn_on(world: World, phone: AuthenticatorId) -> None:
    sign_in = make.bound(
        AuthenticatorType.PHONE_SIGN_IN, id=AuthenticatorId(f"{phone}-sign-in"), detail=phone
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(sign_in)

    await world.house.records.write(act)


async def state_of(world: World, id_: ApprovalId) -> ApprovalState:
    async def act(unit: Unit) -> Approval | None:
        return await unit.approvals.load(id_)

    found = await world.house.records.read(act)
    assert found is not None
    return found.state


async def test_phones_are_listed_with_what_there_is_to_know(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        _, first = await with_phone(world)
        page = await comes_with_the_phones_code(world, browser)
        assert page.path == HOME
        assert "Annas Pixel Telefon med vår app. Telefoninloggning är av." in page.text
        assert "Användes senast 22 november 2026" in page.text, "by its code"
        assert "App med koder" not in page.text, "the codes are a part of the phone"
        await turn_on(world, first)
        assert "Telefoninloggning är på." in (await browser.get(HOME)).text
        assert (await browser.get(f"{HOME}/methods/{first}-totp")).status == 404


async def test_a_phone_can_be_given_another_name(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, phone = await with_phone(world)
        await comes_with_the_phones_code(world, browser)
        await browser.get(f"{HOME}/methods/{phone}")
        page = await browser.submit({"label": "Jobbtelefonen"})
        assert "Namnet är sparat." in page.text
        assert await phones(world, anna) == [
            ("push", "Jobbtelefonen", "active"),
            ("totp", "Jobbtelefonen", "active"),
        ]
        [known] = await world.house.records.read(lambda unit: unit.phones.of(anna.id))
        assert known.name == "Jobbtelefonen", "the app shows the same name"


async def test_a_phone_can_be_the_one_used_first(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, phone = await with_phone(world)
        await comes_with_the_phones_code(world, browser)
        await browser.get(f"{HOME}/methods/{phone}")
        page = await browser.submit({}, form=1)
        assert "Vi frågar efter det först" in page.text
        standing = await world.standing(anna)
        assert [each.id for each in standing.authenticators if each.preferred] == [phone]


async def test_a043_the_last_phone_stays_where_a_rule_asks_for_one(open_world: Open) -> None:
    """Its codes and its sign-in are the same phone, so they are no way that is left."""
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, phone = await with_phone(world)
        await turn_on(world, phone)
        await comes_with_the_phones_code(world, browser)
        page = await browser.get(f"{HOME}/methods/{phone}/remove")
        assert page.status == 422
        assert "Du behöver minst ett sätt." in page.text
        page = await browser.post(f"{HOME}/methods/{phone}/remove", {})
        assert page.status == 422
        assert await usable(world, phone)
        assert len(await phones(world, anna)) == 3


async def test_a034_a_phone_that_is_removed_is_dead_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, phone = await with_phone(world)
        await turn_on(world, phone)
        await world.house.records.write(_bind_work_phone)
        await comes_with_the_phones_code(world, browser)
        waiting = approval(created_at=world.clock.at)
        await world.house.records.write(lambda unit: unit.approvals.start(waiting))
        page = await browser.get(f"{HOME}/methods/{phone}/remove")
        assert page.title == "Vill du ta bort telefonen?"
        await browser.submit({})
        assert await phones(world, anna) == []
        assert not await usable(world, phone)
        assert await state_of(world, waiting.id) is ApprovalState.CLOSED
        assert "method.removed" in await world.events(anna)
        letters = [words for _, words in await world.outbox("mail")]
        assert any("telefon med vår app (Annas Pixel)" in each for each in letters)
        answered = await world.house.records.write(
            lambda unit: unit.approvals.answer(
                waiting.id, anna.id, phone, waiting.number, world.clock.at, approve=True
            )
        )
        assert answered is None


async def test_a_request_stays_where_another_phone_may_answer_it(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, phone = await with_phone(world)
        other = AuthenticatorId("other-phone")
        await put_phone(world, anna, other, "Jobbtelefonen")
        waiting = approval(created_at=world.clock.at)
        await world.house.records.write(lambda unit: unit.approvals.start(waiting))
        await comes_with_the_phones_code(world, browser)
        await browser.get(f"{HOME}/methods/{phone}/remove")
        await browser.submit({})
        assert not await usable(world, phone)
        assert await usable(world, other)
        assert await state_of(world, waiting.id) is ApprovalState.WAITING


async def test_a048_no_sixth_phone_slips_in_between(open_world: Open) -> None:
    """Four are bound and two are half set up: the one that is finished last is refused."""
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna, _ = await with_phone(world)
        for n in range(3):
            await put_phone(world, anna, AuthenticatorId(f"phone-{n}"), f"Telefon {n}")
        await comes_with_the_phones_code(world, browser)
        half = []
        for name in ("Femman", "Sexan"):
            page = await browser.post(PHONE, {})
            phone = await pairs(world, anna, long_code(page), name=name)
            assert phone is not None
            await browser.submit({})
            page = await browser.submit({"label": name})
            await answers(world, anna, phone)
            half.append((page.path, phone))
        await browser.post(half[0][0], {"step": "number"})
        page = await browser.post(half[1][0], {"step": "number"})
        assert page.path == HOME
        assert "Du har redan 5 telefoner med appen" in page.text
        bound = [label for kind, label, _ in await phones(world, anna) if kind == "push"]
        assert "Femman" in bound
        assert "Sexan" not in bound
        assert not await usable(world, half[1][1])


async def test_nobody_removes_somebody_else_s_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        _, _ = await with_phone(world)
        bo = await world.person(make.account(id="bo", external_id="000018", user_name="bo.astrom"))
        theirs = AuthenticatorId("bos-phone")
        await put_phone(world, bo, theirs, "Bos telefon")
        await comes_with_the_phones_code(world, browser)
        for path in (f"{HOME}/methods/{theirs}", f"{HOME}/methods/{theirs}/remove"):
            assert (await browser.get(path)).status == 404
            assert (await browser.post(path, {"label": "Min"})).status == 404
        assert await usable(world, theirs)


async def _bind_work_phone(unit: Unit) -> None:
    await unit.authenticators.bind(work_phone())
