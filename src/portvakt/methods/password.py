"""The password kept here, as an Argon2id hash in PHC form."""

from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.methods import Ceremony, NewVerifier, Prompt, Rejected, Verified
from portvakt.plugins import Tools


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A local password needs no settings: the parameters are fixed by policy."""

    def open(self, tools: Tools) -> "Password":
        """Open the method with the shared hash pool."""
        return Password(tools.hasher)


@dataclass(frozen=True, slots=True)
class Password:
    """Compares what was typed with the stored hash, whole and unchanged but for NFC."""

    hasher: PasswordHasher
    type: AuthenticatorType = AuthenticatorType.PASSWORD

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for a password of any length; nothing is sent."""
        del at
        return Prompt(length=0, digits_only=False)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Hash once, also for a person who is unknown: the work must not tell them apart."""
        right = await self.hasher.verify(at.verifier, answer, lane=at.lane)
        if not right or at.authenticator is None or at.verifier is None:
            return Rejected()
        if self.hasher.needs_rehash(at.verifier):
            better = await self.hasher.hash(answer, lane=at.lane)
            return Verified(NewVerifier(at.authenticator.id, better, at.verifier))
        return Verified(None)
