"""Secrets of which there is always one newest: that of a family, then one of its own.

The family's half never changes, so a secret that was used before is known for one of the family
without anything being kept of it. Both halves are random, and only their hashes are stored.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random

_HALF: Final = 43
"""Characters of each half: 256 bits in base64url."""
_WHOLE: Final = re.compile(r"[A-Za-z0-9_-]{86}")


@dataclass(frozen=True, slots=True)
class Member:
    """A secret that was brought, taken apart and hashed."""

    family: str = field(repr=False)
    family_hash: bytes = field(repr=False)
    own_hash: bytes = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "Member | None":
        """Take a secret apart; None for what we never wrote."""
        if not _WHOLE.fullmatch(text):
            return None
        family = text[:_HALF]
        return cls(family, lookup_hash(family), lookup_hash(text[_HALF:]))

    def next(self, random: Random) -> tuple[str, bytes]:
        """Return the secret that follows in the family, and the hash of its own half."""
        own = random.secret()
        return self.family + own, lookup_hash(own)


@dataclass(frozen=True, slots=True)
class NewFamily:
    """The first secret of a family, and what is stored of it."""

    secret: str = field(repr=False)
    family_hash: bytes = field(repr=False)
    own_hash: bytes = field(repr=False)


def new_family(random: Random) -> NewFamily:
    """Begin a family."""
    family, own = random.secret(), random.secret()
    return NewFamily(family + own, lookup_hash(family), lookup_hash(own))
