"""Two operators of text messages, and the first one dies in the middle of a hundred sign-ins."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from portvakt import worker
from portvakt.app import opened
from portvakt.core.ids import AuthenticatorId
from portvakt.settings.structs import Sms, TextLimits
from tests import make
from tests.bad_days.site import until_let_in
from tests.browser.real_service import WallClock
from tests.conformance.operator import Operator, Request, answers, operator
from tests.journeys.sign_in.region import with_rule
from tests.journeys.sign_in.test_text_waiting import told
from tests.world import Browser, World, no_hold, settings

pytestmark = pytest.mark.slow

PEOPLE = 100
AT_ONCE = 10
DIES_AT = 40
PATIENCE = 60.0
"""Seconds after which a sign-in is stuck: a hang guard."""


def gateway(name: str, at: Operator) -> Sms:
    """A block of the settings."""
    body = {"body": "to={to}&text={text}", "idempotency_header": "Idempotency-Key"}
    return Sms("http_form", name=name, options={"url": at.url} | body)


@asynccontextmanager
async def at_work(folder: Path, url: str, *blocks: Sms) -> AsyncIterator[World]:
    """The whole product in memory with its background work, at the time on the wall."""
    limits = TextLimits(per_address=10 * PEOPLE)
    chosen, clock = settings(folder, url, sms=blocks, texts=limits), WallClock()
    async with (
        opened(chosen, clock=clock, hold=no_hold) as house,
        worker.beside(
            chosen, records=house.records, keys=house.keys, hasher=house.hasher, clock=clock
        ),
    ):
        yield World(house, clock)


def texts(*operators: Operator) -> dict[str, list[str]]:
    """The codes that came to each number, from whichever operator, in their order."""
    found = defaultdict(list)
    for at in operators:
        for each in at.requests:
            code = re.search(r"#(\d{6})$", each.form["text"][0])
            assert code is not None
            found[each.form["to"][0]].append(code[1])
    return found


def number_of(n: int) -> str:
    return f"+4670174{n:04}"


async def person(world: World, n: int) -> None:
    account = make.account(id=f"id{n}", user_name=f"person.{n}", external_id=f"{n:06}")
    phone = make.work_phone(
        id=AuthenticatorId(f"phone{n}"), account_id=account.id, detail=number_of(n)
    )
    await world.person(account, bound=[phone])


async def signs_in(browser: Browser, n: int, *operators: Operator) -> str:
    """Sign in, reading the page until it says that the text was sent; return what it told."""
    async with asyncio.timeout(PATIENCE):
        page = await until_let_in(partial(browser.sign_in, f"person.{n}"))
        assert page.title == "Vilken kod fick du?"
        while not told(page).startswith("Skickat"):
            assert "kunde inte" not in told(page)
            await asyncio.sleep(0.1)
            page = await browser.get(page.path)
    said = told(page)
    done = await browser.submit({"code": texts(*operators)[number_of(n)][-1]})
    assert done.path == "/apps"
    return said


async def test_the_first_of_two_gateways_dies_and_a_hundred_sign_ins_finish_with_one_code_each(
    tmp_path: Path, sqlite_url: str
) -> None:
    dying = AsyncExitStack()
    deaths: list[asyncio.Task[None]] = []

    async def mortal(request: Request, out: asyncio.StreamWriter) -> None:
        if len(first.requests) == DIES_AT:
            deaths.append(asyncio.create_task(dying.aclose()))
        await asyncio.sleep(0.1)  # so some are under way when it dies: nobody can say of those
        await answers(200)(request, out)

    async with dying, operator(answers(200)) as second:
        first = await dying.enter_async_context(operator(mortal))
        blocks = gateway("first", first), gateway("second", second)
        async with at_work(tmp_path, sqlite_url, *blocks) as world:
            await with_rule(world)
            for n in range(PEOPLE):
                await person(world, n)
            room = asyncio.Semaphore(AT_ONCE)

            async def one(n: int) -> str:
                async with room, world.browser() as browser:
                    return await signs_in(browser, n, first, second)

            said = await asyncio.gather(*(one(n) for n in range(PEOPLE)))
        await asyncio.gather(*deaths)
    assert len(deaths) == 1, "it died"
    assert second.requests, "and the other one took over"
    found = texts(first, second)
    assert {number: len(set(codes)) for number, codes in found.items()} == {
        number_of(n): 1 for n in range(PEOPLE)
    }
    assert all(re.fullmatch(r"Skickat [\d:]{8} till ••• \d\d.*", each) for each in said)
