"""What the shell has read of a request before a journey sees it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast

from starlette.requests import Request
from starlette.types import Scope

from portvakt.web.addresses import client_address, is_trusted, parse_address
from portvakt.web.cookies import Cookie, new_secret, read_cookies, secret_value, session_value
from portvakt.web.held import Held, HeldAnswers
from portvakt.web.languages import chosen_language
from portvakt.web.request_ids import new_request_id
from portvakt.web.site import Site
from portvakt.web.templates import Templates

SCOPE_KEY = "portvakt"
_LONGEST_USER_AGENT = 300
_READ = (b"x-forwarded-for", b"x-forwarded-proto", b"user-agent")
_NOT_PRINTABLE = bytes(byte for byte in range(256) if not 0x20 <= byte < 0x7F)  # noqa: PLR2004 (ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where a request comes from, read once and strictly.

    `address` is `None` when it cannot be known for certain, which means outside. `binding` and
    `browser` are secrets of this browser; store only their hashes.
    """

    address: str | None
    language: str
    request_id: str
    binding: str | None = field(repr=False)
    browser: str | None = field(repr=False)
    session: tuple[str, str] | None = field(repr=False)
    """`(session id, secret)` as the cookie says; whether it lives is for the records to say."""
    user_agent: str
    https: bool
    our_device: str | None = field(default=None, repr=False)
    """What a cookie says that the device has shown; whether it counts is not said here."""
    known: str | None = field(default=None, repr=False)
    """By what this browser is known, if its person asked for that; whether it is, records say."""

    @property
    def binding_hash(self) -> bytes | None:
        """SHA-256 of the binding, as flows store it."""
        return _hash(self.binding)

    @property
    def browser_hash(self) -> bytes | None:
        """SHA-256 of the browser secret, as known browsers are stored."""
        return _hash(self.browser)


def _hash(secret: str | None) -> bytes | None:
    return sha256(secret.encode("ascii")).digest() if secret is not None else None


@dataclass(frozen=True, slots=True)
class Shared:
    """A session on a computer that many people share: its pages say whose it is."""

    name: str
    to: str | None = None
    """Where the next person goes on: a local path; None for the page's own address."""


@dataclass(slots=True)
class Context:
    """What travels with one request: the site, what was read, and a binding made on the way."""

    site: Site
    templates: Templates
    here: Here
    held: HeldAnswers
    """Every answer of this process that is held back."""
    client: bool | None = None
    """Whether the route is for programs, which want JSON where a person wants a page; `None` until
    the route is known."""
    pattern: str | None = None
    """The address of the route that answers, with names for its parameters; `None` without one."""
    new_binding: str | None = None
    """A binding that this answer hands out, because the request had none."""

    new_browser: str | None = None
    """A browser secret that an answer hands out if somebody signs in with it."""

    shared: Shared | None = None
    """Whose session this is, where it began on a computer that many people share."""

    def browser(self) -> str:
        """Return what this browser is known by, making it if it has none yet."""
        if self.here.browser is not None:
            return self.here.browser
        if self.new_browser is None:
            self.new_browser = new_secret(self.site.random_bytes(32))
        return self.new_browser

    def binding(self) -> str:
        """Return this browser's binding, making one if it has none yet."""
        if self.here.binding is not None:
            return self.here.binding
        if self.new_binding is None:
            self.new_binding = new_secret(self.site.random_bytes(32))
        return self.new_binding


def context(request: Request) -> Context:
    """Return what travels with the request; the stack put it there."""
    return cast("Context", request.scope[SCOPE_KEY])


def said(request: Request, name: bytes) -> list[str]:
    """Return every value of a header, in the order they came; `name` is in small letters."""
    return [value.decode("latin-1") for key, value in request.scope["headers"] if key == name]


def held_back(request: Request) -> AbstractContextManager[Held]:
    """Hold this answer back until there is something to tell, as one of few of its browser's."""
    known = context(request)
    browser = known.here.binding or known.here.session or known.here.address
    return known.held.hold(str(browser), request.scope)


def wants_json(request: Request) -> bool:
    """Say whether a program asked. Before the route is known, whoever asks for HTML is a person."""
    known = context(request).client
    if known is not None:
        return known
    return not any(
        name == b"accept" and b"text/html" in value for name, value in request.scope["headers"]
    )


def here(request: Request) -> Here:
    """Return where the request comes from."""
    return context(request).here


def read_request(scope: Scope, site: Site) -> Here:
    """Read a request's surroundings. Never fails: what cannot be read is absent."""
    cookies = read_cookies(scope["headers"])
    read = _by_name(scope["headers"])
    peer = scope["client"][0] if scope.get("client") else None
    return Here(
        address=client_address(peer, read[b"x-forwarded-for"], site.trusted_proxies),
        language=chosen_language(cookies.get(Cookie.LANGUAGE.value)),
        request_id=new_request_id(site.random_bytes),
        binding=secret_value(cookies.get(Cookie.BINDING.value)),
        browser=secret_value(cookies.get(Cookie.BROWSER.value)),
        session=session_value(cookies.get(Cookie.SESSION.value)),
        user_agent=_first(read[b"user-agent"])[:_LONGEST_USER_AGENT],
        https=_came_over_https(scope, peer, read[b"x-forwarded-proto"], site),
        our_device=cookies.get(Cookie.OUR_DEVICE.value),
        known=cookies.get(Cookie.KNOWN.value),
    )


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """Sort out, in one pass, the headers that are read of every request."""
    said: dict[bytes, list[bytes]] = {name: [] for name in _READ}
    for name, value in headers:
        if name in said:
            said[name].append(value)
    return said


def _came_over_https(scope: Scope, peer: str | None, said: list[bytes], site: Site) -> bool:
    """Say whether the browser's own connection was encrypted.

    Only a trusted proxy's word counts beside the socket's. A trusted proxy that says nothing is
    taken to end TLS, which is what it is there for; a word other than "https" is not https.
    """
    if scope["scheme"] == "https":
        return True
    own = parse_address(peer) if peer is not None else None
    if own is None or not is_trusted(own, site.trusted_proxies):
        return False
    return site.https if not said else said == [b"https"]


def _first(said: list[bytes]) -> str:
    """Return the first header of a name with everything but printable ASCII taken out."""
    return said[0].translate(None, _NOT_PRINTABLE).decode("ascii") if said else ""
