"""Requests that a browser brings in a form: kept here, and gone on with at our own address.

The form comes from a stranger's site, so the browser sends no cookie of ours along, and nothing is
shown or decided here. What is not fit to be kept is answered by that address as well.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.randomness import Random
from portvakt.journeys.open_app.oidc.authorize.arriving import Arriving, Stranger
from portvakt.journeys.open_app.oidc.authorize.asked import Asked, Objection
from portvakt.journeys.open_app.oidc.authorize.handles import FIRST_USE, PREFIX, handle_hash
from portvakt.journeys.open_app.oidc.authorize.request import MAX_QUERY, AuthorizationRequest
from portvakt.journeys.open_app.oidc.authorize.room import Room
from portvakt.journeys.open_app.oidc.calls import Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.places import AUTHORIZE
from portvakt.proving.visit import Visit
from portvakt.records.stored_requests import StoredRequest
from portvakt.records.unit import Records

FROM_ONE_ADDRESS: Final = 120
FROM_ALL: Final = 600
"""Requests of strangers that are kept in a minute, in one process."""
BUSY: Final = OAuthError(
    ErrorCode.TEMPORARILY_UNAVAILABLE, "Too many requests came from here in a minute.", wait=60
)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Stores requests under handles."""

    records: Records
    random: Random
    room: Room = field(default_factory=lambda: Room(FROM_ONE_ADDRESS, FROM_ALL))

    def has_room(self, visit: Visit) -> bool:
        """Say whether something of a stranger's may be kept now, and count it."""
        return self.room.take(visit.address, visit.now)

    async def keep(
        self, request: AuthorizationRequest, app: RelyingParty, visit: Visit, *, pushed: bool
    ) -> str:
        """Store a request that was found good, and return its handle (RFC 9126 section 2.2)."""
        handle = PREFIX + self.random.secret()
        stored = StoredRequest(
            hash=handle_hash(handle),
            client_id=app.client_id,
            pushed=pushed,
            parameters=request.query(),
        )
        expires_at = visit.now + FIRST_USE
        await self.records.write_one(lambda unit: unit.stored_requests.put(stored, expires_at))
        return handle


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a browser that posted a request goes on."""

    arriving: Arriving
    keeping: Keeping

    async def next(self, sent: Sent, visit: Visit) -> str | OAuthError:
        """Return a path of ours; an error where the request is too large to go on with there.

        Raises RecordsUnavailable.
        """
        request = AuthorizationRequest.of(sent.pairs)
        if isinstance(request, OAuthError):
            return request
        found = await self.arriving.judge(request, visit)
        refused: OAuthError | None = None
        match found:
            case Asked() if found.stored is None and self.keeping.has_room(visit):
                handle = await self.keeping.keep(request, found.app, visit, pushed=False)
                named = {"client_id": found.app.client_id, "request_uri": handle}
                return f"{AUTHORIZE}?{urlencode(named)}"
            case Asked():
                refused = BUSY
            case Objection():
                refused = found.error
            case Stranger():
                refused = found.refused.error
        query = request.query()
        return f"{AUTHORIZE}?{query}" if len(query) <= MAX_QUERY else refused
