"""One-time codes that were sent. Of each flow and purpose there is one, the newest."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

TRIES: Final = 5
"""Wrong answers to one code (NIST SP 800-63B-4 section 3.2.2 leaves the number to us)."""

_ISSUE: Final = Statement(
    """
    INSERT INTO codes (flow, purpose, id, account_id, authenticator_id, mac, tries, created_at,
        expires_at)
    VALUES (:flow, :purpose, :id, :account_id, :authenticator_id, :mac, 0, :created_at,
        :expires_at)
    ON CONFLICT (flow, purpose) DO UPDATE SET id = excluded.id, account_id = excluded.account_id,
        authenticator_id = excluded.authenticator_id, mac = excluded.mac, tries = 0,
        created_at = excluded.created_at, expires_at = excluded.expires_at, spent_at = NULL
    """
)
_SPEND: Final = Statement(
    """
    UPDATE codes SET tries = tries + 1,
        spent_at = CASE WHEN mac IN (:mac, :other) AND expires_at > :now
            THEN CAST(:now AS BIGINT) END
    WHERE flow = :flow AND purpose = :purpose AND spent_at IS NULL AND tries < :most
    RETURNING spent_at, expires_at, authenticator_id
    """
)

_END_ALL: Final = Statement(
    """
    UPDATE codes SET expires_at = :at
    WHERE account_id = :account_id AND spent_at IS NULL AND expires_at > :at
    """
)
_NEWEST: Final = Statement(
    """
    SELECT authenticator_id, created_at, expires_at, id FROM codes
    WHERE flow = :flow AND purpose = :purpose
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code that was sent, as a MAC."""

    id: str
    flow: str
    """The flow or draft that asked for it."""
    account_id: AccountId | None
    authenticator_id: AuthenticatorId | None
    purpose: str
    mac: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """The code was right and is used up now."""

    authenticator_id: AuthenticatorId | None


@dataclass(frozen=True, slots=True)
class CodeExpired:
    """There was a code, and its time is over; whether this was it is not said."""


@dataclass(frozen=True, slots=True)
class CodeWrong:
    """Another code, none at all, used already, or wrong too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What a page may tell of the code that was sent: to which authenticator, and its life."""

    id: str
    """That of its message in the outbox, too, where one was put there."""
    authenticator_id: AuthenticatorId | None
    created_at: datetime
    expires_at: datetime


class Codes:
    """`unit.codes`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def issue(self, code: Code) -> None:
        """Keep a code; an older one of the same flow and purpose is dead from now on."""
        await self._run.changed(
            _ISSUE,
            flow=code.flow,
            purpose=code.purpose,
            id=code.id,
            account_id=code.account_id,
            authenticator_id=code.authenticator_id,
            mac=code.mac,
            created_at=ms(code.created_at),
            expires_at=ms(code.expires_at),
        )

    async def spend(
        self, flow: str, purpose: str, mac: bytes, now: datetime, other: bytes | None = None
    ) -> Spent | CodeExpired | CodeWrong:
        """Compare and use up in one statement; a wrong answer is counted in the row.

        So a wrong answer must be committed too. `other` is what the same digits are under another
        key of ours, and as right.
        """
        row = await self._run.row(
            _SPEND,
            flow=flow,
            purpose=purpose,
            mac=mac,
            other=other or mac,
            now=ms(now),
            most=TRIES,
        )
        if row is None:
            return CodeWrong()
        spent_at, expires_at, authenticator_id = row
        if spent_at is not None:
            return Spent(authenticator_id)
        return CodeExpired() if expires_at <= ms(now) else CodeWrong()

    async def end_all(self, account_id: AccountId, at: datetime) -> None:
        """Let every unspent code that was sent to somebody have expired."""
        await self._run.changed(_END_ALL, account_id=account_id, at=ms(at))

    async def newest(self, flow: str, purpose: str) -> Newest | None:
        """Read when and to which authenticator a code was sent; None where none was."""
        row = await self._run.row(_NEWEST, flow=flow, purpose=purpose)
        if row is None:
            return None
        return Newest(
            authenticator_id=row[0],
            created_at=instant(row[1]),
            expires_at=instant(row[2]),
            id=row[3],
        )
