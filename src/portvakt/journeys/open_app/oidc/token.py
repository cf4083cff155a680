"""The token endpoint without HTTP: which app it is, what it brings, and what it gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from portvakt.core.relying_parties import (
    RelyingParty,
)
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.client_credentials import ClientCredentials
from portvakt.journeys.open_app.oidc.code_grant import CodeGrant
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.journeys.open_app.oidc.refresh_grant import RefreshGrant


class GrantKind(Protocol):
    """One thing that can be brought for tokens."""

    async def answer(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
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
