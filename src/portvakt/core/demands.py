"""What the rules that hold come to: what must be shown, and what a known browser would change.

Rules that ask for the same stand together, and sets of them that were met are remembered: deciding
is a few steps (ADR 53). Which rules those are is written as bits of one number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from portvakt.core.asking import Ask, Left, Require, left_of, parts_of, requirement_of
from portvakt.core.assurance import Requirement
from portvakt.core.rule import Rule
from portvakt.core.signals import Action, Device, Signals

_MOST: Final = 1024
"""Sets of demands that are remembered; organisations have a handful."""


@dataclass(frozen=True, slots=True)
class _Demand:
    """What some rules ask for alike, and which those are, as bits."""

    ask: Ask
    sign_in_every: timedelta | None
    session_at_most: timedelta | None
    remember: timedelta | None
    rules: int

    def left(self, device: Device, *, known: bool) -> Left | None:
        return left_of(self.ask, device, known_browser=known)


@dataclass(frozen=True, slots=True)
class Total:
    """What a set of demands comes to on one kind of device, and whose they are, as bits."""

    requirement: Requirement
    session_at_most: timedelta | None
    refusing: int
    asking: int
    """With those that refuse."""
    limiting: int
    remember: timedelta | None = None
    looks_at_browser: bool = False


def takes_for_known(remember: timedelta | None, signals: Signals) -> bool:
    """Whether a rule takes the browser for known: by its own time, from the second factor on.

    Only signing in is ever less for it.
    """
    shown = signals.known_for
    if remember is None or shown is None or signals.action is not Action.SIGN_IN:
        return False
    return timedelta() <= shown < remember


def _demands(rules: Iterable[Rule]) -> tuple[_Demand, ...]:
    """Put rules together that ask for the same, within the same limits."""
    found: dict[tuple[Ask, timedelta | None, timedelta | None, timedelta | None], int] = {}
    for at, each in enumerate(rules):
        remember = each.remember if Require.KNOWN_BROWSER in parts_of(each.require) else None
        key = (each.require, each.sign_in_every, each.session_at_most, remember)
        found[key] = found.get(key, 0) | 1 << at
    return tuple(_Demand(*key, places) for key, places in found.items())


class Demands:
    """What a set of rules may ask for."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Take the rules in the order of their bits."""
        self._demands = _demands(rules)
        self._remembering = sum(
            1 << at for at, each in enumerate(self._demands) if each.remember is not None
        )
        """Those that may be less in a known browser."""
        self._totals: dict[tuple[int, Device, int, int], Total] = {}

    def total(self, matched: int, signals: Signals) -> Total:
        """Add up what the rules that hold ask for."""
        asked = 0
        for at, demand in enumerate(self._demands):
            if demand.rules & matched:
                asked |= 1 << at
        could = asked & self._remembering if signals.action is Action.SIGN_IN else 0
        key = (asked, signals.device, could, self._known_in(could, signals))
        total = self._totals.get(key)
        if total is None:
            if len(self._totals) >= _MOST:
                self._totals.clear()
            total = self._totals[key] = self._compute(*key)
        return total

    def _known_in(self, could: int, signals: Signals) -> int:
        """Of these demands those whose rules take the browser for known, as bits."""
        if not could or signals.known_for is None:
            return 0
        return sum(
            1 << at
            for at, each in enumerate(self._demands)
            if could >> at & 1 and takes_for_known(each.remember, signals)
        )

    def _compute(self, asked: int, device: Device, could: int, known: int) -> Total:
        total = self._sum(asked, device, known)
        best = self._sum(asked, device, could)
        before, after = (total.requirement, total.refusing), (best.requirement, best.refusing)
        if before == after:
            return total
        free = not best.refusing and not best.requirement.two_factors
        lives = [
            each.remember
            for at, each in enumerate(self._demands)
            if could >> at & 1
            and each.remember is not None
            and each.left(device, known=True) != each.left(device, known=False)
        ]
        remember = min(lives) if free else None
        return replace(total, remember=remember, looks_at_browser=True)

    def _sum(self, asked: int, device: Device, known: int) -> Total:
        requirement, at_most = Requirement(), list[timedelta]()
        refusing = asking = limiting = 0
        for at, demand in enumerate(self._demands):
            if not asked >> at & 1:
                continue
            left = demand.left(device, known=bool(known >> at & 1))
            if demand.sign_in_every is not None:
                requirement += Requirement(max_age=demand.sign_in_every)
            if demand.session_at_most is not None:
                # what was shown is no older than a session that could hold it
                requirement += Requirement(max_age=demand.session_at_most)
                at_most.append(demand.session_at_most)
            if left is None:
                refusing |= demand.rules
                asking |= demand.rules
            elif left:
                asking |= demand.rules
                requirement += requirement_of(left)
            elif demand.sign_in_every is not None or demand.session_at_most is not None:
                limiting |= demand.rules
        return Total(requirement, min(at_most, default=None), refusing, asking, limiting)
