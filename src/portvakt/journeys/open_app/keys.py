"""The keys that sign, kept sealed in the records and parsed once in each process.

A key is published before it signs and stays published until all it has signed is over, so rotation
never leaves an app without the key it needs (A134). Processes look for changes every few seconds;
a key that they have parsed is not parsed again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from portvakt.core.events import Event, SigningKeyMade, SigningKeyRetired, SigningKeyWithdrawn
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.crypto.signing import (
    Algorithm,
    KeyState,
    Signer,
    SigningKey,
    rotated,
    still_needed,
    with_first_keys,
)
from portvakt.records.signing_keys import KeyState as StoredState
from portvakt.records.signing_keys import StoredKey
from portvakt.records.unit import Records, Unit

ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "RS256")
"""Those whose keys are made at the first start."""
ON_DEMAND: tuple[Algorithm, ...] = ("EdDSA",)
"""Those whose keys are made when the first app wants them: nodes of an older version, which run
beside this one for a while, cannot read them."""
READ_AGAIN = timedelta(seconds=10)
"""How long a process may go on without noticing a rotation."""
RETIRED_KEPT = timedelta(days=1)
"""Longer than anything we sign lives, and than apps keep a copy of the published keys."""

_PLACE = {"table": "signing_keys", "column": "sealed"}


class KeyRing:
    """The keys of this installation, as far as this process has read them."""

    def __init__(self, *, records: Records, sealer: Sealer, random: Random) -> None:
        self._records = records
        self._sealer = sealer
        self._random = random
        self._parsed: dict[str, SigningKey] = {}
        self._signer: Signer | None = None
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def signer(self, now: datetime, alg: Algorithm = "ES256") -> Signer:
        """Return what verifies, and signs with `alg` too, at most `READ_AGAIN` old.

        Makes the first keys where there are none: the RSA keys cost a thread some tenths of a
        second, once in the life of an installation. Raises RecordsUnavailable.
        """
        if self._signer is not None and self._serves(self._signer, now, alg):
            return self._signer
        async with self._reading:
            if self._signer is not None and self._serves(self._signer, now, alg):
                return self._signer
            stored = await self._records.read(lambda unit: unit.signing_keys.all())
            keys, wanted = self._parse(stored), tuple(sorted({*ALGORITHMS, alg}))
            if _lacks_some(keys, wanted):
                keys = await self._make_first(keys, wanted, now)
            self._signer, self._read_at = Signer(keys), now
            return self._signer

    def _serves(self, signer: Signer, now: datetime, alg: Algorithm) -> bool:
        fresh = self._read_at is not None and abs(now - self._read_at) < READ_AGAIN
        return fresh and alg in signer.algorithms()

    def _parse(self, stored: Sequence[StoredKey]) -> list[SigningKey]:
        """Open and parse what has not been parsed before; a new state costs nothing."""
        for each in stored:
            known = self._parsed.get(each.kid)
            state = KeyState(each.state.value)
            if known is None:
                self._parsed[each.kid] = opened(each, self._sealer)
            elif known.state is not state:
                self._parsed[each.kid] = replace(known, state=state, changed_at=each.changed_at)
        return [self._parsed[each.kid] for each in stored]

    async def _make_first(
        self, keys: list[SigningKey], wanted: Sequence[Algorithm], now: datetime
    ) -> list[SigningKey]:
        """Make what is missing. Where two processes do so at once, the first to write wins."""
        made = await asyncio.to_thread(with_first_keys, keys, wanted, self._random.id, now)
        new = [key for key in made if key not in keys]

        async def act(unit: Unit) -> list[StoredKey]:
            await unit.turn("signing_keys")
            there = {each.alg for each in await unit.signing_keys.all()}
            for key in new:
                if key.alg not in there:
                    await _put(unit, key, self._sealer, now)
            return await unit.signing_keys.all()

        return self._parse(await self._records.write(act))


async def rotate(
    records: Records,
    sealer: Sealer,
    random: Random,
    now: datetime,
    *,
    actor: str,
    algorithms: Sequence[Algorithm] = (*ALGORITHMS, *ON_DEMAND),
) -> tuple[Event, ...]:
    """Take every key of these algorithms a place further, and say what happened.

    Algorithms that no app has wanted so far have no keys, and get none here.

    The next key signs, the current one is retired and stays published, a new one is published to
    sign after the next rotation. Keys retired long enough ago are forgotten. `actor` is who did it,
    for the events. Raises RecordsUnavailable.
    """
    new = [
        await asyncio.to_thread(SigningKey.generate, random.id(), alg, KeyState.NEXT, now)
        for alg in algorithms
    ]

    async def act(unit: Unit) -> tuple[Event, ...]:
        await unit.turn("signing_keys")
        before = [opened(each, sealer) for each in await unit.signing_keys.all()]
        after: Sequence[SigningKey] = before
        there = {*ALGORITHMS, *(key.alg for key in before)}
        for key in new:
            if key.alg in there:
                after = rotated(after, key, now)
        return await _write(unit, before, after, sealer, now, actor)

    return await records.write(act)


async def withdraw(
    records: Records, sealer: Sealer, random: Random, now: datetime, kid: str, *, actor: str
) -> tuple[Event, ...]:
    """Have everything that a leaked key signed count no more, and say what happened (F52).

    It is published no longer. Where it was current, the next key signs at once; its place is filled
    anew. No event where no key has this `kid`. Raises RecordsUnavailable.
    """
    fresh = {
        alg: await asyncio.to_thread(SigningKey.generate, random.id(), alg, KeyState.NEXT, now)
        for alg in (*ALGORITHMS, *ON_DEMAND)
    }

    async def act(unit: Unit) -> tuple[Event, ...]:
        await unit.turn("signing_keys")
        before = [opened(each, sealer) for each in await unit.signing_keys.all()]
        leaked = next((each for each in before if each.kid == kid), None)
        if leaked is None:
            return ()
        after: Sequence[SigningKey] = [
            replace(each, state=KeyState.RETIRED, changed_at=now)
            if each is leaked and each.state is KeyState.NEXT
            else each
            for each in before
        ]
        if leaked.state is not KeyState.RETIRED:
            after = rotated(after, fresh[leaked.alg], now)
        moved = await _write(unit, before, after, sealer, now, actor, withdrawn=kid)
        event = SigningKeyWithdrawn(at=now, actor=actor, kid=kid)
        await unit.audit.write(event)
        return (*moved, event)

    return await records.write(act)


async def _write(
    unit: Unit,
    before: Sequence[SigningKey],
    after: Sequence[SigningKey],
    sealer: Sealer,
    now: datetime,
    actor: str,
    withdrawn: str = "",
) -> tuple[Event, ...]:
    """Store the difference. A place is left before another key takes it."""
    old = {key.kid: key for key in before}
    events: list[Event] = []
    for left in (KeyState.CURRENT, KeyState.NEXT):
        for key in after:
            if key.kid in old and old[key.kid].state is left and key.state is not left:
                await unit.signing_keys.move(key.kid, _stored(left), _stored(key.state), now)
                if key.state is KeyState.RETIRED:
                    events.append(SigningKeyRetired(at=now, actor=actor, kid=key.kid))
    for key in after:
        if key.kid not in old:
            await _put(unit, key, sealer, now, actor)
            events.append(SigningKeyMade(at=now, actor=actor, kid=key.kid, alg=key.alg))
        elif key.kid == withdrawn or not still_needed(key, now, RETIRED_KEPT):
            await unit.signing_keys.remove(key.kid)
    for event in events:
        if isinstance(event, SigningKeyRetired):
            await unit.audit.write(event)
    return tuple(events)


async def _put(
    unit: Unit, key: SigningKey, sealer: Sealer, now: datetime, actor: str = "serve"
) -> None:
    sealed = sealer.seal(key.export(), **_PLACE, row=key.kid)
    stored = StoredKey(
        kid=key.kid,
        alg=key.alg,
        sealed=sealed,
        state=_stored(key.state),
        created_at=key.created_at,
        changed_at=key.changed_at,
    )
    if await unit.signing_keys.put(stored):
        await unit.audit.write(SigningKeyMade(at=now, actor=actor, kid=key.kid, alg=key.alg))


def opened(stored: StoredKey, sealer: Sealer) -> SigningKey:
    """Open and parse one key. Raises `portvakt.crypto.sealing.SealError`."""
    jwk = sealer.open(stored.sealed, **_PLACE, row=stored.kid)
    state = KeyState(stored.state.value)
    return SigningKey.parse(jwk, state, stored.created_at, stored.changed_at)


def _stored(state: KeyState) -> StoredState:
    return StoredState(state.value)


def _lacks_some(keys: Sequence[SigningKey], wanted: Iterable[Algorithm]) -> bool:
    current = {key.alg for key in keys if key.state is KeyState.CURRENT}
    return not current.issuperset(wanted)
