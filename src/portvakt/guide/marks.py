"""Rings and crops: what makes a picture of a screen say where to press.

A ring is seen by its shape, its number and its white edge, never by its colour alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from portvakt.guide.telling import SCALE, Box

RING: Final = "#C2006B"
"""5.9:1 on white; the white edges on both sides of it part it from any other colour."""
EDGE: Final = "#FFFFFF"
WIDTH: Final = 4.0
"""Of the ring, in CSS pixels; the white edge is half of it on each side."""
AWAY: Final = 7.0
"""CSS pixels between what is ringed and the middle of the ring."""
BADGE: Final = 15.0
"""The radius of the circle with the number."""
AIR: Final = 24.0
"""CSS pixels that a picture shows around what matters."""
TALLEST: Final = 900.0
_ROUND: Final = 14.0
_FAINT: Final = 24
"""Differences of brightness, of 255, that are no writing: shadows, soft grounds."""
_FINE: Final = 2
"""Drawn so many times larger first, for smooth edges."""


def around(*boxes: Box) -> Box:
    """Return the smallest box that holds all of these."""
    left, top = min(each.x for each in boxes), min(each.y for each in boxes)
    right = max(each.x + each.width for each in boxes)
    bottom = max(each.y + each.height for each in boxes)
    return Box(left, top, right - left, bottom - top)


def view(main: Box, heading: Box | None, target: Box | None, page: Box) -> Box:
    """Return the part of a page that matters, with some air.

    That is the whole width of its content, and as much of its height as holds the heading and what
    is pressed.
    """
    top = main.y if heading is None else min(heading.y, main.y + AIR)
    content_ends = main.y + main.height
    bottom = content_ends
    if target is not None:
        top = min(top, target.y - AIR)
        far = target.y + target.height + 4 * AIR
        bottom = min(max(far, top + TALLEST / 2), content_ends)
        bottom = max(bottom, target.y + target.height + AIR)
    elif content_ends - top > TALLEST:
        bottom = top + TALLEST
    wide = main if target is None else around(main, target)
    left = max(page.x, wide.x - AIR)
    right = min(page.x + page.width, wide.x + wide.width + AIR)
    top, bottom = max(page.y, top - AIR), min(page.y + page.height, bottom + AIR)
    return Box(
        float(round(left)),
        float(round(top)),
        float(round(right - left)),
        float(round(bottom - top)),
    )


def ringed(picture: bytes, target: Box, number: int) -> bytes:
    """Return the picture (PNG, `SCALE` pixels to one) with a ring around `target`, and a number."""
    with Image.open(BytesIO(picture)) as opened:
        drawn = opened.convert("RGB")
    ring = _ring(target, drawn.width / SCALE, drawn.height / SCALE)
    badge = _quietest(drawn, ring)
    away = BADGE + WIDTH
    left, top = int(ring.x - away), int(ring.y - away)
    unit, width, height = SCALE * _FINE, ring.width + 2 * away + 1, ring.height + 2 * away + 1
    layer = Image.new("RGBA", (round(width) * unit, round(height) * unit))
    on = ImageDraw.Draw(layer)
    _draw_ring(on, replace(ring, x=ring.x - left, y=ring.y - top))
    _draw_badge(on, badge[0] - left, badge[1] - top, number)
    smooth = layer.reduce(_FINE)
    drawn.paste(smooth, (left * SCALE, top * SCALE), smooth)
    return _png(drawn)


def going_on(picture: bytes) -> bytes:
    """Return the picture with a lower edge that fades, so that nobody takes it for the end."""
    with Image.open(BytesIO(picture)) as opened:
        drawn = opened.convert("RGB")
    height = min(drawn.height, round(AIR * SCALE))
    fading = Image.linear_gradient("L").resize((drawn.width, height))
    drawn.paste(EDGE, (0, drawn.height - height, drawn.width, drawn.height), fading)
    return _png(drawn)


def beside(pictures: Sequence[bytes]) -> bytes:
    """Return one picture of all of these, from left to right on white, top by top."""
    if len(pictures) == 1:
        return pictures[0]
    opened = [Image.open(BytesIO(each)).convert("RGB") for each in pictures]
    gap = round(AIR * SCALE)
    width = sum(each.width for each in opened) + gap * (len(opened) - 1)
    drawn = Image.new("RGB", (width, max(each.height for each in opened)), EDGE)
    at = 0
    for each in opened:
        drawn.paste(each, (at, 0))
        at += each.width + gap
    return _png(drawn)


def size(picture: bytes) -> tuple[int, int]:
    """Return width and height of a picture in CSS pixels."""
    with Image.open(BytesIO(picture)) as opened:
        return opened.width // SCALE, opened.height // SCALE


def keep(picture: bytes, file: Path) -> None:
    """Write a picture where it belongs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(picture)


def _png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _ring(target: Box, width: float, height: float) -> Box:
    """Return the middle of the ring's line, in a picture of this size.

    It is all inside, and so is the badge on its corner.
    """
    least = BADGE + WIDTH
    left, top = max(target.x - AWAY, least), max(target.y - AWAY, least)
    right = min(target.x + target.width + AWAY, width - WIDTH)
    bottom = min(target.y + target.height + AWAY, height - WIDTH)
    return Box(left, top, right - left, bottom - top)


def _quietest(picture: Image.Image, ring: Box) -> tuple[float, float]:
    """Return the corner of the ring where the badge hides least of what stands there."""
    radius = BADGE + WIDTH
    right, bottom = ring.x + ring.width, ring.y + ring.height
    fits = [
        (x, y)
        for x, y in ((ring.x, ring.y), (right, ring.y), (ring.x, bottom), (right, bottom))
        if x + radius <= picture.width / SCALE and y + radius <= picture.height / SCALE
    ]
    return min(fits, key=lambda at: _ink(picture, at[0], at[1], radius), default=(ring.x, ring.y))


def _ink(picture: Image.Image, x: float, y: float, radius: float) -> int:
    """Say how unquiet a place is: how far its pixels are from what most of them are."""
    edges = (x - radius, y - radius, x + radius, y + radius)
    left, top, right, bottom = (round(each * SCALE) for each in edges)
    counts = picture.crop((left, top, right, bottom)).convert("L").histogram()
    usual = counts.index(max(counts))
    return sum(count for value, count in enumerate(counts) if abs(value - usual) > _FAINT)


def _draw_ring(on: ImageDraw.ImageDraw, ring: Box) -> None:
    unit = SCALE * _FINE
    radius = min(_ROUND, ring.height / 2)
    for colour, more in ((EDGE, WIDTH / 2), (RING, 0.0)):
        out = WIDTH / 2 + more
        on.rounded_rectangle(
            [
                (ring.x - out) * unit,
                (ring.y - out) * unit,
                (ring.x + ring.width + out) * unit,
                (ring.y + ring.height + out) * unit,
            ],
            radius=(radius + more) * unit,
            outline=colour,
            width=round((WIDTH + 2 * more) * unit),
        )


def _draw_badge(on: ImageDraw.ImageDraw, x: float, y: float, number: int) -> None:
    unit = SCALE * _FINE
    for colour, size in ((EDGE, BADGE + WIDTH / 2), (RING, BADGE)):
        on.ellipse([(at + side * size) * unit for side in (-1, 1) for at in (x, y)], fill=colour)
    font = ImageFont.load_default(size=BADGE * 1.25 * unit)
    on.text((x * unit, y * unit), str(number), font=font, fill=EDGE, anchor="mm")
