"""The stream: bytes to events, and coming back after every kind of end."""

import json
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.phone import stream
from portvakt.phone.answers import State
from portvakt.phone.errors import GoneError, UnreadableError
from portvakt.phone.stream import Event, Parser, watched
from tests.phone.hand import Hand, hand
from tests.phone.service import event

WHOLE = (
    b": hello\r\n\r\n"
    b"event: state\r\ndata: {\r\ndata:}\r\n\r\n"
    b":\nid: 7\nevent:gone\rdata: \xe2\x80\xa8\r\rdata: alone\n\n"
    b"event: without data\n\n"
)
EVENTS = [Event("state", "{\n}"), Event("gone", "\u2028"), Event("message", "alone")]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=8))
def test_events_are_the_same_however_the_bytes_come(cuts: list[int]) -> None:
    parser = Parser()
    edges = [0, *sorted(cuts), len(WHOLE)]
    parts = [WHOLE[a:b] for a, b in pairwise(edges)]
    assert [found for part in parts for found in parser.feed(part)] == EVENTS


async def some(it: Hand, count: int, monotonic: list[float] | None = None) -> list[State]:
    """Watch until so many states have come."""
    phone = await it.paired()
    times = iter(monotonic or [0.0] * 100)
    found: list[State] = []
    async with aclosing(
        watched(it.line, phone.identity.key, phone.identity.phone, monotonic=lambda: next(times))
    ) as states:
        async for state in states:
            found.append(state)
            if len(found) == count:
                break
    return found


async def test_the_state_comes_at_once_and_whenever_something_changes() -> None:
    async with hand() as it:
        first = it.service.fetched()
        it.service.stream = [
            b":\n\n",
            event("state", first),
            event("state", first | {"name": "Ny"}),
        ]
        assert [each.name for each in await some(it, 2)] == ["", "Ny"]


async def test_after_15_minutes_the_phone_comes_back_at_once() -> None:
    async with hand() as it:
        await some(it, 2, [0, 900, 900, 901])
        assert it.service.asked == ["pair", "stream", "stream"]
        assert not it.pauses


async def test_after_any_other_end_it_waits_a_second_at_least() -> None:
    async with hand() as it:
        await some(it, 3)
        assert len(it.pauses) == 2
        assert all(1 <= pause < 2 for pause in it.pauses)


async def test_pauses_double_to_a_minute_while_nothing_comes() -> None:
    async with hand() as it:
        busy = json.dumps({"error": "busy", "now": it.service.now}).encode()
        phone = await it.paired()
        it.service.answers = [(503, busy, "application/json")] * 9
        async with aclosing(phone.watch()) as states:
            async for _ in states:
                break
        least = [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert all(low <= pause < 2 * low for low, pause in zip(least, it.pauses, strict=True))


async def test_a_service_that_is_away_is_waited_for() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.answers = [(502, b"<h1>proxy</h1>", "text/html")]
        told: list[str] = []
        async with aclosing(phone.watch(lambda trouble: told.append(str(trouble)))) as states:
            assert (await anext(states)).name == "Annas telefon"
        assert len(it.pauses) == 1
        assert told == ["the service is away: status 502"]


async def test_a_wrong_clock_is_set_without_a_pause() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.line.clock.offset = 3_600_000
        async with aclosing(phone.watch()) as states:
            async for _ in states:
                break
        assert it.line.clock.offset == 0
        assert not it.pauses


async def test_a_phone_that_was_removed_does_not_come_back() -> None:
    async with hand() as it:
        it.service.stream = [event("state", it.service.fetched()), event("gone", {})]
        with pytest.raises(GoneError):
            await some(it, 2)
        assert it.service.asked == ["pair", "stream"]


async def test_a_phone_that_is_gone_already_does_not_come_back() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.phones = {}
        with pytest.raises(GoneError):
            await anext(phone.watch())


@pytest.mark.parametrize(
    "sent",
    [
        event("party", {}),
        event("gone", {"why": "secret"}),
        event("state", {}),
        b"event: state\ndata: \xff\n\n",
    ],
)
async def test_an_event_that_the_page_does_not_allow_is_refused(sent: bytes) -> None:
    async with hand() as it:
        it.service.stream = [sent]
        with pytest.raises(UnreadableError):
            await some(it, 1)


async def test_a_stream_of_another_kind_is_refused() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.answers = [(200, b"{}", "application/json")]
        with pytest.raises(UnreadableError, match=stream.EVENT_STREAM):
            await anext(phone.watch())
