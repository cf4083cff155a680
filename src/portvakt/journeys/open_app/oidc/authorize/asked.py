"""One authorization request that has passed every check, and everything it is judged by."""

from dataclasses import dataclass

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.demands import Demands
from portvakt.journeys.open_app.oidc.authorize.request import AuthorizationRequest
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.proving.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an app wants, of whom, in this visit."""

    sent: AuthorizationRequest
    """The query, with which the browser comes back after a page of ours."""
    request: AuthorizationRequest
    """What counts: the query itself, or what it names that was stored or signed."""
    app: RelyingParty
    visit: Visit
    demands: Demands
    signed: bool = False
    """Whether it came in an object that the app signed (RFC 9101)."""
    stored: bytes | None = None
    """The hash of the handle, where the request was stored; it is good for one code."""

    allowed: bool | None = None
    """What the person has just said to what the app wants to know; None before they are asked."""

    @property
    def silent(self) -> bool:
        """Whether nothing may be shown (`prompt=none`)."""
        return self.demands.silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A rule says no to a request whose app and address are known good: the app is told."""

    request: AuthorizationRequest
    app: RelyingParty
    rule: str
    error: OAuthError
