"""Everything unguessable is drawn here, and only from the operating system (ASVS 11.5.1)."""

import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

ID_LENGTH = 26  # base32 characters that hold 128 bits, and two more
SECRET_BYTES = 32
BASE32_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 section 6
_LETTER_OF_BYTE: Final = BASE32_ALPHABET.lower().encode("ascii") * 8  # 32 letters divide 256 bytes
_HEAD: Final = 2  # characters by which names are put in order before their rest is drawn


class Random(Protocol):
    """Where chance comes from. The product has one implementation; tests may bring another."""

    def bytes(self, count: int) -> bytes:
        """Draw that many bytes."""

    def id(self) -> str:
        """Draw a name for something stored: 26 lower-case base32 characters, 128 bits and more."""

    def ids_in_order(self, count: int) -> Iterator[str]:
        """Draw that many names as `id` does, and give them smallest first.

        Rows that are stored in the order of their names share the pages of every index on them.
        """

    def secret(self) -> str:
        """Draw what opens something (a session, a code): 43 base64url characters, 256 bits."""

    def digits(self, count: int) -> str:
        """Draw a one-time code of that many decimal digits, leading zeros kept."""

    def base32(self, count: int) -> str:
        """Draw a printed code of that many upper-case base32 characters, 5 bits each."""


class SystemRandom:
    """The operating system's generator, by way of `secrets`."""

    def bytes(self, count: int) -> bytes:
        """Draw that many bytes."""
        return secrets.token_bytes(count)

    def id(self) -> str:
        """Draw 26 lower-case base32 characters, 5 bits each."""
        return _letters(ID_LENGTH)

    def ids_in_order(self, count: int) -> Iterator[str]:
        """Draw that many names as `id` does, and give them smallest first.

        How many begin with which letters is drawn first, and then the rest of each: the outcome
        is that of sorting them all, and few of them exist at a time.
        """
        heads = Counter(_pieces(_letters(_HEAD * count), _HEAD))
        rest = ID_LENGTH - _HEAD
        for head in sorted(heads):
            yield from sorted(head + each for each in _pieces(_letters(rest * heads[head]), rest))

    def secret(self) -> str:
        """Draw 256 bits and write them as 43 base64url characters."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def digits(self, count: int) -> str:
        """Draw uniformly from all codes of that length: no remainder is folded in."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def base32(self, count: int) -> str:
        """Draw each character by itself from an alphabet of 32, which divides a byte evenly."""
        return "".join(secrets.choice(BASE32_ALPHABET) for _ in range(count))


def _letters(count: int) -> str:
    return secrets.token_bytes(count).translate(_LETTER_OF_BYTE).decode("ascii")


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))
