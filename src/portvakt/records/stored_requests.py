"""Authorization requests that came before the browser: pushed by an app, or posted through it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.ids import ClientId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_PUT: Final = Statement(
    """
    INSERT INTO stored_requests (hash, client_id, pushed, parameters, expires_at)
    VALUES (:hash, :client_id, :pushed, :parameters, :expires_at)
    """
)
_LOAD: Final = Statement(
    """
    SELECT client_id, pushed, parameters, browser_hash FROM stored_requests
    WHERE hash = :hash AND expires_at > :now
    """
)
_HOLD: Final = Statement(
    """
    UPDATE stored_requests SET browser_hash = :browser, expires_at = :until
    WHERE hash = :hash AND browser_hash IS NULL AND expires_at > :now
    """
)
_SPEND: Final = Statement(
    """
    DELETE FROM stored_requests
    WHERE hash = :hash AND expires_at > :now
        AND (browser_hash IS NULL OR browser_hash = :browser)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as it was checked when it came, under the hash of its handle."""

    hash: bytes = field(repr=False)
    client_id: ClientId
    pushed: bool
    """Whether the app sent it itself (RFC 9126); else a browser brought it in a form."""
    parameters: str
    """Urlencoded, as in the query of an address."""
    browser: bytes | None = None
    """The browser that began to sign in with it: nobody else can go on."""


class StoredRequests:
    """`unit.stored_requests`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put(self, request: StoredRequest, expires_at: datetime) -> None:
        """Keep a request until somebody comes with its handle."""
        await self._run.changed(
            _PUT,
            hash=request.hash,
            client_id=request.client_id,
            pushed=request.pushed,
            parameters=request.parameters,
            expires_at=ms(expires_at),
        )

    async def load(self, hashed: bytes, now: datetime) -> StoredRequest | None:
        """Read a request that was not spent and is not too old."""
        row = await self._run.row(_LOAD, hash=hashed, now=ms(now))
        if row is None:
            return None
        client_id, pushed, parameters, browser = row
        return StoredRequest(
            hash=hashed,
            client_id=ClientId(client_id),
            pushed=bool(pushed),
            parameters=parameters,
            browser=None if browser is None else bytes(browser),
        )

    async def hold(self, hashed: bytes, browser: bytes, until: datetime, now: datetime) -> bool:
        """Keep it for one browser while that signs in; False where one has it, or it is gone."""
        changed = await self._run.changed(
            _HOLD, hash=hashed, browser=browser, until=ms(until), now=ms(now)
        )
        return changed == 1

    async def spend(self, hashed: bytes, browser: bytes, now: datetime) -> bool:
        """Use it up; False where it is gone, or another browser's."""
        changed = await self._run.changed(_SPEND, hash=hashed, browser=browser, now=ms(now))
        return changed == 1
