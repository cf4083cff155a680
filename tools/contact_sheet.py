"""One picture of every page, from files named `page-language-scheme-width.jpg`.

tools/contact_sheet.py FOLDER SHEET: a row for each page, a column for each language, scheme and
width. `./test` takes the pictures and makes the sheet as build/contact-sheet.jpg.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS = [
    (language, scheme, width)
    for language in ("sv", "en")
    for scheme in ("light", "dark")
    for width in (320, 390, 1280)
]
SCALE = 3
TALLEST = 330
GAP = 10
MOST_IN_A_COLUMN = 150
"""Pages below each other: a JPEG is at most 65,500 pixels high."""
HEAD = 26
PAPER = (128, 134, 140)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _small(file: Path) -> Image.Image:
    """Return a page at a third of its size, cut where it is very long."""
    with Image.open(file) as page:
        size = (page.width // SCALE, page.height // SCALE)
        page.draft("RGB", size)  # decodes no more of the file than the size needs
        return page.convert("RGB").resize(size).crop((0, 0, size[0], min(size[1], TALLEST)))


def sheet(folder: Path) -> Image.Image:
    """Put every page that has pictures in the folder on one sheet."""
    names = sorted({file.stem.rsplit("-", 3)[0] for file in folder.glob("*-*-*-*.jpg")})
    if not names:
        raise FileNotFoundError(f"no pictures in {folder}")
    parts = -(-len(names) // MOST_IN_A_COLUMN)
    each = -(-len(names) // parts)
    made = [_column(folder, names[at : at + each]) for at in range(0, len(names), each)]
    size = (sum(part.width for part in made), max(part.height for part in made))
    whole, left = Image.new("RGB", size, PAPER), 0
    for part in made:
        whole.paste(part, (left, 0))
        left += part.width
    return whole


def _column(folder: Path, names: list[str]) -> Image.Image:
    """Put these pages below each other."""
    wide = [width // SCALE for _, _, width in COLUMNS]
    rows: list[tuple[str, list[Image.Image | None]]] = []
    for name in names:
        files = [folder / f"{name}-{'-'.join(map(str, column))}.jpg" for column in COLUMNS]
        rows.append((name, [_small(file) if file.exists() else None for file in files]))
    heights = [max(page.height for page in pages if page) + HEAD + GAP for _, pages in rows]
    whole = Image.new("RGB", (sum(wide) + GAP * (len(wide) + 1), HEAD + sum(heights)), PAPER)
    draw, font = ImageDraw.Draw(whole), _font(15)
    left = GAP
    for (language, scheme, width), pixels in zip(COLUMNS, wide, strict=True):
        draw.text((left, 4), f"{language} {scheme} {width}", fill="white", font=font)
        left += pixels + GAP
    top = HEAD
    for (name, pages), height in zip(rows, heights, strict=True):
        draw.text((GAP, top + 4), name, fill="white", font=font)
        left = GAP
        for page, pixels in zip(pages, wide, strict=True):
            if page is not None:
                whole.paste(page, (left, top + HEAD))
            left += pixels + GAP
        top += height
    return whole


def main() -> int:
    """Make the sheet and say where it is."""
    if len(sys.argv) != 3:  # noqa: PLR2004 - the program, the folder and the sheet
        print("usage: tools/contact_sheet.py FOLDER SHEET", file=sys.stderr)
        return 2
    made = sheet(Path(sys.argv[1]))
    made.save(sys.argv[2], quality=88)
    print(f"{sys.argv[2]}: {made.width} by {made.height}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
