"""Whom a file's methods by group would leave with nothing: told before it is so.

Asked before anything is written, page by page, so that nobody who signs in waits for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.method_rules import MethodEntry, MethodRules, is_left_out
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.methods import entry_of
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.records import Configuration, Records, Unit
from portvakt.records.people import Equipped

PAGE: Final = 2000
NAMED: Final = 10
"""How many are named; `portvakt people --one-proof` lists all of them afterwards."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """People who could show a second factor, and could not any more."""

    count: int
    named: tuple[str, ...]
    """The user names of some; never of people with protected identity."""

    def __str__(self) -> str:
        """Say it in one line."""
        more = self.count - len(self.named)
        some = ", ".join(self.named) + (f" and {more} more" if self.named and more else "")
        return f"{self.count} people would have no second factor that they may use" + (
            f": {some}" if some else ""
        )


def entries_after(stored: Configuration, state: State, *, prune: bool) -> Mapping[str, MethodEntry]:
    """Return the entries as they would stand, by name."""
    wanted = {each.id: entry_of(each) for each in state.methods}
    kept = {
        each.id: each
        for each in stored.methods
        if not prune or stored.owners.get(("methods", each.id)) != OWNER
    }
    return kept | wanted


async def left_out(records: Records, state: State, now: datetime, *, prune: bool) -> LeftOut | None:
    """Find them; None where nobody is, or nothing of it changes.

    By the groups that people are in now. Whoever had nothing before is not counted.
    """
    stored = await records.read(lambda unit: unit.configuration.load())
    after = MethodRules(entries_after(stored, state, prune=prune).values())
    before = stored.method_rules
    if after.entries == before.entries:
        return None
    found, named = 0, list[str]()
    last: Equipped | None = None
    while True:

        async def page(unit: Unit, last: Equipped | None = last) -> list[Equipped]:
            after_id = None if last is None else last.id
            return await unit.people.second_factors(
                include_protected=True, after=after_id, limit=PAGE
            )

        people = await records.read(page)
        for each in people:
            if _loses_all(each, before, after, now):
                found += 1
                if not each.protected and len(named) < NAMED:
                    named.append(each.user_name)
        if len(people) < PAGE:
            return LeftOut(found, tuple(named)) if found else None
        last = people[-1]


def _loses_all(person: Equipped, before: MethodRules, after: MethodRules, now: datetime) -> bool:
    held = tuple(map(after.of(person.groups).at_sign_in, person.bound))
    if not is_left_out(held, now):
        return False
    had = tuple(map(before.of(person.groups).at_sign_in, person.bound))
    return not is_left_out(had, now)
