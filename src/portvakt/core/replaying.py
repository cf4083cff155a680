"""What other rules would have made of sign-ins that happened: who is asked more, or less.

What somebody had shown then is held against what would be asked, so that whoever showed two
factors though nobody asked is not counted as somebody who would notice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from portvakt.core.assurance import Aal, Evidence, Requirement, meets
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.facts import demands
from portvakt.core.ids import AccountId, AuthenticatorId, RuleId
from portvakt.core.policy import Decision

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_PASSWORD = AuthenticatorType.PASSWORD


class Change(StrEnum):
    """What would have been otherwise."""

    BLOCKED = "blocked"
    """Let in then, refused by the draft."""
    ASKED = "asked"
    """Asked for something that had not been shown."""
    SHOWN = "shown"
    """Asked for more than then, and it had been shown all the same: nobody notices."""
    LESS = "less"
    """Something that rules asked for then is not asked for."""
    OPENED = "opened"
    """Refused by a rule then, and not by the draft."""


@dataclass(frozen=True, slots=True)
class Then:
    """What happened, as far as it is held against other rules."""

    at: datetime
    blocked: bool
    methods: tuple[AuthenticatorType, ...]
    aal: Aal
    """What had been shown, where the methods are not known."""
    asked: frozenset[str]


def change_of(then: Then, decision: Decision, more: Requirement) -> Change | None:
    """Say what would have been otherwise, or None.

    `more` is what the app asks for itself, which no rule can spare anybody.

    How old a proof may be is not looked at: the event does not tell when each was given.
    """
    if then.blocked:
        return None if decision.blocked else Change.OPENED
    if decision.blocked:
        return Change.BLOCKED
    if not enough(_shown(then), decision.requirement):
        return Change.ASKED
    asked = _demands(decision.requirement)
    if asked - then.asked:
        return Change.SHOWN
    return Change.LESS if then.asked - asked - _demands(more) else None


_demands = lru_cache(maxsize=64)(lambda requirement: frozenset(demands(requirement)))


@lru_cache(maxsize=4096)
def enough(shown: tuple[Evidence, ...], need: Requirement) -> bool:
    """Say whether this would meet a requirement, however long ago it was shown."""
    return meets(shown, replace(need, max_age=None), _EVER)


@lru_cache(maxsize=4096)
def proofs(
    methods: tuple[AuthenticatorType, ...], *, keys_verify: bool = True
) -> tuple[Evidence, ...]:
    """Return what these methods show, one of each. `keys_verify`: a passkey knows its holder."""
    return tuple(
        Evidence(
            each,
            AuthenticatorId(each),
            _EVER,
            user_verified=keys_verify and each is AuthenticatorType.PASSKEY,
        )
        for each in methods
    )


def _shown(then: Then) -> tuple[Evidence, ...]:
    """Return what had been shown; where an event did not tell, no more than its level says."""
    strong = then.aal >= Aal.TWO
    if not then.methods:
        return proofs((_PASSWORD, AuthenticatorType.TOTP) if strong else (_PASSWORD,))
    return proofs(then.methods, keys_verify=strong and _PASSWORD not in then.methods)


@dataclass(slots=True)
class Changed:
    """What would have been otherwise for one person, in one way."""

    times: int = 0
    last: datetime = _EVER
    rules: tuple[RuleId, ...] = ()
    """The rules that would have asked, the last time."""
    without_method: bool = False
    """Whether the person has nothing now that would do."""


@dataclass(slots=True)
class Tally:
    """Counts, growing with people, units and days, and not with sign-ins."""

    sign_ins: int = 0
    erased: int = 0
    """Whose they were was erased, for age or for a person."""
    gone: int = 0
    """Of people who are not there any more."""
    older: int = 0
    """From before what was asked was kept: held against the rules of today."""
    people: set[AccountId] = field(default_factory=set)
    changes: dict[Change, int] = field(default_factory=dict)
    by_day: dict[date, dict[Change, int]] = field(default_factory=dict)
    by_person: dict[AccountId, dict[Change, Changed]] = field(default_factory=dict)

    def count(
        self,
        account_id: AccountId,
        change: Change,
        at: datetime,
        rules: tuple[RuleId, ...],
        *,
        without_method: bool,
    ) -> None:
        """Count one that would have been otherwise."""
        self.changes[change] = self.changes.get(change, 0) + 1
        day = self.by_day.setdefault(at.date(), {})
        day[change] = day.get(change, 0) + 1
        mine = self.by_person.setdefault(account_id, {}).setdefault(change, Changed())
        mine.times += 1
        mine.last, mine.rules = at, rules
        mine.without_method = mine.without_method or without_method

    def rows(self) -> Iterator[tuple[AccountId, Change, Changed]]:
        """Give what would have been otherwise, person by person."""
        for account_id, changes in self.by_person.items():
            for change, changed in changes.items():
                yield account_id, change, changed
