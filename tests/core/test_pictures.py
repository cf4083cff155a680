"""Which pictures pass, and what of them is kept."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from portvakt.core.pictures import LARGEST, BadPictureError, Picture, picture_of
from tests.pictures import moving, picture

KINDS = ("PNG", "JPEG", "WEBP")
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>'


@pytest.mark.parametrize(
    ("kind", "more", "media_type"),
    [
        ("PNG", {}, "image/png"),
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True}, "image/jpeg"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"lossless": True}, "image/webp"),
    ],
)
def test_what_browsers_draw_passes_with_its_size(
    kind: str, more: dict[str, bool], media_type: str
) -> None:
    found = picture_of(picture(kind, (96, 48), **more))
    assert (found.media_type, found.width, found.height) == (media_type, 96, 48)
    drawn = Image.open(io.BytesIO(found.content))
    drawn.load()
    assert drawn.size == (96, 48)
    assert picture_of(found.content) == found, "what was kept once is kept as it is"


@pytest.mark.parametrize("kind", KINDS)
def test_where_and_with_what_it_was_taken_is_not_kept(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Kameran AB"
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "Kameran AB")
    data = picture(kind, exif=exif.tobytes(), pnginfo=words)
    assert b"Kameran AB" in data
    found = picture_of(data)
    assert b"Kameran AB" not in found.content
    Image.open(io.BytesIO(found.content)).load()


def test_a_transparent_webp_stays_transparent() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "WEBP", lossless=False, exif=b"Exif\0\0x")
    drawn = Image.open(io.BytesIO(picture_of(out.getvalue()).content)).convert("RGBA")
    assert drawn.getpixel((1, 1)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no PNG, WebP or JPEG"),
        (picture("GIF"), "is no PNG, WebP or JPEG"),
        (SVG, "is SVG, which can hold a program"),
        (picture("PNG", (16, 64)), "is 16 by 64 pixels; each side may be 32 to 512"),
        (picture("JPEG", (64, 513)), "is 64 by 513 pixels"),
        (picture() + b"x" * LARGEST, "is larger than 64 kB"),
        (moving("PNG"), "moves"),
        (moving("WEBP"), "moves"),
        *((picture(kind) + b"<script>", "behind the picture") for kind in ("PNG", "WEBP")),
        (picture("JPEG") + b"\xff\xd9", "behind the picture"),
        (picture("JPEG") + b"<script>", "is a broken JPEG"),
        (b"\xff\xd8\xff\xd9", "is a broken JPEG"),
        (b"\x89PNG\r\n\x1a\n", "is a broken PNG"),
        (b"RIFF\x04\0\0\0WEBP", "is a broken WebP"),
        (b"RIFF\x0c\0\0\0WEBPVP8X\0\0\0\0", "moves"),
        (b"RIFF\x0c\0\0\0WEBPVP8L\x09\0\0\0", "is a broken WebP"),
    ],
)
def test_anything_else_is_refused_and_told_why(data: bytes, said: str) -> None:
    with pytest.raises(BadPictureError, match=said):
        picture_of(data)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
END = chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "chunks",
    [
        HEADER + END,
        chunk(b"IDAT", b"x") + HEADER + END,
        HEADER + HEADER + chunk(b"IDAT", b"x") + END,
        chunk(b"IHDR", b"x") + chunk(b"IDAT", b"x") + END,
        HEADER[:-1] + b"\0" + chunk(b"IDAT", b"x") + END,
    ],
)
def test_a_png_has_one_header_first_and_something_in_it(chunks: bytes) -> None:
    with pytest.raises(BadPictureError, match="broken PNG"):
        picture_of(b"\x89PNG\r\n\x1a\n" + chunks)


@given(
    st.sampled_from(KINDS),
    st.integers(0, 300),
    st.binary(max_size=8),
    st.integers(0, 8),
)
def test_whatever_is_in_it_the_answer_is_a_picture_or_why_not(
    kind: str, at: int, put: bytes, gone: int
) -> None:
    data = picture(kind)
    try:
        found = picture_of(data[:at] + put + data[at + gone :])
    except BadPictureError:
        return
    assert isinstance(found, Picture)
    assert picture_of(found.content) == found
