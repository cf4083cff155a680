"""Counts of tries, counted before a try is checked, so that guesses side by side cannot slip in.

`core.throttle.counted` says what must come out; here the same is one statement, which is right
however many count at once, on any number of machines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core import throttle
from portvakt.core.throttle import Count, Limit
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement, Value
from portvakt.records.values import instant, ms, optional_instant, optional_ms, span_ms

Key = tuple[str, str, str]
"""Subject (an account or an address), kind, familiarity."""

_DAY_MS: Final = 24 * 60 * 60 * 1000
_NEVER: Final = 10**15  # ms, or a number of tries: beyond anything that happens
_COLUMNS: Final = "run, day, total, stopped_until, run_started, day_started, refused"
# The same steps, in the same order, as in core.throttle.counted; `attempts.x` is the row as it was.
_PARTS: Final = {
    "columns": _COLUMNS,
    "run_stop": "CASE WHEN {run} >= {most} THEN :now + {stop} ELSE 0 END",
    "day_stop": f"CASE WHEN {{day}} >= {{per_day}} THEN {{day_started}} + {_DAY_MS} ELSE 0 END",
    "run": "(CASE WHEN {new_run} THEN 1 ELSE attempts.run + 1 END)",
    "day": "(CASE WHEN {new_day} THEN 1 ELSE attempts.day + 1 END)",
    "day_started": "(CASE WHEN {new_day} THEN :now ELSE attempts.day_started END)",
    "stopped": "(attempts.stopped_until IS NOT NULL AND attempts.stopped_until > :now)",
    "new_run": """(attempts.stopped_until IS NOT NULL OR attempts.run = 0
        OR attempts.run_started + {window} <= :now)""",
    "new_day": f"(attempts.day = 0 OR attempts.day_started + {_DAY_MS} <= :now)",
    "most": "CAST(:most AS BIGINT)",
    "stop": "CAST(:stop AS BIGINT)",
    "per_day": "CAST(:per_day AS BIGINT)",
    "window": "CAST(:window AS BIGINT)",
}
_COUNT: Final = Statement(
    """
    INSERT INTO attempts (subject, kind, familiarity, run, run_started, day, day_started, total,
        stopped_until, refused)
    VALUES (:subject, :kind, :familiarity, 1, :now, 1, :now, 1, :first_stop, FALSE)
    ON CONFLICT (subject, kind, familiarity) DO UPDATE SET
        run = CASE WHEN {stopped} THEN attempts.run ELSE {run} END,
        run_started = CASE WHEN {stopped} OR NOT {new_run} THEN attempts.run_started
            ELSE :now END,
        day = CASE WHEN {stopped} THEN attempts.day ELSE {day} END,
        day_started = CASE WHEN {stopped} THEN attempts.day_started ELSE {day_started} END,
        total = CASE WHEN {stopped} THEN attempts.total ELSE attempts.total + 1 END,
        stopped_until = CASE WHEN {stopped} THEN attempts.stopped_until
            ELSE NULLIF({larger:{run_stop}, {day_stop}}, 0) END,
        refused = {stopped}
    RETURNING {columns}
""",
    **_PARTS,
)
_PEEK: Final = Statement(
    """
    SELECT {columns} FROM attempts
    WHERE subject = :subject AND kind = :kind AND familiarity = :familiarity
    """,
    columns=_COLUMNS,
)

_STOPS: Final = Statement(
    """
    SELECT kind, familiarity, stopped_until FROM attempts
    WHERE subject = :subject AND stopped_until > :now ORDER BY kind, familiarity
    """
)


@dataclass(frozen=True, slots=True)
class Stop:
    """That tries of one kind are not taken for a while."""

    kind: str
    familiarity: str
    until: datetime


def _give_back(keys: int, alone: str) -> Statement:
    """Take back one try of each key; where `alone` holds, only that and nothing before it."""
    return Statement(
        """
        UPDATE attempts SET
            run = CASE WHEN {alone} THEN {larger:run - 1, 0} ELSE 0 END,
            total = CASE WHEN {alone} THEN {larger:total - 1, 0} ELSE 0 END,
            stopped_until = NULL, refused = FALSE,
            day = CASE WHEN day_started + {day_ms} <= :now THEN 0 ELSE {larger:day - 1, 0} END
        WHERE {any}
        """,
        day_ms=str(_DAY_MS),
        alone=alone,
        any=" OR ".join(
            f"(subject = :subject{n} AND kind = :kind{n} AND familiarity = :familiarity{n})"
            for n in range(keys)
        ),
    )


_SHARED: Final = ", ".join(f"'{kind}'" for kind in sorted(throttle.SHARED))
_GIVE_BACK: Final = {keys: _give_back(keys, f"kind IN ({_SHARED})") for keys in range(1, 5)}
_NOT_JUDGED: Final = {keys: _give_back(keys, "TRUE") for keys in range(1, 5)}


class Attempts:
    """`unit.attempts`. Counts must be committed whatever the answer turns out to be."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def count(
        self, subject: str, kind: str, familiarity: str, limit: Limit, now: datetime
    ) -> Count:
        """Count one try and say whether it may be checked; while a stop lasts nothing counts."""
        row = await self._run.row(
            _COUNT,
            subject=subject,
            kind=kind,
            familiarity=familiarity,
            now=ms(now),
            first_stop=optional_ms(throttle.counted(None, limit, now).stopped_until),
            most=limit.run,
            stop=span_ms(limit.stop),
            per_day=_NEVER if limit.per_day is None else limit.per_day,
            window=_NEVER if limit.window is None else span_ms(limit.window),
        )
        if row is None:
            raise AssertionError("an upsert returns its row")
        return _count(row, limit)

    async def give_back(self, keys: Sequence[Key], now: datetime) -> None:
        """Take back up to four counted tries, because the answer was right.

        In counts that people share (`core.throttle.SHARED`) nothing else is forgotten.
        """
        if keys:
            await self._run.changed(_GIVE_BACK[len(keys)], **_named(keys, now))

    async def not_judged(self, keys: Sequence[Key], now: datetime) -> None:
        """Take back up to four counted tries that were never judged; nothing else is forgotten.

        A stop that such a try has begun, or stood before, ends; the next try begins it anew if the
        tries that were judged are enough for one.
        """
        if keys:
            await self._run.changed(_NOT_JUDGED[len(keys)], **_named(keys, now))

    async def stops(self, subject: str, now: datetime) -> list[Stop]:
        """List what is stopped now for an account or an address."""
        rows = await self._run.rows(_STOPS, subject=subject, now=ms(now))
        return [Stop(kind, familiarity, instant(until)) for kind, familiarity, until in rows]

    async def peek(self, subject: str, kind: str, familiarity: str) -> Count | None:
        """Read a count as the last try left it, without counting."""
        row = await self._run.row(_PEEK, subject=subject, kind=kind, familiarity=familiarity)
        return None if row is None else _count(row, None)


def _named(keys: Sequence[Key], now: datetime) -> dict[str, Value]:
    values: dict[str, Value] = {"now": ms(now)}
    for n, (subject, kind, familiarity) in enumerate(keys):
        values |= {f"subject{n}": subject, f"kind{n}": kind, f"familiarity{n}": familiarity}
    return values


def _count(row: Row, limit: Limit | None) -> Count:
    run, day, total, stopped_until, run_started, day_started, refused = row
    within = limit is None or limit.within(total)
    return Count(
        allowed=within and not refused,
        run=run,
        day=day,
        total=total,
        stopped_until=optional_instant(stopped_until),
        run_started=instant(run_started),
        day_started=instant(day_started),
    )
