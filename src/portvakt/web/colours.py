"""Contrast by WCAG 2.2, and what an organisation's colour becomes on our pages."""

import re
from dataclasses import dataclass

from portvakt.web.site import DEFAULT_ACCENT

LIGHT_SURFACES = ("#FFFFFF", "#F6F7F9")
DARK_SURFACES = ("#1A222B", "#10161C")

LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text against its ground. From there on an organisation keeps its own colour."""

NIGHT_CONTRAST = 6.0
"""What a lightened colour gets on dark pages, where no organisation chose the shade."""

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")
_STEPS = 100
_WHITE = "#FFFFFF"
_NIGHT_INK = "#10161C"


class BadColourError(ValueError):
    """A colour is not written as `#RRGGBB`."""


@dataclass(frozen=True, slots=True)
class Accent:
    """The colour of buttons and links in one scheme, and the colour of text on it."""

    colour: str
    on: str
    changed: bool
    """Whether it had to be darkened or lightened to be readable."""


def luminance(colour: str) -> float:
    """Return the relative luminance, 0 for black to 1 for white (WCAG 2.2, definitions)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, definitions)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def accent_on_light(colour: str) -> Accent:
    """Return the colour for light pages, darkened as little as makes it readable."""
    return _readable(colour, LIGHT_SURFACES, LEAST_CONTRAST, towards="#000000", on=_WHITE)


def accent_on_dark(colour: str) -> Accent:
    """Return the colour for dark pages, lightened as little as makes it readable."""
    return _readable(colour, DARK_SURFACES, NIGHT_CONTRAST, towards=_WHITE, on=_NIGHT_INK)


def organisation_stylesheet(colour: str) -> str:
    """Return the few lines of CSS that put the organisation's colour in the place of ours."""
    if colour.upper() == DEFAULT_ACCENT:
        return "/* the colour is the one that the product comes with */\n"
    light, dark = accent_on_light(colour), accent_on_dark(colour)
    return (
        f":root{{--accent:{light.colour};--on-accent:{light.on}}}\n"
        "@media (prefers-color-scheme:dark)"
        f"{{:root{{--accent:{dark.colour};--on-accent:{dark.on}}}}}\n"
    )


def _readable(
    colour: str, surfaces: tuple[str, ...], least: float, *, towards: str, on: str
) -> Accent:
    """Mix `colour` towards black or white until it can be read on all surfaces, and `on` on it."""
    for step in range(_STEPS + 1):
        mixed = _mix(colour, towards, step / _STEPS)
        if all(contrast(mixed, against) >= least for against in (*surfaces, on)):
            return Accent(mixed, on, changed=step > 0)
    raise AssertionError("black on white and white on black can be read")


def _mix(colour: str, towards: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    if _HEX.fullmatch(colour) is None:
        raise BadColourError(f"{colour!r} is not written as #RRGGBB")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _linear(channel: float) -> float:
    low, slope = 0.04045, 12.92
    return channel / slope if channel <= low else ((channel + 0.055) / 1.055) ** 2.4
