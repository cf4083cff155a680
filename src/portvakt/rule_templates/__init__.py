"""Ready-made rules, each a part of a state file that `apply` takes once its names fit.

A file says in its first line what it is for, and in the lines after that what to change. Every rule
in them only reports until somebody has seen what it would do.
"""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Template:
    """One of them."""

    name: str
    said: str
    """What it is for, in one line."""
    text: str


def templates() -> dict[str, Template]:
    """Read all of them, by name."""
    return {
        file.stem: _template(file.stem, file.read_text(encoding="utf-8"))
        for file in sorted(_FOLDER.glob("*.toml"))
    }


def _template(name: str, text: str) -> Template:
    first = text.partition("\n")[0].removeprefix("#").strip()
    return Template(name, first, text)
