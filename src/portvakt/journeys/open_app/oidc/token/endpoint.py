"""The token endpoint without HTTP: which app it is, what it brings, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from portvakt.core.relying_parties import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    OFF_UNLESS_NAMED,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
    RelyingParty,
)
from portvakt.journeys.open_app.oidc.callers.binding import Binding
from portvakt.journeys.open_app.oidc.callers.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.places import GRANT_TYPES
from portvakt.journeys.open_app.oidc.token.client_credentials import ClientCredentials
from portvakt.journeys.open_app.oidc.token.code_grant import CodeGrant
from portvakt.journeys.open_app.oidc.token.refresh_grant import RefreshGrant


class GrantKind(Protocol):
    """One thing that can be brought for tokens."""

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer, or why not."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Trades what apps bring for tokens."""

    clients: ClientAuthentication
    codes: CodeGrant
    refreshing: RefreshGrant
    own: ClientCredentials
    devices: GrantKind
    exchange: GrantKind
    binding: Binding

    async def answer(
        self, authorization: str | None, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (RFC 6749 section 5.1), or why not."""
        if (wrong := check_grant_type(sent)) is not None:
            return wrong
        app = await self.clients.app(authorization, sent, call)
        if isinstance(app, OAuthError):
            return app
        if (wrong := check_allowed(sent, app)) is not None:
            return wrong
        kinds: Mapping[str, GrantKind] = {
            AUTHORIZATION_CODE: self.codes,
            REFRESH_TOKEN: self.refreshing,
            CLIENT_CREDENTIALS: self.own,
            DEVICE_CODE: self.devices,
            TOKEN_EXCHANGE: self.exchange,
        }
        bound = await self.binding.shown(app, call)
        if isinstance(bound, OAuthError):
            return bound
        if bound != call.bound:
            call = replace(call, bound=bound)
        return await kinds[sent["grant_type"]].answer(app, sent, call)


def check_grant_type(sent: Mapping[str, str]) -> OAuthError | None:
    """Take what we know; a password is nothing to bring (RFC 6749 section 5.2; A073)."""
    asked = sent.get("grant_type") or None
    if asked is None:
        return OAuthError(ErrorCode.INVALID_REQUEST, "grant_type is missing.")
    return None if asked in GRANT_TYPES else _unsupported()


def check_allowed(sent: Mapping[str, str], app: RelyingParty) -> OAuthError | None:
    """Take from each app what its entry allows, and nothing else (RFC 7591 section 2)."""
    if sent["grant_type"] in app.grant_types:
        return None
    if sent["grant_type"] in OFF_UNLESS_NAMED:
        return _unsupported()
    return OAuthError(
        ErrorCode.UNAUTHORIZED_CLIENT, "The entry of this app does not allow this grant_type."
    )


def _unsupported() -> OAuthError:
    usual = ", ".join(each for each in GRANT_TYPES if each not in OFF_UNLESS_NAMED)
    return OAuthError(
        ErrorCode.UNSUPPORTED_GRANT_TYPE, f"The supported values of grant_type are {usual}."
    )
