"""Small pictures that somebody else drew: what they may be, and what of them is kept.

Only what is needed to draw them passes: no camera, no place, no comment, no second file behind the
first. Nothing is decoded here; the bounds on the sides bound what decoding costs a browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zlib import crc32

LARGEST: Final = 64 * 1024
"""Bytes. A tile shows 40 px, on a fine screen 120: such a PNG is a tenth of this."""
SIDES: Final = range(32, 513)
"""How wide and how high a picture may be, in pixels."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND"})
_PNG_HEADER: Final = 13
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""JPEG: baseline, extended and progressive, which are what browsers draw (ITU-T T.81 table B.1)."""
_JPEG_DROPPED: Final = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""APP1 to APP13, APP15 and comments: Exif and its like. APP14 says how colours are written."""
_SCAN: Final = 0xDA
_END: Final = b"\xff\xd9"
_WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH"})
_ALPHA: Final = 0x10
_ANIMATED: Final = 0x02


class BadPictureError(ValueError):
    """No picture that can be shown; the message says why, for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept and shown."""

    media_type: str
    content: bytes
    width: int
    height: int


def picture_of(data: bytes) -> Picture:
    """Read a PNG, JPEG or WebP and keep what draws it. Raises BadPictureError.

    The same picture gives the same bytes, and what was kept once is kept as it is.
    """
    if len(data) > LARGEST:
        raise BadPictureError(f"is larger than {LARGEST // 1024} kB")
    if data.startswith(_PNG):
        found = _png(data)
    elif data.startswith(b"\xff\xd8\xff"):
        found = _jpeg(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        found = _webp(data)
    elif b"<svg" in data[:1024].lower():
        raise BadPictureError("is SVG, which can hold a program; give PNG, WebP or JPEG")
    else:
        raise BadPictureError("is no PNG, WebP or JPEG")
    if found.width not in SIDES or found.height not in SIDES:
        raise BadPictureError(
            f"is {found.width} by {found.height} pixels; each side may be {SIDES[0]} to {SIDES[-1]}"
        )
    return found


def _png(data: bytes) -> Picture:
    """Walk the chunks (PNG third edition, section 5.3)."""
    kept, names = [_PNG], []
    for name, body, whole in _png_chunks(data):
        if name == b"acTL":
            raise BadPictureError("moves; give a picture that stands still")
        names.append(name)
        if name in _PNG_KEPT:
            kept.append(whole)
        if name == b"IHDR" and (len(names) > 1 or len(body) != _PNG_HEADER):
            break
    if names[:1] != [b"IHDR"] or names[-1] != b"IEND" or b"IDAT" not in names:
        raise BadPictureError("is a broken PNG")
    header = kept[1][8:]
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    return Picture("image/png", b"".join(kept), width, height)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield name, content and all of each chunk up to the last one, which must end the file."""
    at, name = len(_PNG), b""
    while name != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4])
        whole = data[at:end]
        if len(whole) != end - at or crc32(whole[4:-4]) != int.from_bytes(whole[-4:]):
            raise BadPictureError("is a broken PNG")
        at, name = end, whole[4:8]
        yield name, whole[8:-4], whole
    if at != len(data):
        raise BadPictureError("has something behind the picture")


def _jpeg(data: bytes) -> Picture:
    """Walk the segments up to the first scan (ITU-T T.81 section B.1)."""
    kept, at, size = [data[:2]], 2, None
    while True:
        marker, end = data[at + 1 : at + 2], at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at : at + 1] != b"\xff" or not marker or end > len(data) or end < at + 4:
            raise BadPictureError("is a broken JPEG")
        if marker[0] in _FRAMES:
            size = int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        if marker[0] == _SCAN:
            break
        if marker[0] not in _JPEG_DROPPED:
            kept.append(data[at:end])
        at = end
    if size is None or not data.endswith(_END):
        raise BadPictureError("is a broken JPEG, or of a kind that browsers do not draw")
    if data.find(_END, at) != len(data) - 2:
        raise BadPictureError("has something behind the picture")
    return Picture("image/jpeg", b"".join([*kept, data[at:]]), *size)


def _webp(data: bytes) -> Picture:
    """Walk the chunks (RFC 9649 section 2)."""
    if int.from_bytes(data[4:8], "little") != len(data) - 8:
        raise BadPictureError("is a broken WebP, or has something behind the picture")
    kept, size, at = [], None, 12
    while at < len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > len(data):
            raise BadPictureError("is a broken WebP")
        body = data[at + 8 : at + 8 + length]
        if name == b"VP8X":
            kept.append(data[at : at + 8] + bytes([_still(body)]) + data[at + 9 : end])
        elif name in _WEBP_KEPT:
            kept.append(data[at:end])
        size = size or _webp_size(name, body)
        at = end
    if size is None:
        raise BadPictureError("is a broken WebP")
    whole = b"WEBP" + b"".join(kept)
    return Picture("image/webp", b"RIFF" + len(whole).to_bytes(4, "little") + whole, *size)


def _still(extended: bytes) -> int:
    """Return the flags of a picture that stands still, of which only transparency is kept."""
    if not extended or extended[0] & _ANIMATED:
        raise BadPictureError("moves; give a picture that stands still")
    return extended[0] & _ALPHA


def _webp_size(name: bytes, body: bytes) -> tuple[int, int] | None:
    """Read width and height where a chunk says them (RFC 9649 sections 2.5 to 2.7)."""
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        both = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
        return both[0] & 0x3FFF, both[1] & 0x3FFF
    if name == b"VP8L" and body[:1] == b"\x2f":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
