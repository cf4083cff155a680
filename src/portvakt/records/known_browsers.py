"""Browsers in which somebody asked not to be asked again: one row each, whose secret rotates.

A secret has two halves, as a refresh token has (`records.refreshing`): that of the browser, which
stays, and one of its own, which is another after each use. So whoever brings one that was used
before is known for what they are. The one before the newest counts until the newest has been used,
for the answer that brought the newest may be lost. There is never more than one row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, AuthenticatorId, KnownBrowserId, SessionId
from portvakt.core.known_browsers import ANSWERED, KnownBrowser
from portvakt.records.driver import Row, Run
from portvakt.records.sign_outs import ENDED
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

_COLUMNS: Final = """
    id, account_id, authenticator_id, browser_hash, user_agent, address, shown_at, used_at,
    expires_at
"""
_BEGIN: Final = Statement(
    """
    INSERT INTO known_browsers (id, account_id, authenticator_id, family_hash, secret_hash,
        before_hash, browser_hash, user_agent, address, shown_at, used_at, expires_at)
    VALUES (:id, :account_id, :authenticator_id, :family_hash, :secret_hash,
        NULL, :browser, :user_agent, :address, :since, :used_at, :until)
    """
)
# What is suspended or disabled is nothing here, and what is removed takes its rows along.
_LOOK: Final = Statement(
    """
    SELECT {columns}, secret_hash, before_hash FROM known_browsers
    WHERE family_hash = :family_hash AND EXISTS (SELECT 1 FROM authenticators b
        WHERE b.id = known_browsers.authenticator_id AND b.state = 'active')
    """,
    columns=_COLUMNS,
)
# The newest; or the one before, where the answer that brought the newest must have been lost.
_ROTATE: Final = Statement(
    """
    UPDATE known_browsers SET before_hash = :secret_hash, secret_hash = :new_hash, used_at = :now
    WHERE family_hash = :family_hash AND expires_at > :now AND (
        secret_hash = :secret_hash OR (before_hash = :secret_hash AND used_at <= :answered))
    """
)
_LIVES: Final = Statement(
    """
    SELECT 1 FROM known_browsers
    WHERE family_hash = :family_hash AND expires_at > :now AND before_hash = :secret_hash
    """
)
_END_COPIED: Final = Statement(
    """
    DELETE FROM known_browsers
    WHERE family_hash = :family_hash AND secret_hash <> :secret_hash
        AND (before_hash IS NULL OR before_hash <> :secret_hash)
    """
)
_END_SESSIONS: Final = Statement(
    """
    UPDATE sessions SET closed_at = :now WHERE known_browser = :id AND account_id = :account_id
        AND closed_at IS NULL
    RETURNING id
    """
)
_OF: Final = Statement(
    """
    SELECT {columns} FROM known_browsers WHERE account_id = :account_id AND expires_at > :now
    ORDER BY used_at DESC, id
    """,
    columns=_COLUMNS,
)
_STANDS: Final = Statement(
    "SELECT 1 FROM known_browsers WHERE id = :id AND account_id = :account_id"
)
_FORGET: Final = Statement("DELETE FROM known_browsers WHERE id = :id AND account_id = :account_id")
_FORGET_ALL: Final = Statement(
    "DELETE FROM known_browsers WHERE account_id = :account_id AND family_hash <> :kept"
)
_FORGET_SOME: Final = Statement(
    """
    DELETE FROM known_browsers
    WHERE id IN (SELECT id FROM known_browsers WHERE shown_at <= :at LIMIT :most)
    """
)
_REPLACE: Final = Statement(
    """
    DELETE FROM known_browsers WHERE family_hash = :family_hash
        AND (secret_hash = :secret_hash OR before_hash = :secret_hash)
    """
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is stored of the browser that a secret is of."""

    stored: KnownBrowser
    live: bool
    """Whether the secret is the newest, or the one before it."""


