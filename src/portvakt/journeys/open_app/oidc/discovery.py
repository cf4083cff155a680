"""What apps can find out about us: OpenID Connect Discovery 1.0 section 3 and RFC 8414."""

from functools import lru_cache
from typing import Final

import orjson

from portvakt.core.assurance import ACR_VALUES
from portvakt.core.relying_parties import (
    OFFLINE_ACCESS,
)
from portvakt.crypto.client_keys import KINDS
from portvakt.journeys.open_app.oidc.authorize.checks import RESPONSE_MODES
from portvakt.journeys.open_app.oidc.authorize.demands import PROMPTS
from portvakt.journeys.open_app.oidc.places import (
    AUTHORIZE,
    DEVICE_AUTHORIZATION,
    END_SESSION,
    GRANT_TYPES,
    INTROSPECT,
    JWKS,
    PUSH,
    REGISTER,
    REVOKE,
    TOKEN,
    USERINFO,
)
from portvakt.journeys.open_app.oidc.scopes import SCOPES

SIGNING_ALGORITHMS = ("ES256", "RS256", "EdDSA")
"""ES256 is twelve times cheaper to sign; RS256 is what every client must understand."""

CONFIDENTIAL = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
)
AUTHENTICATION_METHODS = ("none", *CONFIDENTIAL)


_WHEREVER_WE_ARE = {
    "code_challenge_methods_supported": ["S256"],
    "claim_types_supported": ["normal"],
    "tls_client_certificate_bound_access_tokens": True,  # RFC 8705 section 3.3
    "dpop_signing_alg_values_supported": list(KINDS),  # RFC 9449 section 5.1
}


_ADDRESSES: Final = {
    "authorization_endpoint": AUTHORIZE,
    "token_endpoint": TOKEN,
    "userinfo_endpoint": USERINFO,
    "jwks_uri": JWKS,
    "introspection_endpoint": INTROSPECT,
    "revocation_endpoint": REVOKE,
    "end_session_endpoint": END_SESSION,  # RP-Initiated Logout 1.0 section 2.1
    "registration_endpoint": REGISTER,  # RFC 7591 section 3
    "device_authorization_endpoint": DEVICE_AUTHORIZATION,  # RFC 8628 section 4
    "pushed_authorization_request_endpoint": PUSH,  # RFC 9126 section 5
}


@lru_cache(maxsize=4)
def published(issuer: str) -> bytes:
    """Return the document as JSON, written once: every app asks for it, some all the time."""
    return orjson.dumps(discovery_document(issuer))


def discovery_document(issuer: str) -> dict[str, object]:
    """Say what is done here and nothing more. `issuer` is `public_url`, without a slash at the end.

    Clients compare `issuer` with the address they asked, character by character (section 4.3).
    """
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in _ADDRESSES.items()},
        "scopes_supported": [*SCOPES, OFFLINE_ACCESS],
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "introspection_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(AUTHENTICATION_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(KINDS),
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL),
        "introspection_endpoint_auth_signing_alg_values_supported": list(KINDS),
        "revocation_endpoint_auth_methods_supported": list(AUTHENTICATION_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(KINDS),
        **_WHEREVER_WE_ARE,
        "backchannel_logout_supported": True,  # Back-Channel Logout 1.0 section 2.1
        "backchannel_logout_session_supported": True,
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": list(ACR_VALUES),
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
            *("name", "given_name", "family_name", "preferred_username", "locale"),
            *("email", "email_verified", "groups"),
        ],
        "ui_locales_supported": ["sv", "en"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(KINDS),
        "require_pushed_authorization_requests": False,
        "request_uri_parameter_supported": False,  # true where it is left out (section 3)
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,  # RFC 9207 section 3
    }
