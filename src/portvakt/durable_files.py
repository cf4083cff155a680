"""Files that survive a power cut: a new one takes an old one's place whole, or not at all."""

import os
from pathlib import Path


def replace_durably(beside: Path, path: Path) -> None:
    """Write a finished file through to the disk, and give it the name of another in its folder.

    The name is in the folder, which is written through as well (fsync(2), Notes). Raises `OSError`.
    """
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)
    keep_name(path)


def keep_name(path: Path) -> None:
    """Write a folder through to the disk, so that a file made in it keeps its name."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
