"""How strongly somebody has shown who they are. Computed from evidence, never stored as truth."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from portvakt.core.authenticators import (
    BY_TICKET,
    PROOFS,
    Authenticator,
    AuthenticatorType,
    Factor,
    Proof,
    in_force,
    is_beside,
    key_proof,
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
    user_verified: bool = False
    """Of a passkey: whether it verified who held it, by a PIN or a body."""
    device_bound: bool = False
    """Of a passkey: whether it never leaves the thing that it was made in."""
    until: datetime | None = None
    """Of a temporary pass: when it ends, and every session that it was shown in."""
    by_ticket: bool = False
    """Of a password: it was given to its directory, which vouches for it by a Kerberos ticket; `at`
    is when it was given there."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """Two factors, and something of how they were shown. Where nothing is named, any two will do.

    All that is named must hold.
    """

    passwordless: bool = False
    """One of them is enough alone, so that no password was needed."""
    phishing_resistant: bool = False
    device_bound: bool = False
    """One of them is a key that never leaves what it was made in, and verified who held it."""
    methods: frozenset[AuthenticatorType] | None = None
    """At least one of these was shown."""


TWO_FACTORS: Final = Strength()
Clause = frozenset[Strength]
"""Ways of which one must do."""


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
    any_of: frozenset[Clause] = frozenset()
    """Of each of these at least one way, beside all that stands above."""

    @property
    def two_factors(self) -> bool:
        """Whether anything but a password is needed for it."""
        return self.multifactor or self.phishing_resistant or bool(self.any_of)

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
            any_of=self.any_of | other.any_of,
        )


def proof_of(evidence: Evidence) -> Proof:
    """Say what one proof that happened shows."""
    if evidence.by_ticket:
        return BY_TICKET
    if evidence.type is not AuthenticatorType.PASSKEY:
        return PROOFS[evidence.type]
    return key_proof(user_verified=evidence.user_verified, device_bound=evidence.device_bound)


def stands_alone(evidence: Evidence) -> bool:
    """Whether this one proof shows two kinds of factor, so that no password is asked for."""
    return len(proof_of(evidence).factors) > 1


def stays_put(evidence: Evidence) -> bool:
    """Whether this is a key that never leaves what it was made in, and verified who held it."""
    kept = evidence.type is AuthenticatorType.PASSKEY and evidence.device_bound
    return kept and evidence.user_verified


def assurance_of(evidence: Iterable[Evidence]) -> Assurance:
    """Say what was shown: level, `amr` values (RFC 8176), whether it withstands phishing.

    Two kinds of factor make AAL2; a password and a start code are both known, so one kind. The
    network somebody is in is no factor. Nothing here reaches AAL3.
    """
    proofs = [proof_of(each) for each in evidence]
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
    stands for itself. A key that may stand beside a password only, from now on, has shown nothing
    where it stood alone.
    """
    usable = {(each.id, each.type): each for each in in_force(bound, now)}
    return tuple(
        each
        for each in evidence
        if each.type is AuthenticatorType.START_CODE
        or _still(each, usable.get((each.authenticator_id, each.type)))
    )


def _still(shown: Evidence, bound: Authenticator | None) -> bool:
    return bound is not None and not (shown.user_verified and is_beside(bound))


def merged(old: tuple[Evidence, ...], new: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Put new evidence beside old; of the same authenticator and purpose the newest stays."""
    kept = {(each.authenticator_id, each.purpose): each for each in (*old, *new)}
    return tuple(kept.values())


def types_of(evidence: Iterable[Evidence]) -> tuple[AuthenticatorType, ...]:
    """Name what was shown, each type once, in its order."""
    return tuple(dict.fromkeys(each.type for each in evidence))


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
    counted = counting(evidence, need, now, since=since)
    shown = assurance_of(counted)
    if need.phishing_resistant and not shown.phishing_resistant:
        return False
    if shown.aal < (Aal.TWO if need.multifactor else Aal.ONE):
        return False
    return all(any(reaches(counted, way) for way in clause) for clause in need.any_of)


def reaches(evidence: Collection[Evidence], strength: Strength) -> bool:
    """Whether evidence that counts amounts to a strength. More evidence never lowers it."""
    shown = assurance_of(evidence)
    return shown.aal >= Aal.TWO and (
        (not strength.phishing_resistant or shown.phishing_resistant)
        and (not strength.passwordless or any(map(stands_alone, evidence)))
        and (not strength.device_bound or any(map(stays_put, evidence)))
        and (strength.methods is None or any(each.type in strength.methods for each in evidence))
    )


def enough_alone(kind: AuthenticatorType) -> bool:
    """Whether one success of a type is two factors (NIST SP 800-63B-4 section 2.2.1)."""
    return len(PROOFS[kind].factors) > 1


def fits(kind: AuthenticatorType, strength: Strength) -> bool:
    """Whether a success of a type, beside the password, could be what a strength misses."""
    return (
        (not strength.phishing_resistant or PROOFS[kind].phishing_resistant)
        and (not strength.passwordless or enough_alone(kind))
        and (not strength.device_bound or kind is AuthenticatorType.PASSKEY)
        and (strength.methods is None or kind in strength.methods)
    )


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
