"""What is asked of a directory and what it answers, as values. Nothing here talks to anybody."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from portvakt.core.secret import Secret
from portvakt.wire.addresses import Destination

_PORTS: Final = {"ldap": 389, "ldaps": 636}


class UnsafeServerError(ValueError):
    """A server that passwords must not be sent to as the settings have it; the message says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a directory, as the settings write it: `ldaps://dc1.corp.example`."""

    url: str

    def __post_init__(self) -> None:
        parts = self._parts()
        if parts is None:
            raise UnsafeServerError(f"{self.url!r} is not ldaps://host or ldap://host")

    @property
    def is_ldaps(self) -> bool:
        """Say whether TLS comes before the first byte of LDAP."""
        return self.url.lower().startswith("ldaps:")

    @property
    def is_loopback(self) -> bool:
        """Say whether the host is written as this machine."""
        return self.destination.is_local

    @property
    def destination(self) -> Destination:
        """Say where it is, as everything that is reached is named."""
        return Destination("ldaps" if self.is_ldaps else "ldap", self.host, self.port)

    @property
    def host(self) -> str:
        """The name that the certificate must carry."""
        return (self._parts() or ("", 0))[0]

    @property
    def port(self) -> int:
        """The port: 636 or 389 where the settings say nothing."""
        return (self._parts() or ("", 0))[1]

    def _parts(self) -> tuple[str, int] | None:
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError:
            return None
        known = _PORTS.get(parts.scheme)
        more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
        if known is None or not parts.hostname or more or not parts.hostname.isascii():
            return None
        return parts.hostname, known if port is None else port

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How one directory is reached, and as whom. Raises `UnsafeServerError` (A081).

    `bind_password` is asked for each new connection, so that a mended file counts at once.
    `ca_file` replaces the system's certificate authorities. Without TLS only loopback is reached,
    and only where `plain_on_loopback` says so.
    """

    servers: Sequence[Server]
    bind_dn: str
    bind_password: Callable[[], Secret] = field(repr=False)
    start_tls: bool = True
    ca_file: Path | None = None
    plain_on_loopback: bool = False
    connect_within: float = 3.0
    """Seconds for one server: name, TCP, TLS and the service account's bind, each."""
    answer_within: float = 5.0
    """Seconds for one operation."""
    connections: int = 4
    """How many of each kind (service, people) at the same time."""

    def __post_init__(self) -> None:
        if not self.servers:
            raise UnsafeServerError("name at least one server")
        if not self.bind_dn:
            raise UnsafeServerError("the service account has no name (bind_dn)")
        for server in self.servers:
            if server.is_ldaps or self.start_tls:
                continue
            if not (server.is_loopback and self.plain_on_loopback):
                raise UnsafeServerError(f"{server}: passwords would travel without TLS")


@dataclass(frozen=True, slots=True)
class Control:
    """A control (RFC 4511 §4.1.11): asked with an operation, or answered with its result."""

    oid: str
    critical: bool = False
    value: bytes | None = field(default=None, repr=False)


class Scope(Enum):
    """How far below the base a search looks (RFC 4511 §4.5.1.2)."""

    BASE = 0
    ONE_LEVEL = 1
    SUBTREE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search. Everything in `filter` that somebody wrote has been through `escape_filter`."""

    base: str
    filter: str = "(objectClass=*)"
    attributes: Sequence[str] = ()
    """None named: all that are not operational."""
    scope: Scope = Scope.SUBTREE
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One object. The names of attributes are in lower case, their values as they came."""

    dn: str
    values: Mapping[str, Sequence[bytes]] = field(repr=False)

    def raw(self, name: str) -> bytes | None:
        """Return the first value, or None."""
        found = self.values.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """Return the first value as text, or None. What is not UTF-8 shows as U+FFFD."""
        found = self.values.get(name)
        return found[0].decode("utf-8", "replace") if found else None

    def texts(self, name: str) -> list[str]:
        """Return every value as text."""
        return [value.decode("utf-8", "replace") for value in self.values.get(name, ())]


class Change(Enum):
    """What a modification does with an attribute (RFC 4511 §4.6)."""

    ADD = 0
    DELETE = 1
    REPLACE = 2


