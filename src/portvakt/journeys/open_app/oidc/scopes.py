"""Which claims each scope releases (OpenID Connect Core section 5.4)."""

from collections.abc import Mapping
from types import MappingProxyType

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Claims and Scopes Specification for the Swedish OpenID Connect Profile 1.0 section 3.1;
        # first, for what is asked for by name is assigned with the scope that comes last
        "https://id.oidc.se/scope/naturalPersonInfo": ("name", "given_name", "family_name"),
        # OpenID Connect Core section 5.4, as far as we know the values
        "profile": ("name", "given_name", "family_name", "preferred_username", "locale"),
        "email": ("email", "email_verified"),
        # not of OpenID Connect, but what every client library calls it
        "groups": ("groups",),
    }
)
SCOPES = ("openid", *SCOPE_CLAIMS)
CLAIM_SCOPE: Mapping[str, str] = MappingProxyType(
    {name: scope for scope, names in SCOPE_CLAIMS.items() for name in names}
)
"""Which scope assigns each claim that can be asked for by name."""
