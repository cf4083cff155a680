"""“On which computers is the password enough, and what if one of them is gone?”"""

from portvakt.core.ids import KnownBrowserId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.knowing import again, anna, asks, known, remembered
from tests.journeys.sign_in.region import SECRET
from tests.world import INSIDE

HEADING = "Här frågar vi inte igen"


async def test_each_is_listed_with_when_and_until_when_and_forgotten(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as inside:
        account = await anna(world)
        page = await browser.get("/my-sign-ins")
        await remembered(world, browser)
        inside.address = INSIDE
        await inside.sign_in(to="/my-sign-ins")
        text = inside.page.text
        assert f"{HEADING} På de här datorerna" in text
        assert "Chrome på Windows" in text.partition(HEADING)[2]
        assert "Du bad oss att inte fråga igen på en dator" in text
        (mine,) = await known(world, account)
        await inside.post(f"/my-sign-ins/known/{mine.id}/forget", {})
        page = inside.page
        assert "Vi frågar igen på den datorn." in page.text
        assert HEADING not in page.text
        assert "Vi frågar igen på en dator" in page.text
        assert await known(world, account) == []
        assert asks(await again(world, browser))


async def test_a_session_that_stood_by_it_asks_for_more_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        assert (await again(world, browser)).path == "/apps"
        (mine,) = await known(world, account)
        await browser.get("/my-sign-ins")
        await browser.post(f"/my-sign-ins/known/{mine.id}/forget", {})
        assert browser.page.path.startswith("/my-sign-ins")  # one factor is enough to act here
        assert (await browser.get("/apps")).path.startswith("/sign-in")


async def test_nobody_forgets_somebody_elses(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        account = await anna(world)
        eva = make.account(
            id=make.account().id.replace("a", "e") + "e",
            external_id="18",
            user_name="eva.lind",
            email="eva@region.example",
        )
        await world.person(eva, totp=SECRET)
        await remembered(world, browser)
        (mine,) = await known(world, account)
        other.address = INSIDE
        await other.sign_in("eva.lind", to="/my-sign-ins")
        assert HEADING not in other.page.text
        for id_ in (mine.id, KnownBrowserId("none")):
            await other.post(f"/my-sign-ins/known/{id_}/forget", {})
            assert other.page.status == 200
        assert await known(world, account) == [mine]
        assert "known_browser.forgotten" not in await world.events(eva)