@dataclass(frozen=True, slots=True)
class Modification:
    """One attribute of a `modify`. DELETE without values takes them all."""

    change: Change
    attribute: str
    values: Sequence[bytes] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Modify:
    """Change an object's attributes, all or none of them."""

    dn: str
    modifications: Sequence[Modification]
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class ModifyPassword:
    """Set a password by the extended operation (RFC 3062). `old` is None for a reset."""

    dn: str
    old: Secret | None
    new: Secret
    controls: Sequence[Control] = ()


Write = Modify | ModifyPassword


class Why(StrEnum):
    """Why a bind was refused: Active Directory's own sub-codes, and what we refuse ourselves."""

    WRONG = "52e"
    NO_SUCH_PERSON = "525"
    OUTSIDE_HOURS = "530"
    NOT_FROM_HERE = "531"
    EXPIRED = "532"
    DISABLED = "533"
    ACCOUNT_EXPIRED = "701"
    MUST_CHANGE = "773"
    LOCKED = "775"
    EMPTY = "empty"
    """No password at all: a directory would let it in as nobody (A001). Nothing was sent."""
    UNKNOWN = ""
    """The server gave no sub-code."""


class PolicyError(Enum):
    """What a password policy has against a bind or a new password (draft-behera §6.2)."""

    PASSWORD_EXPIRED = 0
    ACCOUNT_LOCKED = 1
    CHANGE_AFTER_RESET = 2
    MODIFICATION_NOT_ALLOWED = 3
    MUST_SUPPLY_OLD = 4
    POOR_QUALITY = 5
    TOO_SHORT = 6
    TOO_YOUNG = 7
    IN_HISTORY = 8
    TOO_LONG = 9


@dataclass(frozen=True, slots=True)
class Policy:
    """The password policy's own answer beside a result, where the server gives one."""

    error: PolicyError | None = None
    expires_in: timedelta | None = None
    grace_left: int | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """The password is right, and nothing stands in the way. `server` said so."""

    server: Server
    policy: Policy | None = None
    then: "Done | Refused | Unclear | None" = None
    """What came of the write that was to follow, where one was asked for."""


@dataclass(frozen=True, slots=True)
class BadCredentials:
    """The server refused the bind (result 49), or we refused to send it."""

    why: Why
    policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No server gave an answer that can be used. `why` is for the log: servers, and what they did.

    Nothing was changed. A bind may have been counted by a server that was too slow.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server answered no: LDAP result `code` and its own words (may name the object)."""

    code: int
    text: str = field(repr=False)
    server: Server
    policy: Policy | None = None
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The change is made. Read it back from `server`: others may learn of it later (F33)."""

    server: Server
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class Unclear:
    """The change was sent and no answer came: read back before anybody tries again (F08)."""

    server: Server
    why: str


@dataclass(frozen=True, slots=True)
class ServiceRefused:
    """The service account itself may not bind (F30). `why` is the directory's reason."""

    server: Server
    why: Why
    code: int = 49
    asked: bool = True
    """False: nothing was sent, the account is left alone for a while after a refusal."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, at most what was asked for. `complete`: there was no more."""

    entries: Sequence[Entry]
    complete: bool
    server: Server
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a long search. The last one has `last`: without it the reading broke off."""

    entries: Sequence[Entry]
    last: bool
    server: Server
    controls: Sequence[Control] = ()


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """What one server tells of itself, for `doctor`."""

    server: Server
    root: Entry
    """The root DSE (RFC 4512 §5.1)."""
    certificate: bytes | None
    """Its certificate in DER; None without TLS."""
    tls: str | None
    """The version of TLS in use."""
    service: "Bound | ServiceRefused | Refused"
    """What the service account's bind came to."""
    clock_asked: float = 0.0
    """Seconds the root DSE took: its clock is that uncertain."""


_SUB_CODE: Final = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)


def sub_code(text: str) -> Why:
    """Read Active Directory's reason out of «80090308: LdapErr: DSID-…, data 52e, v4563»."""
    found = _SUB_CODE.search(text)
    if found is None:
        return Why.UNKNOWN
    code = found.group(1).lower()
    return Why(code) if code in {each.value for each in Why} else Why.UNKNOWN
