"""Refused requests, kept so that `portvakt why NUMBER` can name the rule that said no.

Anybody on the internet can send a request that is refused, so only so many are kept: a few a minute
from one address, and some more from all together, counted in each process. What comes on top is in
the log under the same number, as all of it is.
"""

from dataclasses import dataclass, field
from typing import Final

import structlog

from portvakt.core.events import AppRequestRefused
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.room import Room
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.proving.visit import Visit
from portvakt.records.unit import Records

FROM_ONE_ADDRESS: Final = 6
FROM_ALL: Final = 30
"""In a minute, in one process."""

_log = structlog.get_logger("portvakt.open_app")


@dataclass(frozen=True, slots=True)
class Noting:
    """Writes refused requests down."""

    records: Records
    room: Room = field(default_factory=lambda: Room(FROM_ONE_ADDRESS, FROM_ALL))

    async def refused(
        self, rule: str, error: OAuthError, app: RelyingParty | None, visit: Visit
    ) -> bool:
        """Keep that a rule said no, and say whether it is found under the visit's number.

        Raises RecordsUnavailable.
        """
        named = None if app is None else app.client_id
        _log.warning(
            "authorize_refused", app=named, rule=rule, error=error.code, said=error.description
        )
        if not self.room.take(visit.address, visit.now):
            return False
        event = AppRequestRefused(
            at=visit.now,
            actor="stranger" if app is None else f"app:{app.client_id}",
            request_id=visit.request_id,
            address=visit.address,
            app=named,
            rule=rule,
            error=error.code,
            said=error.description,
        )
        await self.records.write_one(lambda unit: unit.audit.write(event))
        return True
