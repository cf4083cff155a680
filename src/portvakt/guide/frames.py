"""Draws the pictures of a film: cards, the words of a step beside its screens, and captions."""

from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from portvakt.guide.errors import GuideError
from portvakt.guide.lettering import fitting, font, height, paragraph
from portvakt.guide.placing import BAND, EDGE, GAP, HEIGHT, SIZES, WIDTH, Layout, Placed, layout
from portvakt.guide.pointing import arrow, ring, touch
from portvakt.guide.steps import At
from portvakt.guide.telling import Book, Chapter, Shot
from portvakt.guide.timeline import View
from portvakt.texts import Texts
from portvakt.web.colours import accent_on_light

_CANVAS, _INK, _QUIET, _LINE = "#F6F7F9", "#16202B", "#4B5865", "#6E7A87"
_NIGHT, _WHITE = "#10161C", "#FFFFFF"
_KEPT = 4
"""Screens that are kept in their final size: the one before comes back."""
_CAPTION_SIZE = 50
_WIDE = 600
"""Where the words of a step have more room than this, they are large."""

_DEVICES = {
    At.DESK: "guide_film.desk",
    At.PHONE: "guide_film.phone",
    At.NEW_PHONE: "guide_film.new_phone",
}


@dataclass(slots=True)
class Painter:
    """Draws one film."""

    chapter: Chapter
    book: Book
    folder: Path
    """Where the shots are named from."""
    texts: Texts
    last_words: str
    """Where the whole guide is: below the journey's own end on the end card."""
    _screens: dict[tuple[str, int], Image.Image] = field(default_factory=dict)
    _base: tuple[View, Image.Image, Layout] | None = None

    def picture(self, view: View, caption: str = "") -> Image.Image:
        """Return the picture of a view, with a caption in the band below where there is one."""
        drawn, placed = self._without_marks(view)
        drawn = drawn.copy()
        if view.active is not None:
            self._mark(drawn, view, placed.screens[view.active])
        if caption:
            _burn(drawn, caption)
        return drawn

    def _without_marks(self, view: View) -> tuple[Image.Image, Layout]:
        plain = View(
            card=view.card,
            line=view.line,
            seen=view.seen,
            screens=tuple((at, shot and _unmarked(shot)) for at, shot in view.screens),
            active=view.active,
        )
        if self._base is None or self._base[0] != plain:
            self._base = (plain, *self._drawn(plain))
        return self._base[1:]

    def _drawn(self, view: View) -> tuple[Image.Image, Layout]:
        accent = accent_on_light(self.book.colour)
        ground = accent.colour if view.card else _CANVAS
        drawn = Image.new("RGB", (WIDTH, HEIGHT), ground)
        sizes = {
            at: SIZES[at] if shot is None else (shot.width, shot.height)
            for at, shot in view.screens
        }
        placed = layout(sizes)
        if view.card:
            self._card(ImageDraw.Draw(drawn), view.card, accent.on)
            return drawn, placed
        self._words(ImageDraw.Draw(drawn), view, placed, accent.colour)
        for at, shot in view.screens:
            colour = accent.colour if at is view.active and len(sizes) > 1 else _LINE
            self._screen(drawn, placed.screens[at], at, shot, colour)
            if len(sizes) > 1:
                where = (placed.screens[at].x, placed.screens[at].y - EDGE)
                old = at is At.PHONE and At.NEW_PHONE in sizes
                said = self._say("guide_film.old_phone" if old else _DEVICES[at])
                letters = font(26, bold=at is view.active)
                ImageDraw.Draw(drawn).text(where, said, font=letters, fill=_INK)
        return drawn, placed

    def _card(self, on: ImageDraw.ImageDraw, card: str, ink: str) -> None:
        """Draw the words of the title card or the end card."""
        left, wide = 160, WIDTH - 320
        on.text((left, 110), self.book.organisation, font=font(44, bold=True), fill=ink)
        on.rectangle((left, 190, left + 120, 198), fill=ink)
        ends = card == "end"
        main = self.chapter.end if ends else self.chapter.title
        below = self.last_words if ends else self.chapter.lead
        letters = fitting(main, wide, 330, range(64 if ends else 104, 40, -4), bold=True)
        y = paragraph(on, main, (left, 270), wide, letters, ink)
        letters = fitting(below, wide, BAND - EDGE - y - GAP, range(48, 26, -2))
        paragraph(on, below, (left, y + GAP), wide, letters, ink)

    def _words(self, on: ImageDraw.ImageDraw, view: View, placed: Layout, accent: str) -> None:
        """Draw the words of a step: which it is, what to do, and what is seen then."""
        line, panel = self.chapter.lines[view.line], placed.panel
        x, y, wide = round(panel.x), round(panel.y), round(panel.width)
        y = paragraph(on, self.chapter.title, (x, y), wide, font(26), _QUIET) + 36
        count = len(self.chapter.lines)
        which = self._say("guide_film.step", number=view.line + 1, count=count)
        y = paragraph(on, which, (x, y), wide, font(34, bold=True), accent) + 16
        seen = line.seen or ""
        room = BAND - EDGE - y - GAP
        sizes = range(58 if wide > _WIDE else 40, 20, -2)
        letters = fitting(f"{line.do} {seen}", wide, room - 2 * GAP, sizes)
        y = paragraph(on, line.do, (x, y), wide, letters, _INK) + GAP // 2
        if view.seen:
            on.rectangle((x, y + 6, x + 64, y + 10), fill=accent)
            paragraph(on, seen, (x, y + GAP), wide, letters, _QUIET)

    def _screen(
        self, on: Image.Image, where: Placed, at: At, shot: Shot | None, colour: str
    ) -> None:
        """Put a screen in its place, with an edge; a phone that is not used yet is dark."""
        radius = 12 if at is At.DESK else 36
        edge = 3 if colour == _LINE else 6
        box = (where.x, where.y, where.x + where.width - 1, where.y + where.height - 1)
        around = (box[0] - edge, box[1] - edge, box[2] + edge, box[3] + edge)
        ImageDraw.Draw(on).rounded_rectangle(around, radius + edge, fill=colour)
        if shot is None:
            ImageDraw.Draw(on).rounded_rectangle(box, radius, fill=_NIGHT)
            return
        mask = Image.new("L", (where.width, where.height))
        inside = (0, 0, where.width - 1, where.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(inside, radius, 255)
        on.paste(self._shot(shot.file, where), (where.x, where.y), mask)

    def _shot(self, file: str, where: Placed) -> Image.Image:
        key = (file, where.width)
        if key not in self._screens:
            while len(self._screens) >= _KEPT:
                self._screens.pop(next(iter(self._screens)))
            try:
                with Image.open(self.folder / file) as opened:
                    self._screens[key] = opened.convert("RGB").resize(
                        (where.width, where.height), Image.Resampling.BICUBIC
                    )
            except OSError as error:
                raise GuideError(f"the picture {file} of the film cannot be read") from error
        return self._screens[key]

    def _mark(self, on: Image.Image, view: View, where: Placed) -> None:
        """Draw the ring and the pointer."""
        if view.ring is not None:
            ring(on, where.box(view.ring), view.pulse)
        if view.pointer is not None:
            there = where.point(view.pointer)
            if view.active is At.DESK:
                arrow(on, there)
            else:
                touch(on, there, pressed=0 < view.pulse < 1)

    def _say(self, message: str, **values: object) -> str:
        return self.texts.say(self.book.language, message, **values)


def _unmarked(shot: Shot) -> Shot:
    return Shot(at=shot.at, file=shot.file, width=shot.width, height=shot.height)


def _burn(on: Image.Image, caption: str) -> None:
    """Draw a caption in the band below: light on dark, on both light and coloured grounds."""
    letters, lines = font(_CAPTION_SIZE), caption.split("\n")
    wide = max(letters.getlength(line) for line in lines)
    high = height(letters, len(lines))
    middle = (BAND + HEIGHT) // 2
    top = middle - high // 2
    drawing = ImageDraw.Draw(on)
    drawing.rounded_rectangle(
        (WIDTH / 2 - wide / 2 - 28, top - 8, WIDTH / 2 + wide / 2 + 28, top + high + 8),
        10,
        fill=_NIGHT,
    )
    for at, line in enumerate(lines):
        place = (WIDTH / 2, top + height(letters, 1) * (at + 0.5))
        drawing.text(place, line, font=letters, fill=_WHITE, anchor="mm")
