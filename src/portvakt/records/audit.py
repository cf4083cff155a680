"""The audit trail: rows are added in the transaction of what they tell, and never changed.

What a row tells of a person stands apart, with a salt, so that it can be erased (`audit_keeping`)
and the chain over all rows (`audit_chain`) still be verified.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from portvakt.core.events import Event, parted_details
from portvakt.core.ids import AccountId
from portvakt.core.policy import TraceLine
from portvakt.crypto.randomness import SystemRandom
from portvakt.records.driver import Mark, Row, Run
from portvakt.records.statements import Statement, Value
from portvakt.records.values import instant, ms, parts, to_json

_TRACE: Final = msgspec.json.Decoder(tuple[TraceLine, ...])
_DETAIL: Final = msgspec.json.Decoder(dict[str, Any])
_SALT_BYTES: Final = 16
_random: Final = SystemRandom()
_WRITE: Final = Statement(
    """
    INSERT INTO events (at, name, account_id, actor, request_id, address, detail, trace,
        personal, salt)
    VALUES (:at, :name, :account_id, :actor, :request_id, :address, :detail, :trace,
        :personal, :salt)
    RETURNING id
    """
)
_WRITE_MANY: Final = Statement(
    """
    INSERT INTO events (at, name, account_id, actor, request_id, address, detail, personal, salt)
    {each:at BIGINT, name TEXT, account_id TEXT, actor TEXT, request_id TEXT, address TEXT,
        detail TEXT, personal TEXT, salt TEXT}
    """
)
_COLUMNS: Final = """
    id, at, name, account_id, actor, request_id, address, detail, trace, personal
"""
_OF_ACCOUNT: Final = Statement(
    """
    SELECT {columns} FROM events WHERE account_id = :account_id ORDER BY id DESC LIMIT :most
    """,
    columns=_COLUMNS,
)
_OF_KIND: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE account_id = :account_id AND name {among:names} AND at >= :since
    ORDER BY id DESC LIMIT :most
    """,
    columns=_COLUMNS,
)
_PAGE: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE account_id = :account_id AND id < :before AND name {among:names}
    ORDER BY id DESC LIMIT :most
    """,
    columns=_COLUMNS,
)
_ONE: Final = Statement(
    "SELECT {columns} FROM events WHERE id = :id AND account_id = :account_id", columns=_COLUMNS
)
_BEFORE: Final = Statement(
    """
    SELECT {columns} FROM events WHERE account_id = :account_id AND id < :last
    ORDER BY id DESC LIMIT :most
    """,
    columns=_COLUMNS,
)
_AFTER: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE account_id = :account_id AND id > :first AND at <= :until ORDER BY id LIMIT :most
    """,
    columns=_COLUMNS,
)
_OF_REQUEST: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE id > :after AND id <= :newest AND request_id = :request_id ORDER BY id
    """,
    columns=_COLUMNS,
)
_NEWEST: Final = Statement("SELECT COALESCE(MAX(id), 0) FROM events")
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST: Final = 2**63 - 1
"""A number that no row has or comes after."""
STRETCH: Final = 100_000
"""Rows in one stretch of the trail, which is read by its key: some tens of milliseconds."""
_LATEST: Final = Statement(
    "SELECT {columns} FROM events ORDER BY id DESC LIMIT :most", columns=_COLUMNS
)
_HOLDS: Final = Statement("SELECT 1 FROM events WHERE id = :id AND at = :at")
_OLDEST_WAITING: Final = Statement("SELECT at FROM events WHERE seq IS NULL ORDER BY id LIMIT 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One row of the trail; `name` says what kind, `detail` holds the kind's own fields.

    Those that say something about a person are missing where they were erased.
    """

    id: int
    at: datetime
    name: str
    account_id: AccountId | None
    actor: str
    request_id: str
    address: str | None
    detail: Mapping[str, Any]
    trace: tuple[TraceLine, ...] | None


