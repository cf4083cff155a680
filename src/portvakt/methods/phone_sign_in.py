"""The same phone with its screen lock, and no password (SP 800-63B-4 section 3.1.3.4).

Nothing is typed in the browser. The phone moves the stored request, and when the browser goes on,
the approval is spent: one conditional statement says whether there was one.
"""

from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.methods import Ceremony, PhoneApproval, Prompt, Rejected, Verified
from portvakt.plugins import Tools


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digits and life of a request are policy (`core.push_approval`)."""

    def open(self, tools: Tools) -> "PhoneSignIn":
        """Open the method."""
        del tools
        return PhoneSignIn()


@dataclass(frozen=True, slots=True)
class PhoneSignIn:
    """Asks for nothing in the browser; the phone's answer is what counts."""

    type: AuthenticatorType = AuthenticatorType.PHONE_SIGN_IN

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for nothing: the number is shown, and typed in the phone."""
        del at
        return Prompt(length=0, digits_only=True)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Name the approval of this attempt; what was typed in the browser says nothing."""
        del answer
        return Rejected() if at.authenticator is None else Verified(PhoneApproval())
