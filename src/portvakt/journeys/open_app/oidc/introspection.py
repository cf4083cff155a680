"""Whether a token counts, for an app that was handed it: RFC 7662."""

from collections.abc import Mapping
from dataclasses import dataclass

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.access_token import AccessTokens, Counting
from portvakt.journeys.open_app.oidc.binding import confirmed
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.refresh_token import RefreshToken
from portvakt.proving.rules import Rules
from portvakt.records.grants import Grant
from portvakt.records.unit import Records, Unit

NO = {"active": False}
_TOLD = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "client_id",
    "jti",
    "scope",
    "auth_time",
    "acr",
    "amr",
    "act",
