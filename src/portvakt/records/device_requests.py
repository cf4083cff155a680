"""Devices that ask to be let in: their codes as hashes, and what a person has said.

What is said yes to becomes a grant whose code is the device's (`records.grants`), so that fetching
it is spent there, once, as any other code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.device_grant import INTERVAL, DeviceState
from portvakt.core.ids import ClientId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, span_ms

_COLUMNS: Final = "device_hash, user_hash, client_id, scope, address, asked_at, expires_at"
_PUT: Final = Statement(
    """
    INSERT INTO device_requests (device_hash, user_hash, client_id, scope, address, asked_at,
        expires_at, state, pace, too_soon)
    VALUES (:device_hash, :user_hash, :client_id, :scope, :address, :asked_at, :expires_at,
        'waiting', :pace, FALSE)
    ON CONFLICT DO NOTHING
    """
)
_FIND: Final = Statement(
    """
    SELECT {columns} FROM device_requests
    WHERE user_hash IN (:hash, :other) AND state = 'waiting' AND expires_at > :now
    """,
    columns=_COLUMNS,
)
_DECIDE: Final = Statement(
    """
    UPDATE device_requests SET state = :state
    WHERE device_hash = :device_hash AND state = 'waiting' AND expires_at > :now
    """
)
_POLL: Final = Statement(
    """
    UPDATE device_requests SET polled_at = :now,
        too_soon = polled_at IS NOT NULL AND polled_at + pace > :now,
        pace = CASE WHEN polled_at IS NOT NULL AND polled_at + pace > :now
            THEN pace + CAST(:slower AS BIGINT) ELSE pace END
    WHERE device_hash = :device_hash AND client_id = :client_id
    RETURNING state, expires_at, too_soon
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """One asking: by which app, for what, from where."""

    device_hash: bytes = field(repr=False)
    user_hash: bytes = field(repr=False)
    client_id: ClientId
    scope: tuple[str, ...]
    address: str | None
    """Of whoever asked: the device, or the app's server."""
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Polled:
    """What a device finds that asks how it stands."""

    state: DeviceState
    expires_at: datetime
    too_soon: bool


class DeviceRequests:
    """`unit.device_requests`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put(self, request: DeviceRequest) -> bool:
        """Keep an asking; False where another one has the same code, which is to be drawn anew."""
        made = await self._run.changed(
            _PUT,
            device_hash=request.device_hash,
            user_hash=request.user_hash,
            client_id=request.client_id,
            scope=" ".join(request.scope),
            address=request.address,
            asked_at=ms(request.asked_at),
            expires_at=ms(request.expires_at),
            pace=span_ms(INTERVAL),
        )
        return made == 1

    async def find(self, hashes: Sequence[bytes], now: datetime) -> DeviceRequest | None:
        """Read an asking that waits, by either of two hashes of its short code."""
        one, other = hashes
        row = await self._run.row(_FIND, hash=one, other=other, now=ms(now))
        return None if row is None else _request(row)

    async def decide(self, device_hash: bytes, state: DeviceState, now: datetime) -> bool:
        """Keep what a person has said; False for everybody but the first, and when it is late."""
        changed = await self._run.changed(
            _DECIDE, device_hash=device_hash, state=state, now=ms(now)
        )
        return changed == 1

    async def poll(self, device_hash: bytes, client_id: ClientId, now: datetime) -> Polled | None:
        """Say how it stands, and keep that it was asked; None where this app never asked.

        Whoever asks sooner than they were told is to ask less often from then on (RFC 8628 section
        3.5). Of two who ask at once, the one statement tells the second that it was too soon.
        """
        row = await self._run.row(
            _POLL,
            device_hash=device_hash,
            client_id=client_id,
            now=ms(now),
            slower=span_ms(INTERVAL),
        )
        if row is None:
            return None
        return Polled(DeviceState(row[0]), instant(row[1]), bool(row[2]))


def _request(row: Row) -> DeviceRequest:
    device_hash, user_hash, client_id, scope, address, asked_at, expires_at = row
    return DeviceRequest(
        device_hash=bytes(device_hash),
        user_hash=bytes(user_hash),
        client_id=ClientId(client_id),
        scope=tuple(scope.split()),
        address=address,
        asked_at=instant(asked_at),
        expires_at=instant(expires_at),
    )
