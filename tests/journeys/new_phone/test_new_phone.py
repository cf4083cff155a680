"""A lost phone and a password that still works: people stand up, and a new phone is added."""

import re

from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import HOME
from tests.journeys.new_phone.lost import (
    anna_and_her_manager,
    asks,
    at_the_ways,
    goes_on,
    leads_to,
    says_yes,
)
from tests.journeys.reset_password.forgetful import staff
from tests.journeys.set_up_mfa.people import app_code, key_on, kinds
from tests.journeys.set_up_mfa.phones import registers_a_phone


async def test_a_manager_lets_somebody_add_a_new_phone(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        anna = await anna_and_her_manager(world)
        page = await asks(browser)
        path = page.path
        assert page.title == "Ring den som ska intyga"
        mails = await world.outbox("mail")
        assert sorted(to for to, _ in mails) == sorted([anna.email, "chef@region.example"])
        assert "/not-me/" in next(text for to, text in mails if to == anna.email)
        page = await says_yes(world, boss)
        assert "Anna Berg kan gå vidare nu" in page.text
        page = await goes_on(browser, path)
        assert "Lägg nu till din nya telefon" in page.text
        await registers_a_phone(world, browser, anna)
        page = browser.page
        assert page.path == f"{HOME}?done=new_phone_added"
        assert "Har du tappat den gamla?" in page.text
        assert {"push", "totp"} <= set(await kinds(world, anna))
        assert "start_code" not in await kinds(world, anna), "used up"
        events = await world.events(anna)
        for name in ("lost_phone.asked", "lost_phone.vouched", "lost_phone.opened", "method.added"):
            assert name in events, name
        assert "start_code.used" not in events


async def test_the_old_phone_is_taken_away_with_the_new_one(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        anna = await anna_and_her_manager(world)
        old = next(e for e in (await world.standing(anna)).authenticators if e.type == "totp")
        path = (await asks(browser)).path
        await says_yes(world, boss)
        await goes_on(browser, path)
        remove = f"{HOME}/methods/{old.id}/remove"
        page = await browser.get(remove)
        assert page.path.startswith("/sign-in"), "not before the new one is there"
        await browser.get(HOME)
        await registers_a_phone(world, browser, anna)
        await browser.get(remove)
        await browser.submit({})
        left = [each.id for each in (await world.standing(anna)).authenticators]
        assert old.id not in left


async def test_two_who_ask_in_one_name_are_told_apart_by_a_number(open_world: Open) -> None:
    """Whoever else knows the password could ask at the same minute, and be taken for the caller."""
    async with open_world() as world, world.browser() as browser, world.browser() as stranger:
        await anna_and_her_manager(world)
        numbers = []
        for each in (browser, stranger):
            found = re.search(
                r'class="number"[^>]*aria-label="[^"]*?((?: \d)+)"', (await asks(each)).html
            )
            assert found is not None
            numbers.append(found[1].replace(" ", ""))
        assert len(set(numbers)) == 2
        async with world.browser() as boss:
            await boss.sign_in("chef", to="/vouch")
            page = await boss.submit({"code": app_code(world)})
            assert [page.html.count(f"{each[:3]}\u00a0{each[3:]}.") for each in numbers] == [1, 1]


async def test_two_colleagues_do_as_well_and_one_does_not(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world, manager="")
        for number, name in enumerate(("bo", "eva")):
            await staff(world, name, f"00091{number}")
        path = (await asks(browser)).path
        for name, title in (
            ("bo", "Ring den som ska intyga"),
            ("eva", "Nu kan du lägga till telefonen"),
        ):
            async with world.browser() as other:
                await says_yes(world, other, name)
            assert (await browser.get(path)).title == title
        page = await browser.submit({})
        assert page.path == f"{HOME}?done=vouched"


async def test_what_opens_binds_one_phone_and_opens_nothing_else(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        anna = await anna_and_her_manager(world)
        path = (await asks(browser, to=HOME)).path
        await says_yes(world, boss)
        page = await goes_on(browser, path)
        assert 'name="number"' not in page.html
        assert f'action="{HOME}/key"' not in page.html
        assert (await browser.get("/apps")).path != "/apps"
        assert (await browser.get(path)).status == 410, "the asking is spent"
        await browser.get(HOME)
        await registers_a_phone(world, browser, anna)
        page = browser.page
        assert f'action="{HOME}/phone"' not in page.html
        page = await browser.post(f"{HOME}/app", {})
        before = await kinds(world, anna)
        await browser.submit({"code": app_code(world, key_on(page))})
        assert await kinds(world, anna) == before
        world.clock.move(minutes=15)
        assert (await browser.get(HOME)).path.startswith("/sign-in"), "it ends with their word"


async def test_nobody_goes_on_before_a_yes_or_in_another_browser(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        anna = await anna_and_her_manager(world)
        path = (await asks(browser)).path
        page = await browser.post(f"{path}/go-on", {})
        assert page.title == "Ring den som ska intyga"
        async with world.browser() as boss:
            await says_yes(world, boss)
        await other.get("/sign-in")
        assert (await other.get(path)).status == 410
        page = await other.post(f"{path}/go-on", {})
        assert page.status == 410
        assert await world.sessions(anna) == []


async def test_a_word_for_a_new_phone_resets_no_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        await anna_and_her_manager(world)
        path = (await asks(browser)).path
        await says_yes(world, boss)
        flow = path.removeprefix("/new-phone/")
        assert (await browser.get(f"/reset/{flow}")).status == 410
        assert (await browser.post(f"/reset/{flow}/choose", {"way": "code"})).status == 410


async def test_what_is_withdrawn_can_be_said_yes_to_by_nobody(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        anna = await anna_and_her_manager(world)
        path = (await asks(browser)).path
        await says_yes(world, boss)
        await browser.get(path)
        page = await browser.submit({}, form=1)
        assert page.path.endswith("/other")
        assert (await browser.get(path)).title == "Har du en ny telefon?"
        page = await boss.get("/vouch")
        assert "Ingen som du kan intyga för" in page.text
        assert "lost_phone.withdrawn" in await world.events(anna)


async def test_a_yes_counts_for_a_quarter_of_an_hour(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        await anna_and_her_manager(world)
        path = (await asks(browser)).path
        await says_yes(world, boss)
        world.clock.move(minutes=15)
        assert (await browser.get(path)).title == "Har du en ny telefon?"
        page = await browser.post(f"{path}/go-on", {})
        assert page.title == "Har du en ny telefon?"


async def test_that_was_not_me_ends_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as owner:
        anna = await anna_and_her_manager(world)
        path = (await asks(browser)).path
        mail = next(text for to, text in await world.outbox("mail") if to == anna.email)
        async with world.browser() as boss:
            await says_yes(world, boss)
        link = re.search(r"/not-me/[A-Za-z0-9_-]+", mail)
        assert link is not None
        await owner.get(link[0])
        await owner.submit({})
        assert (await browser.get(path)).status == 410
        page = await at_the_ways(browser)
        page = await browser.get(leads_to(page))
        assert (page.status, page.title) == (403, "Här behöver du supporten")


async def test_that_was_not_me_ends_the_session_and_puts_the_phone_aside(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as owner:
        anna = await anna_and_her_manager(world)
        path = (await asks(browser)).path
        mail = next(text for to, text in await world.outbox("mail") if to == anna.email)
        async with world.browser() as boss:
            await says_yes(world, boss)
        await goes_on(browser, path)
        await registers_a_phone(world, browser, anna)
        link = re.search(r"/not-me/[A-Za-z0-9_-]+", mail)
        assert link is not None
        await owner.get(link[0])
        await owner.submit({})
        assert await world.sessions(anna) == []
        states = {e.type: e.state for e in (await world.standing(anna)).authenticators}
        assert states[make.PUSH] == "suspended"
