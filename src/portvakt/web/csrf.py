"""No stranger's page can act in a signed-in person's name: origin first, then a token.

The token is an HMAC of the binding cookie, so nothing is stored, it is the same in every tab, and
whoever cannot read the cookie cannot make it. See docs/adr/0011-csrf-by-origin-and-token.md.
"""

import hmac
from collections.abc import Iterable
from enum import Enum

from markupsafe import Markup

FIELD = "csrf"


class Verdict(Enum):
    """Whether a form may be listened to, and why not."""

    OURS = "ours"
    FOREIGN = "foreign"
    NO_COOKIE = "no_cookie"
    STALE = "stale"


def csrf_token(binding: str) -> str:
    """Return the token that belongs to a browser's binding, as 64 hexadecimal digits."""
    return hmac.digest(binding.encode("ascii"), b"csrf", "sha256").hex()


def csrf_field(binding: str) -> Markup:
    """Return the hidden field that every form we serve carries."""
    token = csrf_token(binding)  # hexadecimal, so there is nothing to escape
    return Markup(f'<input type="hidden" name="{FIELD}" value="{token}">')  # noqa: S704 (see above)


def judge_origin(headers: Iterable[tuple[bytes, bytes]], origin: str) -> Verdict:
    """Judge the two headers that a browser writes and a page cannot.

    What is there must be ours: `null`, another site, a sibling host and "none" are all foreign.
    Very old browsers send neither; for them the token alone decides.
    """
    for name, value in headers:
        if name == b"origin" and value != origin.encode("ascii"):
            return Verdict.FOREIGN
        if name == b"sec-fetch-site" and value != b"same-origin":
            return Verdict.FOREIGN
    return Verdict.OURS


def judge_token(binding: str | None, token: str) -> Verdict:
    """Judge the hidden field against the browser's binding, in constant time."""
    if binding is None:
        return Verdict.NO_COOKIE
    right = csrf_token(binding).encode("ascii")
    return Verdict.OURS if hmac.compare_digest(right, token.encode()) else Verdict.STALE
