"""The programs of the system that making a film needs, found or named with what installs them."""

import shutil
import subprocess
from collections.abc import Sequence

from portvakt.guide.errors import GuideError

_PACKAGES = {
    "ffmpeg": "ffmpeg",
    "espeak-ng": "espeak-ng",
    "fc-match": "fontconfig fonts-dejavu-core",
}
"""Which packages of Debian hold each program."""


def program(name: str) -> str:
    """Return the path of a program; `GuideError` with the command that installs it if missing."""
    found = shutil.which(name)
    if found is None:
        raise GuideError(f"{name} is missing: sudo apt-get install {_PACKAGES[name]}")
    return found


def run(arguments: Sequence[str], *, given: bytes = b"") -> bytes:
    """Run a program with `given` as its input; return what it wrote. `GuideError` if it failed."""
    name, *rest = arguments
    done = subprocess.run(  # noqa: S603 - arguments are ours, no shell
        [program(name), *rest], input=given, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise failed(name, done.stderr)
    return done.stdout


def failed(name: str, said: bytes) -> GuideError:
    """Return the error for a program that failed, with the last lines that it said."""
    last = said.decode(errors="replace").strip().splitlines()[-3:]
    return GuideError(f"{name} failed: {' '.join(last) or 'it said nothing'}")
