"""What happens to accounts for the day on which nobody else gets in. Each use is an alarm."""

from dataclasses import dataclass

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassAdded(Event):
    """A break-glass account was made; it cannot be used before both its keys are."""

    name = "break_glass.added"
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassLinkMade(Event):
    """A link was made with which keys of a break-glass account are made."""

    name = "break_glass.link_made"
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassReady(Event):
    """Both keys of a break-glass account stand: it can be used from now on."""

    name = "break_glass.ready"
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassTested(Event):
    """Somebody has shown that both keys of a break-glass account work."""

    name = "break_glass.tested"
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRemoved(Event):
    """A break-glass account was removed, with its keys."""

    name = "break_glass.removed"
    called: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassUsed(Event):
    """Somebody signed in with a break-glass account, which no rule and no lock stops."""

    name = "alarm.break_glass_used"
    called: str
    key: str
    """What the key is called that was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRefused(Event):
    """A key of a break-glass account was shown and opened nothing."""

    name = "alarm.break_glass_refused"
    called: str
    why: str
    """"wrong", "used", "copied", "not_ready" or "not_from_here"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassUntested(Event):
    """Nobody has tested a break-glass account for so long that it may not work."""

    name = "alarm.break_glass_untested"
    called: str
    days: int
