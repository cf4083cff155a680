"""What people see on a day when texts run short."""

from portvakt.settings.structs import TextLimits
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import (
    SECRET,
    anna_with_app,
    anna_with_phone,
    app_code,
    with_rule,
)
from tests.world import World

APP, TEXT = "Vilken kod visar din app?", "Vilken kod fick du?"
NONE = "Det går inte att skicka fler sms just nu"


async def texts_so_far(world: World, count: int) -> None:
    """Let so many others have signed in by text today."""
    for n in range(count):
        phone = make.work_phone(id=f"phone{n}", account_id=f"person{n}", detail=f"+46701{n:06}")
        who = make.account(id=f"person{n}", user_name=f"person.{n}", external_id=f"{n:06}")
        await world.person(who, bound=[phone])
        async with world.browser() as browser:
            page = await browser.sign_in(f"person.{n}")
            assert "Sms:et är på väg" in page.text
    world.clock.move(seconds=6)


async def prefers_texts(world: World) -> None:
    """Anna has both, and wants a text."""
    await with_rule(world)
    phone = make.work_phone(id="work-phone", preferred=True)
    await world.person(bound=[phone], totp=SECRET)


async def test_near_the_cap_the_app_is_asked_for_and_a_text_is_still_a_choice(
    open_world: Open,
) -> None:
    async with open_world(texts=TextLimits(per_day=5)) as world, world.browser() as browser:
        await prefers_texts(world)
        assert (await browser.sign_in()).title == TEXT
        await texts_so_far(world, 3)
        world.clock.move(seconds=30)
        page = await browser.sign_in()
        assert page.title == APP
        await world.outbox("sms")
        await browser.get(f"{page.path}/other")
        page = await browser.submit({"way": "work-phone"})
        assert page.title == TEXT
        assert (await browser.submit({"code": await world.last_code()})).path == "/apps"


async def test_a024_at_the_cap_the_page_says_so_and_the_other_way_opens(open_world: Open) -> None:
    async with open_world(texts=TextLimits(per_day=3)) as world, world.browser() as browser:
        await prefers_texts(world)
        await texts_so_far(world, 3)
        page = await browser.sign_in()
        assert page.title == APP
        flow = page.path
        await browser.get(f"{flow}/other")
        page = await browser.submit({"way": "work-phone"})
        assert page.status == 429
        assert NONE in page.text
        assert "Vi har skickat" not in page.text
        await browser.get(f"{flow}/other")
        page = await browser.submit({"way": "totp"})
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"


async def test_a024_at_the_cap_somebody_with_nothing_but_texts_is_told_and_not_left_waiting(
    open_world: Open,
) -> None:
    async with open_world(texts=TextLimits(per_day=3)) as world, world.browser() as browser:
        await anna_with_phone(world)
        await texts_so_far(world, 3)
        page = await browser.sign_in()
        assert NONE in page.text
        assert "Ta ett annat sätt" in page.text
        page = await browser.submit({}, form=1)
        assert page.status == 429
        assert NONE in page.text
        world.clock.move(days=1)
        page = await browser.sign_in()
        assert "Sms:et är på väg" in page.text


async def test_without_texts_nothing_changes_for_people_with_an_app(open_world: Open) -> None:
    async with open_world(texts=TextLimits(per_day=1)) as world, world.browser() as browser:
        await with_rule(world)
        await anna_with_app(world)
        await browser.sign_in()
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"
