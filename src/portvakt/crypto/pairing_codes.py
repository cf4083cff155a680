"""The two codes that bring a phone to an account, and what is stored in place of each.

Both lead to the same pairing. The long one travels in the fragment of an address, the short one
is typed beside the name of the account (`docs/developers/phone-protocol.md`).
"""

from dataclasses import dataclass, field

from portvakt.core.ids import AccountId
from portvakt.core.phones import LONG_BYTES, SHORT_LENGTH, encode
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac, MasterKeys


@dataclass(frozen=True, slots=True)
class PairingCode:
    """A code as it is shown once: `long` is 22 characters of base64url, `short` 8 of base32."""

    long: str = field(repr=False)
    short: str = field(repr=False)


def draw_pairing_code(random: Random) -> PairingCode:
    """Draw both codes; neither tells anything of the other."""
    return PairingCode(encode(random.bytes(LONG_BYTES)), random.base32(SHORT_LENGTH))


class PairingCodes:
    """Turns codes into what is stored of them. Whoever shows one and whoever takes one use this."""

    def __init__(self, keys: MasterKeys) -> None:
        self._mac = Mac(keys, "pairing-code")

    def long_hash(self, code: str) -> bytes:
        """Return the SHA-256 of a long code: 128 drawn bits need no key (ASVS 6.5.2)."""
        return lookup_hash(code)

    def short_hash(self, account_id: AccountId, code: str) -> bytes:
        """Return the MAC of a short code (8 capitals of base32) for one account.

        A plain hash of 40 bits is undone by guessing, so the key protects it; the account is
        inside, so that a code is right only where it was shown (R3).
        """
        return self._mac.of(account_id, code)

    def short_hash_by_neighbour(self, account_id: AccountId, code: str) -> bytes:
        """Return what `short_hash` would under the master key before or after this one."""
        return self._mac.by_neighbour(account_id, code)
