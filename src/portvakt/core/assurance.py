"""How strongly somebody has shown who they are. Computed from evidence, never stored as truth."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from portvakt.core.authenticators import (
    PROOFS,
    Authenticator,
    AuthenticatorType,
    Factor,
    in_force,
)
from portvakt.core.ids import AuthenticatorId

SIGN_IN = "sign_in"
METHODS = "methods"
"""Purposes of evidence: to sign in, and to change one's own methods."""

CLOCK_BOUND = timedelta(seconds=2)
"""By how much two of our processes may differ and still be ready; evidence from further in the
future was not given."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof that happened."""

    type: AuthenticatorType
    authenticator_id: AuthenticatorId
    at: datetime
    purpose: str = SIGN_IN
    stale: bool = False
    """The password is right but must be changed where it lives: it opens nothing (A012)."""


class Aal(IntEnum):
    """Authenticator assurance level (NIST SP 800-63B-4 section 2)."""

    NONE = 0
    ONE = 1
    TWO = 2
    THREE = 3


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a set of evidence amounts to."""

    aal: Aal
    amr: frozenset[str]
    phishing_resistant: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked. `+` gives the strictest of two."""

    multifactor: bool = False
    phishing_resistant: bool = False
    no_restricted: bool = False
    max_age: timedelta | None = None
    """How old the evidence may be."""
    purpose: str | None = None
    """Only evidence given for this purpose counts."""

    def __add__(self, other: "Requirement") -> "Requirement":
        """Both at once. Two different purposes cannot be served by one proof."""
        if self.purpose and other.purpose and self.purpose != other.purpose:
            message = f"one proof cannot be for {self.purpose} and for {other.purpose}"
            raise ValueError(message)
        ages = [each for each in (self.max_age, other.max_age) if each is not None]
        return Requirement(
            multifactor=self.multifactor or other.multifactor,
            phishing_resistant=self.phishing_resistant or other.phishing_resistant,
            no_restricted=self.no_restricted or other.no_restricted,
            max_age=min(ages, default=None),
            purpose=self.purpose or other.purpose,
        )


def assurance_of(evidence: Iterable[Evidence]) -> Assurance:
    """Say what was shown: level, `amr` values (RFC 8176), whether it withstands phishing.

    Two kinds of factor make AAL2; a password and a start code are both known, so one kind. The
    network somebody is in is no factor. Nothing here reaches AAL3.
    """
    proofs = [PROOFS[each.type] for each in evidence]
    factors: frozenset[Factor] = frozenset().union(*(each.factors for each in proofs))
    amr: frozenset[str] = frozenset().union(*(each.amr for each in proofs))
    resistant = any(each.phishing_resistant for each in proofs)
    if len(factors) > 1:
        return Assurance(Aal.TWO, amr | {"mfa"}, resistant)
    return Assurance(Aal.ONE if factors else Aal.NONE, amr, resistant)


def still_bound(
    evidence: Iterable[Evidence], bound: Iterable[Authenticator], now: datetime
) -> tuple[Evidence, ...]:
    """Pick the evidence whose authenticator may still be used.

    What was removed, suspended or disabled since it was shown shows nothing any more (rule R2),
    and neither does a phone whose sign-in was turned off, though the phone stands: evidence names
    the authenticator of its own type. A start code is spent by being shown, so its evidence
    stands for itself.
    """
    usable = {(each.id, each.type) for each in in_force(bound, now)}
    return tuple(
        each
        for each in evidence
        if each.type is AuthenticatorType.START_CODE or (each.authenticator_id, each.type) in usable
    )


def counting(
    evidence: Iterable[Evidence],
    need: Requirement,
    now: datetime,
    *,
    since: datetime | None = None,
) -> tuple[Evidence, ...]:
    """Pick the evidence that counts towards a requirement.

    What was given at or after `since` (the start of the sign-in under way) is fresh whatever
    `max_age` says: otherwise a `max_age` of nought could never be met with two answers.
    """
    return tuple(each for each in evidence if _counts(each, need, now, since))


def _counts(each: Evidence, need: Requirement, now: datetime, since: datetime | None) -> bool:
    if need.purpose is not None and each.purpose != need.purpose:
        return False
    if need.no_restricted and PROOFS[each.type].restricted:
        return False
    if each.at - now > CLOCK_BOUND:
        return False
    if need.max_age is None or (since is not None and each.at >= since):
        return True
    return now - each.at <= need.max_age


def meets(
    evidence: Iterable[Evidence],
    need: Requirement,
    now: datetime,
    *,
    since: datetime | None = None,
) -> bool:
    """Whether the evidence is enough. A requirement of nothing still asks for one proof."""
    shown = assurance_of(counting(evidence, need, now, since=since))
    if need.phishing_resistant and not shown.phishing_resistant:
        return False
    return shown.aal >= (Aal.TWO if need.multifactor else Aal.ONE)


AAL1: Final = "urn:portvakt:aal1"
AAL2: Final = "urn:portvakt:aal2"
ACR_VALUES: Final = (AAL1, AAL2)
"""What apps are told of the level, weakest first; each holds what stands before it (ADR 7)."""


def acr_of(assurance: Assurance, wanted: Collection[object] = ()) -> str:
    """How an app is told about the level (OpenID Connect Core section 2, `acr`).

    Where it would have some levels only (`wanted`), the highest of them that was reached: whoever
    showed two factors has shown one, too (section 5.5.1.1).
    """
    reached = ACR_VALUES if assurance.aal >= Aal.TWO else ACR_VALUES[:1]
    fitting = [value for value in reached if value in wanted]
    return (fitting or reached)[-1]
