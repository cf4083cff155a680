"""What a state file must not say: names that lead nowhere, numbers that get no text, bad hashes.

Every rule notes its problems with their places and returns nothing, so that all are told at once.
"""

import base64
import binascii
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File

from portvakt.core.assurance import ACR_VALUES
from portvakt.core.networks import block_of, is_too_wide
from portvakt.core.people import canonical_identifier
from portvakt.core.policy import OWN_PAGES
from portvakt.core.policy import Rule as StoredRule
from portvakt.core.relying_parties import (
    AUTHORIZATION_CODE,
    BY_ISSUER,
    BY_KEY,
    BY_SECRET,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
)
from portvakt.core.secret import Secret
from portvakt.crypto.client_certificates import NAMES, is_name
from portvakt.crypto.client_keys import wrong_in_jwks
from portvakt.crypto.passwords import BrokenHashError, parameters_of
from portvakt.journeys.apply_state.addresses import wrong_address, wrong_redirect
from portvakt.journeys.apply_state.document import App, Link, Network, Person, State
from portvakt.journeys.apply_state.hosts import check_hosts
from portvakt.journeys.apply_state.methods import check_methods
from portvakt.journeys.apply_state.rules import KnownNames, check_rules, people_in, strengths_of
from portvakt.journeys.apply_state.tiles import check_names, read_icons
from portvakt.phone_numbers import Usable, usable_for_text
from portvakt.records.icons import Icon
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path

_TOTP_BYTES = range(10, 65)  # RFC 4226 section 4 R6 asks for 16 or more; older apps drew 10
_LEAST_SECRET = 22  # base64 characters of 128 bits
_LARGEST_SECRET_FILE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a file is judged against, beside itself."""

    folder: File
    """Where the file lies: the files it names are found from there."""
    allowed_prefixes: tuple[str, ...]
    country: str
    groups: Collection[str] = ()
    """Groups that are stored already, and so on: a file may build on them."""
    networks: Collection[str] = ()
    apps: Collection[str] = ()
    apps_with_secret: Collection[str] = ()
    links: Collection[str] = ()
    people: Collection[str] | None = None
    """Of the names of people in the file's rules those that are stored."""
    rules: Collection[StoredRule] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Whose a guarded host is already, by host."""
    own_hosts: Collection[str] = ()
    """The names that we answer at ourselves, without ports."""


@dataclass(slots=True)
class Judged:
    """What was found out on the way: numbers in E.164 and opened secrets, by person and app."""

    phones: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    totp: dict[str, Secret] = field(default_factory=dict)
    """The base32 text, without blanks and in capitals."""
    client_secrets: dict[str, Secret] = field(default_factory=dict)
    icons: dict[str, Icon] = field(default_factory=dict, repr=False)
    """By what the file names it."""


def check(state: State, around: Surroundings, problems: Problems) -> Judged:
    """Note everything that is wrong in a file, and give what was read on the way."""
    judged = Judged()
    groups = {each.id for each in state.groups} | set(around.groups)
    networks = {each.id for each in state.networks} | set(around.networks)
    apps = {each.client_id for each in state.apps} | set(around.apps) | {OWN_PAGES}
    _once("groups", "id", [each.id for each in state.groups], problems)
    _once("networks", "id", [each.id for each in state.networks], problems)
    _once("rules", "id", [each.id for each in state.rules], problems)
    _once("apps", "client_id", [each.client_id for each in state.apps], problems)
    _once("people", "id", [each.id for each in state.people], problems)
    _once("strengths", "id", [each.id for each in state.strengths], problems)
    _once("links", "id", [each.id for each in state.links], problems)
    _once("collections", "id", [each.id for each in state.collections], problems)
    _once("methods", "id", [each.id for each in state.methods], problems)
    _names(state.people, problems)
    for at, person in enumerate(state.people):
        _person(("people", at), person, groups, around, judged, problems)
    for at, network in enumerate(state.networks):
        _network(("networks", at), network, problems)
    for at, app in enumerate(state.apps):
        _app(("apps", at), app, groups, around, judged, problems)
    for at, link in enumerate(state.links):
        _link(("links", at), link, groups, problems)
    judged.icons |= read_icons(state, around.folder, problems)
    check_names(state, around.apps, around.links, problems)
    check_hosts(state.apps, around.hosts, around.own_hosts, problems)
    known = KnownNames(
        networks=networks,
        groups=groups,
        apps=apps,
        people=_people(state, around),
        strengths=strengths_of(around.rules),
    )
    check_rules(state, known, around.rules, problems)
    check_methods(state.methods, groups, problems)
    return judged


def _people(state: State, around: Surroundings) -> Collection[str] | None:
    """Return those names of people in rules that are somebody's; None where nobody looked."""
    if around.people is None:
        return None
    ids = {each.id for each in state.people}
    typed = (name for each in state.people for name in (each.user_name, each.email))
    names = {canonical_identifier(each) for each in typed} - {None}
    return set(around.people) | {
        each for each in people_in(state) if each in ids or canonical_identifier(each) in names
    }