class Audit:
    """`unit.audit`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.heard: list[Event] | None = None
        """Takes every event that this act writes, where somebody counts them."""

    async def write(self, event: Event, trace: Sequence[TraceLine] | None = None) -> None:
        """Add an event, with the trace of the decision behind it."""
        if self.heard is not None:
            self.heard.append(event)
        row = dict(zip(_WRITE_MANY.columns, _rows([event])[0], strict=True))
        written = await self._run.row(
            _WRITE, **row, trace=None if trace is None else to_json(trace)
        )
        if written is None:
            raise AssertionError("an INSERT returns what it wrote")
        self._run.mark = Mark(written[0], ms(event.at))

    async def holds(self, mark: Mark) -> bool:
        """Say whether an event that was written is there."""
        return await self._run.row(_HOLDS, id=mark.id, at=mark.at) is not None

    async def write_many(self, events: Iterable[Event]) -> None:
        """Add events that have no trace, in their order, in few statements."""
        for part in parts(events):
            if self.heard is not None:
                self.heard.extend(part)
            await self._run.each(_WRITE_MANY, _rows(part))

    async def of_account(self, account_id: AccountId, limit: int) -> list[StoredEvent]:
        """Read what happened to one account, the newest first."""
        rows = await self._run.rows(_OF_ACCOUNT, account_id=account_id, most=limit)
        return [_stored(row) for row in rows]

    async def of_kind(
        self,
        account_id: AccountId,
        names: Iterable[str],
        limit: int,
        since: datetime = _EVER,
    ) -> list[StoredEvent]:
        """Read the events of these names about one account since then, the newest first."""
        rows = await self._run.rows(
            _OF_KIND,
            account_id=account_id,
            names=to_json(sorted(names)),
            since=ms(since),
            most=limit,
        )
        return [_stored(row) for row in rows]

    async def page(
        self, account_id: AccountId, names: Iterable[str], limit: int, before: int = LAST
    ) -> list[StoredEvent]:
        """Read events of these names about one account that are older than a row, newest first.

        Whoever asks again with the last row's number goes on where they were, whatever has come.
        """
        rows = await self._run.rows(
            _PAGE, account_id=account_id, names=to_json(sorted(names)), before=before, most=limit
        )
        return [_stored(row) for row in rows]

    async def one(self, account_id: AccountId, id_: int) -> StoredEvent | None:
        """Read one event about this account."""
        row = await self._run.row(_ONE, id=id_, account_id=account_id)
        return None if row is None else _stored(row)

    async def before(self, event: StoredEvent, limit: int) -> list[StoredEvent]:
        """Read what happened to the same account right before an event, the newest first."""
        if event.account_id is None:
            return []
        rows = await self._run.rows(_BEFORE, account_id=event.account_id, last=event.id, most=limit)
        return [_stored(row) for row in rows]

    async def after(self, event: StoredEvent, within: timedelta, limit: int) -> list[StoredEvent]:
        """Read what happened to the same account soon after an event, in its order."""
        if event.account_id is None:
            return []
        rows = await self._run.rows(
            _AFTER,
            account_id=event.account_id,
            first=event.id,
            until=ms(event.at + within),
            most=limit,
        )
        return [_stored(row) for row in rows]

    async def newest(self) -> int:
        """Return the number of the newest row; 0 where there is none."""
        row = await self._run.row(_NEWEST)
        return 0 if row is None else int(row[0])

    async def of_request(self, request_id: str, newest: int) -> list[StoredEvent]:
        """Read what a request wrote, in one stretch of the trail that ends at row `newest`.

        Nothing else asks by request, so there is no index that every event would have to pay for.
        """
        rows = await self._run.rows(
            _OF_REQUEST, request_id=request_id, newest=newest, after=newest - STRETCH
        )
        return [_stored(row) for row in rows]

    async def latest(self, limit: int) -> list[StoredEvent]:
        """Read what happened last, to anybody."""
        return [_stored(row) for row in await self._run.rows(_LATEST, most=limit)]

    async def sealer_lag(self, now: datetime) -> timedelta:
        """Say for how long the oldest event without a seal has waited; zero where none does."""
        row = await self._run.row(_OLDEST_WAITING)
        return timedelta() if row is None else max(now - instant(row[0]), timedelta())


def _rows(events: Sequence[Event]) -> list[tuple[Value, ...]]:
    """Give the columns of `_WRITE_MANY`, in its order. All the salts are drawn at once."""
    salts = _random.bytes(_SALT_BYTES * len(events)).hex()
    size = 2 * _SALT_BYTES
    rows: list[tuple[Value, ...]] = []
    at, milliseconds = _EVER, 0
    for place, event in enumerate(events):
        if event.at is not at:  # those of one act have the same
            at, milliseconds = event.at, ms(event.at)
        fixed, personal = parted_details(event)
        common = (event.account_id, event.actor, event.request_id, event.address)
        told = (to_json(fixed), to_json(personal) if personal else None)
        salt = salts[place * size : (place + 1) * size]
        rows.append((milliseconds, event.name, *common, *told, salt))
    return rows


def _stored(row: Row) -> StoredEvent:
    detail = _DETAIL.decode(row[7])
    if row[9] is not None:
        detail |= _DETAIL.decode(row[9])
    return StoredEvent(
        id=row[0],
        at=instant(row[1]),
        name=row[2],
        account_id=None if row[3] is None else AccountId(row[3]),
        actor=row[4],
        request_id=row[5],
        address=row[6],
        detail=detail,
        trace=None if row[8] is None else _TRACE.decode(row[8]),
    )
