"""What shows where to press in a film: a ring, an arrow at the desk, a touch on a phone.

The ring is the one of the guide's pictures, with a white edge, and the pulse is a movement: it
is never the colour alone that says it.
"""

from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw

from portvakt.guide.telling import Box

RING, EDGE, _INK = "#C2006B", "#FFFFFF", "#10161C"
RING_WIDTH = 6
AWAY = 8
"""Pixels between what is ringed and the ring."""
_FINE = 3
"""Drawn so many times larger first, for smooth edges."""
_ROUND = 14
_GROWS = 26
"""How far the pulse of a press goes outwards, in pixels."""

_ARROW = ((0, 0), (0, 17), (4, 13.2), (6.6, 19.2), (9.2, 18.1), (6.7, 12.2), (12, 12.2))
_ARROW_SCALE = 2.4
_TOUCH = 30
"""The radius of a finger's mark."""

_Colour = tuple[int, int, int, int]


def ring(on: Image.Image, around: Box, pulse: float) -> None:
    """Draw a ring around a part of the picture; `pulse` from 0 to 1 is a press on its way."""
    size = (round(around.width), round(around.height))
    corner = (round(around.x), round(around.y))
    margin = AWAY + RING_WIDTH + _GROWS + 4
    drawn = _ring(size, 0.0 if pulse >= 1 else pulse)
    on.paste(drawn, (corner[0] - margin, corner[1] - margin), drawn)


def arrow(on: Image.Image, tip: tuple[float, float]) -> None:
    """Draw the pointer of a computer with its tip there."""
    drawn = _arrow()
    on.paste(drawn, (round(tip[0]) - 4, round(tip[1]) - 4), drawn)


def touch(on: Image.Image, middle: tuple[float, float], *, pressed: bool) -> None:
    """Draw the mark of a finger there, smaller and darker where it presses."""
    drawn = _touch(pressed=pressed)
    half = drawn.width // 2
    on.paste(drawn, (round(middle[0]) - half, round(middle[1]) - half), drawn)


@lru_cache(maxsize=32)
def _ring(size: tuple[int, int], pulse: float) -> Image.Image:
    margin = AWAY + RING_WIDTH + _GROWS + 4
    width, height = size[0] + 2 * margin, size[1] + 2 * margin
    layer = Image.new("RGBA", (width * _FINE, height * _FINE))
    drawing = ImageDraw.Draw(layer)
    outside = AWAY + RING_WIDTH
    if pulse:
        _round(drawing, size, margin, outside + _GROWS * pulse, 4, _coloured(RING, 150))
    _round(drawing, size, margin, outside + 2, RING_WIDTH + 4, _coloured(EDGE))
    _round(drawing, size, margin, outside, RING_WIDTH, _coloured(RING))
    return layer.resize((width, height), Image.Resampling.BOX)


def _coloured(colour: str, alpha: int = 255) -> _Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue, alpha


def _round(
    on: ImageDraw.ImageDraw,
    size: tuple[int, int],
    margin: int,
    away: float,
    wide: int,
    colour: _Colour,
) -> None:
    """Draw a rounded edge whose outside is `away` pixels from what it is around."""
    first = margin - away
    box = (first, first, margin + size[0] + away, margin + size[1] + away)
    on.rounded_rectangle(
        tuple(edge * _FINE for edge in box),
        min(_ROUND + away - AWAY, (size[1] + 2 * away) / 2) * _FINE,
        outline=colour,
        width=wide * _FINE,
    )


@lru_cache(maxsize=32)
def _arrow() -> Image.Image:
    scale = _ARROW_SCALE * _FINE
    points = [(x * scale + 4 * _FINE, y * scale + 4 * _FINE) for x, y in _ARROW]
    wide, high = round(12 * _ARROW_SCALE) + 10, round(20 * _ARROW_SCALE) + 10
    layer = Image.new("RGBA", (wide * _FINE, high * _FINE))
    drawing = ImageDraw.Draw(layer)
    drawing.line([*points, *points[:2]], fill=_coloured(EDGE), width=5 * _FINE, joint="curve")
    drawing.polygon(points, fill=_coloured(_INK))
    return layer.resize((wide, high), Image.Resampling.BOX)


@lru_cache(maxsize=32)
def _touch(*, pressed: bool) -> Image.Image:
    radius = _TOUCH - 6 if pressed else _TOUCH
    side = 2 * _TOUCH + 8
    layer = Image.new("RGBA", (side * _FINE, side * _FINE))
    drawing = ImageDraw.Draw(layer)
    middle = side / 2
    for more, colour in (
        (3, _coloured(EDGE, 230)),
        (0, _coloured(_INK, 230)),
        (-4, _coloured(_INK, 120 if pressed else 40)),
    ):
        first, last = (middle - radius - more) * _FINE, (middle + radius + more) * _FINE
        drawing.ellipse((first, first, last, last), fill=colour)
    return layer.resize((side, side), Image.Resampling.BOX)
