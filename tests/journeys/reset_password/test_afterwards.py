"""What a new password ends, and whom it is told."""

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import NEW, OWN_NUMBER, anna, begin, by_app, proved
from tests.journeys.sign_in.region import NUMBER, app_code, reaches_apps


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
