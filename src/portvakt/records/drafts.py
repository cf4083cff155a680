"""Authenticators being set up: not bound, not offered, gone after ten minutes unless proved."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, SessionId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

_PUT: Final = Statement(
    """
    INSERT INTO drafts (id, account_id, session_id, type, sealed, detail, created_at, expires_at)
    VALUES (:id, :account_id, :session_id, :type, :sealed, :detail, :created_at, :expires_at)
    """
)
_LOAD: Final = Statement(
    """
    SELECT id, account_id, session_id, type, sealed, detail, created_at, expires_at FROM drafts
    WHERE id = :id AND account_id = :account_id AND session_id = :session_id AND expires_at > :now
    """
)
_OF_SESSION: Final = Statement(
    """
    SELECT id, account_id, session_id, type, sealed, detail, created_at, expires_at FROM drafts
    WHERE account_id = :account_id AND session_id = :session_id AND type = :type
        AND expires_at > :now
    ORDER BY created_at DESC, id
    """
)
_SPEND: Final = Statement(
    """
    DELETE FROM drafts
    WHERE id = :id AND account_id = :account_id AND session_id = :session_id AND expires_at > :now
    RETURNING id, account_id, session_id, type, sealed, detail, created_at, expires_at
    """
)
_DROP_ALL: Final = Statement("DELETE FROM drafts WHERE account_id = :account_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An authenticator that somebody is setting up in one session."""

    id: str
    account_id: AccountId
    session_id: SessionId
    type: AuthenticatorType
    sealed: bytes | None = field(default=None, repr=False)
    """Sealed for table drafts, column sealed, row id."""
    detail: str = ""
    """The number of a telephone that is to be proved."""
    created_at: datetime
    expires_at: datetime


class Drafts:
    """`unit.drafts`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put(self, draft: Draft) -> None:
        """Keep what is being set up."""
        await self._run.changed(
            _PUT,
            id=draft.id,
            account_id=draft.account_id,
            session_id=draft.session_id,
            type=draft.type,
            sealed=draft.sealed,
            detail=draft.detail,
            created_at=ms(draft.created_at),
            expires_at=ms(draft.expires_at),
        )

    async def load(
        self, id_: str, account_id: AccountId, session_id: SessionId, now: datetime
    ) -> Draft | None:
        """Read a draft of this person and session; None where there is none or it expired."""
        return _draft(
            await self._run.row(
                _LOAD, id=id_, account_id=account_id, session_id=session_id, now=ms(now)
            )
        )

    async def of_session(
        self, account_id: AccountId, session_id: SessionId, kind: AuthenticatorType, now: datetime
    ) -> list[Draft]:
        """Read everything of one type that is being set up in a session, the newest first."""
        rows = await self._run.rows(
            _OF_SESSION, account_id=account_id, session_id=session_id, type=kind, now=ms(now)
        )
        return [draft for draft in map(_draft, rows) if draft is not None]

    async def spend(
        self, id_: str, account_id: AccountId, session_id: SessionId, now: datetime
    ) -> Draft | None:
        """Take a draft away to bind what it holds; None for everybody but the first."""
        return _draft(
            await self._run.row(
                _SPEND, id=id_, account_id=account_id, session_id=session_id, now=ms(now)
            )
        )

    async def drop_all(self, account_id: AccountId) -> None:
        """Give up whatever somebody is setting up, in every session."""
        await self._run.changed(_DROP_ALL, account_id=account_id)


def _draft(row: Row | None) -> Draft | None:
    if row is None:
        return None
    return Draft(
        id=row[0],
        account_id=AccountId(row[1]),
        session_id=SessionId(row[2]),
        type=AuthenticatorType(row[3]),
        sealed=row[4],
        detail=row[5],
        created_at=instant(row[6]),
        expires_at=instant(row[7]),
    )
