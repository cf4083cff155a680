"""What a source of people has changed since last time, and when to stop and ask.

Two snapshots in, changes out; applied to the first they give the second. A source that is broken
looks exactly like one where everybody has left, so a brake counts those who would go.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Final

from portvakt.core.ids import GroupId

BRAKE_LEAST = 50
BRAKE_PER_CENT = 2
"""More than both of these going at once stops everything (Entra's default is 500 objects; ours
follows the size of the organisation). An empty source stops with the first that would go."""

_DAMAGED = ("?", "\N{REPLACEMENT CHARACTER}")
_TEXTS = ("given_name", "family_name", "title", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What one source says about one person."""

    external_id: str
    user_name: str
    email: str
    given_name: str
    family_name: str
    title: str = ""
    unit: str = ""
    manager: str | None = None
    protected: bool = False
    active: bool = True
    start_date: date | None = None
    work_mobile: str | None = None
    """E.164; None where there is none that can be used."""
    groups: frozenset[GroupId] | None = None
    """None where the source does not say."""


class ChangeKind(StrEnum):
    """What a change is called in reports and events."""

    CREATED = "created"
    CHANGED = "changed"
    DISABLED = "disabled"
    ENABLED = "enabled"


_CREATED: Final = ChangeKind.CREATED  # to look it up takes longer than the question


@dataclass(frozen=True, slots=True)
class Change:
    """One person before and after; `before` is None for somebody new."""

    before: PersonFacts | None
    after: PersonFacts
    vanished: bool = False
    """No longer in the source at all, rather than said to have left."""

    @property
    def kind(self) -> ChangeKind:
        """Say what kind of change it is; leaving and coming back go before other fields."""
        if self.before is None:
            return _CREATED
        if self.before.active == self.after.active:
            return ChangeKind.CHANGED
        return ChangeKind.ENABLED if self.after.active else ChangeKind.DISABLED

    @property
    def fields(self) -> tuple[str, ...]:
        """Name the fields that differ, in the order of the type; all of them for somebody new."""
        return tuple(
            each.name
            for each in fields(PersonFacts)
            if self.before is None
            or getattr(self.before, each.name) != getattr(self.after, each.name)
        )


@dataclass(frozen=True, slots=True)
class Brake:
    """So many would go that nothing may be done until somebody says so."""

    would_go: int
    allowed: int
    stored: int
    """Active people there are."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that would change, in the order of `external_id`."""

    changes: tuple[Change, ...]
    unchanged: int
    """Rows of the source that change nothing."""
    brake: Brake | None


def difference(
    stored: Mapping[str, PersonFacts],
    seen: Iterable[PersonFacts],
    *,
    vanished_stay: bool = False,
) -> Difference:
    """Compare what is stored of one source, by `external_id`, with what the source says now.

    People who are no longer in the source are disabled, unless `vanished_stay`. Raises ValueError
    if the source names somebody twice.
    """
    names: set[str] = set()
    changes: list[Change] = []
    for person in seen:
        key = person.external_id
        if key in names:
            message = f"{key} comes twice"
            raise ValueError(message)
        names.add(key)
        before = stored.get(key)
        after = person if before is None else _keeping_good_names(before, person)
        if before != after:
            changes.append(Change(before, after))
    unchanged = len(names) - len(changes)
    if not vanished_stay:
        changes += [
            Change(before, replace(before, active=False), vanished=True)
            for key, before in stored.items()
            if key not in names and before.active
        ]
    changes.sort(key=lambda each: each.after.external_id)
    return Difference(tuple(changes), unchanged, _brake(stored, changes, nobody_seen=not names))


def applied(stored: Mapping[str, PersonFacts], changes: Iterable[Change]) -> dict[str, PersonFacts]:
    """Make the changes; returns what is stored afterwards."""
    return dict(stored) | {each.after.external_id: each.after for each in changes}


def _brake(
    stored: Mapping[str, PersonFacts], changes: Iterable[Change], *, nobody_seen: bool
) -> Brake | None:
    active = sum(1 for each in stored.values() if each.active)
    would_go = sum(1 for each in changes if each.kind is ChangeKind.DISABLED)
    return brake_on(would_go, active, nobody_seen=nobody_seen)


def brake_on(
    would_go: int,
    stored: int,
    *,
    nobody_seen: bool,
    least: int = BRAKE_LEAST,
    per_cent: float = BRAKE_PER_CENT,
) -> Brake | None:
    """Say whether so many going, of `stored` active people, must stop; None where it need not.

    For a caller that compares a large source part by part, and counts over all of them.
    """
    allowed = 0 if nobody_seen else max(least, int(stored * per_cent // 100))
    return Brake(would_go, allowed, stored) if would_go > allowed else None


def _keeping_good_names(before: PersonFacts, after: PersonFacts) -> PersonFacts:
    """Keep a text that was whole where the new one was damaged on its way here.

    Exports written in the wrong encoding turn å, ä and ö into «?» or U+FFFD.
    """
    if not _is_damaged(f"{after.given_name}{after.family_name}{after.title}{after.unit}"):
        return after
    kept = {
        name: getattr(before, name)
        for name in _TEXTS
        if _is_damaged(getattr(after, name)) and _is_whole(getattr(before, name))
    }
    return replace(after, **kept) if kept else after


def _is_damaged(text: str) -> bool:
    return _DAMAGED[0] in text or _DAMAGED[1] in text


def _is_whole(text: str) -> bool:
    return bool(text) and not _is_damaged(text)
