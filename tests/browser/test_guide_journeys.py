"""Every journey of the guide is carried out as it is told, in a real browser, to where it ends."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from portvakt.guide.browser import Browsers, browsers
from portvakt.guide.needs import allowed
from portvakt.guide.playing import play
from portvakt.guide.stage import Stage, stage
from portvakt.guide.steps import Journey, Look, Press, PressOwn, PressTile, needed
from portvakt.guide.telling import Chapter
from portvakt.guide.told import JOURNEYS
from portvakt.texts import Texts
from tests.guide.an_installation import REAL_PERSON, exported, settings

ENDS = {
    "register_app": "Klart!",
    "phone_sign_in": "Telefoninloggning är på. Skriv bara ditt namn när du loggar in.",
    "app_with_number": "Klart!",
    "register_texts": "Klart!",
    "no_smartphone": "Klart!",
    "sign_in_from_home": "Dina appar",
    "sign_in_by_text": "Dina appar",
    "without_password": "Dina appar",
    "open_app": "Lönespecifikationen",
    "forgotten_password": "Klart!",
    "new_phone": "Klart!",
    "lost_phone": "Det är borttaget. Vi har skickat ett mejl till dig.",
}
"""The title that is seen at last, or else what is pressed or looked at last."""
T = TypeVar("T")
PRESSED = (Press, PressOwn, PressTile, Look)


class Player:
    """One stage for all journeys, in a thread of its own: other stories here own this one's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts = Texts.load()
        self.settings = settings(folder)
        self.told = allowed(self.settings, exported())
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._open = AsyncExitStack()
        self._at: tuple[Stage, Browsers] | None = None

    def play(self, journey: Journey) -> Chapter:
        """Play a journey in Swedish, as this installation tells it."""
        return self._run(self._played(journey))

    def close(self) -> None:
        self._run(self._open.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _played(self, journey: Journey) -> Chapter:
        if self._at is None:
            begun = stage(self.settings, exported(), self.folder)
            made = await self._open.enter_async_context(begun)
            running = await self._open.enter_async_context(browsers(made, self.folder))
            self._at = (made, running)
        return await play(journey, *self._at, "sv", self.texts, self.folder / "sv")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result()


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """Nothing is started before the first journey is played."""
    one = Player(tmp_path_factory.mktemp("guide"))
    yield one
    one.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("journey", JOURNEYS, ids=[each.name for each in JOURNEYS])
def test_whoever_does_as_it_is_told_arrives(player: Player, journey: Journey) -> None:
    mine = needed(journey, player.told)
    assert mine is not None
    chapter = player.play(mine)
    last = chapter.lines[-1]
    labels = [act["label"] for act in last.pressed if "label" in act]
    assert (last.sees or labels[-1]) == ENDS[journey.name]
    for step, line in zip(mine.steps, chapter.lines, strict=True):
        assert line.picture is not None, line.name
        assert (player.folder / "sv" / line.picture.file).exists()
        assert line.ringed or not any(isinstance(act, PRESSED) for act in step.acts), line.name
    said = [chapter.title, chapter.lead, chapter.end, *(line.do for line in chapter.lines)]
    said += [line.seen for line in chapter.lines if line.seen]
    said += [line.picture.alt for line in chapter.lines if line.picture]
    for each in said:
        assert not any(mark in each for mark in ("{", "””", REAL_PERSON)), each
