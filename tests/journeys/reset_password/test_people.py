"""A text phone and somebody who knows one: the manager, or two colleagues."""

import pytest

from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import NEW, UNIT, begin, by_text, choose, staff
from tests.journeys.sign_in.region import NUMBER, app_code, with_rule
from tests.world import INSIDE, Browser, Page, World


async def anna_with_a_phone_only(world: World, *, protected: bool = False) -> Account:
    await with_rule(world)
    phone = make.work_phone(id=AuthenticatorId("work-phone"), detail=NUMBER)
    anna = make.account(unit=UNIT, manager="000901", protected=protected)
    return await world.person(anna, bound=[phone])


async def signs_in(browser: Browser, world: World, name: str) -> Page:
    """Sign in with two factors, on the way to the page for vouchers."""
    page = await browser.sign_in(name, to="/vouch")
    if page.title == "Vilken kod visar din app?":
        page = await browser.submit({"code": app_code(world)})
    return page


async def asks(browser: Browser, world: World) -> Page:
    """Show a text, and choose people."""
    await begin(browser)
    await by_text(browser, world)
    return await choose(browser, "people")


async def test_a_text_and_the_manager_give_a_new_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        account = await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        page = await asks(browser, world)
        flow = page.path
        assert page.title == "Ring den som ska intyga"
        mails = await world.outbox("mail")
        assert [to for to, _ in mails] == ["chef@region.example"]
        page = await signs_in(boss, world, "chef")
        assert page.title == "Intyga vem någon är"
        assert "Anna Berg" in page.text
        page = await boss.submit({})
        assert "Anna Berg kan gå vidare nu" in page.text
        page = await browser.get(flow)
        assert page.title == "Välj ett nytt lösenord"
        page = await browser.submit({"password": NEW})
        assert "Ditt nya lösenord gäller" in page.text
        assert "password_reset.vouched" in await world.events(account)
        told = [to for to, _ in await world.outbox("mail")]
        assert account.email in told
        assert "chef@region.example" in told


async def test_the_portal_leads_whom_somebody_asks_to_the_page_for_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        await signs_in(boss, world, "chef")
        page = await boss.get("/apps")
        assert "/vouch" not in page.html
        await asks(browser, world)
        page = await boss.get("/apps")
        assert 'href="/vouch"' in page.html
        await boss.get("/vouch")
        await boss.submit({})
        page = await boss.get("/apps")
        assert "/vouch" not in page.html  # she has said yes


async def test_it_takes_two_colleagues(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_a_phone_only(world)
        for number, name in enumerate(("bo", "eva", "per")):
            await staff(world, name, f"00091{number}")
        page = await asks(browser, world)
        flow = page.path
        assert "Två kollegor" in page.text
        for name, title in (("bo", "Ring den som ska intyga"), ("eva", "Välj ett nytt lösenord")):
            async with world.browser() as other:
                await signs_in(other, world, name)
                page = await other.submit({})
                assert page.status == 200
            page = await browser.get(flow)
            assert page.title == title


async def test_a_password_alone_vouches_for_nobody(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser(INSIDE) as boss:
        await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        flow = (await asks(browser, world)).path
        page = await boss.sign_in("chef", to="/vouch")
        assert "Logga in med två sätt först" in page.text
        page = await boss.post(f"/vouch/{flow.removeprefix('/reset/')}", {})
        assert page.status == 403
        page = await browser.get(flow)
        assert page.title == "Ring den som ska intyga"


@pytest.mark.parametrize("who", ["stranger", "late"])
async def test_nobody_else_and_nobody_too_late_vouches(who: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        await staff(world, "stranger", "000999", unit="Annan enhet")
        flow = (await asks(browser, world)).path
        if who == "late":
            world.clock.move(minutes=16)
        page = await signs_in(other, world, "chef" if who == "late" else "stranger")
        assert "Ingen som du kan intyga för" in page.text
        page = await other.post(f"/vouch/{flow.removeprefix('/reset/')}", {})
        assert page.status == 403


async def test_for_protected_people_no_colleague_is_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await anna_with_a_phone_only(world, protected=True)
        await staff(world, "chef", "000901", unit="Ledning")
        await staff(world, "bo", "000911")
        await staff(world, "eva", "000912")
        page = await asks(browser, world)
        assert "Din chef intygar" in page.text
        page = await signs_in(other, world, "bo")
        assert "Anna" not in page.text


async def test_people_are_not_asked_before_a_proof(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        page = await begin(browser)
        page = await browser.submit({"way": "people"})
        assert page.title == "Hur vill du visa att det är du?"
        assert await world.outbox("mail") == []


async def test_waiting_for_people_another_way_may_be_taken(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_a_phone_only(world)
        await staff(world, "chef", "000901", unit="Ledning")
        page = await asks(browser, world)
        page = await browser.submit({"way": "other"})
        assert page.title == "Tack. Nu behöver vi ett sätt till"
