"""From the query that a browser brings to a request that is known good, or to what is wrong."""

from dataclasses import dataclass, replace

from portvakt.core.messages import MessageId
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.asked import Asked, Objection
from portvakt.journeys.open_app.oidc.authorize.checks import (
    Came,
    check_client,
    check_redirect_uri,
    check_way,
    first_objection,
)
from portvakt.journeys.open_app.oidc.authorize.demands import demands_of
from portvakt.journeys.open_app.oidc.authorize.handles import handle_hash, is_handle
from portvakt.journeys.open_app.oidc.authorize.hints import Hints
from portvakt.journeys.open_app.oidc.authorize.request import MAX_STORED, OWN, AuthorizationRequest
from portvakt.journeys.open_app.oidc.authorize.request_object import OBJECT, RequestObjects
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError, Untrusted
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit
from portvakt.records.stored_requests import StoredRequest
from portvakt.records.unit import Records

_NAMED = frozenset({"client_id", "request_uri", "login_hint"}) | OWN
"""What travels on where the request itself is kept here; `login_hint` is for our own page."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A request that cannot be trusted, and the app that it names, where that is known."""

    refused: Untrusted
    app: RelyingParty | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A request, and where it was kept."""

    sent: AuthorizationRequest
    request: AuthorizationRequest
    stored: StoredRequest | None = None
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Arriving:
    """Finds what was asked, and holds it against the rules of `checks`."""

    records: Records
    rules: Rules
    hints: Hints
    objects: RequestObjects

    async def read(self, query: bytes, visit: Visit) -> Asked | Objection | Stranger:
        """Judge a request as far as that goes without knowing who sits there.

        Raises RecordsUnavailable.
        """
        sent = AuthorizationRequest.parse(query)
        if isinstance(sent, OAuthError):
            return Stranger(Untrusted.unreadable(sent))
        return await self.judge(sent, visit)

    async def judge(
        self, sent: AuthorizationRequest, visit: Visit, *, pushed: bool = False
    ) -> Asked | Objection | Stranger:
        """Judge a request that was decoded; `pushed` where the app itself has sent it."""
        configuration = await self.rules.current(visit.now)
        app = check_client(sent, configuration.by_client_id)
        if isinstance(app, Untrusted):
            return Stranger(app)
        found = await self._found(sent, app, visit)
        if isinstance(found, Untrusted):
            return Stranger(found, app)
        opened = await self._opened(found, app, visit)
        if isinstance(opened, Objection | Stranger):
            return opened
        return await self._judged(opened, app, visit, pushed=pushed)

    async def _found(
        self, sent: AuthorizationRequest, app: RelyingParty, visit: Visit
    ) -> _Found | Untrusted:
        """Take the request from where it is kept; everything beside the handle is ignored.

        RFC 9126 section 4, RFC 9101 section 6.3.
        """
        handle = sent.get("request_uri") or ""
        if not is_handle(handle) or "request_uri" in sent.repeated():
            return _Found(sent, sent)
        hashed = handle_hash(handle)
        stored = await self.records.read(lambda unit: unit.stored_requests.load(hashed, visit.now))
        mine = (
            stored is not None
            and stored.client_id == app.client_id
            and stored.browser in {None, visit.binding}
        )
        if stored is None or not mine:
            return gone()
        request = AuthorizationRequest.parse(stored.parameters.encode("ascii"), MAX_STORED)
        if isinstance(request, OAuthError):
            return Untrusted.unreadable(request)
        return _Found(sent.only(_NAMED), request, stored)

    async def _opened(
        self, found: _Found, app: RelyingParty, visit: Visit
    ) -> _Found | Objection | Stranger:
        """Take the request out of the object that the app signed, where there is one."""
        token = found.request.get(OBJECT)
        if token is None or found.request.get("request_uri") is not None:
            return found
        now = visit.now if found.stored is None else None
        request = await self.objects.opened(token, app, now)
        if isinstance(request, OAuthError):
            if check_redirect_uri(found.request, app) is None:
                return Objection(request=found.request, app=app, rule=OBJECT, error=request)
            return Stranger(Untrusted.unreadable(request), app)
        return replace(found, request=request, signed=True)

    async def _judged(
        self, found: _Found, app: RelyingParty, visit: Visit, *, pushed: bool
    ) -> Asked | Objection | Stranger:
        request, stored = found.request, found.stored
        if (stranger := check_redirect_uri(request, app)) is not None:
            return Stranger(stranger, app)
        came = Came(pushed=pushed or (stored is not None and stored.pushed), signed=found.signed)
        objection = check_way(came, app) or first_objection(request, app)
        if objection is not None:
            rule, error = objection
            return Objection(request=request, app=app, rule=rule, error=error)
        hinted = await self._hinted(request, app, visit)
        if isinstance(hinted, OAuthError):
            return Objection(request=request, app=app, rule="id_token_hint", error=hinted)
        return Asked(
            sent=found.sent,
            request=request,
            app=app,
            visit=visit,
            demands=demands_of(request, app, hinted),
            stored=None if stored is None else stored.hash,
            signed=found.signed,
        )

    async def _hinted(
        self, request: AuthorizationRequest, app: RelyingParty, visit: Visit
    ) -> str | OAuthError | None:
        hint = request.get("id_token_hint")
        return None if hint is None else await self.hints.subject(hint, app, visit.now)


def gone() -> Untrusted:
    """Say that a handle is unknown, used, too old, or another app's or browser's."""
    needs = "This request_uri is unknown, used, too old, or not for this app and browser."
    error = OAuthError(ErrorCode.INVALID_REQUEST_URI, needs)
    return Untrusted(MessageId("open_app.request_gone"), error, "request_uri")
