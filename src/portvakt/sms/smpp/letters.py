"""How a text is written for a message centre: its letters as octets, and where it is parted.

GSM 03.38 letters (3GPP TS 23.038 section 6.2.1) are tried first: å, ä and ö are among them, and a
message then has room for 160. Everything else goes as UCS-2, with room for 70.
"""

from dataclasses import dataclass
from typing import Final

_ESCAPE: Final = "\x1b"
_GSM: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ" + _ESCAPE + "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet in its order: the place of a letter is its octet."""
_EXTENSION: Final = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""What stands after an escape (section 6.2.1.1)."""
_OCTETS: Final = {letter: bytes((at,)) for at, letter in enumerate(_GSM) if letter != _ESCAPE} | {
    letter: bytes((0x1B, at)) for letter, at in _EXTENSION.items()
}

CODING_DEFAULT: Final = 0x00
CODING_LATIN1: Final = 0x03
CODING_UCS2: Final = 0x08
"""Values of `data_coding` (SMPP 3.4 section 5.2.19)."""

_ROOM: Final = {CODING_DEFAULT: (160, 153), CODING_LATIN1: (140, 134), CODING_UCS2: (140, 134)}
"""Octets of a message alone, and of a part behind its header of six octets (TS 23.040, 9.2.3.24).
GSM letters are one octet each here; the centre packs eight of them into seven."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text as octets, in as many parts as it takes."""

    coding: int
    parts: tuple[bytes, ...]

    @property
    def whole(self) -> bytes:
        """All of it, for a centre that parts texts itself."""
        return b"".join(self.parts)


def write(text: str, *, latin1: bool = False) -> Written:
    """Write a text.

    `latin1`: the operator's centre does not know GSM letters and wants ISO 8859-1 in their place.
    """
    if latin1:
        letters = [_latin1(letter) for letter in text]
        coding = CODING_LATIN1
    else:
        letters = [_OCTETS.get(letter) for letter in text]
        coding = CODING_DEFAULT
    octets = [each for each in letters if each is not None]
    if len(octets) < len(letters):
        octets, coding = [letter.encode("utf-16-be") for letter in text], CODING_UCS2
    alone, behind_header = _ROOM[coding]
    whole = b"".join(octets)
    if len(whole) <= alone:
        return Written(coding, (whole,))
    return Written(coding, tuple(_parted(octets, behind_header)))


def _latin1(letter: str) -> bytes | None:
    try:
        return letter.encode("iso-8859-1")
    except UnicodeEncodeError:
        return None


def _parted(letters: list[bytes], room: int) -> list[bytes]:
    """Part between letters: an escape and what it stands for, or two surrogates, stay together."""
    parts = [bytearray()]
    for letter in letters:
        if len(parts[-1]) + len(letter) > room:
            parts.append(bytearray())
        parts[-1] += letter
    return [bytes(part) for part in parts]


def header(reference: int, total: int, at: int) -> bytes:
    """Write the header that lets a phone put parts together (3GPP TS 23.040 section 9.2.3.24.1)."""
    return bytes((5, 0, 3, reference, total, at))
