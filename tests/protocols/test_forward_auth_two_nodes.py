"""Forward-auth at two processes: a ticket counts once, and what has ended has ended at both."""

import asyncio
import itertools
from functools import partial
from pathlib import Path

import pytest

from portvakt.records.unit import Unit
from tests.bad_days.processes import Front, eventually
from tests.protocols.guarded import DATA, GUARDED, PAGE, WIKI, AtHost, guarded_app
from tests.protocols.test_oidc_two_nodes import nodes_of
from tests.world import ORIGIN

pytestmark = pytest.mark.slow

LETS_IN, STOPS = 200, 401
AT_ONCE = 6


async def test_f49_of_many_who_bring_a_ticket_to_two_nodes_one_wins_and_its_grant_ends(
    tmp_path: Path, database_url: str
) -> None:
    async with nodes_of(tmp_path, database_url) as nodes:
        site = nodes.site
        await site.world.configure(apps=[guarded_app(WIKI)])
        turns = itertools.cycle(site.nodes)
        at = AtHost(site.world, transport=lambda: Front(next(turns)))

        async def status() -> int:
            return (await at.check(browser=DATA)).status_code

        for node in site.nodes:  # each has read that it guards the host
            one = AtHost(site.world, transport=partial(Front, node))
            await eventually(
                partial(one.check, browser=DATA), lambda answer: answer.status_code == STOPS
            )

        ticket = await at.ticket(nodes.browser)
        answers = await asyncio.gather(*(at.passed_on(ticket) for _ in range(AT_ONCE)))
        ways = sorted(answer.headers["location"] for answer in answers)
        again = f"{ORIGIN}/forward-auth/again?host={WIKI}"
        assert ways == sorted([f"https://{WIKI}/", *[again] * (AT_ONCE - 1)])
        assert (
            len([each for each in answers if GUARDED in str(each.headers.get("set-cookie"))]) == 1
        )
        for _ in site.nodes:
            assert await status() == STOPS

        assert await at.enter(nodes.browser) == f"https://{WIKI}/"
        for _ in site.nodes:
            assert await status() == LETS_IN

        async def sign_everybody_out(unit: Unit) -> int:
            return len(await unit.sessions.close_some(site.house.clock(), 10))

        assert await site.world.house.records.write(sign_everybody_out) >= 1
        for _ in site.nodes:
            assert (await at.check(browser=PAGE)).status_code == 302
