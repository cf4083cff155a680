"""The codes that people copy from a device to a page, and what is stored in their place."""

from portvakt.core.device_grant import LENGTH, LETTERS
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac, MasterKeys

_EVEN = 256 - 256 % len(LETTERS)
"""Bytes from here on are drawn again, so that every letter is as likely as the others."""


def draw_user_code(random: Random) -> str:
    """Draw a code of `LENGTH` letters, each as likely as the others."""
    letters = ""
    while len(letters) < LENGTH:
        drawn = random.bytes(LENGTH)
        letters += "".join(LETTERS[each % len(LETTERS)] for each in drawn if each < _EVEN)
    return letters[:LENGTH]


class UserCodes:
    """Turns codes into what is stored of them.

    A plain hash of 34 bits is undone by trying them all, so the key protects it.
    """

    def __init__(self, keys: MasterKeys) -> None:
        self._mac = Mac(keys, "user-code")

    def hash(self, code: str) -> bytes:
        """Return the MAC of a code in capitals, without gaps."""
        return self._mac.of(code)

    def hashes(self, code: str) -> tuple[bytes, bytes]:
        """Return the MACs under this master key, and under the one before or after it."""
        return self._mac.of(code), self._mac.by_neighbour(code)
