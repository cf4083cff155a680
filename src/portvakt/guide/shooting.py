"""Takes the pictures: one of each step for the page, and whole screens for the film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portvakt.guide import marks
from portvakt.guide.browser import DESK, PHONE
from portvakt.guide.hands import Screen, box_of, box_to_ring
from portvakt.guide.steps import At
from portvakt.guide.telling import Box, Picture, Shot
from portvakt.texts import Texts

if TYPE_CHECKING:
    from playwright.async_api import FloatRect, Locator

_OF_THE_PAGE = "([x, y]) => [x + window.scrollX, y + window.scrollY]"
_NOT_FOCUSED = "() => document.activeElement?.blur()"
"""The page's own ring around a field would be taken for ours."""
_WHOLE = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


@dataclass(frozen=True, slots=True)
class Target:
    """What is about to be used."""

    found: "Locator"
    ring: bool
    pressed: bool


@dataclass(frozen=True, slots=True)
class View:
    """A part of a screen, cropped and ringed."""

    content: bytes
    title: str
    label: str
    """What stands at the ring; empty where there is none."""


@dataclass(slots=True)
class Album:
    """The pictures of one journey in one language, under a folder."""

    folder: Path
    slug: str
    texts: Texts
    language: str
    _shots: list[Shot] = field(default_factory=list)
    _count: int = 0
    _pointers: dict[At, tuple[float, float]] = field(default_factory=dict)
    """Where each was last used: the desk's pointer stays there."""

    async def shoot(
        self, screen: Screen, at: At, target: Target | None = None, *, rests: float = 1.0
    ) -> None:
        """Take the whole screen for the film, with where the pointer goes."""
        ring = None
        if target is not None:
            await target.found.scroll_into_view_if_needed()
            box = await box_to_ring(target.found)
            self._pointers[at] = (box.x + box.width / 2, box.y + box.height / 2)
            ring = box if target.ring else None
        self._count += 1
        name = f"shots/{self.slug}-{self._count:03}.png"
        marks.keep(await screen.page.screenshot(caret="hide"), self.folder / name)
        width, height = DESK if at is At.DESK else PHONE
        self._shots.append(
            Shot(
                at=at,
                file=name,
                width=width,
                height=height,
                pointer=self._pointers.get(at) if target is not None or at is At.DESK else None,
                ring=ring,
                pressed=target is not None and target.pressed,
                seconds=rests,
            )
        )

    def taken(self) -> tuple[Shot, ...]:
        """Return the shots since this was asked last."""
        found, self._shots = tuple(self._shots), []
        return found

    async def view(
        self, screen: Screen, number: int = 0, found: "Locator | None" = None, label: str = ""
    ) -> View:
        """Return the part of a screen that matters, with a ring around what is pressed, if any."""
        page = screen.page
        await page.evaluate(_NOT_FOCUSED)
        main = await self._box(screen, page.locator("main").first)
        headings = page.get_by_role("heading", level=1)
        heading = await self._box(screen, headings.first) if await headings.count() else None
        target = None if found is None else await self._box(screen, found, ring=True)
        width, height = await page.evaluate(_WHOLE)
        part = marks.view(main, heading, target, Box(0.0, 0.0, width, height))
        clip: FloatRect = {"x": part.x, "y": part.y, "width": part.width, "height": part.height}
        taken = await page.screenshot(full_page=True, clip=clip, caret="hide")
        if part.y + part.height < main.y + main.height:
            taken = marks.going_on(taken)
        if target is not None:
            inside = Box(target.x - part.x, target.y - part.y, target.width, target.height)
            taken = marks.ringed(taken, inside, number)
        return View(taken, await screen.title(), label)

    def picture(self, number: int, views: Sequence[View], filled: tuple[str, ...]) -> Picture:
        """Keep the picture of a step, of one screen or of two beside each other."""
        taken = marks.beside([each.content for each in views])
        name = f"pictures/{self.slug}-{number}.png"
        marks.keep(taken, self.folder / name)
        width, height = marks.size(taken)
        alt = " ".join(self._alt(number, views, filled))
        return Picture(file=name, alt=alt, width=width, height=height)

    async def _box(self, screen: Screen, found: "Locator", *, ring: bool = False) -> Box:
        """Return where something is on the whole page."""
        box = await (box_to_ring(found) if ring else box_of(found))
        x, y = await screen.page.evaluate(_OF_THE_PAGE, [box.x, box.y])
        return Box(x, y, box.width, box.height)

    def _alt(self, number: int, views: Sequence[View], filled: tuple[str, ...]) -> Iterator[str]:
        """Say what matters in a picture, in sentences."""
        for at, each in enumerate(views):
            yield self._say("guide.alt_screen", title=each.title)
            if filled and not at:
                once = dict.fromkeys(filled)
                quoted = ", ".join(self._say("guide.alt_field", field=name) for name in once)
                yield self._say("guide.alt_filled", fields=quoted)
            if each.label:
                label = each.label.rstrip(".")
                yield self._say("guide.alt_ring", number=number, label=label)

    def _say(self, message: str, **values: object) -> str:
        return self.texts.say(self.language, message, **values)
