"""Six digits from any authenticator app (RFC 6238: HMAC-SHA-1, 30 s, one step either way)."""

from dataclasses import dataclass

import msgspec

from portvakt.core import totp
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import Random
from portvakt.methods import Ceremony, Offer, Prompt, Rejected, TimeStep, Verified
from portvakt.plugins import Tools

SECRET_BYTES = 20  # RFC 4226 section 4, R6: 160 bits are recommended
UNKNOWN_SECRET = bytes(SECRET_BYTES)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digits, step and window are fixed: every app in people's hands agrees on them."""

    def open(self, tools: Tools) -> "Totp":
        """Open the method."""
        return Totp(tools.random)


@dataclass(frozen=True, slots=True)
class Totp:
    """Finds the time step an answer belongs to; a step is spent once and never goes back."""

    random: Random
    type: AuthenticatorType = AuthenticatorType.TOTP

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for six digits; nothing is sent."""
        del at
        return Prompt(length=6, digits_only=True)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Compare with the steps round `at.now`; a step already used is a replay."""
        secret = UNKNOWN_SECRET if at.secret is None else at.secret
        typed = answer.open()
        step = totp.matching_step(secret, typed, at.now, at.last_step)
        if at.authenticator is None or at.secret is None:
            return Rejected()
        if step is None:
            again = at.last_step is not None and totp.matching_step(secret, typed, at.now, None)
            return Rejected(replayed=bool(again))
        return Verified(TimeStep(at.authenticator.id, step))

    def offer(self) -> Offer:
        """Make a new secret of 160 bits."""
        return Offer(self.random.bytes(SECRET_BYTES))
