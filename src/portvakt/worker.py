"""Composition root of background work: sends what the outbox holds, sweeps what has expired.

It runs inside `serve` on the embedded database (`beside`), or alone, in any number (`work`). In
production only this process reaches text-message gateways, mail servers and push services, and
tells apps of sign-outs. It follows directories, reads lists of revoked certificates and seals the
audit trail, too. How one message is delivered stands in `delivering`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from portvakt.background_audit import auditing
from portvakt.background_break_glass import watching_tests
from portvakt.background_devices import reading_lists
from portvakt.background_resets import settling
from portvakt.background_sign_outs import telling_apps
from portvakt.background_sync import following
from portvakt.background_texts import watching_texts
from portvakt.crypto.key_file import WatchedKeys
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.delivering import LEASE, Delivery
from portvakt.journeys.open_app.oidc.logout.back_channel import CHANNEL as SIGN_OUTS
from portvakt.journeys.text_receipts.flow import Receipts
from portvakt.post import Post, open_post
from portvakt.proving.push_key import PushKey
from portvakt.records import Message, Records, RecordsUnavailable, open_records
from portvakt.records.expired import MOST
from portvakt.settings import Settings
from portvakt.wire.outward import Outward

Clock = Callable[[], datetime]
Step = Callable[[], Awaitable[None]]

LONGEST_SLEEP: Final = 5.0
"""Seconds between two looks when nothing rings, in case a ring was lost."""
SWEEP_EVERY: Final = 60.0
BETWEEN_PARTS: Final = 0.05
"""Seconds in which others get their turn at the database, while there is more to sweep."""
FAREWELL: Final = 5.0
"""Seconds that what is under way gets when the worker is told to stop."""
_SHORTEST_SLEEP: Final = 0.05
_SLOTS: Final[Mapping[str, int]] = {
    "sms": 64,
    "mail": 4,
    "wake": 32,
    SIGN_OUTS: 64,
}
"""Messages at once, by channel. An operator that loses answers holds a place for five seconds: with
16, an hour of 10,000 texts stood still behind one that lost half of them (bench.texts_storm)."""

_log = structlog.get_logger("portvakt.worker")


def system_clock() -> datetime:
    """Return the time. Only the roots read a clock."""
    return datetime.now(UTC)


class Worker:
    """Runs until it is cancelled. Everything that must not be forgotten is in the records."""

    def __init__(
        self,
        *,
        records: Records,
        sealer: Sealer,
        post: Post,
        clock: Clock,
        more: Sequence[Step] = (),
    ) -> None:
        """Do the usual work, and `more`: steps that are taken again and again."""
        self.records = records
        self.clock = clock
        self._more = tuple(more)
        self._rung = {channel: asyncio.Event() for channel in _SLOTS}
        self._delivery = Delivery(
            records=records,
            sealer=sealer,
            post=post,
            clock=clock,
            look_again=lambda channel: self._rung[channel].set(),
        )

    async def run(self) -> None:
        """Do all background work. When cancelled, let what is under way finish for a moment."""
        lanes = [_Lane(self, channel, slots) for channel, slots in _SLOTS.items()]
        steps = [self._listen, self._sweep, *self._more, *(lane.step for lane in lanes)]
        try:
            async with asyncio.TaskGroup() as together:
                for step in steps:
                    together.create_task(_forever(step))
        finally:
            await asyncio.gather(*(lane.finish() for lane in lanes))

    async def _listen(self) -> None:
        """Wake every lane when something was put in the outbox."""
        if await self.records.wait("outbox", LONGEST_SLEEP):
            for event in self._rung.values():
                event.set()

    async def _sweep(self) -> None:
        """Remove what has expired. Nobody could use it; this is so that the tables stay small."""
        now = self.clock()
        gone = await self.records.write(lambda unit: unit.expired.sweep(now))
        if gone:
            _log.debug("worker.swept", rows=gone)
        # Where as much went as may go at once, there is more: a million rows go within minutes.
        await asyncio.sleep(SWEEP_EVERY if gone < MOST else BETWEEN_PARTS)

    async def sleep_until_rung(self, channel: str, seconds: float) -> None:
        """Sleep until something is put in the outbox, and not longer than that."""
        event = self._rung[channel]
        try:
            async with asyncio.timeout(min(max(seconds, _SHORTEST_SLEEP), LONGEST_SLEEP)):
                await event.wait()
        except TimeoutError:
            return
        event.clear()

    async def deliver(self, message: Message) -> None:
        """Try one claimed message once, and write down what came of it."""
        await self._delivery.deliver(message)


class _Lane:
    """One channel, with as many messages at once as it has slots: its trouble stays its own."""

    def __init__(self, worker: Worker, channel: str, slots: int) -> None:
        self._worker = worker
        self._channel = channel
        self._slots = slots
        self._busy: set[asyncio.Task[None]] = set()

    async def step(self) -> None:
        """Claim what is due and start on it; sleep where there is nothing, or no free slot."""
        worker, channel = self._worker, self._channel
        free = self._slots - len(self._busy)
        if not free:
            await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
            return
        now = worker.clock()
        claimed = await worker.records.write_one(
            lambda unit: unit.outbox.claim(channel, now, free, LEASE)
        )
        for message in claimed:
            task = asyncio.create_task(self._deliver(message))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
        if not claimed:
            due = await worker.records.read(lambda unit: unit.outbox.next_due(channel))
            wait = LONGEST_SLEEP if due is None else (due - worker.clock()).total_seconds()
            await worker.sleep_until_rung(channel, wait)

    async def finish(self) -> None:
        """Wait for what is under way; what is not done by then is tried again by its claim."""
        if self._busy:
            _, late = await asyncio.wait(self._busy, timeout=FAREWELL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _deliver(self, message: Message) -> None:
        """Deliver one; where that breaks, its claim runs out and it is tried again."""
        await _guarded(lambda: self._worker.deliver(message))


async def _forever(step: Callable[[], Awaitable[None]]) -> None:
    """Take one step after another; what goes wrong in one never ends the work."""
    while True:
        if not await _guarded(step):
            await asyncio.sleep(1)


async def _guarded(step: Callable[[], Awaitable[None]]) -> bool:
    """Take one step; log what goes wrong in it, and say whether all went well."""
    try:
        await step()
    except RecordsUnavailable:
        _log.warning("worker.waits_for_database")
        return False
    except Exception:  # noqa: BLE001 - the worker's loop: it logs, and goes on with other work
        _log.exception("worker.failed")
        return False
    return True


@asynccontextmanager
async def beside(
    settings: Settings,
    *,
    records: Records,
    keys: MasterKeys,
    hasher: PasswordHasher,
    clock: Clock = system_clock,
) -> AsyncIterator[None]:
    """Do background work inside another process's event loop, with its records, for a while.

    Raises `portvakt.plugins.AdapterSettingsError` before anything runs.
    """
    sealer = Sealer(keys)
    outward = Outward(settings.outgoing.networks, clock=clock)
    push_key = PushKey(records=records, sealer=sealer, random=SystemRandom())
    receipts = Receipts(records=records, clock=clock)
    post = open_post(
        settings,
        keys,
        hasher,
        lambda: push_key.key(clock()),
        clock=clock,
        receipts=receipts.sink,
    )
    apps, tell = telling_apps(settings, records, keys, outward, clock)
    post = replace(post, apps=apps)
    async with (
        following(settings, records, sealer, clock) as follow,
        settling(settings, records, sealer, hasher, clock) as settle,
        auditing(settings, records, keys, clock) as audit,
        watching_texts(settings, records, sealer, clock) as watch,
    ):
        lists = reading_lists(settings, records, clock)
        drill = watching_tests(settings, records, sealer, clock)
        more = (*follow, *settle, *audit, *watch, *lists, tell, drill)
        worker = Worker(records=records, sealer=sealer, post=post, clock=clock, more=more)
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])
            await post.close()
            outward.close()


async def work(settings: Settings, *, clock: Clock = system_clock) -> None:
    """Do background work until cancelled, in a process of its own."""
    keys = WatchedKeys(Path(settings.keys.master_file))
    hasher = PasswordHasher()
    records = await open_records(settings.database_url, clock=clock)
    try:
        async with beside(settings, records=records, keys=keys, hasher=hasher, clock=clock):
            await records.watch_clock()
    finally:
        await records.close()
        hasher.close()
