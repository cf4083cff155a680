"""How a refresh token is written: the secret of its family, then its own.

The family's half never changes, so a token that was used before is known for one of the family
without anything being kept of it. Both halves are random, and only their hashes are stored.
"""

import re
from dataclasses import dataclass, field

from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random

_SECRET = 43
"""Characters of each half: 256 bits in base64url."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{86}")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token that was brought, taken apart and hashed."""

    family: str = field(repr=False)
    family_hash: bytes = field(repr=False)
    token_hash: bytes = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "RefreshToken | None":
        """Take a token apart; None for what we never wrote."""
        if not _TOKEN.fullmatch(text):
            return None
        family = text[:_SECRET]
        return cls(family, lookup_hash(family), lookup_hash(text[_SECRET:]))

    def next(self, random: Random) -> tuple[str, bytes]:
        """Return the token that follows in the family, and the hash of its own half."""
        own = random.secret()
        return self.family + own, lookup_hash(own)


@dataclass(frozen=True, slots=True)
class NewFamily:
    """The first token of a family, and what is stored of it."""

    token: str = field(repr=False)
    family_hash: bytes = field(repr=False)
    token_hash: bytes = field(repr=False)


def new_family(random: Random) -> NewFamily:
    """Begin a family."""
    family, own = random.secret(), random.secret()
    return NewFamily(family + own, lookup_hash(family), lookup_hash(own))
