"""The demo's illustrated guide: made beside everything else when asked for, and linked when there.

It is made by `portvakt guide`, as in any other installation, in a process of its own.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = {"sv": "På svenska", "en": "In English"}
_SECONDS_TO_FINISH = 10
_PLACES = {"page": "", "pdf": "guide.pdf", "one_file": "one-file.html"}


@dataclass(frozen=True, slots=True)
class Told:
    """The guide in one language: where each part of it is."""

    name: str
    language: str
    page: str
    pdf: str
    one_file: str
    film: str | None
    """The first film there is; the page has them all, with captions."""


@dataclass(slots=True)
class DemoGuide:
    """What there is of the guide, and whether more is coming."""

    folder: Path
    address: str
    """Where it is read: `http://localhost:8000/guide/`."""
    wanted: bool = False
    """Whether it was asked for."""
    making: bool = False
    failed: bool = False

    def told(self) -> tuple[Told, ...]:
        """Return the guide in each language in which there is one."""
        return tuple(
            self._in(language, name)
            for language, name in LANGUAGES.items()
            if (self.folder / language / "index.html").is_file()
        )

    def _in(self, language: str, name: str) -> Told:
        at = f"{self.address}{language}/"
        films = sorted(file.name for file in (self.folder / language / "films").glob("*.mp4"))
        first = "register-app.mp4" if "register-app.mp4" in films else next(iter(films), None)
        return Told(
            name=name,
            language=language,
            film=None if first is None else f"{at}films/{first}",
            **{part: f"{at}{file}" for part, file in _PLACES.items()},
        )

    @asynccontextmanager
    async def made_beside(self, settings: Path) -> AsyncIterator[None]:
        """Make it, if wanted, while the rest of the demo runs; stop making when that stops."""
        if not self.wanted:
            yield
            return
        command = [sys.executable, "-m", "portvakt", "guide", "--config", str(settings)]
        making = await asyncio.create_subprocess_exec(
            *command,
            env=without_ours(),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # with all that it starts it is one group, which ends together
        )
        self.making = True
        following = asyncio.create_task(self._follow(making))
        try:
            yield
        finally:
            await _ended(making, following)

    async def _follow(self, making: asyncio.subprocess.Process) -> None:
        self.failed = await making.wait() != 0
        self.making = False


async def _ended(making: asyncio.subprocess.Process, following: asyncio.Task[None]) -> None:
    """Stop it as Ctrl-C does, so that it leaves nothing behind; at once if that takes long."""
    if following.done():
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(making.pid, signal.SIGINT)
    try:
        await asyncio.wait_for(asyncio.shield(following), _SECONDS_TO_FINISH)
    except TimeoutError:
        os.killpg(making.pid, signal.SIGKILL)
        await following


def without_ours() -> dict[str, str]:
    """Return the environment without settings of the product, which is the demo's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTVAKT_")}
