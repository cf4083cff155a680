"""What cannot be meant in `[guide]`."""

from pathlib import Path as File

from portvakt.settings.structs import Settings
from portvakt.strict_toml import Problems

_ON_THE_TITLE_PAGE = ("number", "version", "owner")


def check_guide(settings: Settings, problems: Problems) -> None:
    """Note a folder that is none, and words that do not fit on one line."""
    ours = settings.guide
    if ours.folder is not None:
        folder = File(ours.folder)
        if not folder.is_absolute():
            problems.add(("guide", "folder"), "is not a whole path, as /var/lib/portvakt/guide is")
        elif folder.exists() and not folder.is_dir():
            problems.add(("guide", "folder"), "is a file, and not a folder")
    for name in _ON_THE_TITLE_PAGE:
        text = getattr(ours, name)
        if text and not (text.isprintable() and text.strip()):
            problems.add(("guide", name), "must be on one line")
