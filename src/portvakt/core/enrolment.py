"""What a person may bind or remove, what proof it takes, and how many of each kind."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from portvakt.core.assurance import CLOCK_BOUND, METHODS, Aal, Evidence, assurance_of, still_bound
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    in_force,
    is_work_phone,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.best_shown import measure, shows_best
from portvakt.core.first_registration import (
    Basis,
    First,
    FirstRegistration,
    MayRegister,
    NeedsProof,
    first_registration_of,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.core.passes import vouched_by
from portvakt.core.phones import linked, sign_in_of, stands_alone
from portvakt.core.push_approval import MOST_PHONES

__all__ = [
    "FRESH",
    "MOST",
    "Basis",
    "First",
    "FirstRegistration",
    "KeptByRule",
    "LimitReached",
    "MayChange",
    "MayRegister",
    "NeedsFreshProof",
    "NeedsProof",
    "NotTheirs",
    "active_alone",
    "first_registration_of",
    "for_registration",
    "fresh",
    "is_last",
    "may_add",
    "may_change",
    "may_change_password",
    "may_remove",
    "may_turn_on",
]

FRESH = timedelta(minutes=5)
"""How old the newest proof may be when a method is changed (ASVS 5.0 7.5.1)."""
SITTING = timedelta(minutes=30)
"""How far apart the proofs of one sitting may lie: as long as a registration session lives."""

MOST: Mapping[AuthenticatorType, int] = MappingProxyType(
    {
        AuthenticatorType.PASSWORD: 1,
        AuthenticatorType.PASSKEY: 10,
        AuthenticatorType.PUSH: MOST_PHONES,
        AuthenticatorType.PHONE_SIGN_IN: MOST_PHONES,
        AuthenticatorType.TOTP: 5,
        AuthenticatorType.HARDWARE_TOKEN: 2,
        AuthenticatorType.SMS_CODE: 2,
        AuthenticatorType.RECOVERY_CODE: 1,
        AuthenticatorType.START_CODE: 1,
    }
)
"""How many of each an account may hold (ASVS 5.0 2.3.4, A048). Two numbers: the work phone and
an alternative; a card of recovery codes counts as one, and a new card replaces the old. A phone
counts as one: its codes are not counted beside other apps."""

_REPLACED = frozenset({AuthenticatorType.PASSWORD, AuthenticatorType.RECOVERY_CODE})
"""What a new one takes the place of, so that no limit is met."""

_NOT_ADDED = frozenset({AuthenticatorType.START_CODE, AuthenticatorType.PHONE_SIGN_IN})
"""What no session binds."""

_OPENERS = frozenset({AuthenticatorType.PASSWORD, AuthenticatorType.START_CODE})
"""What an account without a working second factor can show."""


@dataclass(frozen=True, slots=True)
class MayChange:
    """Go on. The basis is what the event tells."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class NeedsFreshProof:
    """Ask for everything that the account can show again, for this purpose (A026, A042)."""


@dataclass(frozen=True, slots=True)
class LimitReached:
    """The account holds as many of this kind as it may."""

    most: int


@dataclass(frozen=True, slots=True)
class KeptByRule:
    """It is the last second factor, and a rule asks this person for one (A043)."""


@dataclass(frozen=True, slots=True)
class NotTheirs:
    """What the employer registered is changed where it came from, or comes back."""


