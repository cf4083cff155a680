"""Tells those in charge when the day's texts run short, or no gateway takes them (F39).

Any process may look, and one tells: each alarm is an event, a line in the log, and a mail to each
address in `[texts] warn`; once a day for each step, and once an hour while nothing is taken.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from portvakt.core.event import Event
from portvakt.core.text_budget import Room, began, room
from portvakt.core.text_events import TextsNotTaken, TextsRunShort
from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.mail import Writer, to_body
from portvakt.proving.notices import DEFAULT_LANGUAGE, NOTICE_LIVES
from portvakt.proving.text_limits import TextLimits, not_taken
from portvakt.records import Message, Records, Unit
from portvakt.settings import Settings
from portvakt.telling_people import writer_of
from portvakt.text_settings import text_limits

LOOKS_EVERY: Final = 15.0
"""Seconds between two looks."""
AGAIN_AFTER: Final = timedelta(hours=1)
"""How long nothing more is told of a gateway that goes on taking nothing."""
_MARK: Final = "texts.told"
_BY_WORKER: Final = "worker"

_log = structlog.get_logger("portvakt.texts")


class TextWatch:
    """Looks at what was sent, and tells."""

    def __init__(
        self,
        *,
        records: Records,
        sealer: Sealer,
        writer: Writer,
        limits: TextLimits,
        warn: Sequence[str],
        random: Random,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._sealer = sealer
        self._writer = writer
        self._limits = limits
        self._warn = tuple(warn)
        self._random = random
        self._clock = clock

    async def step(self) -> None:
        """Look, then wait a while."""
        await self.look()
        await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Tell what has not been told yet."""
        now = self._clock()
        left, sent, tried = await self._records.read(lambda unit: self._seen(unit, now))
        if left is Room.PLENTY and not tried:
            return
        for event in await self._records.write(
            lambda unit: self._tell(unit, now, left, sent, tried)
        ):
            _log.warning(event.name)

    async def _seen(self, unit: Unit, now: datetime) -> tuple[Room, int, int]:
        counted = await unit.text_counts.since(began(now, self._limits.zone))
        tried = await not_taken(unit, now)
        return room(counted.all, self._limits.per_day), counted.all, tried

    async def _tell(
        self, unit: Unit, now: datetime, left: Room, sent: int, tried: int
    ) -> list[Event]:
        """Write events and mails for what is new since the last were written."""
        await unit.turn(_MARK)
        told = json.loads(await unit.meta.get(_MARK) or "{}")
        day = began(now, self._limits.zone).isoformat()
        events: list[Event] = []
        if left > (told.get("room", 0) if told.get("day") == day else Room.PLENTY):
            per_day = self._limits.per_day
            word = left.name.lower()
            events.append(
                TextsRunShort(at=now, actor=_BY_WORKER, room=word, sent=sent, per_day=per_day)
            )
            told |= {"day": day, "room": int(left)}
            await self._mail(unit, now, word, sent=sent, per_day=per_day)
        last = told.get("not_taken")
        if tried and (last is None or now - datetime.fromisoformat(last) >= AGAIN_AFTER):
            events.append(TextsNotTaken(at=now, actor=_BY_WORKER, tried=tried))
            told["not_taken"] = now.isoformat()
            await self._mail(unit, now, "not_taken", tried=tried)
        if events:
            await unit.meta.set(_MARK, json.dumps(told))
            await unit.audit.write_many(events)
        return events

    async def _mail(self, unit: Unit, now: datetime, what: str, **values: int) -> None:
        """Queue a mail to everybody who is to be warned."""
        subject, text = self._writer.alarm(DEFAULT_LANGUAGE, what, **values)
        html = self._writer.html(DEFAULT_LANGUAGE, subject, text)
        for address in self._warn:
            row = self._random.id()
            body = to_body(subject, text, html, DEFAULT_LANGUAGE)
            await unit.outbox.put(
                Message(
                    id=row,
                    channel="mail",
                    to=address,
                    body=self._sealer.seal(body, table="outbox", column="body", row=row),
                    purpose="notice",
                    account_id=None,
                    created_at=now,
                    not_after=now + NOTICE_LIVES,
                    idempotency_key=row,
                )
            )


@asynccontextmanager
async def watching_texts(
    settings: Settings, records: Records, sealer: Sealer, clock: Callable[[], datetime]
) -> AsyncIterator[Sequence[Callable[[], Awaitable[None]]]]:
    """Give the step that looks; none where the settings send no texts."""
    if not settings.sms:
        yield []
        return
    watch = TextWatch(
        records=records,
        sealer=sealer,
        writer=writer_of(settings),
        limits=text_limits(settings),
        warn=settings.texts.warn,
        random=SystemRandom(),
        clock=clock,
    )
    yield [watch.step]
