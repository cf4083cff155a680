"""Dates and times in words, as people here say them: Swedish time, no zones, no ISO."""

from datetime import datetime
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/Stockholm")

# fmt: off
_MONTHS = {
    "sv": ("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti",
           "september", "oktober", "november", "december"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August",
           "September", "October", "November", "December"),
}
# fmt: on
_AT = {"sv": "kl.", "en": "at"}


def clock(at: datetime, seconds: bool = False) -> str:  # noqa: FBT001, FBT002 (a template filter)
    """Return the time of day, `12:03`, or `12:03:04` where seconds tell something."""
    return f"{_home(at):%H:%M:%S}" if seconds else f"{_home(at):%H:%M}"


def day(at: datetime, language: str) -> str:
    """Return the date in words, `22 november 2026`."""
    local = _home(at)
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def moment(at: datetime, language: str) -> str:
    """Return date and time in words, `22 november 2026 kl. 12:03`."""
    return f"{day(at, language)} {_AT[language]} {clock(at)}"


def dialled(phone: str) -> str:
    """Return a number as a telephone link wants it: digits, with a plus first if there is one."""
    digits = "".join(character for character in phone if character in "0123456789")
    return f"+{digits}" if phone.lstrip().startswith("+") else digits


def _home(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone could be any time")
    return at.astimezone(HOME)
