"""A browser in words, as far as it tells. A hint for a person; a rule may ask more for it only."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from portvakt.core.signals import Platform

# The order matters: Edge also says Chrome, Chrome also says Safari, and all of them say Mozilla.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
_PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        "Android": Platform.ANDROID,
        "iPhone": Platform.IOS,
        "iPad": Platform.IOS,
        "ChromeOS": Platform.CHROMEOS,
        "Windows": Platform.WINDOWS,
        "Mac": Platform.MAC,
        "Linux": Platform.LINUX,
    }
)


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser calls itself; None where it says nothing that people know."""

    name: str | None
    system: str | None


def browser_of(user_agent: str) -> Browser:
    """Read the two names out of a User-Agent header."""
    return Browser(_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))


def platform_of(user_agent: str) -> Platform | None:
    """Read what a browser says that it runs on; None where it says nothing that we know.

    An iPad calls itself a Mac.
    """
    system = _first(_SYSTEMS, user_agent)
    return None if system is None else _PLATFORMS[system]


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in names if mark in user_agent), None)
