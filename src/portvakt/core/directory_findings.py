"""What a look at a directory's server finds: for `portvakt doctor directory`."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"
    """Nothing is wrong; something could not be told, or could be better."""
    WARNING = "warning"
    """It works today."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `mend` is the command that puts it right."""

    check: str
    level: Level
    said: str
    mend: str = ""


def good(check: str, said: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check, Level.GOOD, said)
