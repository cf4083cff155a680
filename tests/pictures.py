"""Pictures as administrators have them."""

import io

from PIL import Image


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64), **more: object) -> bytes:
    """A picture of one colour: "PNG", "JPEG", "WEBP" or "GIF"."""
    drawn = Image.new("RGB", size, (27, 107, 58))
    out = io.BytesIO()
    drawn.save(out, kind, **more)
    return out.getvalue()


def moving(kind: str) -> bytes:
    """Two pictures in one file, one after the other."""
    first, second = (Image.new("RGB", (64, 64), colour) for colour in ("#fff", "#000"))
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=[second])
    return out.getvalue()
