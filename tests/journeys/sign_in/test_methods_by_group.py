"""What an administrator takes away from a group counts for nothing from the next request on."""

import pytest

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.ids import GroupId
from portvakt.core.method_rules import AskedFirst, MethodEntry
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import NUMBER_PAGE, anna, approve, by_phone, go_on, waiting
from tests.journeys.sign_in.region import SECRET, anna_with_phone, app_code
from tests.world import World

SMS, PUSH = AuthenticatorType.SMS_CODE, AuthenticatorType.PUSH
OUTSIDE = make.rule(networks_not={make.LAN})
WHY = {"sv": "Texter kan läsas av andra.", "en": "Others can read texts."}
NO_TEXTS = MethodEntry(
    id="staff",
    groups=frozenset({make.STAFF}),
    second_factor=SECOND_FACTORS - {SMS},
    reason=WHY,
)


async def with_entries(world: World, *entries: MethodEntry) -> None:
    await world.configure([OUTSIDE], [make.network()], methods=entries)


async def test_what_is_withdrawn_is_not_among_the_ways(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world, app=True)
        page = await browser.sign_in()
        assert "Sms till" in (await browser.get(f"{page.path}/other")).text
        await with_entries(world, NO_TEXTS)
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        assert "Sms till" not in (await browser.get(f"{page.path}/other")).text
        page = await browser.get(page.path)
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"


async def test_an_entry_for_another_group_takes_nothing_away(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        other = MethodEntry(id="it", groups=frozenset({GroupId("it")}), second_factor=frozenset())
        await with_entries(world, other)
        assert (await browser.sign_in()).title == "Vilken kod fick du?"


@pytest.mark.parametrize(
    ("language", "said", "support"),
    [
        ("sv", "Det som du brukar visa får inte längre användas", "startkod av supporten"),
        ("en", "What you used to show may not be used", "Support can give you a start code"),
    ],
)
async def test_whoever_has_nothing_left_is_told_so_and_how_to_get_help(
    open_world: Open, language: str, said: str, support: str
) -> None:
    async with open_world() as world, world.browser() as browser:
        browser.client.cookies.set("__Host-language", language)
        account = await anna_with_phone(world)
        await with_entries(world, NO_TEXTS)
        page = await browser.sign_in()
        assert said in page.text
        assert support in page.text
        assert WHY[language] in page.text
        assert await world.sessions(account) == []
        assert "registration.refused" in await world.events(account)


async def test_a_page_that_was_open_takes_no_code_of_what_was_withdrawn(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world)
        await browser.sign_in()
        code = await world.last_code()
        await with_entries(world, NO_TEXTS)
        page = await browser.submit({"code": code})
        assert page.title == "Vi behöver ett bevis till"
        assert await world.sessions(account) == []


async def test_a_live_session_counts_what_is_withdrawn_no_more(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world, app=True)
        await browser.sign_in()
        await browser.submit({"code": app_code(world)})
        assert (await browser.get("/apps")).path == "/apps"
        no_apps = MethodEntry(id="staff", second_factor=frozenset({SMS}))
        await with_entries(world, no_apps)
        page = await browser.get("/apps")
        assert page.title == "Visa att det är du"
        assert (await browser.submit({})).title == "Vilken kod fick du?"
        (session,) = await world.sessions(account)
        assert len(session.evidence) == 2  # what was shown is still told of it


async def test_a_phone_may_be_asked_after_the_password_and_not_in_its_place(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await with_entries(world, MethodEntry(id="staff", passwordless=frozenset()))
        page = await by_phone(browser)
        assert page.title == NUMBER_PAGE  # as for every name
        assert await waiting(world, account) == []
        await browser.sign_in()
        await approve(world, account)
        assert (await go_on(browser)).path == "/apps"


async def test_an_approval_of_a_phone_that_was_withdrawn_meanwhile_opens_nothing(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await browser.sign_in()
        await approve(world, account)
        await with_entries(world, MethodEntry(id="staff", second_factor=SECOND_FACTORS - {PUSH}))
        page = await go_on(browser)
        assert page.path != "/apps"
        assert page.title == "Vilken kod visar din app?"  # its codes are another method
        assert await world.sessions(account) == []
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"


async def test_one_s_own_choice_is_asked_first_unless_the_strongest_always_is(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        phone = make.work_phone(preferred=True, detail="+46701740605")
        await world.person(bound=[phone], totp=SECRET)
        await with_entries(world)
        assert (await browser.sign_in()).title == "Vilken kod fick du?"
        await with_entries(world, MethodEntry(id="staff", asked_first=AskedFirst.STRONGEST))
        assert (await browser.sign_in()).title == "Vilken kod visar din app?"
