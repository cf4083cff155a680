"""Codes that bring a phone to an account. Each is spent in one conditional statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, AuthenticatorId, PairingId, SessionId
from portvakt.core.phones import Pairing
from portvakt.core.push_approval import PROVES_WITHIN, SHORT_TRIES
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant, optional_ms

_COLUMNS: Final = """
    id, account_id, session_id, old_phone, code_hash, short_hash, tries, created_at, expires_at,
    spent_at, phone_id
"""
_END_OLDER: Final = Statement(
    """
    UPDATE pairings SET expires_at = :at
    WHERE account_id = :account_id AND spent_at IS NULL AND expires_at > :at
    """
)
_START: Final = Statement(
    """
    INSERT INTO pairings ({columns})
    VALUES (:id, :account_id, :session_id, :old_phone, :code_hash, :short_hash, :tries,
        :created_at, :expires_at, :spent_at, :phone_id)
    """,
    columns=_COLUMNS,
)
# What a closed account, or a phone that was removed in the meantime, gave away is worth nothing.
_USABLE: Final = """
    spent_at IS NULL AND expires_at > :now AND tries < :most
    AND EXISTS (SELECT 1 FROM accounts a
        WHERE a.id = pairings.account_id AND a.state = 'active')
    AND (old_phone IS NULL OR EXISTS (SELECT 1 FROM authenticators b
        WHERE b.id = pairings.old_phone AND b.type = 'push' AND b.state = 'active'))
"""
_SPEND: Final = Statement(
    """
    UPDATE pairings SET spent_at = :now, phone_id = :phone_id,
        expires_at = CASE WHEN expires_at < :proved_by THEN CAST(:proved_by AS BIGINT)
            ELSE expires_at END
    WHERE code_hash = :code_hash AND {usable}
    RETURNING {columns}
    """,
    usable=_USABLE,
    columns=_COLUMNS,
)
_SPEND_SHORT: Final = Statement(
    """
    UPDATE pairings SET
        spent_at = CASE WHEN short_hash IN (:short_hash, :other) THEN CAST(:now AS BIGINT) END,
        phone_id = CASE WHEN short_hash IN (:short_hash, :other) THEN CAST(:phone_id AS TEXT) END,
        expires_at = CASE WHEN short_hash IN (:short_hash, :other) AND expires_at < :proved_by
            THEN CAST(:proved_by AS BIGINT) ELSE expires_at END,
        tries = CASE WHEN short_hash IN (:short_hash, :other) THEN tries ELSE tries + 1 END
    WHERE account_id = :account_id AND {usable}
    RETURNING {columns}
    """,
    usable=_USABLE,
    columns=_COLUMNS,
)
_WHY: Final = Statement("SELECT account_id, spent_at FROM pairings WHERE code_hash = :code_hash")
_WHY_SHORT: Final = Statement(
    """
    SELECT account_id, spent_at FROM pairings
    WHERE account_id = :account_id AND short_hash IN (:short_hash, :other)
    ORDER BY created_at DESC, id LIMIT 1
    """
)
_LOAD: Final = Statement(
    """
    SELECT {columns} FROM pairings
    WHERE id = :id AND session_id = :session_id AND expires_at > :now
    """,
    columns=_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Paired:
    """The code was right and is spent now."""

    pairing: Pairing


@dataclass(frozen=True, slots=True)
class PairingUsed:
    """The code was right, and somebody came with it before."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class PairingExpired:
    """Too old, ended by a newer one or by wrong tries, or given by what is bound no longer."""


@dataclass(frozen=True, slots=True)
class ShortWrong:
    """Another short code than the account's."""

    tries_left: int


class Pairings:
    """`unit.pairings`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def start(self, pairing: Pairing) -> None:
        """Keep a code; what the account has of unspent ones has expired from now on."""
        # Two pages at once must not leave two codes alive.
        await self._run.turn(f"pairings:{pairing.account_id}")
        await self._run.changed(
            _END_OLDER, account_id=pairing.account_id, at=ms(pairing.created_at)
        )
        await self._run.changed(
            _START,
            id=pairing.id,
            account_id=pairing.account_id,
            session_id=pairing.session_id,
            old_phone=pairing.old_phone,
            code_hash=pairing.code_hash,
            short_hash=pairing.short_hash,
            tries=pairing.tries,
            created_at=ms(pairing.created_at),
            expires_at=ms(pairing.expires_at),
            spent_at=optional_ms(pairing.spent_at),
            phone_id=pairing.phone_id,
        )

    async def end_all(self, account_id: AccountId, at: datetime) -> None:
        """Let every unspent code of somebody have expired."""
        await self._run.changed(_END_OLDER, account_id=account_id, at=ms(at))

    async def spend(
        self, code_hash: bytes, phone_id: AuthenticatorId, now: datetime
    ) -> Paired | PairingUsed | PairingExpired | None:
        """Use up a long code for a phone; None where there never was such a code.

        A phone that came in the last minute has two to be proved.

        The one statement decides; only where it found nothing, a second one asks why.
        """
        row = await self._run.row(
            _SPEND,
            code_hash=code_hash,
            phone_id=phone_id,
            now=ms(now),
            proved_by=ms(now + PROVES_WITHIN),
            most=SHORT_TRIES,
        )
        if row is not None:
            return Paired(_pairing(row))
        return _why(await self._run.row(_WHY, code_hash=code_hash))

    async def spend_short(
        self,
        account_id: AccountId,
        short_hash: bytes,
        phone_id: AuthenticatorId,
        now: datetime,
        other: bytes | None = None,
    ) -> Paired | PairingUsed | PairingExpired | ShortWrong | None:
        """Compare and use up in one statement; a wrong code is counted, so it must be committed.

        `other` is what the same code is under another key of ours, and as right. None where the
        account has no code that could be meant.
        """
        either = other or short_hash
        row = await self._run.row(
            _SPEND_SHORT,
            account_id=account_id,
            short_hash=short_hash,
            other=either,
            phone_id=phone_id,
            now=ms(now),
            proved_by=ms(now + PROVES_WITHIN),
            most=SHORT_TRIES,
        )
        if row is None:
            return _why(
                await self._run.row(
                    _WHY_SHORT, account_id=account_id, short_hash=short_hash, other=either
                )
            )
        pairing = _pairing(row)
        if pairing.spent_at is None:
            return ShortWrong(SHORT_TRIES - pairing.tries)
        return Paired(pairing)

    async def load(self, id_: PairingId, session_id: SessionId, now: datetime) -> Pairing | None:
        """Read a code of a session's page that is not over; spent ones name their phone."""
        row = await self._run.row(_LOAD, id=id_, session_id=session_id, now=ms(now))
        return None if row is None else _pairing(row)


def _why(row: Row | None) -> PairingUsed | PairingExpired | None:
    if row is None:
        return None
    return PairingExpired() if row[1] is None else PairingUsed(AccountId(row[0]))


def _pairing(row: Row) -> Pairing:
    return Pairing(
        id=PairingId(row[0]),
        account_id=AccountId(row[1]),
        session_id=row[2],
        old_phone=row[3],
        code_hash=row[4],
        short_hash=row[5],
        tries=row[6],
        created_at=instant(row[7]),
        expires_at=instant(row[8]),
        spent_at=optional_instant(row[9]),
        phone_id=row[10],
    )
