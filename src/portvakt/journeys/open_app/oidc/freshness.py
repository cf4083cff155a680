"""When an app asks for a *new* sign-in (`prompt=login`, `max_age`), from when on it counts.

A browser that is sent away to sign in comes back with the very same address, and the address still
says `prompt=login`. Something must tell the second visit from the first, or it would never end.
Nothing is stored for it: the first visit adds `asked`, the moment of asking, to the address it will
come back to. `asked` carries a MAC over that moment, the browser and every other parameter, so
nobody can date it back, move it to another request or hand it to another browser.

On the way back the question is not "is the marker there?" but "has something been shown since?".
The marker alone opens nothing, and evidence shown before it does not count. It ends because each
new sign-in is newer than the marker, which stays the same until it expires.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portvakt.core.assurance import CLOCK_BOUND
from portvakt.crypto.digests import same
from portvakt.crypto.sealing import Mac
from portvakt.journeys.open_app.oidc.request import ASKED, AuthorizationRequest

MARKER_LIVES = timedelta(minutes=30)
"""Long enough for a sign-in with a registration in between; then the question is asked anew."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_MOMENT = 15  # digits: milliseconds until the year 33658
_MAC_OCTETS = 16


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which evidence counts for a request: all (`since` is None) or what was shown since then.

    `request` is what the browser must come back with, marker included.
    """

    since: datetime | None
    request: AuthorizationRequest


def freshness(mac: Mac, request: AuthorizationRequest, browser: bytes, now: datetime) -> Freshness:
    """Say what a checked request demands of the evidence.

    `browser` is the digest of the binding cookie; `mac` has a key that serves nothing else.
    `max_age` counts back from now, but never asks again for what was shown since it first asked:
    else `max_age=0` could not be met at all (OpenID Connect Core section 3.1.2.1).
    """
    login = "login" in request.words("prompt")
    max_age = request.get("max_age")
    if not login and max_age is None:
        return Freshness(None, request.without(ASKED))
    asked = _asked_at(mac, request, browser, now)
    marked = request
    if asked is None:
        asked = now - timedelta(microseconds=now.microsecond % 1000)  # what records keep
        marked = request.with_asked(_marker(mac.of, request, browser, asked))
    if login:
        return Freshness(asked, marked)
    return Freshness(min(now - timedelta(seconds=int(max_age or 0)), asked), marked)


def _marker(
    make: Callable[..., bytes], request: AuthorizationRequest, browser: bytes, asked: datetime
) -> str:
    moment = str((asked - _EPOCH) // _MILLISECOND)
    proof = make(moment, browser.hex(), request.without(ASKED).query())[:_MAC_OCTETS]
    return f"{moment}.{base64.urlsafe_b64encode(proof).decode('ascii').rstrip('=')}"


def _asked_at(
    mac: Mac, request: AuthorizationRequest, browser: bytes, now: datetime
) -> datetime | None:
    """Return the moment in the marker, or None where there is none that counts."""
    sent = request.get(ASKED) or ""
    moment = sent.partition(".")[0]
    if not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST_MOMENT):
        return None
    asked = _EPOCH + int(moment) * _MILLISECOND
    makers = (mac.of, mac.by_neighbour)
    markers = [_marker(make, request, browser, asked).encode() for make in makers]
    if not any(same(each, sent.encode()) for each in markers):
        return None
    return asked if now - MARKER_LIVES <= asked <= now + CLOCK_BOUND else None
