"""A code from a hardware token (RFC 6238 or RFC 4226), or two in a row where it has drifted."""

from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.hardware_tokens import (
    Make,
    Place,
    TokenKind,
    matching_step,
    read_detail,
    was_used,
)
from portvakt.core.secret import Secret
from portvakt.methods import Ceremony, Prompt, Rejected, TimeStep, Verified
from portvakt.plugins import Tools

UNKNOWN_SECRET = bytes(20)
_UNKNOWN = Make(kind=TokenKind.TOTP)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Each device has its own digits, step and digest, told by the file that it came with."""

    def open(self, tools: Tools) -> "HardwareToken":
        """Open the method."""
        del tools
        return HardwareToken()


@dataclass(frozen=True, slots=True)
class HardwareToken:
    """Finds the time step or counter that an answer belongs to; each is spent once."""

    type: AuthenticatorType = AuthenticatorType.HARDWARE_TOKEN

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for the digits that the device shows; nothing is sent."""
        made = _UNKNOWN if at.authenticator is None else read_detail(at.authenticator.detail)[0]
        return Prompt(length=made.digits, digits_only=True)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Look for the answer where the device is thought to be; what was used is a replay."""
        typed = answer.open()
        if at.authenticator is None or at.secret is None:
            matching_step(_UNKNOWN, UNKNOWN_SECRET, typed, Place(), at.now)
            return Rejected()
        made, _ = read_detail(at.authenticator.detail)
        place = Place(at.last_step, at.authenticator.last_used_at)
        step = matching_step(made, at.secret, typed, place, at.now)
        if step is None:
            return Rejected(replayed=was_used(made, at.secret, typed, place))
        return Verified(TimeStep(at.authenticator.id, step))