def _once(section: str, key: str, ids: list[str], problems: Problems) -> None:
    seen: dict[str, int] = {}
    for at, name in enumerate(ids):
        if name in seen:
            problems.add((section, at, key), f"“{name}” is {section}[{seen[name] + 1}] already")
        seen.setdefault(name, at)


def _known(path: Path, names: Iterable[str], known: Collection[str], problems: Problems) -> None:
    for at, name in enumerate(names):
        if name not in known:
            problems.add((*path, at), f"“{name}” is neither in this file nor stored")


def _names(people: tuple[Person, ...], problems: Problems) -> None:
    """Two people with one name could neither of them sign in with it."""
    taken: dict[str, int] = {}
    for at, person in enumerate(people):
        for key in ("user_name", "email"):
            name = canonical_identifier(getattr(person, key))
            if name is None:
                problems.add(("people", at, key), "is not something that can be typed to sign in")
            elif taken.setdefault(name, at) != at:
                problems.add(("people", at, key), f"people[{taken[name] + 1}] has this name too")


def _person(
    path: Path,
    person: Person,
    groups: Collection[str],
    around: Surroundings,
    judged: Judged,
    problems: Problems,
) -> None:
    _known((*path, "groups"), person.groups, groups, problems)
    if person.work_mobile is not None:
        number = usable_for_text(person.work_mobile, around.allowed_prefixes, around.country)
        if isinstance(number, Usable):
            judged.phones[person.id] = number.number
        else:
            problems.add((*path, "work_mobile"), f"gets no text: {number.reason.replace('_', ' ')}")
    if person.password_hash is not None:
        _password((*path, "password_hash"), person, judged, problems)
    if person.totp_secret_file is not None:
        where = (*path, "totp_secret_file")
        text = _secret(where, person.totp_secret_file, around.folder, problems)
        if text is not None:
            _totp(where, person.id, text, judged, problems)


def _password(path: Path, person: Person, judged: Judged, problems: Problems) -> None:
    phc = person.password_hash or ""
    if phc.endswith("…"):
        problems.warn(path, "is cut short, as examples are: no password is set")
        return
    try:
        parameters_of(phc)
    except BrokenHashError as error:
        problems.add(path, str(error))
        return
    judged.passwords[person.id] = phc


def _totp(path: Path, person: str, text: str, judged: Judged, problems: Problems) -> None:
    bare = "".join(text.split()).replace("-", "").rstrip("=").upper()
    try:
        secret = base64.b32decode(bare + "=" * (-len(bare) % 8))
    except binascii.Error:
        problems.add(path, "does not hold base32 (RFC 4648)")
        return
    if len(secret) not in _TOTP_BYTES:
        problems.add(path, f"holds {len(secret)} bytes, not 10 to 64")
        return
    judged.totp[person] = Secret(bare)


