"""Keys that sign what apps are told: sealed private JWKs and their place in the rotation."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

VAPID: Final = "VAPID"
"""The `alg` of the one key that push services know us by. No app hears of it."""

_COLUMNS: Final = "kid, alg, sealed, state, created_at, changed_at"
_ALL: Final = Statement(
    "SELECT {columns} FROM signing_keys WHERE alg <> 'VAPID' ORDER BY created_at",
    columns=_COLUMNS,
)
_OF_PUSH: Final = Statement(
    "SELECT {columns} FROM signing_keys WHERE alg = 'VAPID' AND state = 'current'",
    columns=_COLUMNS,
)
_PUT: Final = Statement(
    """
    INSERT INTO signing_keys (kid, alg, sealed, state, created_at, changed_at)
    VALUES (:kid, :alg, :sealed, :state, :created_at, :changed_at) ON CONFLICT DO NOTHING
    """
)
_MOVE: Final = Statement(
    "UPDATE signing_keys SET state = :state, changed_at = :at WHERE kid = :kid AND state = :was"
)
_REMOVE: Final = Statement("DELETE FROM signing_keys WHERE kid = :kid AND state = 'retired'")


class KeyState(StrEnum):
    """NEXT is published and signs nothing yet, CURRENT signs, RETIRED is published still."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """One key."""

    kid: str
    alg: str
    sealed: bytes = field(repr=False)
    """A private JWK, or for VAPID the private number; sealed for table signing_keys, column sealed,
    row kid."""
    state: KeyState
    created_at: datetime
    changed_at: datetime


class SigningKeys:
    """`unit.signing_keys`. Of each algorithm one key is current."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def all(self) -> list[StoredKey]:
        """Read every key that signs what apps are told, the oldest first."""
        return [_key(row) for row in await self._run.rows(_ALL)]

    async def of_push(self) -> StoredKey | None:
        """Read the key that push services know us by, once there is one."""
        row = await self._run.row(_OF_PUSH)
        return None if row is None else _key(row)

    async def put(self, key: StoredKey) -> bool:
        """Add a key; False where its algorithm has a current one, as when two start at once."""
        put = await self._run.changed(
            _PUT,
            kid=key.kid,
            alg=key.alg,
            sealed=key.sealed,
            state=key.state,
            created_at=ms(key.created_at),
            changed_at=ms(key.changed_at),
        )
        return put == 1

    async def move(self, kid: str, was: KeyState, state: KeyState, at: datetime) -> bool:
        """Take a key a place further; False where it is not where it was.

        The current key is retired before the next one becomes current, in one act.
        """
        return await self._run.changed(_MOVE, kid=kid, was=was, state=state, at=ms(at)) == 1

    async def remove(self, kid: str) -> bool:
        """Forget a retired key: nothing that it signed counts any more."""
        return await self._run.changed(_REMOVE, kid=kid) == 1


def _key(row: Row) -> StoredKey:
    return StoredKey(
        kid=row[0],
        alg=row[1],
        sealed=row[2],
        state=KeyState(row[3]),
        created_at=instant(row[4]),
        changed_at=instant(row[5]),
    )
