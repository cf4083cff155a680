"""Names what failed in the last run of the tests, where it was little enough to be tried again.

Exit 0 with the names on standard output; 1 where nothing failed or too much did.
"""

import json
import sys
from pathlib import Path

FEW = 3
"""More than this is no accident."""


def failed(cache: Path) -> list[str]:
    """Return the names of the tests that pytest's cache in this folder says failed, in order."""
    file = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def few(names: list[str]) -> bool:
    """Say whether so many are to be tried again."""
    return 0 < len(names) <= FEW


if __name__ == "__main__":
    names = failed(Path(__file__).parents[1] / ".pytest_cache")
    if not few(names):
        sys.exit(1)
    print(" ".join(names))
