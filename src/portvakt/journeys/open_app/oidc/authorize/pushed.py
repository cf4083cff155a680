"""Requests that an app sends itself, before it sends the browser (PAR, RFC 9126)."""

from dataclasses import dataclass
from typing import Final

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.arriving import Arriving, Stranger
from portvakt.journeys.open_app.oidc.authorize.asked import Objection
from portvakt.journeys.open_app.oidc.authorize.handles import FIRST_USE
from portvakt.journeys.open_app.oidc.authorize.noting import Noting
from portvakt.journeys.open_app.oidc.authorize.posted import BUSY, Keeping
from portvakt.journeys.open_app.oidc.authorize.request import AuthorizationRequest
from portvakt.journeys.open_app.oidc.calls import Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.visit import Visit

_ABOUT_THE_APP: Final = ("client_secret", "client_assertion", "client_assertion_type")
"""How the app showed itself: no part of its request (RFC 9126 section 2.1)."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """Checks requests of apps that have shown themselves, and keeps them under a handle."""

    arriving: Arriving
    keeping: Keeping
    noting: Noting

    async def answer(
        self, app: RelyingParty, sent: Sent, visit: Visit
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (RFC 9126 section 2.2), or why not (section 2.3).

        Raises RecordsUnavailable.
        """
        if "request_uri" in sent:  # section 2.1, step 2
            needs = "request_uri is what an answer holds, and not a request."
            return OAuthError(ErrorCode.INVALID_REQUEST, needs)
        named = sent.having("client_id", app.client_id)
        own = [pair for pair in named.pairs if pair[0] not in _ABOUT_THE_APP]
        request = AuthorizationRequest.of(own)
        if isinstance(request, OAuthError):
            return request
        found = await self.arriving.judge(request, visit, pushed=True)
        if isinstance(found, Stranger):
            return await self._noted(found.refused.rule, found.refused.error, app, visit)
        if isinstance(found, Objection):
            return await self._noted(found.rule, found.error, app, visit)
        if app.token_endpoint_auth_method == "none" and not self.keeping.has_room(visit):  # noqa: S105
            return BUSY
        handle = await self.keeping.keep(request, app, visit, pushed=True)
        return {"request_uri": handle, "expires_in": int(FIRST_USE.total_seconds())}

    async def _noted(
        self, rule: str, error: OAuthError, app: RelyingParty, visit: Visit
    ) -> OAuthError:
        noted = await self.noting.refused(rule, error, app, visit)
        return error.under(visit.request_id) if noted else error
