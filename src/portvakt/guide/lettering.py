"""Letters in the pictures of a film: a font of the system, and text that fits where it stands."""

from functools import cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from portvakt.guide.errors import GuideError
from portvakt.guide.programs import run

_FAMILIES = "Inter,Noto Sans,DejaVu Sans,sans-serif"
_LETTERS = "charset=e4 e5 e9 ef f6"
"""ä å é ï ö: what a name in Swedish may need."""
_LEADING = 1.32

Font = ImageFont.FreeTypeFont


@cache
def font(size: int, *, bold: bool = False) -> Font:
    """Return a font of the system with Swedish letters; `GuideError` where there is none."""
    weight = "semibold" if bold else "regular"
    asked = f"{_FAMILIES}:{_LETTERS}:weight={weight}:slant=0"
    file = Path(run(["fc-match", "-f", "%{file}", asked]).decode())
    try:
        return ImageFont.truetype(str(file), size)
    except OSError as error:
        raise GuideError("no font to draw with: sudo apt-get install fonts-dejavu-core") from error


def wrapped(text: str, letters: Font, width: float) -> list[str]:
    """Break a text into lines that are at most `width` pixels wide; a longer word is cut."""
    lines = [""]
    for word in text.split():
        rest = word
        longer = f"{lines[-1]} {rest}".strip()
        if letters.getlength(longer) <= width:
            lines[-1] = longer
            continue
        while letters.getlength(rest) > width:
            fits = max(
                (at for at in range(1, len(rest)) if letters.getlength(rest[:at]) <= width),
                default=1,
            )
            at = max(rest.rfind(mark, 0, fits) for mark in "/.-?&@") + 1 or fits
            lines.append(rest[:at])
            rest = rest[at:]
        lines.append(rest)
    return [line for line in lines if line]


def height(letters: Font, lines: int) -> int:
    """Return how many pixels so many lines take."""
    return round(letters.size * _LEADING) * lines


def paragraph(
    on: ImageDraw.ImageDraw, text: str, at: tuple[int, int], width: int, letters: Font, ink: str
) -> int:
    """Draw a text from `at` downwards, broken at `width`; return where it ends."""
    x, y = at
    for line in wrapped(text, letters, width):
        on.text((x, y), line, font=letters, fill=ink)
        y += height(letters, 1)
    return y


def fitting(text: str, width: int, high: int, sizes: range, *, bold: bool = False) -> Font:
    """Return the largest font with which the text fits; the smallest one where none does.

    Rather smaller than with a word cut in two, such as an address.
    """
    longest = max(text.split(), key=len, default="")
    for whole in (True, False):
        for size in sizes:
            letters = font(size, bold=bold)
            fits = height(letters, len(wrapped(text, letters, width))) <= high
            if fits and (not whole or letters.getlength(longest) <= width):
                return letters
    return font(sizes[-1], bold=bold)
