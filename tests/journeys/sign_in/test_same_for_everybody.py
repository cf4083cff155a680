"""Whether a name exists cannot be seen: not in page, cookies, or counted work."""

import re
from dataclasses import dataclass

from portvakt.core.ids import AccountId
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_phone, failures
from tests.world import Browser, Page, World

NAMES = ("anna.berg", "nobody.here", "gun.left")


@dataclass(frozen=True)
class Seen:
    """Everything that an outsider could compare, and everything that the work consisted of."""

    status: int
    path: str
    body: str
    headers: tuple[str, ...]
    cookies: tuple[str, ...]
    hashes: int
    statements: int
    transactions: int


async def seen(world: World, browser: Browser, page: Page, before: tuple[int, int, int]) -> Seen:
    hidden = re.sub(r"[0-9a-z]{26,}|value=\"[^\"]*\"", "…", page.html)
    records = world.house.records
    return Seen(
        status=page.status,
        path=re.sub(r"[a-z2-7]{26}", "…", page.path),
        body=hidden,
        headers=tuple(sorted(page.response.headers.keys())),
        cookies=tuple(sorted(browser.client.cookies.keys())),
        hashes=world.house.hasher.calls - before[0],
        statements=records.counted - before[1],
        transactions=records.transactions - before[2],
    )


def work(world: World) -> tuple[int, int, int]:
    records = world.house.records
    return world.house.hasher.calls, records.counted, records.transactions


async def people(world: World) -> None:
    await anna_with_phone(world, app=True)
    gun = make.account(
        id=AccountId("gun"), external_id="000019", user_name="gun.left", email="gun@region.example"
    )
    await world.person(gun)

    async def leave(unit: Unit) -> None:
        await unit.people.disable_many([gun.id], world.clock.at)

    await world.house.records.write(leave)


async def test_a011_a_wrong_password_looks_alike_for_every_name(open_world: Open) -> None:
    async with open_world() as world:
        await people(world)
        found = set()
        for name in NAMES:
            async with world.browser() as browser:
                await browser.get("/sign-in")
                before = work(world)
                page = await browser.submit({"name": name, "password": "inte rätt"})
                found.add(await seen(world, browser, page, before))
        assert len(found) == 1
        (one,) = found
        assert one.hashes == 1


async def test_a011_a_stopped_name_looks_alike_whether_it_exists(open_world: Open) -> None:
    """After ten failures the question changes, in the same way for every name."""
    async with open_world() as world:
        await people(world)
        first, sent, wrong = set(), set(), set()
        for number, name in enumerate(NAMES):
            async with world.browser(f"203.0.113.{number + 10}") as browser:
                await failures(browser, 10, name)
                await browser.get("/sign-in")
                before = work(world)
                page = await browser.submit({"name": name, "password": "inte rätt"})
                assert page.title == "Visa först att det är du"
                first.add(await seen(world, browser, page, before))
                page = await browser.submit({}, form=1)
                sent.add((page.status, page.title, "har vi skickat en kod" in page.text))
                before = work(world)
                page = await browser.submit({"code": "123456"})
                answer = await seen(world, browser, page, before)
                wrong.add((answer.status, answer.body, answer.headers, answer.hashes))
        assert len(first) == 1
        assert sent == {(200, "Visa först att det är du", True)}
        assert len(wrong) == 1
