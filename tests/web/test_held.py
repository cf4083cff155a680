"""Answers that are held back: ended by whoever may end them, and few for each browser."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from portvakt.web.held import MOST, STOP_KEY, Held, HeldAnswers


@contextmanager
def held_for(answers: HeldAnswers, browser: str) -> Iterator[tuple[Held, dict[str, Any]]]:
    scope: dict[str, Any] = {}
    with answers.hold(browser, scope) as held:
        yield held, scope


async def test_it_waits_for_what_it_waits_for() -> None:
    with held_for(HeldAnswers(), "one") as (held, _):
        assert await held.wait(asyncio.sleep(0))
        assert not held.over


async def test_a_server_that_stops_ends_the_wait_at_once() -> None:
    with held_for(HeldAnswers(), "one") as (held, scope):
        asyncio.get_running_loop().call_later(0.02, scope[STOP_KEY])
        async with asyncio.timeout(5):
            assert not await held.wait(asyncio.sleep(60))
            assert not await held.wait(asyncio.sleep(60)), "nor is anything else waited for"
        assert not held.crowded
    assert scope[STOP_KEY] is None


async def test_what_goes_wrong_while_it_waits_is_not_lost() -> None:
    async def fails() -> None:
        raise LookupError

    with held_for(HeldAnswers(), "one") as (held, _), pytest.raises(LookupError):
        await held.wait(fails())


async def test_a_browser_holds_four_and_a_newer_one_ends_the_oldest() -> None:
    answers = HeldAnswers()
    with ExitStack() as pages, held_for(answers, "other") as (other, _):
        mine = [pages.enter_context(held_for(answers, "one"))[0] for _ in range(MOST + 1)]
        assert [each.crowded for each in mine] == [True] + [False] * MOST
        assert not other.over
        assert len(answers) == MOST + 1
    assert len(answers) == 0
