"""Where forward-auth lives: below `/.portvakt/` on the host of an app, and at home. Pure."""

import re
from urllib.parse import unquote, urlencode

from portvakt.web.headers import GUARDED

CHECK = f"{GUARDED}check"
AUTH_REQUEST = f"{GUARDED}auth_request"
"""The same for nginx, which takes no redirect for an answer: 401 with the address beside it."""
START = f"{GUARDED}start"
TICKET = f"{GUARDED}ticket"
SIGN_OUT = f"{GUARDED}sign-out"
HOME_AGAIN = "/forward-auth/again"
HOME_SIGN_OUT = "/forward-auth/sign-out"

_LONGEST = 1024
"""So that it still fits where it is encoded twice, on the way to the sign-in page and back."""
_PATH = re.compile(r"/[!$-;=?-\[\]-~]*")
"""Printable ASCII but for blank, quote, number sign, angle brackets and backslash."""


def place_at(host: str, to: str | None) -> str:
    """Return where a browser goes on at the host of an app: the host's first page if in doubt.

    The host is a registered one and stands first, so that no `to` leads anywhere else. What begins
    like another host is refused all the same, because the app may read it so, and so are our own
    addresses there.
    """
    if to is None or not _is_place(to):
        return f"https://{host}/"
    return f"https://{host}{to}"


def _is_place(to: str) -> bool:
    if len(to) > _LONGEST or _PATH.fullmatch(to) is None or to.startswith("//"):
        return False
    path = unquote(to.partition("?")[0])
    if "\\" in path or not path.isprintable() or path.startswith("//"):
        return False
    segments = path.split("/")
    return not {".", ".."} & set(segments) and segments[1].lower() != GUARDED.strip("/")


def start_at(host: str, uri: str) -> str:
    """Return where a browser begins to sign in at the host of an app, and comes back to `uri`."""
    to = place_at(host, uri).removeprefix(f"https://{host}")
    return f"https://{host}{START}?{urlencode({'to': to})}"
