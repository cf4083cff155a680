"""The cookies, all with the `__Host-` prefix: Secure, no Domain, Path=/ (RFC 6265bis 4.1.3.2).

The prefix makes the browser refuse the same name from a sibling host or over plain http, so nobody
can plant one. Values are what we made: 43 characters of base64url; anything else counts as absent.

Six are ours. Two more live on the hosts of apps whose proxy asks us before every request (ADR 43).
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import timedelta
from enum import Enum

from starlette.responses import Response

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_SESSION = re.compile(r"([a-z2-7]{26})\.([A-Za-z0-9_-]{43})")
_KEPT = timedelta(days=400)
"""The longest that browsers keep any cookie (RFC 6265bis 5.5)."""


class Cookie(Enum):
    """The name of each cookie; no other name is ever read or set."""

    BINDING = "__Host-binding"
    BROWSER = "__Host-browser"
    SESSION = "__Host-session"
    LANGUAGE = "__Host-language"
    OUR_DEVICE = "__Host-device"
    """That the device showed itself as ours a while ago: sealed for the binding beside it."""
    KNOWN = "__Host-known"
    """In which browser somebody asked not to be asked again: another value after each use."""
    GUARDED = "__Host-portvakt"
    """On the host of an app: that this browser is let in there."""
    GUARDED_BINDING = "__Host-portvakt-binding"
    """On the host of an app: which browser began."""


def read_cookies(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return our own cookies by name.

    A name that comes twice is dropped: a browser cannot hold two with the `__Host-` prefix, so one
    of them is somebody else's.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in headers:
        if name != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            key, _, content = pair.strip(" \t").partition("=")
            if not key.startswith("__Host-"):
                continue
            if key in found:
                twice.add(key)
            found[key] = content
    return {key: content for key, content in found.items() if key not in twice}


def secret_value(value: str | None) -> str | None:
    """Return a binding or browser secret if it is written as we write them."""
    return value if value is not None and _SECRET.fullmatch(value) else None


def session_value(value: str | None) -> tuple[str, str] | None:
    """Return `(session id, secret)` from the session cookie, or `None`."""
    matched = _SESSION.fullmatch(value) if value is not None else None
    return (matched[1], matched[2]) if matched is not None else None


def new_secret(random: bytes) -> str:
    """Return 32 random bytes as the 43 characters that a cookie carries."""
    return urlsafe_b64encode(random).rstrip(b"=").decode("ascii")


def set_binding(response: Response, secret: str) -> None:
    """Tie this browser, until it closes, to the journeys that it starts."""
    _set(response, Cookie.BINDING, secret, None)


def keep_binding(response: Response, secret: str, lifetime: timedelta) -> None:
    """Tie this browser for so long, though it may close meanwhile."""
    _set(response, Cookie.BINDING, secret, lifetime)


def set_browser(response: Response, secret: str) -> None:
    """Remember this browser for 400 days: it separates counters and gives no right."""
    _set(response, Cookie.BROWSER, secret, _KEPT)


def set_session(response: Response, session_id: str, secret: str) -> None:
    """Hand out a session; the server's row, not the cookie, decides how long it lives."""
    _set(response, Cookie.SESSION, f"{session_id}.{secret}", None)


def set_language(response: Response, language: str) -> None:
    """Keep the chosen language."""
    _set(response, Cookie.LANGUAGE, language, _KEPT)


def set_our_device(response: Response, sealed: str, lifetime: timedelta) -> None:
    """Keep what the device has shown, for as long as it counts."""
    _set(response, Cookie.OUR_DEVICE, sealed, lifetime)


def set_known(response: Response, secret: str, lifetime: timedelta) -> None:
    """Keep by what this browser is known until its time is over; nothing takes it back."""
    _set(response, Cookie.KNOWN, secret, lifetime)


def set_guarded(response: Response, sealed: str) -> None:
    """Let this browser in at the host of an app, as long as the session behind it stands."""
    _set(response, Cookie.GUARDED, sealed, None)


def set_guarded_binding(response: Response, secret: str) -> None:
    """Tie this browser, until it closes, to the sign-ins that it begins at the host of an app."""
    _set(response, Cookie.GUARDED_BINDING, secret, None)


def drop_guarded(response: Response) -> None:
    """Take both cookies of an app's host back."""
    _set(response, Cookie.GUARDED, "", timedelta())
    _set(response, Cookie.GUARDED_BINDING, "", timedelta())


def drop_session(response: Response) -> None:
    """Take the session cookie back; the caller has ended the session itself."""
    _set(response, Cookie.SESSION, "", timedelta())


def _set(response: Response, cookie: Cookie, value: str, lifetime: timedelta | None) -> None:
    """Write the header by hand: SimpleCookie costs fifty times as much and may quote values."""
    age = "" if lifetime is None else f"; Max-Age={int(lifetime.total_seconds())}"
    written = f"{cookie.value}={value}; Path=/{age}; Secure; HttpOnly; SameSite=Lax"
    response.raw_headers.append((b"set-cookie", written.encode("latin-1")))