class KnownBrowsers:
    """`unit.known_browsers`. Whether one counts for somebody is for `core.known_browsers`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def begin(self, browser: KnownBrowser, family_hash: bytes, secret_hash: bytes) -> None:
        """Keep a browser, by the hashes of the two halves of its secret."""
        await self._run.changed(
            _BEGIN,
            id=browser.id,
            account_id=browser.account_id,
            authenticator_id=browser.authenticator_id,
            family_hash=family_hash,
            secret_hash=secret_hash,
            browser=browser.browser,
            user_agent=browser.user_agent,
            address=browser.address,
            since=ms(browser.since),
            used_at=ms(browser.used_at),
            until=ms(browser.until),
        )

    async def look(self, family_hash: bytes, secret_hash: bytes) -> Looked | None:
        """Read the browser that a secret is of, whichever of its secrets that is."""
        row = await self._run.row(_LOOK, family_hash=family_hash)
        if row is None:
            return None
        newest, before = row[-2:]
        live = secret_hash in (bytes(newest), b"" if before is None else bytes(before))
        return Looked(_browser(row), live)

    async def rotate(
        self, family_hash: bytes, secret_hash: bytes, new_hash: bytes, now: datetime
    ) -> bool | None:
        """Put a new half in place of this one. None where this one does not count any more.

        False where it counts and keeps its place: another use came first, moments ago, and the
        answer to that one holds what follows. The one statement decides who of many is first.
        """
        written = await self._run.changed(
            _ROTATE,
            family_hash=family_hash,
            secret_hash=secret_hash,
            new_hash=new_hash,
            now=ms(now),
            answered=ms(now - ANSWERED),
        )
        if written:
            return True
        lives = await self._run.row(
            _LIVES, family_hash=family_hash, secret_hash=secret_hash, now=ms(now)
        )
        return None if lives is None else False

    async def end_copied(self, family_hash: bytes, secret_hash: bytes) -> bool:
        """Forget a browser for a half of its secret that was used long before; once.

        False where it is forgotten already, or the half counts.
        """
        ended = await self._run.changed(
            _END_COPIED, family_hash=family_hash, secret_hash=secret_hash
        )
        return ended == 1

    async def end_sessions(
        self, id_: KnownBrowserId, account_id: AccountId, now: datetime
    ) -> list[SessionId]:
        """End every session in which a browser was known; returns which."""
        rows = await self._run.rows(_END_SESSIONS, id=id_, account_id=account_id, now=ms(now))
        if rows:
            await self._run.ring(ENDED)
        return [SessionId(row[0]) for row in rows]

    async def stands(self, id_: KnownBrowserId, account_id: AccountId) -> bool:
        """Say whether a browser of somebody's is not forgotten, however old it is."""
        return await self._run.row(_STANDS, id=id_, account_id=account_id) is not None

    async def of(self, account_id: AccountId, now: datetime) -> list[KnownBrowser]:
        """List somebody's, the one last used first."""
        rows = await self._run.rows(_OF, account_id=account_id, now=ms(now))
        return [_browser(row) for row in rows]

    async def forget(self, id_: KnownBrowserId, account_id: AccountId) -> bool:
        """Forget one; False where this person has no such."""
        return await self._run.changed(_FORGET, id=id_, account_id=account_id) == 1

    async def forget_all(self, account_id: AccountId, kept: bytes | None = None) -> int:
        """Forget all of a person's but the one whose browser's half has this hash."""
        return await self._run.changed(_FORGET_ALL, account_id=account_id, kept=kept or b"")

    async def forget_some(self, at: datetime, most: int) -> int:
        """Forget up to so many that were made by `at`, whosever they are."""
        return await self._run.changed(_FORGET_SOME, at=ms(at), most=most)

    async def replace(self, family_hash: bytes, secret_hash: bytes) -> None:
        """Forget the one whose secret this is: its browser is given another."""
        await self._run.changed(_REPLACE, family_hash=family_hash, secret_hash=secret_hash)


def _browser(row: Row) -> KnownBrowser:
    return KnownBrowser(
        id=KnownBrowserId(row[0]),
        account_id=AccountId(row[1]),
        authenticator_id=AuthenticatorId(row[2]),
        browser=bytes(row[3]),
        user_agent=row[4],
        address=row[5],
        since=instant(row[6]),
        used_at=instant(row[7]),
        until=instant(row[8]),
    )
