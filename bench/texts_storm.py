"""An hour's storm of text codes in simulated time: 10,000 people, one operator loses answers.

    .venv/bin/python -m bench.texts_storm [PEOPLE]

The real worker, outbox (SQLite), order of gateways and rules for trying again. Only the operators,
the people and the clock are made up: the event loop jumps to the next timer whenever nothing is
under way in the database, so an hour takes a few minutes. The lossy operator takes every text and
delivers it, but half of its answers never come. A person who has no text after 45 seconds, or whose
page says that there will be none, asks for a new code.
"""

import asyncio
import random
import selectors
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import structlog

from bench.pictures import Line, drawn
from portvakt.core.secret import Secret
from portvakt.core.text_fates import Stage, stage_of
from portvakt.post import Post
from portvakt.records import Message, Records, open_records
from portvakt.records.migrate import migrate
from portvakt.sms import Outcome, Sent, TextMessage, Unknown, to_body
from portvakt.text_gateways import Gateway, TextGateways
from portvakt.worker import Worker
from tests.worker.office import SEALER

PEOPLE = 10_000
SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
HOUR = 3600.0
MEDIAN_ANSWER, MEDIAN_DELIVERY, SPREAD = 0.3, 3.0, 0.6
"""Seconds until an operator answers, and until its text is on the phone; log-normal."""
NO_ANSWER = 5.0
PATIENCE = 45.0
LIVES = timedelta(minutes=5)
ASKS = 4


class Loop(asyncio.SelectorEventLoop):
    """Its time passes at once, unless the database is at work."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.busy = 0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Return how many simulated seconds have passed."""
        return self.passed


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if self._loop.busy or timeout is None:
            return cast("list[Any]", super().select(0.001))
        found = cast("list[Any]", super().select(0))
        if not found:
            self._loop.passed += max(timeout, 0.0)
        return found


class Watched:
    """Records whose every act holds the time."""

    def __init__(self, records: Records, loop: Loop) -> None:
        self._records, self._loop = records, loop
        self.wait = records.wait

    async def _held(self, act: Coroutine[Any, Any, Any]) -> Any:
        self._loop.busy += 1
        try:
            return await act
        finally:
            self._loop.busy -= 1

    async def read(self, act: Any) -> Any:
        """As of the records."""
        return await self._held(self._records.read(act))

    async def write(self, act: Any) -> Any:
        """As of the records."""
        return await self._held(self._records.write(act))

    async def write_one(self, act: Any) -> Any:
        """As of the records."""
        return await self._held(self._records.write_one(act))


@dataclass
class Street:
    """Phones by number, and what came to them."""

    chance: random.Random
    arrived: dict[str, asyncio.Event] = field(default_factory=dict)
    codes: dict[str, set[str]] = field(default_factory=dict)
    texts: Counter[str] = field(default_factory=Counter)

    def soon(self, median: float) -> float:
        """Draw how many seconds something takes."""
        return median * self.chance.lognormvariate(0, SPREAD)

    def deliver(self, message: TextMessage) -> None:
        """Have it on the phone after a while."""

        def arrive() -> None:
            self.texts[message.to] += 1
            self.codes.setdefault(message.to, set()).add(message.key)
            self.arrived.setdefault(message.key, asyncio.Event()).set()

        asyncio.get_running_loop().call_later(self.soon(MEDIAN_DELIVERY), arrive)


@dataclass
class Operator:
    """Takes every text; loses some of its answers."""

    street: Street
    loses: float = 0.0

    async def send(self, message: TextMessage) -> Outcome:
        """Take it, deliver it, and answer, or not."""
        await asyncio.sleep(self.street.soon(MEDIAN_ANSWER))
        self.street.deliver(message)
        if self.street.chance.random() < self.loses:
            await asyncio.sleep(NO_ANSWER - MEDIAN_ANSWER)
            return Unknown("no answer in time")
        return Sent("")

    async def close(self) -> None:
        """Close nothing."""


