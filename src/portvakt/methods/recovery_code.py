"""Printed one-time codes (SP 800-63B-4 section 3.1.2, look-up secrets).

A code is 18 base32 characters: two that are kept in clear to find its row, and sixteen (80 bits)
that are kept only as an Argon2id hash, because ASVS 6.5.2 asks for a password hash below 112 bits.
"""

from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import normalise_base32
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.methods import Ceremony, PrintedCode, Prompt, Rejected, Verified
from portvakt.plugins import Tools

LENGTH = 18
HINT = 2


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a code is printed on paper and cannot be a setting."""

    def open(self, tools: Tools) -> "RecoveryCode":
        """Open the method with the shared hash pool."""
        return RecoveryCode(tools.hasher)


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """Finds the row by the first two characters and compares the rest with its hash."""

    hasher: PasswordHasher
    type: AuthenticatorType = AuthenticatorType.RECOVERY_CODE

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for a printed code; nothing is sent."""
        del at
        return Prompt(length=LENGTH, digits_only=False)

    def hint(self, answer: Secret) -> str | None:
        """Return the two characters that name the row, or None where the form is wrong."""
        code = normalise_base32(answer.open(), LENGTH)
        return None if code is None else code[:HINT]

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Compare with the rows found. Two rows with one hint are rare; both are tried."""
        code = normalise_base32(answer.open(), LENGTH)
        if code is None:
            return Rejected()
        secret = Secret(code[HINT:])
        if not at.lookup:
            await self.hasher.verify(None, secret, lane=at.lane)
            return Rejected()
        for row in at.lookup:
            if await self.hasher.verify(row.verifier, secret, lane=at.lane):
                return Verified(PrintedCode(row.id, row.authenticator_id))
        return Rejected()
