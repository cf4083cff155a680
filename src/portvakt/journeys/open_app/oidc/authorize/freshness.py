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
from portvakt.journeys.open_app.oidc.authorize.demands import Demands
from portvakt.journeys.open_app.oidc.authorize.request import ASKED, OWN, AuthorizationRequest

MARKER_LIVES = timedelta(minutes=30)
"""Long enough for a sign-in with a registration in between; then the question is asked anew."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_MOMENT = 15  # digits: milliseconds until the year 33658
_MAC_OCTETS = 16


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which evidence counts for a request: all (`since` is None) or what was shown since then.

    `sent` is what the browser must come back with, marker included.
    """

    since: datetime | None
    sent: AuthorizationRequest


@dataclass(frozen=True, slots=True)
class Freshening:
    """Makes and reads the marker of one visit to one request.

    `browser` is the digest of the binding cookie; `mac` has a key that serves nothing else.
    `request` is what counts, and what the marker is bound to, wherever it came from; `sent` is the
    query that named it.
    """

    mac: Mac
    browser: bytes
    now: datetime

    def of(
        self, sent: AuthorizationRequest, request: AuthorizationRequest, demands: Demands
    ) -> Freshness:
        """Say what a checked request demands of the evidence.

        `max_age` counts back from now, but never asks again for what was shown since it first
        asked: else `max_age=0` could not be met at all (OpenID Connect Core section 3.1.2.1).
        """
        if not demands.anew and demands.max_age is None:
            return Freshness(None, sent.without(ASKED))
        asked = self._asked_at(sent.get(ASKED) or "", request)
        marked = sent
        if asked is None:
            asked = self.now - timedelta(microseconds=self.now.microsecond % 1000)  # as records do
            marked = sent.with_own(ASKED, self._marker(self.mac.of, request, asked))
        if demands.anew:
            return Freshness(asked, marked)
        since = self.now - timedelta(seconds=demands.max_age or 0)
        return Freshness(min(since, asked), marked)

    def _marker(
        self, make: Callable[..., bytes], request: AuthorizationRequest, asked: datetime
    ) -> str:
        moment = str((asked - _EPOCH) // _MILLISECOND)
        proof = make(moment, self.browser.hex(), request.without(*OWN).query())[:_MAC_OCTETS]
        return f"{moment}.{base64.urlsafe_b64encode(proof).decode('ascii').rstrip('=')}"

    def _asked_at(self, marker: str, request: AuthorizationRequest) -> datetime | None:
        """Return the moment in the marker, or None where there is none that counts."""
        moment = marker.partition(".")[0]
        if not (moment.isascii() and moment.isdigit() and len(moment) <= _LONGEST_MOMENT):
            return None
        asked = _EPOCH + int(moment) * _MILLISECOND
        makers = (self.mac.of, self.mac.by_neighbour)
        markers = [self._marker(make, request, asked).encode() for make in makers]
        if not any(same(each, marker.encode()) for each in markers):
            return None
        return asked if self.now - MARKER_LIVES <= asked <= self.now + CLOCK_BOUND else None
