"""Small line charts of what was measured, drawn with Pillow and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1000, 480
LEFT, RIGHT, TOP, BOTTOM = 90, 60, 90, 70
PAPER, INK, FAINT = (255, 255, 255), (28, 39, 49), (214, 221, 227)
COLOURS = ((11, 90, 138), (176, 58, 46), (46, 125, 80), (125, 80, 150))
_TEXT, _TITLE = 18, 24
_STEPS = (1, 2, 5, 10)
_TICKS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured, as points from left to right."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a value is on the paper."""

    least: float
    most: float
    start: int
    end: int
    logarithmic: bool = False

    def at(self, value: float) -> float:
        low, high, here = self.least, self.most, value
        if self.logarithmic:
            low, high, here = log10(low), log10(high), log10(value)
        share = (here - low) / ((high - low) or 1)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        if self.logarithmic:
            return [
                10.0**power for power in range(floor(log10(self.least)), ceil(log10(self.most)))
            ] + [self.most]
        step = _step((self.most - self.least) / _TICKS)
        first = ceil(self.least / step)
        return [number * step for number in range(first, floor(self.most / step) + 1)]


def _step(rough: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    return next(step * power for step in _STEPS if step * power >= rough * 0.999)


def drawn(
    file: Path, title: str, below: str, lines: Sequence[Line], *, logarithmic: bool = False
) -> None:
    """Write a PNG with these lines, from zero upwards; `below` names what runs to the right.

    `logarithmic` is for what runs to the right. Each line is named in its own colour.
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    text, large = ImageFont.load_default(_TEXT), ImageFont.load_default(_TITLE)
    across = [x for line in lines for x, _ in line.points]
    top = max(y for line in lines for _, y in line.points) * 1.1 or 1.0
    x = _Scale(min(across), max(across), LEFT, WIDTH - RIGHT, logarithmic)
    y = _Scale(0, top, HEIGHT - BOTTOM, TOP)
    pen.text((LEFT, 14), title, INK, large)
    for value in y.ticks():
        pen.line([(LEFT, y.at(value)), (WIDTH - RIGHT, y.at(value))], FAINT, 1)
        pen.text((LEFT - 12, y.at(value)), f"{value:g}", INK, text, anchor="rm")
    for value in x.ticks():
        pen.text((x.at(value), HEIGHT - BOTTOM + 8), f"{value:,.0f}", INK, text, anchor="mt")
    pen.text((WIDTH - RIGHT, HEIGHT - 28), below, INK, text, anchor="rt")
    place = LEFT
    for line, colour in zip(lines, COLOURS, strict=False):
        path = [(x.at(across), y.at(up)) for across, up in line.points]
        pen.line(path, colour, 3, joint="curve")
        if logarithmic:
            for centre in path:
                pen.circle(centre, 5, colour)
        pen.text((place, 52), line.name, colour, text)
        place += int(pen.textlength(line.name, text)) + 40
    file.parent.mkdir(exist_ok=True)
    picture.save(file, optimize=True)