def for_registration(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Mark what a registration session was opened with as given for changing methods.

    A sign-in that ends in `AskEnrolment` was made to bind a method, so its proof serves that.
    """
    return tuple(replace(each, purpose=METHODS) for each in evidence)


def fresh(evidence: Iterable[Evidence], now: datetime) -> tuple[Evidence, ...]:
    """Pick the proof that may change methods: given for that, its newest part just now.

    Older parts count if they belong to the same sitting, so that somebody who reads slowly is
    not asked twice.
    """
    given = [each for each in evidence if each.purpose == METHODS and each.at - now <= CLOCK_BOUND]
    newest = max((each.at for each in given), default=None)
    if newest is None or now - newest > FRESH:
        return ()
    return tuple(each for each in given if newest - each.at <= SITTING)


def may_change(
    bound: Collection[Authenticator],
    evidence: Iterable[Evidence],
    first: FirstRegistration,
    now: datetime,
    *,
    registering: bool = False,
) -> MayChange | NeedsProof | NeedsFreshProof:
    """Say whether this session may change the account's methods now.

    Asks for the best that the account can show, however strongly the session was opened and
    wherever it is: two factors where any second factor works, one of the best of them among those
    (`best_shown`), and otherwise what a first registration takes. In a registration session
    (`registering`) the proof it was opened with counts for as long as the session lives. People
    who stood up for somebody with a new phone take the place of the best, for one binding.
    """
    shown = _shown(evidence, bound, now, registering=registering)
    if vouched_by(shown, bound) is not None:
        return MayChange(Basis.VOUCHED)
    second = usable_second_factors(bound, now)
    if second:
        enough = _shows_best(shown, bound, second, now)
    else:
        enough = any(each.type in _OPENERS for each in shown)
    if not enough:
        return NeedsFreshProof()
    verdict = first.verdict(shown)
    return verdict if isinstance(verdict, NeedsProof) else MayChange(verdict.basis)


def may_change_password(
    bound: Collection[Authenticator], evidence: Iterable[Evidence], now: datetime
) -> bool:
    """Say whether the best that the account can show was shown just now, beside the old password.

    Asked of a full session before a password that somebody knows is changed. Nothing is bound by
    that, so the rules of a first registration have no say; and where nothing but the password can
    be shown, the form that asks for the old one is what shows it; not where all else was withdrawn.
    """
    second = usable_second_factors(bound, now)
    if not second:
        return not withdrawn_second_factors(bound, now)
    return _shows_best(still_bound(fresh(evidence, now), bound, now), bound, second, now)


def active_alone(
    bound: Iterable[Authenticator], kind: AuthenticatorType
) -> tuple[Authenticator, ...]:
    """Pick what of a kind counts towards `MOST`: usable, and not a part of a phone."""
    return tuple(
        each
        for each in bound
        if each.type is kind
        and each.state is AuthenticatorState.ACTIVE
        and (stands_alone(each) or kind is AuthenticatorType.PHONE_SIGN_IN)
    )


def _shows_best(
    shown: Collection[Evidence],
    bound: Collection[Authenticator],
    second: Collection[Authenticator],
    now: datetime,
) -> bool:
    """Whether two factors were shown, one of them the best there is; withdrawing lowers nothing."""
    kept = measure(shown, second, withdrawn_second_factors(bound, now))
    return assurance_of(shown).aal >= Aal.TWO and shows_best(shown, kept)


def _shown(
    evidence: Iterable[Evidence],
    bound: Collection[Authenticator],
    now: datetime,
    *,
    registering: bool,
) -> tuple[Evidence, ...]:
    given = for_registration(evidence) if registering else fresh(evidence, now)
    return still_bound(given, bound, now)


def may_add(
    kind: AuthenticatorType,
    bound: Collection[Authenticator],
    evidence: Iterable[Evidence],
    first: FirstRegistration,
    now: datetime,
    *,
    registering: bool = False,
) -> MayChange | NeedsProof | NeedsFreshProof | LimitReached | NotTheirs:
    """Say whether a method of this kind may be bound in this session now.

    A local password is chosen after a start code and in no other way; start codes are given by
    somebody else, and a phone's sign-in is turned on in the phone (`may_turn_on`). A method that
    is suspended or disabled takes no place: it is to be bound anew. The codes of a phone with our
    app are a part of that phone and take none either.
    """
    if kind in _NOT_ADDED:
        return NotTheirs()
    held = active_alone(bound, kind)
    if kind not in _REPLACED and len(held) >= MOST[kind]:
        return LimitReached(MOST[kind])
    shown = tuple(evidence)
    if kind is AuthenticatorType.PASSWORD and not any(
        each.type is AuthenticatorType.START_CODE
        for each in _shown(shown, bound, now, registering=registering)
    ):
        return NeedsProof((Basis.START_CODE,))
    return may_change(bound, shown, first, now, registering=registering)


def may_remove(
    authenticator: Authenticator,
    bound: Collection[Authenticator],
    evidence: Iterable[Evidence],
    first: FirstRegistration,
    now: datetime,
    *,
    second_factor_required: bool,
) -> MayChange | NeedsProof | NeedsFreshProof | KeptByRule | NotTheirs:
    """Say whether this method may be removed in this session now.

    `second_factor_required` is whether any rule could ask this person for a second factor
    anywhere (`RuleSet.may_require_more`). A phone's codes go with the phone and in no other way;
    its sign-in may be turned off at any time, since the phone stays a second factor. People who
    stood up for somebody let them bind, and take nothing away.
    """
    verdict = may_change(bound, evidence, first, now)
    if verdict == MayChange(Basis.VOUCHED):
        verdict = NeedsFreshProof()
    if authenticator.type is AuthenticatorType.PHONE_SIGN_IN:
        return verdict
    if authenticator.type not in SECOND_FACTORS or is_work_phone(authenticator):
        return NotTheirs()
    if not stands_alone(authenticator):
        return NotTheirs()
    if second_factor_required and is_last(authenticator, bound, now):
        return KeptByRule()
    return verdict


def is_last(authenticator: Authenticator, bound: Collection[Authenticator], now: datetime) -> bool:
    """Whether without this, and what goes with it, no second factor is left that counts.

    Printed codes run out, so they do not count as one that is left; nor is a card the last
    itself. What does not work takes nothing away.
    """
    if authenticator.type is AuthenticatorType.RECOVERY_CODE or not authenticator.usable(now):
        return False
    going = {authenticator.id, *(each.id for each in linked(authenticator.id, bound))}
    return all(
        each.id in going or each.type is AuthenticatorType.RECOVERY_CODE
        for each in usable_second_factors(bound, now)
    )


def may_turn_on(phone_id: AuthenticatorId, bound: Collection[Authenticator], now: datetime) -> bool:
    """Whether this phone may be made to sign in without a password: it works, and does not yet.

    Asked of a phone that has proved its key and its screen lock; each phone has one at most.
    """
    working = linked(phone_id, in_force(bound, now))
    return bool(working) and sign_in_of(phone_id, working) is None
