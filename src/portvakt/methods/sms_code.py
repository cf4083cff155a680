"""A one-time code by text message (SP 800-63B-4 section 3.1.3: out-of-band, restricted)."""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import normalise_digits
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import CodeMac
from portvakt.methods import Ceremony, CodeToSend, Prompt, Rejected, SentCode, Verified
from portvakt.plugins import Tools

DIGITS = 6
LIVES = timedelta(minutes=5)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Length and life are policy (six digits, five minutes), not settings."""

    def open(self, tools: Tools) -> "SmsCode":
        """Open the method."""
        return SmsCode(tools.random, tools.code_mac)


@dataclass(frozen=True, slots=True)
class SmsCode:
    """Makes a code, keeps only its MAC, and lets the database say whether an answer is it."""

    random: Random
    macs: CodeMac
    type: AuthenticatorType = AuthenticatorType.SMS_CODE

    def prompt(self, at: Ceremony) -> Prompt:
        """Make a new code for the number of `at.authenticator`; without one none is sent."""
        if at.authenticator is None:
            return Prompt(length=DIGITS, digits_only=True)
        digits = self.random.digits(DIGITS)
        mac = self.macs.of(digits, flow=at.flow, purpose=at.purpose)
        send = CodeToSend(Secret(digits), mac, at.authenticator.detail, LIVES)
        return Prompt(length=DIGITS, digits_only=True, send=send)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Six digits name one MAC; only spending it shows whether it was the one that was sent."""
        digits = normalise_digits(answer.open(), DIGITS)
        if digits is None:
            return Rejected()
        place = {"flow": at.flow, "purpose": at.purpose}
        mac, other = self.macs.of(digits, **place), self.macs.by_neighbour(digits, **place)
        return Verified(SentCode(mac, other))
