"""The key that push services know this installation by, kept sealed in the records."""

from datetime import datetime
from typing import Final

from portvakt.core.events import SigningKeyMade
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.crypto.vapid import VapidKey
from portvakt.records import KeyState, Records, StoredKey, Unit
from portvakt.records.signing_keys import VAPID

_PLACE: Final = {"table": "signing_keys", "column": "sealed"}


class PushKey:
    """One key for the life of the installation, made by whichever process needs it first."""

    def __init__(self, *, records: Records, sealer: Sealer, random: Random) -> None:
        self._records = records
        self._sealer = sealer
        self._random = random
        self._key: VapidKey | None = None

    async def key(self, now: datetime) -> VapidKey:
        """Read the key, once in each process. Raises RecordsUnavailable and `SealError`."""
        if self._key is None:
            stored = await self._records.read(lambda unit: unit.signing_keys.of_push())
            stored = stored or await self._make(now)
            self._key = VapidKey.parse(self._sealer.open(stored.sealed, **_PLACE, row=stored.kid))
        return self._key

    async def _make(self, now: datetime) -> StoredKey:
        """Make it. Where two processes do so at once, both go on with what was written first."""
        kid = self._random.id()
        made = StoredKey(
            kid=kid,
            alg=VAPID,
            sealed=self._sealer.seal(VapidKey.generate().export(), **_PLACE, row=kid),
            state=KeyState.CURRENT,
            created_at=now,
            changed_at=now,
        )

        async def act(unit: Unit) -> StoredKey | None:
            if await unit.signing_keys.put(made):
                await unit.audit.write(
                    SigningKeyMade(at=now, actor="service", kid=kid, alg=made.alg)
                )
            return await unit.signing_keys.of_push()

        stored = await self._records.write(act)
        if stored is None:
            raise LookupError("the key that was just put is not there")
        return stored
