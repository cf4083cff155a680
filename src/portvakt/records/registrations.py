"""What lets apps register themselves, and what lets each see to its own entry later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import ClientId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

_ALLOW: Final = Statement(
    """
    INSERT INTO registration_tokens (token_hash, note, uses_left, made_at, expires_at)
    VALUES (:token_hash, :note, :uses, :now, :expires_at)
    """
)
_LOOK: Final = Statement(
    """
    SELECT note FROM registration_tokens
    WHERE token_hash = :token_hash AND uses_left > 0 AND expires_at > :now
    """
)
_SPEND: Final = Statement(
    """
    UPDATE registration_tokens SET uses_left = uses_left - 1
    WHERE token_hash = :token_hash AND uses_left > 0 AND expires_at > :now
    """
)
_COUNTING: Final = Statement(
    """
    SELECT token_hash, note, uses_left, expires_at FROM registration_tokens
    WHERE uses_left > 0 AND expires_at > :now ORDER BY made_at, token_hash
    """
)
_WITHDRAW: Final = Statement("DELETE FROM registration_tokens WHERE token_hash = :token_hash")
_PUT: Final = Statement(
    """
    INSERT INTO registrations (client_id, access_hash, note, made_at)
    VALUES (:client_id, :access_hash, :note, :now)
    """
)
_OF: Final = Statement(
    "SELECT made_at FROM registrations WHERE client_id = :client_id AND access_hash = :access_hash"
)
_TURN: Final = Statement(
    """
    UPDATE registrations SET access_hash = :new_hash
    WHERE client_id = :client_id AND access_hash = :access_hash
    """
)
_REMOVE: Final = Statement("DELETE FROM registrations WHERE client_id = :client_id")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an operator lets happen: so many apps, until then, for what the note says."""

    token_hash: bytes
    note: str
    uses: int
    expires_at: datetime


class Registrations:
    """`unit.registrations`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def allow(self, allowed: Allowance, now: datetime) -> None:
        """Keep an initial token, as its hash."""
        await self._run.changed(
            _ALLOW,
            token_hash=allowed.token_hash,
            note=allowed.note,
            uses=allowed.uses,
            now=ms(now),
            expires_at=ms(allowed.expires_at),
        )

    async def counting(self, now: datetime) -> tuple[Allowance, ...]:
        """List the initial tokens of which something is left, the oldest first."""
        return tuple(
            Allowance(bytes(token_hash), note, int(left), instant(expires_at))
            for token_hash, note, left, expires_at in await self._run.rows(_COUNTING, now=ms(now))
        )

    async def withdraw(self, token_hash: bytes) -> bool:
        """Forget an initial token: it counts for nobody any more. False where there is none."""
        return await self._run.changed(_WITHDRAW, token_hash=token_hash) == 1

    async def look(self, token_hash: bytes, now: datetime) -> str | None:
        """Return the note of an initial token that counts now, without using it."""
        row = await self._run.row(_LOOK, token_hash=token_hash, now=ms(now))
        return None if row is None else str(row[0])

    async def spend(self, token_hash: bytes, now: datetime) -> bool:
        """Use an initial token once; False where nothing is left of it."""
        return await self._run.changed(_SPEND, token_hash=token_hash, now=ms(now)) == 1

    async def put(self, client_id: ClientId, access_hash: bytes, note: str, now: datetime) -> None:
        """Keep that an app registered itself, and what it sees to its entry with."""
        await self._run.changed(
            _PUT, client_id=client_id, access_hash=access_hash, note=note, now=ms(now)
        )

    async def of(self, client_id: str, access_hash: bytes) -> datetime | None:
        """Return when an app registered itself, for whoever has its access token."""
        row = await self._run.row(_OF, client_id=client_id, access_hash=access_hash)
        return None if row is None else instant(row[0])

    async def turn(self, client_id: str, access_hash: bytes, new_hash: bytes) -> bool:
        """Put another access token in place of this one; False for everybody but the first."""
        changed = await self._run.changed(
            _TURN, client_id=client_id, access_hash=access_hash, new_hash=new_hash
        )
        return changed == 1

    async def remove(self, client_id: str) -> None:
        """Forget it: nobody sees to this entry from outside any more."""
        await self._run.changed(_REMOVE, client_id=client_id)
