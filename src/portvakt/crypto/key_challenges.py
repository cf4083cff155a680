"""What keys are given to sign: made here, known again by its own seal, and stored only when spent.

A challenge says when it was made and whether its answer must verify who holds the key. Its seal
binds it to one browser, one sign-in and one purpose, so nobody but us can make one, and none can
be carried to another place. What must happen once, happens where it is spent (`records.keys`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from portvakt.crypto.digests import same
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac, MasterKeys

DRAWN: Final = 16
"""Bytes at random: WebAuthn Level 3 section 13.4.3 asks for 16 at least."""
_AT: Final = 8
_HEAD: Final = DRAWN + _AT + 1
_SEAL: Final = 32
LENGTH: Final = _HEAD + _SEAL
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of a key, and when. Whether it was answered is for the records to say."""

    challenge: bytes
    asked_at: datetime
    must_verify: bool


class KeyChallenges:
    """Makes challenges and knows its own."""

    def __init__(self, keys: MasterKeys, random: Random) -> None:
        """Seal with a key of its own, which changes with the master key."""
        self._mac = Mac(keys, "key-challenge")
        self._random = random

    def make(
        self, now: datetime, *, browser: bytes, flow: str, purpose: str, must_verify: bool
    ) -> bytes:
        """Return `LENGTH` bytes for one browser, sign-in and purpose."""
        at = ((now - _EPOCH) // _MS).to_bytes(_AT, "big")
        head = self._random.bytes(DRAWN) + at + bytes((must_verify,))
        return head + self._mac.of(head.hex(), browser.hex(), flow, purpose)

    def read(self, challenge: bytes, *, browser: bytes, flow: str, purpose: str) -> Question | None:
        """Return what was asked; None for what we never asked of this browser for this.

        A seal of the master key before this one, or of the next, is as good.
        """
        head, seal = challenge[:_HEAD], challenge[_HEAD:]
        parts = (head.hex(), browser.hex(), flow, purpose)
        if len(challenge) != LENGTH or not (
            same(seal, self._mac.of(*parts)) or same(seal, self._mac.by_neighbour(*parts))
        ):
            return None
        at = _EPOCH + int.from_bytes(head[DRAWN : DRAWN + _AT], "big") * _MS
        return Question(challenge, at, bool(head[-1]))
