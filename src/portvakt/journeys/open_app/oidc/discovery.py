"""What apps can find out about us: OpenID Connect Discovery 1.0 section 3 and RFC 8414."""

from portvakt.journeys.open_app.oidc.checks import PROMPTS

DISCOVERY = "/.well-known/openid-configuration"
AUTHORIZE = "/oidc/authorize"
TOKEN = "/oidc/token"  # noqa: S105 - a path
USERINFO = "/oidc/userinfo"
JWKS = "/oidc/jwks"

SIGNING_ALGORITHMS = ("ES256", "RS256")
"""ES256 is twelve times cheaper to sign; RS256 is what every client must understand."""

AUTHENTICATION_METHODS = ("none", "client_secret_basic", "client_secret_post")


def discovery_document(issuer: str) -> dict[str, object]:
    """Say what is done here and nothing more. `issuer` is `public_url`, without a slash at the end.

    Clients compare `issuer` with the address they asked, character by character (section 4.3).
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "userinfo_endpoint": issuer + USERINFO,
        "jwks_uri": issuer + JWKS,
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "token_endpoint_auth_methods_supported": list(AUTHENTICATION_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": ["urn:portvakt:aal1", "urn:portvakt:aal2"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
            *("name", "given_name", "family_name", "preferred_username", "locale"),
            *("email", "email_verified", "groups"),
        ],
        "ui_locales_supported": ["sv", "en"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,  # true where it is left out (section 3)
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,  # RFC 9207 section 3
    }
