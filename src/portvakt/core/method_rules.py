"""Methods by group: which of them somebody may register and use, and for what.

An entry names groups and takes methods away from those in them; whatever it does not mention it
leaves as it was. Every entry that is for somebody counts, and what they may use is what all of them
leave: one more entry never opens a way, and their order does not matter. An entry without groups is
for everybody, apart from the groups that it leaves out. Without any entry everything may be used.

The rules of conditional access still decide how much must be shown; this only says with what. A
password is no method here, and neither is a start code, which support gives to whoever has nothing
left that may be used.

What is asked of a key (`KeyDemand`) is joined in the same way: all of it holds.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from portvakt.core.authenticators import (
    BESIDE,
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorType,
    is_beside,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.ids import GroupId
from portvakt.core.key_models import KeyDemand

PASSKEY: Final = AuthenticatorType.PASSKEY
PHONE_SIGN_IN: Final = AuthenticatorType.PHONE_SIGN_IN
ALONE: Final = frozenset({PASSKEY, PHONE_SIGN_IN})
"""What may stand in place of a password."""
NAMEABLE: Final = SECOND_FACTORS | {PHONE_SIGN_IN}
"""What an entry may name; a password and a start code are always there."""
Types = frozenset[AuthenticatorType]


class AskedFirst(StrEnum):
    """What somebody is asked for first who has several ways that would do."""

    CHOSEN = "chosen"
    """What they chose themselves; the strongest they have where they chose nothing."""
    STRONGEST = "strongest"
    """The strongest they have, whatever they chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A method that people are asked to register, from one day on. Days are those of UTC."""

    register: AuthenticatorType
    begins: date
    last_day: date | None = None
    """The last on which it may wait; None where it may wait for ever."""
    snooze_days: int = 7
    """How long nobody is asked again who said «not now»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEntry:
    """What an administrator says of the methods of some groups. None leaves a use as it was."""

    id: str
    groups: frozenset[GroupId] = frozenset()
    """Whom it is for; empty is everybody."""
    groups_not: frozenset[GroupId] = frozenset()
    """Whom it is not for all the same."""
    may_register: Types | None = None
    second_factor: Types | None = None
    """Beside a password at sign-in, and to change one's own methods."""
    passwordless: Types | None = None
    password_reset: Types | None = None
    asked_first: AskedFirst = AskedFirst.CHOSEN
    keys: KeyDemand | None = None
    """What a key must be that is registered from now on."""
    campaign: Campaign | None = None
    reason: Mapping[str, str] = field(default_factory=dict)
    """Why, in each language: for whoever has nothing left that may be used."""

    def is_for(self, groups: Collection[GroupId]) -> bool:
        """Whether somebody in these groups is meant."""
        if not self.groups_not.isdisjoint(groups):
            return False
        return not self.groups or not self.groups.isdisjoint(groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What somebody may register and use, by all the entries that are for them."""

    may_register: Types = NAMEABLE
    second_factor: Types = SECOND_FACTORS
    passwordless: Types = ALONE
    password_reset: Types = SECOND_FACTORS
    asked_first: AskedFirst = AskedFirst.CHOSEN
    keys: tuple[KeyDemand, ...] = ()
    """What a new key must be: all of it."""
    entries: tuple[MethodEntry, ...] = ()
    """Those that are for them, by name."""

    def registers(self, kind: AuthenticatorType) -> bool:
        """Whether this may be registered; what no entry can name always may."""
        return kind in self.may_register or kind not in NAMEABLE

    def reason(self, language: str) -> str:
        """Return what the first entry that says why says, in a language; nothing if none does."""
        said = (each.reason.get(language, "") for each in self.entries)
        return next(filter(None, said), "")

    def at_sign_in(self, method: Authenticator) -> Authenticator:
        """Return a method as it counts at sign-in: as it is, beside a password only, or withdrawn.

        Once withdrawn it stays so, so that it does not matter how often this is asked.
        """
        kind = method.type
        if kind in NAMEABLE and kind not in self._at_sign_in:
            method = replace(method, withdrawn=True)
        elif kind is PASSKEY and PASSKEY not in self.passwordless and not is_beside(method):
            method = replace(method, detail=BESIDE)
        if method.preferred and self.asked_first is AskedFirst.STRONGEST:
            method = replace(method, preferred=False)
        return method

    def at_reset(self, method: Authenticator) -> Authenticator:
        """Return a method as it counts where a forgotten password is reset."""
        named = method.type in SECOND_FACTORS
        withdrawn = named and method.type not in self.password_reset
        return replace(method, withdrawn=True) if withdrawn else method

    @property
    def _at_sign_in(self) -> Types:
        return self.second_factor | self.passwordless


def is_left_out(held: Collection[Authenticator], now: datetime) -> bool:
    """Whether somebody has second factors that work, and none of them may be used."""
    return not usable_second_factors(held, now) and bool(withdrawn_second_factors(held, now))


EVERYTHING: Final = Allowed()


class MethodRules:
    """The entries of a configuration, made ready once for all who ask."""

    def __init__(self, entries: Iterable[MethodEntry] = ()) -> None:
        """Take the entries in any order."""
        self.entries = tuple(sorted(entries, key=lambda each: each.id))
        self._named = frozenset[GroupId]().union(
            *(each.groups | each.groups_not for each in self.entries)
        )
        self._known: dict[frozenset[GroupId], Allowed] = {}

    def of(self, groups: Collection[GroupId]) -> Allowed:
        """Say what somebody in these groups may use."""
        if not self.entries:
            return EVERYTHING
        mine = self._named.intersection(groups)
        found = self._known.get(mine)
        if found is None:
            found = _joined([each for each in self.entries if each.is_for(mine)])
            self._known[mine] = found
        return found


def _joined(entries: Collection[MethodEntry]) -> Allowed:
    """Leave what every entry leaves.

    What stands in place of a password must be allowed beside one, too: a phone that may not approve
    signs nobody in, and neither does a key. Nothing is registered that could not be used.
    """
    if not entries:
        return EVERYTHING
    second = _left(SECOND_FACTORS, [each.second_factor for each in entries])
    alone = _left(ALONE, [each.passwordless for each in entries])
    if PASSKEY not in second:
        alone -= {PASSKEY}
    if AuthenticatorType.PUSH not in second:
        alone -= {PHONE_SIGN_IN}
    reset = _left(SECOND_FACTORS, [each.password_reset for each in entries])
    strongest = any(each.asked_first is AskedFirst.STRONGEST for each in entries)
    return Allowed(
        may_register=_left(NAMEABLE, [each.may_register for each in entries])
        & (second | alone | reset),
        second_factor=second,
        passwordless=alone,
        password_reset=reset,
        asked_first=AskedFirst.STRONGEST if strongest else AskedFirst.CHOSEN,
        keys=tuple(each.keys for each in entries if each.keys is not None),
        entries=tuple(entries),
    )


def _left(all_: Types, named: Iterable[Types | None]) -> Types:
    return all_.intersection(*(each for each in named if each is not None))
