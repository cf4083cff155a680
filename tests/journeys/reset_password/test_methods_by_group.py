"""What an organisation lets nobody use for a reset proves nothing there."""

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.method_rules import MethodEntry
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import anna, begin, by_app, by_text, choose, proved
from tests.world import World

SMS = AuthenticatorType.SMS_CODE
OUTSIDE = make.rule(networks_not={make.LAN})
NO_TEXTS = MethodEntry(id="staff", password_reset=SECOND_FACTORS - {SMS})
CHOOSES = "Välj ett nytt lösenord"


async def with_entries(world: World, *entries: MethodEntry) -> None:
    await world.configure([OUTSIDE], [make.network()], methods=entries)


async def test_a_text_that_is_withdrawn_from_resets_proves_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await begin(browser)
        assert "text:work-phone" in (await by_app(browser, world)).html
        await with_entries(world, NO_TEXTS)
        world.clock.move(minutes=1)
        await begin(browser)
        await choose(browser, "text")
        assert await world.outbox("sms") == []  # the page is the same for every name
        await begin(browser)
        page = await by_app(browser, world)
        assert page.title != CHOOSES
        assert "text:work-phone" not in page.html


async def test_what_was_shown_before_it_was_withdrawn_counts_no_more(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        assert (await proved(browser, world)).title == CHOOSES
        await with_entries(world, NO_TEXTS)
        assert (await browser.get(browser.page.path)).title != CHOOSES


async def test_a_method_may_be_used_for_resets_and_not_to_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        entry = MethodEntry(id="staff", second_factor=SECOND_FACTORS - {SMS})
        await with_entries(world, entry)
        await begin(browser)
        await by_app(browser, world)
        assert (await by_text(browser, world, "text:work-phone")).title == CHOOSES
