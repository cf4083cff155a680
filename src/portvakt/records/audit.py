"""The audit trail: rows are added in the transaction of what they tell, and never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from portvakt.core.events import Event, details
from portvakt.core.ids import AccountId
from portvakt.core.policy import TraceLine
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, parts, to_json

_TRACE: Final = msgspec.json.Decoder(tuple[TraceLine, ...])
_DETAIL: Final = msgspec.json.Decoder(dict[str, Any])
_WRITE: Final = Statement(
    """
    INSERT INTO events (at, name, account_id, actor, request_id, address, detail, trace)
    VALUES (:at, :name, :account_id, :actor, :request_id, :address, :detail, :trace)
    """
)
_WRITE_MANY: Final = Statement(
    """
    INSERT INTO events (at, name, account_id, actor, request_id, address, detail)
    SELECT at, name, account_id, actor, request_id, address, detail
    FROM {records:events at BIGINT, name TEXT, account_id TEXT, actor TEXT, request_id TEXT,
        address TEXT, detail TEXT}
    """
)
_OF_ACCOUNT: Final = Statement(
    """
    SELECT id, at, name, account_id, actor, request_id, address, detail, trace FROM events
    WHERE account_id = :account_id ORDER BY id DESC LIMIT :most
    """
)
_LATEST: Final = Statement(
    """
    SELECT id, at, name, account_id, actor, request_id, address, detail, trace FROM events
    ORDER BY id DESC LIMIT :most
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One row of the trail; `name` says what kind, `detail` holds the kind's own fields."""

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
        await self._run.changed(
            _WRITE,
            at=ms(event.at),
            name=event.name,
            account_id=event.account_id,
            actor=event.actor,
            request_id=event.request_id,
            address=event.address,
            detail=to_json(details(event)),
            trace=None if trace is None else to_json(trace),
        )

    async def write_many(self, events: Iterable[Event]) -> None:
        """Add events that have no trace, in their order, in few statements."""
        for part in parts(events):
            if self.heard is not None:
                self.heard.extend(part)
            rows = [
                {
                    "at": ms(event.at),
                    "name": event.name,
                    "account_id": event.account_id,
                    "actor": event.actor,
                    "request_id": event.request_id,
                    "address": event.address,
                    "detail": to_json(details(event)),
                }
                for event in part
            ]
            await self._run.changed(_WRITE_MANY, events=to_json(rows))

    async def of_account(self, account_id: AccountId, limit: int) -> list[StoredEvent]:
        """Read what happened to one account, the newest first."""
        rows = await self._run.rows(_OF_ACCOUNT, account_id=account_id, most=limit)
        return [_stored(row) for row in rows]

    async def latest(self, limit: int) -> list[StoredEvent]:
        """Read what happened last, to anybody."""
        return [_stored(row) for row in await self._run.rows(_LATEST, most=limit)]


def _stored(row: Row) -> StoredEvent:
    return StoredEvent(
        id=row[0],
        at=instant(row[1]),
        name=row[2],
        account_id=None if row[3] is None else AccountId(row[3]),
        actor=row[4],
        request_id=row[5],
        address=row[6],
        detail=_DETAIL.decode(row[7]),
        trace=None if row[8] is None else _TRACE.decode(row[8]),
    )
