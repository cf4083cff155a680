"""Plays a journey in real browsers, and takes its pictures on the way.

Each step is done by what stands on the screen. Where the product says something else, that is an
error and not a picture.
"""

from dataclasses import dataclass
from pathlib import Path

from portvakt.guide.acting import Actor
from portvakt.guide.browser import Browsers
from portvakt.guide.doing import Doing
from portvakt.guide.errors import GuideError, PlayError
from portvakt.guide.preparing import prepare
from portvakt.guide.shooting import Album
from portvakt.guide.stage import Stage
from portvakt.guide.steps import At, Given, Hold, Journey, Person, Step, Write
from portvakt.guide.telling import Chapter, Line
from portvakt.texts import Texts


async def play(
    journey: Journey,
    stage: Stage,
    browsers: Browsers,
    language: str,
    texts: Texts,
    folder: Path,
) -> Chapter:
    """Carry a journey out in a scene of its own, and tell it in `language`.

    Pictures and shots are written under `folder`. Raises `PlayError` where a step and the product
    do not agree.
    """
    async with (
        stage.scene(journey.person, outside=journey.outside) as scene,
        browsers.at_hand(language, _places(journey)) as pages,
    ):
        actor = Actor.in_scene(scene, browsers, pages, language, texts)
        player = Player(journey, actor, Album(folder, journey.slug, texts, language))
        return await player.play()


def _places(journey: Journey) -> set[At]:
    """Return where anything is done or seen in a journey; the desk is always there."""
    found = {At.DESK} | ({At.PHONE} if journey.person is Person.WITH_APP else set())
    for step in journey.steps:
        found |= {step.at, step.elsewhere or step.at}
        found |= {act.before for act in step.acts if isinstance(act, Hold)}
        typed = {act.given for act in step.acts if isinstance(act, Write)}
        found |= {At.PHONE} if Given.APP_CODE in typed else set()
    return found


@dataclass(slots=True)
class Player:
    """Carries one journey out."""

    journey: Journey
    actor: Actor
    album: Album

    async def play(self) -> Chapter:
        """Carry all of it out, and return it as it is told. Raises `PlayError`."""
        journey = self.journey
        if journey.person is Person.WITH_APP:
            await prepare(self.actor, journey)
        lines = [await self._line(step, at) for at, step in enumerate(journey.steps, start=1)]
        title, lead, end = (self._say(f"guide.{journey.name}_{each}") for each in _FRAME)
        return Chapter(
            name=journey.name,
            slug=journey.slug,
            title=title,
            lead=lead,
            lines=tuple(lines),
            end=end,
            person=journey.person.value,
            outside=journey.outside,
        )

    async def _line(self, step: Step, number: int) -> Line:
        """Carry one step out. Raises `PlayError` that names it."""
        from playwright.async_api import Error  # noqa: PLC0415 - of the extra `guide`

        doing = Doing(self.actor, self.album, step, number)
        try:
            await doing.do()
        except (GuideError, Error) as error:
            where = f"journey {self.journey.name}, step {step.name} ({self.actor.language})"
            raise PlayError(f"{where}: {error}") from error
        words = f"guide.{self.journey.name}_{step.name}"
        return Line(
            name=step.name,
            number=number,
            at=step.at,
            do=self._say(words, **doing.told),
            seen=self._say(f"{words}_seen", **doing.told) if step.seen else None,
            picture=doing.picture(),
            shots=self.album.taken(),
            pressed=tuple(doing.pressed),
            sees=doing.told["sees"] or None,
            ringed=doing.ringed,
        )

    def _say(self, message: str, **more: str) -> str:
        actor = self.actor
        return actor.texts.say(actor.language, message, **{**actor.values, **more})


_FRAME = ("title", "lead", "end")
