"""Whose ways to sign in stand still, and the links with which a change is disowned, once.

A link is a row with a hash of its token; the token is in one mail and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.after_reset import PastReset
from portvakt.core.freezing import LINK_LIVES, OF_PASSWORD, Change, Disowned, Freezing
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, strings, to_json

_PUT_LINK: Final = Statement(
    """
    INSERT INTO freeze_links (token_hash, account_id, change, change_at, expires_at, used_at)
    VALUES (:token_hash, :account_id, :change, :change_at, :expires_at, NULL)
    """
)
_LOOK: Final = Statement(
    """
    SELECT account_id, change, change_at FROM freeze_links
    WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :now
    """
)
_SPEND: Final = Statement(
    """
    UPDATE freeze_links SET used_at = :now
    WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :now
    RETURNING account_id, change, change_at
    """
)
_CHANGED_SINCE: Final = Statement(
    """
    SELECT 1 FROM freeze_links
    WHERE account_id = :account_id AND change {among:changes} AND change_at >= :since LIMIT 1
    """
)
_OF: Final = Statement(
    """
    SELECT r.at, r.used, f.change, f.since, f.at
    FROM (SELECT CAST(:account_id AS TEXT) AS id) AS whose
    LEFT JOIN past_resets r ON r.account_id = whose.id
    LEFT JOIN freezes f ON f.account_id = whose.id
    """
)
_FREEZE: Final = Statement(
    """
    INSERT INTO freezes (account_id, change, since, at) VALUES (:account_id, :change, :since, :at)
    ON CONFLICT (account_id) DO UPDATE
    SET change = excluded.change, since = excluded.since, at = excluded.at
    """
)
_THAW: Final = Statement("DELETE FROM freezes WHERE account_id = :account_id")
_VOID_LINKS: Final = Statement(
    "DELETE FROM freeze_links WHERE account_id = :account_id AND change_at <= :at"
)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link disowns, or a button: a change, and when it was made."""

    account_id: AccountId
    change: Change
    made: datetime


class Freezes:
    """`unit.freezes`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put_link(self, token_hash: bytes, link: Link) -> None:
        """Keep a link that was sent; it can be used for `LINK_LIVES` after the change."""
        await self._run.changed(
            _PUT_LINK,
            token_hash=token_hash,
            account_id=link.account_id,
            change=link.change,
            change_at=ms(link.made),
            expires_at=ms(link.made + LINK_LIVES),
        )

    async def look(self, token_hash: bytes, now: datetime) -> Link | None:
        """Read a link that can still be used; None for unknown, used and expired ones alike."""
        return _link(await self._run.row(_LOOK, token_hash=token_hash, now=ms(now)))

    async def spend(self, token_hash: bytes, now: datetime) -> Link | None:
        """Use up a link; None for everybody but the first."""
        return _link(await self._run.row(_SPEND, token_hash=token_hash, now=ms(now)))

    async def password_changed_since(self, account_id: AccountId, since: datetime) -> bool:
        """Whether a notice told of a new password then or later. It is known for `LINK_LIVES`."""
        row = await self._run.row(
            _CHANGED_SINCE,
            account_id=account_id,
            since=ms(since),
            changes=to_json(sorted(OF_PASSWORD)),
        )
        return row is not None

    async def of(self, account_id: AccountId) -> Freezing:
        """Read all that may make somebody's ways to sign in stand still."""
        row = await self._run.row(_OF, account_id=account_id)
        if row is None:
            return Freezing()
        reset_at, used, change, since, at = row
        return Freezing(
            reset=None
            if reset_at is None
            else PastReset(
                instant(reset_at), frozenset(AuthenticatorId(each) for each in strings(used))
            ),
            disowned=None
            if change is None
            else Disowned(Change(change), instant(since), instant(at)),
        )

    async def freeze(self, account_id: AccountId, disowned: Disowned) -> None:
        """Keep what was disowned (`core.freezing.disown` has said what stands from now on)."""
        await self._run.changed(
            _FREEZE,
            account_id=account_id,
            change=disowned.change,
            since=ms(disowned.since),
            at=ms(disowned.at),
        )

    async def thaw(self, account_id: AccountId, at: datetime) -> bool:
        """Set somebody free, and make older links worthless; False where they were free.

        Whoever has shown that they are the owner has spoken for what came before.
        """
        if await self._run.changed(_THAW, account_id=account_id) == 0:
            return False
        await self._run.changed(_VOID_LINKS, account_id=account_id, at=ms(at))
        return True


def _link(row: Row | None) -> Link | None:
    return None if row is None else Link(AccountId(row[0]), Change(row[1]), instant(row[2]))
