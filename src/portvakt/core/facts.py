"""What rules looked at and asked, as words short enough to stand in the event of every sign-in.

From them a draft of rules can be held against what really happened (`core.replaying`). Address,
app, person and time are in the event anyway; groups, roles and unit are read of the person as they
are today.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, TypedDict

from portvakt.core.assurance import Requirement, Strength
from portvakt.core.policy import Decision
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk, Signals

BLOCK: Final = "block"
"""What `asked` says where nothing would have done."""
_KNOWN_BROWSER: Final = "known_browser"
_HOUR: Final = timedelta(hours=1)
_KINDS: Final[Mapping[str, Mapping[str, StrEnum]]] = {
    name: {str(each): each for each in kind}
    for name, kind in {
        "device": Device,
        "action": Action,
        "platform": Platform,
        "client_kind": ClientKind,
    }.items()
}
_RISKS: Final = {str(each): each for each in Risk}
_USUAL: Final = frozenset({Device.OTHER, Action.SIGN_IN})
"""Said by saying nothing."""
_OF_STRENGTH: Final = ("passwordless", "phishing_resistant", "device_bound")
_DEMANDS: Final = tuple(each.name for each in fields(Requirement) if each.type is bool)


class Facts(TypedDict):
    """Fields that the events of sign-ins share."""

    asked: tuple[str, ...]
    facts: tuple[str, ...]


def facts_told(signals: Signals, decision: Decision) -> Facts:
    """Say what rules asked, and of what facts, beside those that events have anyway."""
    return Facts(asked=asked(decision), facts=tuple(_words(signals)))


def asked(decision: Decision) -> tuple[str, ...]:
    """Name what a decision asks for beyond the password; BLOCK alone where nothing would do."""
    return (BLOCK,) if decision.blocked else demands(decision.requirement)


def demands(requirement: Requirement) -> tuple[str, ...]:
    """Name the demands that are made, but how old a proof may be.

    Ways of which one must do are named with what they have in common, too.
    """
    found = {name for name in _DEMANDS if getattr(requirement, name)}
    for clause in requirement.any_of:
        found.add("multifactor")
        found.add(" or ".join(sorted(map(_way, clause))))
        if all(each.phishing_resistant for each in clause):
            found.add("phishing_resistant")
    return tuple(sorted(found))


def _way(strength: Strength) -> str:
    words = [name for name in _OF_STRENGTH if getattr(strength, name)]
    words += [] if strength.methods is None else [" ".join(sorted(strength.methods))]
    return " with ".join(words) or "multifactor"


def _words(signals: Signals) -> Iterable[str]:
    for name in _KINDS:
        value = getattr(signals, name)
        if value is not None and value not in _USUAL:
            yield f"{name} {value}"
    if signals.known_for is not None:
        # rounded up: tried again, no rule takes it for younger than it was
        yield f"{_KNOWN_BROWSER} {-(-signals.known_for // _HOUR)}h"
    if signals.country is not None:
        yield f"country {signals.country}"
    for risk in sorted(signals.risk):
        yield f"risk {risk}"


def read_facts(words: Iterable[str]) -> dict[str, Any]:
    """Return the fields of `Signals` that the words of an event tell.

    A word that this version does not know, or no longer knows, tells nothing.
    """
    found: dict[str, Any] = {}
    risks: set[Risk] = set()
    for word in words:
        name, _, value = word.partition(" ")
        if value in _KINDS.get(name, ()):
            found[name] = _KINDS[name][value]
        elif name == _KNOWN_BROWSER and value[:-1].isdecimal():
            found["known_for"] = int(value[:-1]) * _HOUR
        elif name == "country":
            found[name] = value
        elif name == "risk":
            risks.add(_RISKS.get(value, Risk.UNKNOWN))
    return found | ({"risk": frozenset(risks)} if risks else {})
