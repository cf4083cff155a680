"""The addresses where apps register themselves and see to their entries (RFC 7591, RFC 7592).

What an entry may hold is judged by whoever keeps entries; here is how it is asked and answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.registration import Kept, NotAllowed, Registered, Unfit
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.answers import REALM, json_answer, refused
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.places import REGISTER
from portvakt.web.forms import SlowFormError, in_time
from portvakt.web.routing import Route, Who, route

CREATED, GONE = 201, 204
_NOT_TO_BE_SENT: Final = frozenset(
    {
        *("registration_access_token", "registration_client_uri"),
        *("client_secret_expires_at", "client_id_issued_at"),
    }
)
"""Members of our answers that an update may not bring (RFC 7592 section 2.2)."""


class Registrar(Protocol):
    """Keeps the entries of apps that register themselves."""

    async def register(
        self, initial: str, sent: Mapping[str, Any], now: datetime
    ) -> Registered | Unfit | NotAllowed:
        """Make an entry with an operator's token."""
        ...

    async def read(self, client_id: str, access: str) -> Registered | NotAllowed:
        """Return an entry to its app."""
        ...

    async def change(
        self, client_id: str, access: str, sent: Mapping[str, Any], now: datetime
    ) -> Registered | Unfit | NotAllowed:
        """Put another entry in its place."""
        ...

    async def remove(self, client_id: str, access: str, now: datetime) -> NotAllowed | Kept | None:
        """Remove it."""
        ...


@dataclass(frozen=True, slots=True)
class RegistrationRoutes:
    """Register, and see to one's own entry."""

    issuer: str
    registrar: Registrar
    clock: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Return the addresses."""
        own = REGISTER + "/{client}"
        return [
            route(REGISTER, self.register, methods=("POST",), who=Who.CLIENT),
            route(own, self.read, who=Who.CLIENT),
            route(own, self.change, methods=("PUT",), who=Who.CLIENT),
            route(own, self.remove, methods=("DELETE",), who=Who.CLIENT),
        ]

    async def register(self, request: Request) -> Response:
        """Make an entry (RFC 7591 section 3.1)."""
        token = _bearer(request)
        sent = await _metadata(request)
        if token is None:
            return _nobody()
        if sent is None:
            return _malformed()
        made = await self.registrar.register(token, sent, self.clock())
        return self._answered(made, CREATED)

    async def read(self, request: Request) -> Response:
        """Tell an app what is kept of it (RFC 7592 section 2.1)."""
        token = _bearer(request)
        if token is None:
            return _nobody()
        return self._answered(await self.registrar.read(_client(request), token))

    async def change(self, request: Request) -> Response:
        """Put another entry in its place (section 2.2)."""
        token = _bearer(request)
        sent = await _metadata(request)
        if token is None:
            return _nobody()
        if sent is None:
            return _malformed()
        client = _client(request)
        if sent.get("client_id") != client or _NOT_TO_BE_SENT & set(sent):
            needs = "client_id must be that of the address, and no member of our answers is sent."
            return refused(OAuthError(ErrorCode.INVALID_CLIENT_METADATA, needs))
        return self._answered(await self.registrar.change(client, token, sent, self.clock()))

    async def remove(self, request: Request) -> Response:
        """Remove the app (section 2.3)."""
        token = _bearer(request)
        if token is None:
            return _nobody()
        gone = await self.registrar.remove(_client(request), token, self.clock())
        if isinstance(gone, NotAllowed):
            return _nobody(ErrorCode.INVALID_TOKEN)
        if isinstance(gone, Kept):
            needs = "A rule of the organisation names this app, so it stays."
            return refused(OAuthError(ErrorCode.INSUFFICIENT_SCOPE, needs))
        return Response(status_code=GONE, headers={"cache-control": "no-store"})

    def _answered(self, outcome: Registered | Unfit | NotAllowed, status: int = 200) -> Response:
        match outcome:
            case Registered():
                return json_answer(self._told(outcome), status)
            case Unfit(why, of_redirect):
                code = (
                    ErrorCode.INVALID_REDIRECT_URI
                    if of_redirect
                    else ErrorCode.INVALID_CLIENT_METADATA
                )
                return refused(OAuthError(code, _plain(why)))
            case NotAllowed():
                return _nobody(ErrorCode.INVALID_TOKEN)

    def _told(self, registered: Registered) -> dict[str, object]:
        """Write the client information response (RFC 7591 section 3.2.1, RFC 7592 section 3)."""
        app = registered.app
        said = metadata_of(app) | {
            "client_id": app.client_id,
            "client_id_issued_at": registered.made_at,
            "registration_access_token": registered.access.open(),
            "registration_client_uri": f"{self.issuer}{REGISTER}/{app.client_id}",
        }
        if registered.secret is not None:
            said |= {"client_secret": registered.secret.open(), "client_secret_expires_at": 0}
        return said


def metadata_of(app: RelyingParty) -> dict[str, object]:
    """Return what is kept of an app, by the names of RFC 7591 section 2."""
    kept: dict[str, object] = {
        "client_name": app.client_name,
        "redirect_uris": list(app.redirect_uris),
        "token_endpoint_auth_method": app.token_endpoint_auth_method,
        "grant_types": list(app.grant_types),
        "response_types": ["code"],
        "scope": " ".join(app.scope),
        "application_type": app.application_type,
        "subject_type": app.subject_type,
        "id_token_signed_response_alg": app.id_token_signed_response_alg,
        "userinfo_signed_response_alg": app.userinfo_signed_response_alg,
        "jwks": None if app.jwks is None else orjson.loads(app.jwks),
        "jwks_uri": app.jwks_uri,
        "client_uri": app.client_uri,
        "logo_uri": app.logo_uri,
        "initiate_login_uri": app.initiate_login_uri,
        "post_logout_redirect_uris": list(app.post_logout_redirect_uris) or None,
        "backchannel_logout_uri": app.backchannel_logout_uri,
        "default_max_age": app.default_max_age,
    }
    return {name: value for name, value in kept.items() if value is not None}


def _client(request: Request) -> str:
    return str(request.scope["path_params"]["client"])


def _bearer(request: Request) -> str | None:
    """Read the one token of the header (RFC 6750 section 2.1)."""
    named = request.headers.getlist("authorization")
    scheme, _, token = named[0].partition(" ") if len(named) == 1 else ("", "", "")
    return token.strip(" ") or None if scheme.lower() == "bearer" else None


async def _metadata(request: Request) -> dict[str, Any] | None:
    """Read a JSON object; None for anything else."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in _kinds(request)]
    if kinds != ["application/json"]:
        return None
    try:
        said = orjson.loads(await in_time(request.body()))
    except (orjson.JSONDecodeError, SlowFormError):
        return None
    return said if isinstance(said, dict) else None


def _kinds(request: Request) -> list[str]:
    return request.headers.getlist("content-type")


def _nobody(code: ErrorCode | None = None) -> Response:
    """Say that a token is needed, or that this one does not count (RFC 6750 section 3.1)."""
    if code is None:
        return Response(status_code=401, headers={"www-authenticate": f"Bearer {REALM}"})
    return refused(OAuthError(code, "The token does not count here."), f"Bearer {REALM}")


def _malformed() -> Response:
    needs = "The body must be a JSON object."
    return refused(OAuthError(ErrorCode.INVALID_CLIENT_METADATA, needs))


def _plain(text: str) -> str:
    """Write what was found wrong in the characters that RFC 6749 section 5.2 allows."""
    straight = text.replace("“", "'").replace("”", "'").replace('"', "'").replace("\\", "/")
    return straight.encode("ascii", "replace").decode("ascii")
