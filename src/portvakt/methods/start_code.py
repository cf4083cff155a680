"""A start code from support: short life, and good for registration only.

Used once, unless it is a temporary pass, which has terms of its own (`core.passes`).
"""

from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import normalise_base32
from portvakt.core.passes import PLAIN, SHORTEST, Terms, terms_of, until
from portvakt.core.push_approval import RESET
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.methods import Ceremony, Prompt, Rejected, StartCode, Verified
from portvakt.plugins import Tools


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Life is chosen when a code is made, within the bound of policy."""

    def open(self, tools: Tools) -> "StartCodeMethod":
        """Open the method with the shared hash pool."""
        return StartCodeMethod(tools.hasher)


@dataclass(frozen=True, slots=True)
class StartCodeMethod:
    """Compares a start code with its hash, unless its time is out."""

    hasher: PasswordHasher
    type: AuthenticatorType = AuthenticatorType.START_CODE

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for a start code; nothing is sent."""
        del at
        return Prompt(length=SHORTEST, digits_only=False)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Hash once in every case; expired is gone, whether or not the sweeper has run."""
        terms = PLAIN if at.authenticator is None else terms_of(at.authenticator)
        code = normalise_base32(answer.open(), terms.length)
        right = await self.hasher.verify(at.verifier, Secret(code or ""), lane=at.lane)
        authenticator = at.authenticator
        if not right or code is None or authenticator is None:
            return Rejected()
        if authenticator.expires_at is None or authenticator.expires_at <= at.now:
            return Rejected(replayed=True)
        if not terms.begun(at.now) or not _serves(terms, at.purpose):
            return Rejected()
        return Verified(StartCode(authenticator.id, terms.uses, until(authenticator)))


def _serves(terms: Terms, purpose: str) -> bool:
    """Whether it may be shown for this: a new password is a method like any other."""
    return purpose != RESET or terms.binds is None or AuthenticatorType.PASSWORD in terms.binds
