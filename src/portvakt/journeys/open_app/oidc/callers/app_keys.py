"""The public keys of apps: in their entries, or at the address that an entry names (`jwks_uri`).

What was fetched is kept in this process: for as long as the app's server says, within bounds; for
some hours more where it does not answer. A signature that no kept key made has the keys fetched
anew, once a minute at most (OpenID Connect Core section 10.1.1), so an app that turns its keys goes
on, and nobody can have us ask again and again.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.client_keys import public_part, signed_by
from portvakt.wire.outward import Fetched, Outward

Clock = Callable[[], datetime]

LARGEST: Final = 64 * 1024
LEAST_FRESH: Final = timedelta(minutes=1)
"""The shortest and the longest that fetched keys count without being fetched again, and how long
where the app's server says nothing."""
MOST_FRESH: Final = timedelta(hours=1)
FRESH: Final = timedelta(minutes=10)
STALE: Final = timedelta(hours=4)
"""How much longer they count where they cannot be fetched: a key that the app withdraws because it
leaked must end, even if somebody keeps us from hearing of it."""
AGAIN: Final = timedelta(minutes=1)
"""The shortest time between two fetches because of an unknown key."""
AFTER_FAILURE: Final = timedelta(seconds=10)
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})")
_NOT_KEPT: Final = re.compile(r"(?:^|[\s,])no-(?:cache|store)(?:$|[\s,=])")

_log = structlog.get_logger("portvakt.app_keys")


@dataclass(slots=True)
class _Kept:
    """What is known of the keys at one address."""

    uri: str
    jwks: str | None = None
    fetched_at: datetime | None = None
    fresh_until: datetime | None = None
    tried_at: datetime | None = None
    failed: bool = False
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    def counting(self, now: datetime) -> str | None:
        """Return the keys, if they still count."""
        held = self.fresh_until is not None and now < self.fresh_until + STALE
        return self.jwks if held else None


class AppKeys:
    """Finds the keys of apps, and judges with them what apps sign."""

    def __init__(self, outward: Outward, clock: Clock) -> None:
        """Fetch by `outward`."""
        self._outward = outward
        self._clock = clock
        self._kept: dict[ClientId, _Kept] = {}

    async def of(self, app: RelyingParty) -> str | None:
        """Return an app's JWK set in JSON; None where there is none, or it cannot be had now."""
        if app.jwks is not None or app.jwks_uri is None:
            return app.jwks
        kept = self._of(app.client_id, app.jwks_uri)
        now = self._clock()
        if kept.fresh_until is None or now >= kept.fresh_until:
            async with kept.fetching:
                now = self._clock()
                if kept.fresh_until is None or now >= kept.fresh_until:
                    await self._fetch(app.client_id, kept, now)
        return kept.counting(self._clock())

    async def signed(self, app: RelyingParty, token: str) -> Mapping[str, Any] | None:
        """Return the claims of a JWT that the app signed, else None.

        What the claims say is for the caller to judge.
        """
        jwks = await self.of(app)
        claims = None if jwks is None else signed_by(token, jwks)
        if claims is not None or app.jwks is not None or app.jwks_uri is None:
            return claims
        newer = await self._newer(app.client_id, app.jwks_uri, jwks)
        return None if newer is None else signed_by(token, newer)

    async def _newer(self, client_id: ClientId, uri: str, than: str | None) -> str | None:
        """Fetch the keys though they are fresh; None where they are not other than they were."""
        kept = self._of(client_id, uri)
        async with kept.fetching:
            now = self._clock()
            if kept.fetched_at is None or now >= kept.fetched_at + AGAIN:
                await self._fetch(client_id, kept, now)
        newer = kept.counting(self._clock())
        return newer if newer != than else None

    def _of(self, client_id: ClientId, uri: str) -> _Kept:
        kept = self._kept.get(client_id)
        if kept is None or kept.uri != uri:
            kept = self._kept[client_id] = _Kept(uri)
        return kept

    async def _fetch(self, client_id: ClientId, kept: _Kept, now: datetime) -> None:
        """Fetch once, unless that came to nothing a moment ago."""
        if kept.failed and kept.tried_at is not None and now < kept.tried_at + AFTER_FAILURE:
            return
        kept.tried_at = now
        accept = "application/jwk-set+json, application/json"
        found = await self._outward.get(kept.uri, LARGEST, accept=accept)
        why = "holds no keys that can be used"
        jwks = public_part(found.body) if isinstance(found, Fetched) else None
        if isinstance(found, Fetched) and jwks is not None:
            kept.jwks, kept.failed, kept.fetched_at = jwks, False, now
            kept.fresh_until = now + fresh_for(found.headers.get("cache-control", ""))
            return
        kept.failed = True
        why = why if isinstance(found, Fetched) else found.reason
        _log.warning("app_keys.not_fetched", app=client_id, why=why)


def fresh_for(cache_control: str) -> timedelta:
    """Say how long an answer counts, by its `Cache-Control` (RFC 9111 section 5.2.2), in bounds."""
    said = cache_control.lower()
    if _NOT_KEPT.search(said):
        return LEAST_FRESH
    found = _MAX_AGE.search(said)
    if found is None:
        return FRESH
    return min(max(timedelta(seconds=int(found[1])), LEAST_FRESH), MOST_FRESH)
