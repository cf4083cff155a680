"""The same phone with its screen lock, and no password (SP 800-63B-4 section 3.1.3.4)."""

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.methods import PhoneMethod
from portvakt.plugins import Tools


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Digits and life of a request are policy (`core.push_approval`)."""

    def open(self, tools: Tools) -> PhoneMethod:
        """Open the method."""
        del tools
        return PhoneMethod(AuthenticatorType.PHONE_SIGN_IN)
