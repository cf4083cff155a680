"""Composition root of background work: sends what the outbox holds, sweeps what has expired.

It runs inside `serve` on the embedded database (`beside`), or alone, in any number (`work`). In
production only this process reaches text-message gateways, mail servers and push services. It
follows directories and seals the audit trail, too.

A message is claimed for a while, handed over, and marked with its body erased. A worker that dies
in between leaves the claim to run out, and the message is tried again under the same key. So a
notice arrives at least once; a code at most twice, with the same digits.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import structlog

from portvakt.background_audit import auditing
from portvakt.background_resets import settling
from portvakt.background_sync import following
from portvakt.core.events import MessageFailed
from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.phones import Subscription
from portvakt.crypto.key_file import WatchedKeys
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer, SealError
from portvakt.post import Post, Thing, open_post, read
from portvakt.proving.push_key import PushKey
from portvakt.records import Act, Message, Records, RecordsUnavailable, Unit, open_records
from portvakt.settings import Settings
from portvakt.wake import Gone, Wake
from portvakt.wire.outcomes import Outcome, Refused, Sent, Unknown

Clock = Callable[[], datetime]
Step = Callable[[], Awaitable[None]]
T = TypeVar("T")

NOTICE: Final = "notice"
"""The purpose of what is no code: it may come late, and twice."""

LEASE: Final = timedelta(seconds=25)
"""How long a claim lasts. A message that a dying worker left is tried again within 30 s (F04)."""
PATIENCE: Final = 20.0
"""Seconds for one try of one message; shorter than the claim."""
LONGEST_SLEEP: Final = 5.0
"""Seconds between two looks when nothing rings, in case a ring was lost."""
AFTER_UNKNOWN: Final = timedelta(seconds=3)
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_FOR_CODE: Final = timedelta(seconds=15)
LONGEST_FOR_NOTICE: Final = timedelta(minutes=30)
SWEEP_EVERY: Final = 60.0
FAREWELL: Final = 5.0
"""Seconds that what is under way gets when the worker is told to stop."""
_SETTLE_TRIES: Final = 30
"""Half a second apart: a database that is away for ten seconds loses no outcome, and what is not
written when the claim runs out is tried again."""
_MOST_TRIES_OF_A_CODE: Final = 2
_SHORTEST_SLEEP: Final = 0.05
_MANY: Final = 10_000
_SLOTS: Final[Mapping[str, int]] = {"sms": 16, "mail": 4, "wake": 32}

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
        self._sealer = sealer
        self._post = post
        self._more = tuple(more)
        self._rung = {channel: asyncio.Event() for channel in _SLOTS}
        self._refused: dict[str, int] = {}

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
        if len(self._refused) > _MANY:
            self._refused.clear()  # forgetting counts a try as one that may have gone
        await asyncio.sleep(SWEEP_EVERY)

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
        now = self.clock()
        if now >= message.not_after:
            await self._drop(message, "too late")
        elif self._is_spent(message, self._may_have_gone(message)):
            await self._drop(message, "nobody can say whether it arrived")
        else:
            await self._hand_over(message, now)

    def _may_have_gone(self, message: Message) -> int:
        """Count the earlier tries that the gateway may have taken.

        That one surely did not is known only to the process that tried, so after a restart each
        counts: rather a code too few than one too many.
        """
        return message.tries - 1 - self._refused.get(message.id, 0)

    @staticmethod
    def _is_spent(message: Message, may_have_gone: int) -> bool:
        """Say whether a message must not be sent again: a code after two tries, a notice never."""
        return message.purpose != NOTICE and may_have_gone >= _MOST_TRIES_OF_A_CODE

    async def _hand_over(self, message: Message, now: datetime) -> None:
        try:
            body = self._sealer.open(message.body, table="outbox", column="body", row=message.id)
        except SealError as error:
            await self._drop(message, f"the body cannot be opened: {type(error).__name__}")
            return
        thing = read(message, body, now)
        outcome: Outcome | Gone = Unknown("no answer in time")
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                outcome = await self._post.send(thing)
        if isinstance(outcome, Gone) and isinstance(thing, Wake):
            await self._drop(message, outcome.reason, forget=await self._kept(thing))
        elif not isinstance(outcome, Gone):
            await self._settle(message, thing, outcome)

    async def _kept(self, wake: Wake) -> tuple[AuthenticatorId, bytes] | None:
        """Read where a phone is woken, sealed; None where that is no longer what was tried."""
        id_ = AuthenticatorId(wake.phone_id)
        found = await self.records.read(lambda unit: unit.phones.load(id_, wake.at))
        sealed = None if found is None else found[0].subscription
        if sealed is None:
            return None
        kept = self._sealer.open(sealed, table="phones", column="subscription", row=id_)
        return (id_, sealed) if Subscription.from_json(kept) == wake.subscription else None

    async def _settle(self, message: Message, thing: Thing, outcome: Outcome) -> None:
        now = self.clock()
        match outcome:
            case Sent(receipt):
                await self._write(lambda unit: _handed_over(unit, message, thing, now, receipt))
                self._refused.pop(message.id, None)
                took = round((now - message.created_at).total_seconds(), 3)
                _log.info("message.sent", **_about(message), seconds=took)
            case Refused(reason, retry=False):
                await self._drop(message, reason)
            case Refused(reason, wait=wait):
                self._refused[message.id] = self._refused.get(message.id, 0) + 1
                await self._again(message, now + max(_pause(message), wait), reason)
            case Unknown(reason) if self._is_spent(message, self._may_have_gone(message) + 1):
                await self._drop(message, reason)
            case Unknown(reason):
                pause = _pause(message) if message.purpose == NOTICE else AFTER_UNKNOWN
                await self._again(message, now + pause, reason)

    async def _again(self, message: Message, at: datetime, why: str) -> None:
        """Try again later, unless that would be too late."""
        if at >= message.not_after:
            await self._drop(message, why)
            return
        await self._write(lambda unit: unit.outbox.failed(message.id, at, why))
        _log.warning("message.delayed", **_about(message), why=why, tries=message.tries)
        self._rung[message.channel].set()

    async def _drop(
        self, message: Message, why: str, forget: tuple[AuthenticatorId, bytes] | None = None
    ) -> None:
        """Give it up, with its event; `forget` is a phone and what it was woken by until now."""
        now = self.clock()
        event = MessageFailed(
            at=now,
            account_id=message.account_id,
            actor="worker",
            channel=message.channel,
            purpose=message.purpose,
            why=why,
        )

        async def act(unit: Unit) -> None:
            await unit.outbox.dropped(message.id, now, why)
            if forget is not None:
                await unit.phones.unsubscribe(*forget)
            await unit.audit.write(event)

        await self._write(act)
        self._refused.pop(message.id, None)
        _log.warning("message.failed", **_about(message), why=why, tries=message.tries)

    async def _write(self, act: Act[Unit, T]) -> T:
        """Write down an outcome, also where the database is away for a moment.

        What is not written before the claim runs out is tried again.
        """
        for left in reversed(range(_SETTLE_TRIES)):
            try:
                return await self.records.write(act)
            except RecordsUnavailable:
                if not left:
                    raise
                await asyncio.sleep(0.5)
        raise AssertionError("unreachable")


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


async def _handed_over(
    unit: Unit, message: Message, thing: Thing, now: datetime, receipt: str
) -> None:
    """Write that it was taken; of a phone to be woken, the page that waits for it hears so."""
    await unit.outbox.handed_over(message.id, now, receipt)
    if isinstance(thing, Wake):
        request = ApprovalId(thing.request_id)
        if await unit.approvals.note(request, "sent", now):
            await unit.wakeups.ring(f"approval:{request}")


def _pause(message: Message) -> timedelta:
    """How long to wait after a try: twice as long each time."""
    longest = LONGEST_FOR_NOTICE if message.purpose == NOTICE else LONGEST_FOR_CODE
    return min(FIRST_PAUSE * (1 << min(message.tries - 1, 12)), longest)


def _about(message: Message) -> dict[str, str]:
    return {"channel": message.channel, "purpose": message.purpose, "message": message.id}


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
    push_key = PushKey(records=records, sealer=sealer, random=SystemRandom())
    post = open_post(settings, keys, hasher, lambda: push_key.key(clock()))
    async with (
        following(settings, records, sealer, clock) as follow,
        settling(settings, records, sealer, hasher, clock) as settle,
        auditing(settings, records, keys, clock) as audit,
    ):
        more = (*follow, *settle, *audit)
        worker = Worker(records=records, sealer=sealer, post=post, clock=clock, more=more)
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])


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
