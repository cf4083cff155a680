"""Where apps call, and what they may bring to the token endpoint."""

from portvakt.core.relying_parties import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
)

DISCOVERY = "/.well-known/openid-configuration"
AUTHORIZE = "/oidc/authorize"
PUSH = "/oidc/par"
TOKEN = "/oidc/token"  # noqa: S105 - a path
USERINFO = "/oidc/userinfo"
JWKS = "/oidc/jwks"
INTROSPECT = "/oidc/introspect"
REVOKE = "/oidc/revoke"
END_SESSION = "/oidc/end_session"
REGISTER = "/oidc/register"
DEVICE_AUTHORIZATION = "/oidc/device_authorization"

GRANT_TYPES = (
    AUTHORIZATION_CODE,
    REFRESH_TOKEN,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    TOKEN_EXCHANGE,
)
"""What can be brought to the token endpoint. There is no password grant (RFC 9700 section 2.4)."""