@dataclass
class Storm:
    """One hour."""

    records: Records
    street: Street
    clock: Callable[[], datetime]
    waits: list[float] = field(default_factory=list)
    again: int = 0
    stages: Counter[str] = field(default_factory=Counter)

    async def person(self, number: int, at: float) -> None:
        """Come at a time, ask for a code, and for another one where none comes."""
        time = asyncio.get_running_loop().time
        await asyncio.sleep(at)
        for ask in range(ASKS):
            key = f"m{number}-{ask}"
            await self._ask(key, f"+4670{number:07}")
            if await self._comes(key):
                self.waits.append(time() - at)
                return
            self.again += 1
        self.waits.append(time() - at)

    async def _ask(self, key: str, to: str) -> None:
        now = self.clock()
        words = to_body(Secret(f"{key} #012345"))
        message = Message(
            id=key,
            channel="sms",
            to=to,
            body=SEALER.seal(words, table="outbox", column="body", row=key),
            purpose="sign_in",
            account_id=None,
            created_at=now,
            not_after=now + LIVES,
            idempotency_key=key,
        )
        await self.records.write(lambda unit: unit.outbox.put(message))

    async def _comes(self, key: str) -> bool:
        here = self.street.arrived.setdefault(key, asyncio.Event())
        try:
            async with asyncio.timeout(PATIENCE):
                await here.wait()
        except TimeoutError:
            fate = await self.records.read(lambda unit: unit.outbox.fate(key))
            told = Stage.UNKNOWN if fate is None else stage_of(fate, self.clock())
            self.stages[told.value] += 1
            return here.is_set()
        return True


@dataclass(frozen=True)
class Hour:
    """How an hour went."""

    waits: list[float]
    """Seconds until the text was on the phone, or the person gave up; the shortest first."""
    again: int
    texts: int
    codes: dict[int, int]
    """How many people got so many different codes."""
    stages: dict[str, int]
    """What pages said to whoever had no text when their patience was over."""


def hour(people: int, loses: tuple[float, ...]) -> Hour:
    """Simulate one hour with an operator for each share of answers that it loses."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    loop = Loop()
    asyncio.set_event_loop(loop)
    try:
        storm = loop.run_until_complete(_hour(loop, people, loses))
    finally:
        loop.close()
    return Hour(
        waits=sorted(storm.waits),
        again=storm.again,
        texts=storm.street.texts.total(),
        codes=dict(Counter(len(each) for each in storm.street.codes.values())),
        stages=dict(storm.stages),
    )


async def _hour(loop: Loop, people: int, loses: tuple[float, ...]) -> Storm:
    chance = random.Random(7)  # noqa: S311 - a simulation, the same each time

    def clock() -> datetime:
        return SEVEN + timedelta(seconds=loop.time())

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/storm.db"
        migrate(url, lambda _: None)
        opened = await open_records(url, clock=clock)
        records = cast("Records", Watched(opened, loop))
        street = Street(chance)
        gateways = [
            Gateway(f"operator-{n}", ("+467",), Operator(street, each))
            for n, each in enumerate(loses)
        ]
        post = Post(TextGateways(gateways, clock), None)
        running = asyncio.create_task(
            Worker(records=records, sealer=SEALER, post=post, clock=clock).run()
        )
        storm = Storm(records, street, clock)
        comes = [chance.triangular(0, HOUR, HOUR / 2) for _ in range(people)]
        await asyncio.gather(*(storm.person(n, at) for n, at in enumerate(comes)))
        running.cancel()
        await asyncio.wait([running])
        await opened.close()
    return storm


HOURS = {
    "one operator, well": (0.0,),
    "one that loses half of its answers": (0.5,),
    "the same, and another one after it": (0.5, 0.0),
}


def main(people: int) -> None:
    """Simulate three hours side by side, print how long people waited, and draw it."""
    lines = []
    with ProcessPoolExecutor(len(HOURS)) as pool:
        hours = pool.map(hour, [people] * len(HOURS), HOURS.values())
        for name, told in zip(HOURS, hours, strict=True):
            shares = statistics.quantiles(told.waits, n=1000)
            print(
                f"{name}: waits p50 {shares[499]:.1f} s, p95 {shares[949]:.1f} s, "
                f"p99 {shares[989]:.1f} s, longest {told.waits[-1]:.1f} s; asked again "
                f"{told.again}; texts {told.texts}; people by codes {told.codes}; "
                f"pages after {PATIENCE:.0f} s {told.stages}",
                flush=True,
            )
            points = [(share / 10, shares[share - 1]) for share in range(10, 1000, 5)]
            lines.append(Line(name, points))
    drawn(
        Path("docs/pictures/texts.png"),
        "Seconds until the text is on the phone",
        f"per cent of {people:,} people",
        lines,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else PEOPLE)
