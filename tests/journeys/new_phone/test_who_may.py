"""Who may ask, how often, and who may say yes."""

from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId
from portvakt.core.method_rules import MethodEntry
from portvakt.core.policy import Require
from portvakt.core.roles import Role
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import HOME, adds, soft_key
from tests.journeys.new_phone.lost import (
    anna_and_her_manager,
    asks,
    at_the_ways,
    leads_to,
    says_yes,
)
from tests.journeys.reset_password.forgetful import UNIT
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.make import NOW
from tests.world import PASSWORD


@pytest.mark.parametrize("who", ["support", "key", "nobody"])
async def test_some_are_led_to_support_and_nobody_is_told(who: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as elsewhere:
        roles = {Role.SUPPORT} if who == "support" else set()
        manager = "" if who == "nobody" else "000901"
        anna = await anna_and_her_manager(world, roles=frozenset(roles), manager=manager)
        if who == "key":
            await elsewhere.sign_in(to=HOME)
            await elsewhere.submit({"code": app_code(world)})
            await adds(elsewhere, soft_key())
        path = leads_to(await at_the_ways(browser))
        page = await browser.get(path)
        assert (page.status, page.title) == (403, "Här behöver du supporten")
        await world.outbox("mail")
        await browser.get("/sign-in")
        page = await browser.post(path, {})
        assert page.status == 403
        assert await world.outbox("mail") == []
        assert "lost_phone.refused" in await world.events(anna)


async def test_a_key_owner_may_ask_where_the_organisation_lets_them(open_world: Open) -> None:
    async with open_world(key_owners_too=True) as world, world.browser() as browser:
        await anna_and_her_manager(world)
        async with world.browser() as elsewhere:
            await elsewhere.sign_in(to=HOME)
            await elsewhere.submit({"code": app_code(world)})
            await adds(elsewhere, soft_key())
        assert (await asks(browser)).title == "Ring den som ska intyga"


async def test_where_it_is_switched_off_there_is_no_such_page(open_world: Open) -> None:
    async with open_world(new_phone_by_people=False) as world, world.browser() as browser:
        await anna_and_her_manager(world)
        page = await at_the_ways(browser)
        assert "/new-phone/" not in page.html
        flow = page.path.split("/")[2]
        assert (await browser.get(f"/new-phone/{flow}")).status == 404


async def test_nothing_is_offered_before_the_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world)
        await browser.get("/sign-in")
        page = await browser.submit({"name": "anna.berg", "way": "phone_sign_in"})
        flow = page.path.split("/")[2]
        assert (await browser.get(f"/new-phone/{flow}")).status == 410
        page = await browser.get(f"/sign-in/{flow}/other")
        assert "/new-phone/" not in page.html


async def test_a_rule_that_blocks_registering_shuts_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world)
        rules = [
            make.rule(networks_not={make.LAN}),
            make.rule(
                id="no-registering",
                actions={"register"},
                networks_not={make.LAN},
                require=Require.BLOCK,
            ),
        ]
        await world.configure(rules, [make.network()])
        page = await at_the_ways(browser)
        assert (await browser.get(leads_to(page))).status == 403


async def test_asking_is_limited_to_five_a_day(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world)
        path = (await asks(browser)).path
        for _ in range(4):
            await browser.post(f"{path}/withdraw", {})
            await browser.get(path)
            assert (await browser.submit({})).title == "Ring den som ska intyga"
        await browser.post(f"{path}/withdraw", {})
        await browser.get(path)
        page = await browser.submit({})
        assert page.status == 429
        assert "Du har frågat många gånger" in page.text


async def test_a_voucher_shows_a_second_factor_anew_after_five_minutes(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as boss:
        anna = await anna_and_her_manager(world)
        await boss.sign_in("chef", to="/apps")
        await boss.submit({"code": app_code(world)})
        world.clock.move(minutes=5, seconds=1)
        path = (await asks(browser)).path
        page = await boss.get("/vouch")
        assert "Säg bara ja om du själv har träffat eller ringt Anna Berg" in page.text
        page = await boss.submit({})
        assert page.path == "/sign-in?to=/vouch&for=methods", page.text
        assert "Du ska intyga vem någon är" in page.text
        assert "lost_phone.vouched" not in await world.events(anna)
        await boss.submit({})
        await boss.submit({"code": PASSWORD})
        page = await boss.submit({"code": app_code(world)})
        assert page.path == "/vouch", page.text
        page = await boss.submit({})
        assert "Anna Berg kan gå vidare nu" in page.text
        assert (await browser.get(path)).title == "Nu kan du lägga till telefonen"


async def test_nobody_stands_up_for_whoever_stood_up_for_them(open_world: Open) -> None:
    async with open_world() as world:
        await with_rule(world)
        for number, name in enumerate(("bo", "eva", "per")):
            who = make.account(
                id=AccountId(name),
                external_id=f"00091{number}",
                user_name=name,
                email=f"{name}@region.example",
                unit=UNIT,
                manager="",
                created_at=NOW - timedelta(days=90),
            )
            await world.person(who, totp=SECRET)
        async with world.browser() as browser:
            await asks(browser, name="bo")
        async with world.browser() as other:
            await says_yes(world, other, "eva")
        world.clock.move(days=29)
        async with world.browser() as browser:
            await asks(browser, name="eva")
        async with world.browser() as other:
            page = await other.sign_in("bo", to="/vouch")
            page = await other.submit({"code": app_code(world)})
            assert "Då kan du inte intyga tillbaka" in page.text
        async with world.browser() as other:
            page = await says_yes(world, other, "per")
            assert "kan gå vidare nu" in page.text


async def test_in_english(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world)
        await browser.get("/sign-in")
        await browser.post("/language", {"language": "en", "to": "/sign-in"})
        page = await at_the_ways(browser)
        assert "I have a new phone" in page.text
        assert (await browser.get(leads_to(page))).title == "Do you have a new phone?"
        assert (await browser.submit({})).title == "Call the one who is to confirm"


@pytest.mark.parametrize(("kind", "status"), [(make.TOTP, 200), (make.PASSKEY, 403)])
async def test_nobody_asks_for_what_their_group_may_not_register(
    kind: AuthenticatorType, status: int, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_and_her_manager(world)
        entry = MethodEntry(id="staff", may_register=frozenset({kind}))
        rule = make.rule(networks_not={make.LAN})
        await world.configure([rule], [make.network()], methods=[entry])
        page = await browser.get(leads_to(await at_the_ways(browser)))
        assert page.status == status
