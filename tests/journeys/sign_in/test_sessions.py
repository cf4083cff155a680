"""Sessions: new at every rise, ended in time, never more than was shown."""

from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_app, app_code, failures, reaches_apps
from tests.world import INSIDE, ORIGIN, OUTSIDE


async def test_a056_a_planted_session_cookie_is_replaced(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna_with_app(world)
        planted = "a" * 26 + "." + "A" * 43
        browser.client.cookies.set("__Host-session", planted, domain="portvakt.region.example")
        page = await browser.sign_in()
        assert page.path == "/apps"
        assert planted not in (page.response.request.headers["cookie"])


async def test_a057_a_session_is_dead_after_signing_out(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna_with_app(world)
        await browser.sign_in()
        cookies = dict(browser.client.cookies)
        await browser.post("/sign-out", {})
        async with world.browser(INSIDE) as replay:
            replay.client.cookies.update(cookies)
            page = await replay.get("/apps")
            assert page.title == "Logga in"


async def test_a058_an_hour_without_an_act_ends_a_session(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna_with_app(world)
        await browser.sign_in()
        world.clock.move(minutes=59)
        assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=61)
        assert (await browser.get("/apps")).title == "Logga in"


async def test_a059_twelve_hours_end_a_session_however_busy(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna_with_app(world)
        await browser.sign_in()
        for _ in range(23):
            world.clock.move(minutes=30)
            assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=31)
        assert (await browser.get("/apps")).title == "Logga in"


async def test_a060_cookies_cannot_be_planted_read_or_sent_elsewhere(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        seen: dict[str, str] = {}
        await browser.get("/sign-in?to=/apps")
        seen |= _cookies(browser.page.response.headers.get_list("set-cookie"))
        await browser.submit({"name": "anna.berg", "password": "Vinterdäck i augusti"})
        response = await browser.client.post(
            ORIGIN + browser.page.path,
            data=browser.page.forms()[0][1] | {"code": app_code(world)},
            headers={"origin": ORIGIN, "x-forwarded-for": OUTSIDE},
        )
        seen |= _cookies(response.headers.get_list("set-cookie"))
        assert set(seen) == {"__Host-binding", "__Host-session", "__Host-browser"}
        for attributes in seen.values():
            assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes.split("; "))
            assert "Domain" not in attributes


def _cookies(lines: list[str]) -> dict[str, str]:
    return {line.partition("=")[0]: line for line in lines}


async def test_a063_a_password_alone_opens_nothing_outside(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.sign_in()
        for path in ("/apps", "/security-info", "/my-sign-ins"):
            page = await browser.get(path)
            assert page.title == "Logga in", path
        assert browser.cookie("session") is None


async def test_a070_a_password_session_from_inside_is_asked_for_more_outside(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await anna_with_app(world)
        await browser.sign_in()
        browser.address = OUTSIDE
        page = await browser.get("/apps")
        assert page.title == "Visa att det är du"
        assert "Du är utanför regionens nät." in page.text
        page = await browser.submit({})
        assert page.title == "Vilken kod visar din app?"
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def test_a072_a_made_up_browser_cookie_gives_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        browser.client.cookies.set("__Host-browser", "B" * 43, domain="portvakt.region.example")
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"


async def test_the_secret_of_a_session_changes_with_its_strength(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await anna_with_app(world)
        await browser.sign_in()
        before = browser.cookie("session")
        browser.address = OUTSIDE
        await browser.get("/apps")
        await browser.submit({})
        await browser.submit({"code": app_code(world)})
        after = browser.cookie("session")
        assert before is not None
        assert after is not None
        assert before.split(".")[0] == after.split(".")[0]
        assert before != after
        assert len(await world.sessions(anna)) == 1


async def test_a_browser_that_signed_in_once_is_known_the_next_time(open_world: Open) -> None:
    """Ten failures in a strange browser stop strange browsers; this one goes on."""
    async with open_world() as world, world.browser() as browser, world.browser() as strange:
        await anna_with_app(world)
        assert await reaches_apps(browser, world)
        await browser.post("/sign-out", {})
        await failures(strange, 10)
        assert (await strange.sign_in()).title == "Visa först att det är du"
        assert (await browser.sign_in()).title == "Vilken kod visar din app?"


async def test_a056_signing_in_again_leaves_one_session_and_the_cookie_before_opens_nothing(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await anna_with_app(world)
        await browser.sign_in()
        old = dict(browser.client.cookies)
        await browser.get("/sign-in?to=/apps&for=anew")
        page = await browser.submit({"name": "anna.berg", "password": "Vinterdäck i augusti"})
        assert page.path == "/apps"
        assert len(await world.sessions(anna)) == 1
        assert "authentication.fresh_proof" in await world.events(anna)
        async with world.browser(INSIDE) as replay:
            replay.client.cookies.update(old)
            assert (await replay.get("/apps")).title == "Logga in"
