"""The form of `region.toml`: arrays of tables for people, networks, rules, methods, apps, tiles.

Names of an app are those of RFC 7591 section 2. Secrets are named files (`client_secret_file`,
`totp_secret_file`); a password is here only as its PHC hash.
"""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.conditions import Day
from portvakt.core.method_rules import AskedFirst
from portvakt.core.relying_parties import ASSIGNED
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk

Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9ÅÄÖåäö][A-Za-z0-9ÅÄÖåäö._:@/-]{0,127}\Z")]
"""A word that operators choose for a group, a network, an app or a rule."""
GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]
KeyWord = Literal["any", "device-bound", "certified", "certified-1", "certified-2", "certified-3"]
"""What is asked of a passkey in one word; else it is a list of models."""
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
    scope: Annotated[str, msgspec.Meta(pattern=r"\A[!#-\[\]-~]+( [!#-\[\]-~]+)*\Z")] = " ".join(
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


Clock = Annotated[str, msgspec.Meta(pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z|\A24:00\Z")]
Said = Annotated[str, msgspec.Meta(max_length=1000)]
"""One line of a page."""
Country = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]
"""ISO 3166-1 alpha-2."""
Time = Annotated[str, msgspec.Meta(pattern=r"\A[1-9][0-9]{0,3}[mhd]\Z")]
"""A length of time: «30m», «8h», «7d»."""


class Hours(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"begin": "from", "end": "to"},
):
    """Some hours of some days, by the clock on the wall in a named zone."""

    zone: Line
    days: tuple[Day, ...] = ()
    begin: Clock = "00:00"
    end: Clock = "24:00"


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a rule applies: all named kinds at once, any name within a kind."""

    networks: tuple[str, ...] = ()
    networks_not: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    groups_not: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    apps_not: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    people_not: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    roles_not: tuple[Role, ...] = ()
    actions: tuple[Action, ...] = ()
    actions_not: tuple[Action, ...] = ()
    countries: tuple[Country, ...] = ()
    countries_not: tuple[Country, ...] = ()
    devices: tuple[Device, ...] = ()
    devices_not: tuple[Device, ...] = ()
    platforms: tuple[Platform, ...] = ()
    platforms_not: tuple[Platform, ...] = ()
    client_kinds: tuple[ClientKind, ...] = ()
    client_kinds_not: tuple[ClientKind, ...] = ()
    risks: tuple[Risk, ...] = ()
    risks_not: tuple[Risk, ...] = ()
    times: tuple[Hours, ...] = ()
    times_not: tuple[Hours, ...] = ()


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people are told, in one line of each language."""

    sv: Said = ""
    en: Said = ""


class Strength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for two factors of which one is among these methods."""

    id: Id
    methods: tuple[AuthenticatorType, ...]


class Joined(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"one_of": "any", "every": "all"},
):
    """Several askings in one: any of them is enough, or all of them are needed."""

    one_of: tuple["str | Joined", ...] = ()
    every: tuple["str | Joined", ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of conditional access."""

    id: Id
    require: str | Joined
    state: Literal["on", "report_only", "off"] = "on"
    when: When = When()
    reason: Reason = Reason()
    sign_in_every: Time | None = None
    session_at_most: Time | None = None
    remember: Time | None = None


class MayUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What methods may be used for; a use that is not here stays as it was."""

    second_factor: tuple[AuthenticatorType, ...] | None = None
    passwordless: tuple[AuthenticatorType, ...] | None = None
    password_reset: tuple[AuthenticatorType, ...] | None = None


class Passkeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a passkey must be that is registered from now on."""

    attestation: KeyWord | Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)] | None = None


class CampaignEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begins": "from"}
):
    """A method that people are asked to register."""

    register: AuthenticatorType
    begins: date
    last_day: date | None = None
    snooze_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7


class Methods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which methods people in some groups may register and use."""

    id: Id
    groups: tuple[str, ...] = ()
    groups_not: tuple[str, ...] = ()
    may_register: tuple[AuthenticatorType, ...] | None = None
    may_use: MayUse = MayUse()
    passkeys: Passkeys = Passkeys()
    asked_first: AskedFirst = AskedFirst.CHOSEN
    campaign: CampaignEntry | None = None
    reason: Reason = Reason()


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    groups: tuple[Group, ...] = ()
    people: tuple[Person, ...] = ()
    networks: tuple[Network, ...] = ()
    apps: tuple[App, ...] = ()
    strengths: tuple[Strength, ...] = ()
    rules: tuple[Rule, ...] = ()
    methods: tuple[Methods, ...] = ()
    links: tuple[Link, ...] = ()
    collections: tuple[Collection, ...] = ()
