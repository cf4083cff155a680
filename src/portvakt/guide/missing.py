"""What this machine lacks to make guides: all of it at once, with the command that installs it."""

import ctypes
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Final

from portvakt.guide.errors import GuideError

ESPEAK: Final = "espeak"
"""The voice that `espeak-ng` is."""

_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
_LIBRARIES: Final = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
"""What WeasyPrint sets pages with, and the package of Debian that holds each."""
_MODULES: Final = {"PIL": "pillow", "playwright": "playwright", "weasyprint": "weasyprint"}


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def see_what_is_missing(
    *,
    films: bool,
    voice: str | None = None,
    program: Callable[[str], str | None] = shutil.which,
    library: Callable[[str], bool] = _loads,
    module: Callable[[str], bool] = lambda name: find_spec(name) is not None,
) -> None:
    """Raise `GuideError` where something is missing; nothing has been begun then.

    `voice` is `ESPEAK` or a folder of recordings; the last three say what there is.
    """
    packages = list(_packages(films=films, voice=voice, program=program, library=library))
    modules = [name for at, name in _MODULES.items() if not module(at)]
    if not packages and not modules:
        return
    commands = []
    if packages:
        commands.append(f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}")
    if modules:
        commands.append("pip install 'portvakt[guide]'")
    what = ", ".join([*packages, *modules])
    verb = "is" if len(packages) + len(modules) == 1 else "are"
    raise GuideError(f"to make guides, {what} {verb} missing here; run: {' && '.join(commands)}")


def _packages(
    *,
    films: bool,
    voice: str | None,
    program: Callable[[str], str | None],
    library: Callable[[str], bool],
) -> Iterator[str]:
    """Yield the packages of Debian that are not there."""
    if not any(map(program, _CHROMIUM)):
        yield "chromium"
    if films and not program("ffmpeg"):
        yield "ffmpeg"
    if films and not program("fc-match"):
        yield "fontconfig"
    if films and voice == ESPEAK and not program("espeak-ng"):
        yield "espeak-ng"
    yield from (package for file, package in _LIBRARIES.items() if not library(file))
