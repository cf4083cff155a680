"""What a new password ends, and whom it is told."""

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import (
    CARD,
    NEW,
    OWN_NUMBER,
    anna,
    begin,
    by_app,
    by_text,
    card,
    choose,
    proved,
)
from tests.journeys.sign_in.region import NUMBER, app_code, reaches_apps
from tests.world import Browser, Page, World


async def test_a076_sessions_and_known_browsers_end_and_everybody_is_told(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as old, world.browser() as browser:
        aside = make.work_phone(
            id=AuthenticatorId("aside"),
            detail=OWN_NUMBER,
            source="self",
            state=AuthenticatorState.SUSPENDED,
        )
        account = await anna(world, bound=[aside])
        assert await reaches_apps(old, world)
        assert len(await world.sessions(account)) == 1
        world.clock.move(minutes=2)
        await proved(browser, world)
        await world.outbox("sms")
        await world.outbox("mail")
        page = await browser.submit({"password": NEW})
        assert "Ditt nya lösenord gäller" in page.text
        assert await world.sessions(account) == []
        assert (await old.get("/apps")).path.startswith("/sign-in")
        texts = await world.outbox("sms")
        assert {to for to, _ in texts} == {NUMBER, OWN_NUMBER}
        assert all("Ditt konto har fått ett nytt lösenord." in words for _, words in texts)
        ((to, letter),) = await world.outbox("mail")
        assert to == account.email
        assert "nytt lösenord" in letter


async def test_a_sign_in_under_way_with_the_old_password_ends(open_world: Open) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as browser:
        await anna(world)
        page = await thief.sign_in()
        assert page.title == "Vilken kod visar din app?"
        await proved(browser, world)
        await browser.submit({"password": NEW})
        world.clock.move(seconds=60)
        page = await thief.submit({"code": app_code(world)})
        assert page.status == 410


async def test_another_attempt_in_which_something_was_proved_ends(open_world: Open) -> None:
    async with open_world() as world, world.browser() as thief, world.browser() as browser:
        await anna(world)
        await begin(thief)
        page = await by_app(thief, world)
        flow = page.path
        world.clock.move(seconds=60)
        await proved(browser, world)
        await browser.submit({"password": NEW})
        assert (await thief.get(flow)).status == 410


async def signed_in(browser: Browser, world: World) -> Page:
    """Sign in with the new password and the app, on the way to the registration pages."""
    world.clock.move(seconds=60)
    await browser.sign_in(password=NEW, to="/security-info")
    return await browser.submit({"code": app_code(world)})


async def test_nothing_is_added_for_a_day_with_what_the_reset_rested_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await proved(browser, world)
        await browser.submit({"password": NEW})
        page = await signed_in(browser, world)
        assert page.status == 403
        assert page.title == "Vänta med att ändra hur du loggar in"
        before = len((await world.standing(account)).authenticators)
        sent = {"option": "sms", "number": "070-174 06 66"}
        page = await browser.post("/security-info", sent)
        assert page.status == 403
        assert len((await world.standing(account)).authenticators) == before
        world.clock.move(hours=24)
        page = await signed_in(browser, world)
        assert page.status == 200
        assert page.path.startswith("/security-info")


async def test_what_the_reset_did_not_rest_on_may_add_and_nothing_may_remove(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await card(world, account)
        await begin(browser)
        await by_text(browser, world)
        await choose(browser, "card")
        page = await browser.submit({"code": CARD})
        assert page.title == "Välj ett nytt lösenord"
        await browser.submit({"password": NEW})
        page = await signed_in(browser, world)
        assert page.status == 200
        page = await browser.get("/security-info/methods/card/remove")
        assert "Vänta med att ta bort det här" in page.text
