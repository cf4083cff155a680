"""Where things stand in a picture of a film, 1920 by 1080 with a free band for captions below."""

from collections.abc import Mapping
from dataclasses import dataclass

from portvakt.guide.steps import At
from portvakt.guide.telling import Box

WIDTH, HEIGHT = 1920, 1080
BAND = 912
"""Captions stand below this; nothing else does."""
EDGE = 44
"""Free at the sides."""
GAP = 40
LABEL = 40
"""Above each screen where there are two: what it is."""

SIZES: Mapping[At, tuple[int, int]] = {
    At.DESK: (1280, 800),
    At.PHONE: (390, 844),
    At.NEW_PHONE: (390, 844),
}
"""CSS pixels of screens that have not been seen yet."""
_DESK_BESIDE = 1040
"""How wide a desk's screen is with a phone beside it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A screen in the picture: its upper left corner, its size in pixels, and its scale."""

    x: int
    y: int
    width: int
    height: int
    scale: float
    """Pixels to a CSS pixel."""

    def point(self, there: tuple[float, float]) -> tuple[float, float]:
        """Return where a point of the screen is in the picture."""
        return self.x + there[0] * self.scale, self.y + there[1] * self.scale

    def box(self, there: Box) -> Box:
        """Return where a part of the screen is in the picture."""
        x, y = self.point((there.x, there.y))
        return Box(x, y, there.width * self.scale, there.height * self.scale)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the words stand, and each screen."""

    panel: Box
    screens: Mapping[At, Placed]


def layout(sizes: Mapping[At, tuple[int, int]]) -> Layout:
    """Place the screens (at most two, sizes in CSS pixels) to the right, the words to the left."""
    if not sizes:
        return Layout(Box(2 * EDGE, EDGE, WIDTH - 4 * EDGE, BAND - 2 * EDGE), {})
    top = EDGE + LABEL if len(sizes) > 1 else EDGE
    room = BAND - EDGE // 2 - top
    right, placed = WIDTH - EDGE, dict[At, Placed]()
    phones = At.DESK not in sizes
    for at in reversed(list(sizes)):
        width, height = sizes[at]
        widest = WIDTH if len(sizes) == 1 else _DESK_BESIDE
        widest = min(widest, WIDTH - 2 * EDGE - GAP - 460) if at is At.DESK else widest
        scale = min(widest / width, room / height)
        wide, high = round(width * scale), round(height * scale)
        x = right - wide
        if phones and len(sizes) == 1:
            x = (WIDTH + WIDTH // 2 + EDGE) // 2 - wide // 2
        placed[at] = Placed(x, top, wide, high, scale)
        right = x - GAP
    left = 2 * EDGE if phones else EDGE
    return Layout(Box(left, EDGE, right - left, BAND - 2 * EDGE), placed)
