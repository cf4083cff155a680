"""What every event is: when, about whom, by whom, in which request, from where."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar

from portvakt.core.ids import AccountId

SELF = "self"
"""The actor of what people do to their own account; others are "account:ID", "cli:NAME",
"import", "apply" and "worker"."""

PERSONAL = {"personal": True}
"""Marks a field that says something about a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event tells: when, about whom, by whom, in which request, from where."""

    name: ClassVar[str]
    at: datetime
    account_id: AccountId | None = field(default=None, metadata=PERSONAL)
    """Whom it is about. None where nobody has the name that was typed."""
    actor: str = SELF
    request_id: str = ""
    address: str | None = field(default=None, metadata=PERSONAL)


_COMMON = frozenset(each.name for each in fields(Event))


def personal_fields(kind: type[Event]) -> frozenset[str]:
    """Name the fields of an event that say something about a person."""
    return frozenset(each.name for each in fields(kind) if each.metadata.get("personal"))


def parted_details(event: Event) -> tuple[dict[str, object], dict[str, object]]:
    """Give what this event tells beyond the common fields, as values that JSON has.

    In two parts: what says nothing about a person, and what does.
    """
    kind: Any = type(event)  # mypy holds that a class has the hash of its instances
    fixed, personal = _names(kind)
    return _told(event, fixed), _told(event, personal)


@cache
def _names(kind: type[Event]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name a kind's own fields: those that say nothing about a person, and those that do."""
    own = [each.name for each in fields(kind) if each.name not in _COMMON]
    personal = personal_fields(kind)
    return (
        tuple(name for name in own if name not in personal),
        tuple(name for name in own if name in personal),
    )


def _told(event: Event, names: tuple[str, ...]) -> dict[str, object]:
    return {name: _plain(getattr(event, name)) for name in names}


def _plain(value: object) -> object:
    if type(value) is str:  # most are
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