def _secret(path: Path, name: str, folder: File, problems: Problems) -> str | None:
    """Read a small text file. Its content is never part of a problem."""
    file = folder / name
    try:
        with file.open("rb") as raw:
            data = raw.read(_LARGEST_SECRET_FILE + 1)
        if len(data) <= _LARGEST_SECRET_FILE:
            return data.decode("ascii").strip()
        problems.add(path, f"{file} is too large for a secret")
    except OSError as error:
        problems.add(path, f"{file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.add(path, f"{file} is not ASCII text")
    return None


def _network(path: Path, network: Network, problems: Problems) -> None:
    for at, text in enumerate(network.addresses):
        try:
            if is_too_wide(block_of(text)):
                problems.warn((*path, "addresses", at), f"“{text}” holds strangers too")
        except ValueError:
            problems.add(
                (*path, "addresses", at), f"“{text}” is not a network such as 10.20.0.0/16"
            )


def _app(
    path: Path,
    app: App,
    groups: Collection[str],
    around: Surroundings,
    judged: Judged,
    problems: Problems,
) -> None:
    if app.client_id == OWN_PAGES:
        problems.add((*path, "client_id"), f"“{OWN_PAGES}” is what rules call our own pages")
    _known((*path, "groups"), app.groups, groups, problems)
    _shown_name((*path, "client_name"), app.client_name, problems)
    for at, uri in enumerate(app.redirect_uris):
        wrong = wrong_redirect(uri, native=app.application_type == "native")
        if wrong:
            problems.add((*path, "redirect_uris", at), wrong)
    for at, uri in enumerate(app.post_logout_redirect_uris):
        wrong = wrong_redirect(uri, native=app.application_type == "native")
        if wrong:
            problems.add((*path, "post_logout_redirect_uris", at), wrong)
    for key in ADDRESSES:
        uri = getattr(app, key)
        if uri is not None and (wrong := wrong_address(uri)):
            problems.add((*path, key), wrong)
        elif uri is not None and key in CALLED and "#" in uri:
            problems.add((*path, key), "has a fragment, which nobody can call")
    _grant_types((*path, "grant_types"), app, problems)
    _keys(path, app, problems)
    unknown = sorted(set(app.default_acr_values) - set(ACR_VALUES))
    if unknown:
        problems.add((*path, "default_acr_values"), f"has nothing but {', '.join(ACR_VALUES)}")
    _services(path, app, problems)
    _profile(path, app, problems)
    _certificate(path, app, problems)
    _client_secret((*path, "client_secret_file"), app, around, judged, problems)


def _link(path: Path, link: Link, groups: Collection[str], problems: Problems) -> None:
    _known((*path, "groups"), link.groups, groups, problems)
    _shown_name((*path, "name"), link.name, problems)
    if wrong := wrong_address(link.address):
        problems.add((*path, "address"), wrong)


def _shown_name(path: Path, name: str, problems: Problems) -> None:
    """Demand what can be read on one line: no control character turns words or hides some."""
    if not name.isprintable() or not name.strip():
        problems.add(path, "must be one line that can be read")


CALLED = ("jwks_uri", "backchannel_logout_uri")
"""Addresses that we call (Back-Channel Logout 1.0 section 2.2: no fragment)."""
ADDRESSES = (
    "client_uri",
    "initiate_login_uri",
    "logo_uri",
    "jwks_uri",
    "backchannel_logout_uri",
)


def _grant_types(path: Path, app: App, problems: Problems) -> None:
    """Hold together with what it comes and what that needs."""
    public = app.token_endpoint_auth_method == "none"  # noqa: S105  # a way, not a secret
    if CLIENT_CREDENTIALS in app.grant_types and public:
        problems.add(
            path, "an app that cannot show that it is itself gets no token in its own name"
        )
    if (TOKEN_EXCHANGE in app.grant_types) != bool(app.exchange_for):
        problems.add(path, "“token-exchange” goes with “exchange_for”, and that with it")
    if TOKEN_EXCHANGE in app.grant_types and public:
        problems.add(path, "an app that cannot show that it is itself exchanges no tokens")
    people = {AUTHORIZATION_CODE, DEVICE_CODE} & set(app.grant_types)
    if REFRESH_TOKEN in app.grant_types and not people:
        problems.add(path, "“refresh_token” goes with “authorization_code”, or a device's code")
    comes_back = app.redirect_uris or app.forward_auth_hosts
    if AUTHORIZATION_CODE in app.grant_types and not comes_back:
        problems.add((*path[:-1], "redirect_uris"), "is missing: nobody could come back to the app")


def _profile(path: Path, app: App, problems: Problems) -> None:
    """Demand what the profile of a federation does (Sweden Connect's sections 2.3.1 and 3.2)."""
    if app.profile is None:
        return
    if app.token_endpoint_auth_method != "private_key_jwt":  # noqa: S105  # a way
        problems.add((*path, "token_endpoint_auth_method"), "must be “private_key_jwt” there")
    if app.grant_types != (AUTHORIZATION_CODE,):
        problems.add((*path, "grant_types"), "must be “authorization_code” and nothing else there")


def _services(path: Path, app: App, problems: Problems) -> None:
    """Demand addresses that can stand in a token (RFC 8707 section 2)."""
    for key in ("resources", "serves", "exchange_for"):
        for at, uri in enumerate(getattr(app, key)):
            wrong = "has a fragment (RFC 8707 section 2)" if "#" in uri else wrong_address(uri)
            if wrong:
                problems.add((*path, key, at), wrong)


def _keys(path: Path, app: App, problems: Problems) -> None:
    """Demand public keys of whoever signs (RFC 7591 section 2: never both fields)."""
    signs = app.token_endpoint_auth_method == "private_key_jwt"  # noqa: S105  # a way
    if app.jwks is not None and app.jwks_uri is not None:
        problems.add((*path, "jwks_uri"), "“jwks” is there already; give one of them")
    elif signs and app.jwks is None and app.jwks_uri is None:
        problems.add((*path, "jwks"), "is missing: “private_key_jwt” needs “jwks” or “jwks_uri”")
    elif app.require_signed_request_object and app.jwks is None and app.jwks_uri is None:
        problems.add(
            (*path, "jwks"),
            "is missing: “require_signed_request_object” needs “jwks” or “jwks_uri”",
        )
    if app.jwks is not None and (wrong := wrong_in_jwks(app.jwks)):
        problems.add((*path, "jwks"), wrong)


def _certificate(path: Path, app: App, problems: Problems) -> None:
    """Demand the one name of a certificate, or its key (RFC 8705 sections 2.1.2 and 2.2.2)."""
    way = app.token_endpoint_auth_method
    given = [kind for kind in NAMES if getattr(app, f"tls_client_auth_{kind}") is not None]
    if way == BY_ISSUER and len(given) != 1:
        known = ", ".join(f"“tls_client_auth_{each}”" for each in NAMES)
        problems.add(path, f"“{way}” needs one of {known}")
    elif way != BY_ISSUER and given:
        problems.add((*path, f"tls_client_auth_{given[0]}"), f"goes with “{BY_ISSUER}”")
    if way == BY_KEY and app.jwks is None and app.jwks_uri is None:
        problems.add((*path, "jwks"), f"is missing: “{way}” needs “jwks” or “jwks_uri”")
    for kind in given:
        if not is_name(kind, getattr(app, f"tls_client_auth_{kind}")):
            problems.add((*path, f"tls_client_auth_{kind}"), "is no name of that kind")


def _client_secret(
    path: Path, app: App, around: Surroundings, judged: Judged, problems: Problems
) -> None:
    public = app.token_endpoint_auth_method not in BY_SECRET
    if public and app.client_secret_file is not None:
        problems.add(path, "an app that shows no secret has none")
    elif app.client_secret_file is not None:
        text = _secret(path, app.client_secret_file, around.folder, problems)
        if text is not None and len(text) < _LEAST_SECRET:
            problems.add(path, f"holds less than {_LEAST_SECRET} characters")
        elif text is not None:
            judged.client_secrets[app.client_id] = Secret(text)
    elif not public and app.client_id not in around.apps_with_secret:
        problems.add(path, f"is missing: “{app.token_endpoint_auth_method}” needs a secret")
