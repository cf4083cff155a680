"""How a refresh token is written: the secret of its family, then its own.

The family's half never changes, so a token that was used before is known for one of the family
without anything being kept of it. Both halves are random, and only their hashes are stored.
"""

import re
from dataclasses import dataclass, field

from portvakt.core.ids import GrantId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.records.unit import Unit

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


def held_by(app: RelyingParty, call: Call) -> str | None:
    """Name the key that a refresh token of this app is bound to; None where it is to none.

    An app that shows in another way that it is itself may change its key (RFC 9449 section 5).
    """
    return call.bound.name if app.token_endpoint_auth_method == "none" else None  # noqa: S105 - a way


def new_family(random: Random) -> NewFamily:
    """Begin a family."""
    family, own = random.secret(), random.secret()
    return NewFamily(family + own, lookup_hash(family), lookup_hash(own))


async def begin(
    unit: Unit, family: NewFamily, app: RelyingParty, grant_id: GrantId, call: Call
) -> None:
    """Store a family, bound to the caller's key where it is of an app that has nothing else."""
    await unit.refresh_tokens.begin(
        family.family_hash, family.token_hash, grant_id, call.now, bound_to=held_by(app, call)
    )
