"""Which of many conditions hold, in a few steps: one bit for each condition, one table a kind.

For each kind of fact there is a table from fact to the conditions that name it, as bits of one
number. What holds is the AND over the kinds, so the work does not grow with the rules but with the
facts that somebody has.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from portvakt.core.conditions import KINDS, Condition, Hours, Kind, Known, named
from portvakt.core.signals import Signals


class _Table:
    """One kind of fact: which conditions name it, in which form."""

    __slots__ = ("exempting", "fact", "free", "naming")

    def __init__(self, kind: Kind) -> None:
        self.fact: Callable[[Signals], frozenset[Any] | None] = kind.fact
        self.free = 0
        """The conditions whose positive form names nothing: any fact will do."""
        self.naming: dict[Any, int] = {}
        self.exempting: dict[Any, int] = {}

    def holds(self, signals: Signals, *, everything: int) -> int:
        facts = self.fact(signals)
        if facts is None:
            return everything
        holds, exempt = self.free, 0
        for each in facts:
            holds |= self.naming.get(each, 0)
            exempt |= self.exempting.get(each, 0)
        return holds & ~exempt


class Matching:
    """Conditions, each with its place in a number of bits."""

    def __init__(self, conditions: Sequence[Condition | None], known: Known) -> None:
        """Make tables of the conditions. None is one that holds whatever the facts are."""
        self._every = (1 << len(conditions)) - 1
        self._always = _bits(at for at, each in enumerate(conditions) if each is None)
        self._tables: dict[str, _Table] = {}
        self._times: list[tuple[int, frozenset[int], frozenset[int]]] = []
        present = [(at, each) for at, each in enumerate(conditions) if each is not None]
        for kind in KINDS:
            table = _table(kind, present, known)
            if table is not None:
                table.free |= self._always
                self._tables[kind.name] = table
        places: dict[Hours, int] = {}
        for at, when in present:
            if when.times or when.times_not:
                yes, no = (
                    frozenset(places.setdefault(each, len(places)) for each in hours)
                    for hours in (when.times, when.times_not)
                )
                self._times.append((at, yes, no))
        self._hours = [(each, known.zone_of(each.zone)) for each in places]

    def looks_at(self, kind: str) -> bool:
        """Say whether any condition names anything of a kind."""
        return kind in self._tables

    def of(self, signals: Signals) -> int:
        """Return the conditions that hold, as bits."""
        holds = self._every
        for table in self._tables.values():
            holds &= table.holds(signals, everything=self._every)
        if self._times:
            holds &= ~self._out_of_hours(signals.at)
        return holds | self._always

    def _out_of_hours(self, at: datetime) -> int:
        now = {
            place
            for place, (hours, zone) in enumerate(self._hours)
            if hours.holds(at.astimezone(zone))
        }
        return _bits(place for place, yes, no in self._times if (yes and not yes & now) or no & now)


def _table(kind: Kind, present: Iterable[tuple[int, Condition]], known: Known) -> _Table | None:
    """Return the table of a kind, or None where no condition asks for it."""
    table = _Table(kind)
    for at, when in present:
        yes, no = named(when, kind.name, known)
        if not yes:
            table.free |= 1 << at
        for each in yes:
            table.naming[each] = table.naming.get(each, 0) | 1 << at
        for each in no:
            table.exempting[each] = table.exempting.get(each, 0) | 1 << at
    return table if table.naming or table.exempting else None


def _bits(places: Iterable[int]) -> int:
    found = 0
    for each in places:
        found |= 1 << each
    return found
