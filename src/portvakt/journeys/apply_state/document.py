"""The form of `region.toml`: arrays of tables for groups, people, networks, apps, rules, and tiles.

Names of an app are those of RFC 7591 section 2. Secrets are named files (`client_secret_file`,
`totp_secret_file`); a password is here only as its PHC hash.
"""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from portvakt.core.relying_parties import ASSIGNED

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9ÅÄÖåäö][A-Za-z0-9ÅÄÖåäö._:@/-]{0,127}$")]
"""A word that operators choose for a group, a network, an app or a rule."""
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Icon = Annotated[str, msgspec.Meta(min_length=1, max_length=100_000)]
"""A file beside this one, or a `data:` address, which is how `export` writes it."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of people, for rules and apps."""

    id: Id


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person. `id` with its source is who this is for ever; all else may change."""

    id: Line
    user_name: Line
    email: Line
    given_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    family_name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    unit: Annotated[str, msgspec.Meta(max_length=200)] = ""
    manager: str | None = None
    protected: bool = False
    state: Literal["active", "disabled"] = "active"
    start_date: date | None = None
    groups: tuple[str, ...] = ()
    work_mobile: str | None = None
    password_hash: str | None = None
    totp_secret_file: str | None = None


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named network, as CIDR blocks."""

    id: Id
    name: Line
    addresses: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    shared: bool = False


class App(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An app that people sign in to."""

    client_id: Id
    client_name: Line
    redirect_uris: tuple[str, ...] = ()
    token_endpoint_auth_method: Literal[
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ] = "client_secret_basic"  # noqa: S105  # a way, not a secret
    client_secret_file: str | None = None
    grant_types: Annotated[tuple[GrantType, ...], msgspec.Meta(min_length=1)] = (
        "authorization_code",
    )
    scope: Annotated[str, msgspec.Meta(pattern=r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$")] = " ".join(
        ASSIGNED
    )
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    default_max_age: Annotated[int, msgspec.Meta(ge=0, le=365 * 86_400)] | None = None
    default_acr_values: tuple[str, ...] = ()
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    access_token: Literal["jwt", "opaque"] = "jwt"  # noqa: S105  # a form
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    consent: bool = False
    told_groups: tuple[str, ...] = ()
    forward_auth_hosts: tuple[str, ...] = ()
    client_uri: str | None = None
    initiate_login_uri: str | None = None
    logo_uri: str | None = None
    icon: Icon | None = None
    application_type: Literal["web", "native"] = "web"
    subject_type: Literal["public", "pairwise"] = "public"
    id_token_signed_response_alg: Literal["RS256", "ES256", "EdDSA"] = "RS256"  # noqa: S105  # an algorithm
    userinfo_signed_response_alg: Literal["RS256", "ES256", "EdDSA"] | None = None
    introspection_signed_response_alg: Literal["RS256", "ES256", "EdDSA"] = "RS256"
    resources: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    exchange_for: tuple[str, ...] = ()
    exchange_as: Literal["delegation", "impersonation"] = "delegation"
    profile: Literal["sweden-connect"] | None = None
    groups: tuple[str, ...] = ()


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tile in the portal that only leads somewhere."""

    id: Id
    name: Line
    address: str
    icon: Icon | None = None
    groups: tuple[str, ...] = ()


class CollectionName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people see above a collection, in each language."""

    sv: Annotated[str, msgspec.Meta(max_length=200)] = ""
    en: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Collection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tiles that stand together, in this order; collections stand in the order of the file."""

    id: Id
    name: CollectionName = CollectionName()
    apps: Annotated[tuple[str, ...], msgspec.Meta(max_length=500)] = ()


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule applies: all named kinds at once, any name within a kind."""

    networks: tuple[str, ...] = ()
    networks_not: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    groups_not: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    apps_not: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people are told, in one line of each language."""

    sv: str = ""
    en: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of conditional access."""

    id: Id
    require: Literal["password", "multifactor", "phishing_resistant", "block"]
    state: Literal["on", "report_only", "off"] = "on"
    when: When = When()
    reason: Reason = Reason()


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    groups: tuple[Group, ...] = ()
    people: tuple[Person, ...] = ()
    networks: tuple[Network, ...] = ()
    apps: tuple[App, ...] = ()
    rules: tuple[Rule, ...] = ()
    links: tuple[Link, ...] = ()
    collections: tuple[Collection, ...] = ()
