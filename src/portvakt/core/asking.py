"""What a rule asks for: a word, one's own strength, or several of them joined by and, or.

The file's `require`, and what of it is left to be shown when the device and the browser are known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from portvakt.core.assurance import TWO_FACTORS, Clause, Requirement, Strength
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.signals import Device


class Require(StrEnum):
    """What a matching rule asks for, in one word."""

    PASSWORD = "password"  # noqa: S105  # a word in a rule
    MULTIFACTOR = "multifactor"
    PASSWORDLESS = "passwordless"  # a word in a rule
    PHISHING_RESISTANT = "phishing_resistant"
    OUR_DEVICE = "our_device"
    KNOWN_BROWSER = "known_browser"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Own:
    """A strength that the organisation has named: two factors, one of them among these methods."""

    name: str
    methods: frozenset[AuthenticatorType]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these is enough."""

    of: tuple["Ask", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these are needed."""

    of: tuple["Ask", ...]


Ask = Require | Own | AnyOf | AllOf
Left = frozenset[Clause]
"""What must still be shown: of each clause one way. Empty: nothing."""

_STRENGTHS: Final[Mapping[Require, Strength]] = {
    Require.MULTIFACTOR: TWO_FACTORS,
    Require.PASSWORDLESS: Strength(passwordless=True),
    Require.PHISHING_RESISTANT: Strength(phishing_resistant=True),
}
_KEY: Final = frozenset({_STRENGTHS[Require.PHISHING_RESISTANT]})
_TWO: Final = frozenset({TWO_FACTORS})
_DONE: Final[Left] = frozenset()


def left_of(ask: Ask, device: Device, *, known_browser: bool) -> Left | None:
    """Return what must be shown here and now; None where nothing would do."""
    match ask:
        case Require():
            return _left_of_word(ask, device, known_browser=known_browser)
        case Own():
            return _one(Strength(methods=ask.methods))
        case AllOf(of):
            parts = [left_of(each, device, known_browser=known_browser) for each in of]
            found = [each for each in parts if each is not None]
            return _DONE.union(*found) if len(found) == len(parts) else None
        case AnyOf(of):
            parts = [left_of(each, device, known_browser=known_browser) for each in of]
            return _either([each for each in parts if each is not None])
        case _ as never:  # pragma: no cover
            assert_never(never)


def _left_of_word(word: Require, device: Device, *, known_browser: bool) -> Left | None:
    match word:
        case Require.PASSWORD:
            return _DONE
        case Require.BLOCK:
            return None
        case Require.OUR_DEVICE:
            return _DONE if device is Device.OURS else None
        case Require.KNOWN_BROWSER:
            return _DONE if known_browser else None
        case Require.MULTIFACTOR | Require.PASSWORDLESS | Require.PHISHING_RESISTANT:
            return _one(_STRENGTHS[word])
        case _ as never:  # pragma: no cover
            assert_never(never)


def _one(strength: Strength) -> Left:
    return frozenset({frozenset({strength})})


def _either(parts: list[Left]) -> Left | None:
    """Join by or: (A and B) or C is (A or C) and (B or C)."""
    if not parts:
        return None
    if _DONE in parts:
        return _DONE
    joined: Left = frozenset({frozenset()})
    for part in parts:
        both = (one | other for one in joined for other in part)
        joined = _least(_TWO if TWO_FACTORS in clause else clause for clause in both)
    return joined


def _least(clauses: Iterable[Clause]) -> Left:
    """Leave out what is met wherever another is: a clause that holds all the ways of another."""
    found = frozenset(clauses)
    return frozenset(each for each in found if not any(less < each for less in found))


def requirement_of(left: Left) -> Requirement:
    """Return what must be shown as evidence is held against it; every strength is two factors."""
    return Requirement(
        multifactor=bool(left),
        phishing_resistant=_KEY in left,
        any_of=left - {_KEY, _TWO},
    )


def may_ask(ask: Ask) -> bool:
    """Whether there is a device and a browser where something must be shown for this."""
    return any(
        bool(left_of(ask, device, known_browser=known))
        for device in Device
        for known in (False, True)
    )


def words(ask: Ask) -> str:
    """Say it in one line: «our_device or multifactor», «our_device and (a or b)»."""
    match ask:
        case Require():
            return ask.value
        case Own(name):
            return name
        case AnyOf(of):
            return " or ".join(map(_part, of))
        case AllOf(of):
            return " and ".join(map(_part, of))
        case _ as never:  # pragma: no cover
            assert_never(never)


def _part(ask: Ask) -> str:
    said = words(ask)
    return f"({said})" if isinstance(ask, AnyOf | AllOf) else said


def parts_of(ask: Ask) -> Iterable[Require | Own]:
    """Name every word and strength in it."""
    if isinstance(ask, AnyOf | AllOf):
        for each in ask.of:
            yield from parts_of(each)
    else:
        yield ask
