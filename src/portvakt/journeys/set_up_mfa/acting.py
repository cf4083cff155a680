"""Who is registering, from where, and what they have shown: the facts of one request."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self, assert_never

from portvakt.core.after_reset import Act, thaws_at
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    is_work_phone,
)
from portvakt.core.enrolment import (
    MOST,
    Basis,
    FirstRegistration,
    MayChange,
    NeedsFreshProof,
    NeedsProof,
    active_alone,
    first_registration_of,
    fresh,
    may_change,
)
from portvakt.core.freezing import Disowned, Freezing, may, sets_free
from portvakt.core.passes import bindable, may_bind, vouched_by
from portvakt.core.people import Account
from portvakt.core.phones import stands_alone
from portvakt.core.sessions import REGISTRATION, Session, SessionKind
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.held import allowed, held
from portvakt.proving.visit import Said, Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing

HOME = "/security-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a live session, in one request."""

    session: Session
    standing: Standing
    configuration: Configuration
    inside: bool
    visit: Visit
    freezing: Freezing = field(default_factory=Freezing)
    """What makes their methods stand still; the session is younger, for it ended all others."""

    @property
    def account(self) -> Account:
        """The account that the session belongs to."""
        return self.standing.account

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.visit.now

    @property
    def registering(self) -> bool:
        """Whether the session can do nothing but register."""
        return self.session.kind is SessionKind.REGISTRATION

    def with_standing(self, standing: Standing, freezing: Freezing) -> Self:
        """Return the same person as they stand in a later read."""
        return replace(self, standing=held(standing, self.configuration), freezing=freezing)

    def said(self) -> Said:
        """Return what every event about this person tells."""
        return said(self.visit, self.account.id)

    def onwards(self) -> str:
        """Return where «Fortsätt» leads: where the sign-in wanted to go, else the portal.

        Only for as long as a registration lasts: later in the day the address is a stale one.
        """
        wanted = self.session.resume_to or ""
        fresh = self.now - self.session.created_at <= REGISTRATION.absolute
        return wanted if wanted and fresh and not wanted.startswith(HOME) else "/apps"


@dataclass(frozen=True, slots=True)
class Enter:
    """Go on; `basis` is what an event tells."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class AskFresh:
    """Ask for the best that the account can show, first (A026, A042)."""


@dataclass(frozen=True, slots=True)
class AskPassword:
    """They came with a start code and have no password: that is chosen first."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The password is not enough here; one of these would be (A041)."""

    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """The password was reset less than a day ago, and nothing else was shown than then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class AskOlder:
    """A change was disowned; nothing is changed before something older than it is shown.

    `may_thaw` where that has just been done: one button is left.
    """

    disowned: Disowned
    may_thaw: bool


Entry = Enter | AskFresh | AskPassword | Closed | Frozen | AskOlder


def enter(person: Person, policy: FirstPolicy, *, at: datetime | None = None) -> Entry:
    """Say whether this person may change how they sign in, in this request.

    Proof must have been fresh `at` the moment when the change was begun: now, where none is given.
    What is bound is always judged as it stands.
    """
    verdict = may_change(
        person.standing.authenticators,
        person.session.evidence,
        facts(person, policy),
        at or person.now,
        registering=person.registering,
    )
    match verdict:
        case NeedsFreshProof():
            return AskFresh()
        case _ if person.freezing.disowned is not None:
            return AskOlder(person.freezing.disowned, may_thaw_now(person))
        case NeedsProof(options):
            return Closed(options)
        case MayChange(basis):
            if not _may(Act.ADD, person):
                return Frozen(thaws_at(person.freezing.reset, person.now) or person.now)
            return AskPassword() if lacks_password(person) else Enter(basis)
        case _:
            assert_never(verdict)


def may_remove_now(person: Person) -> bool:
    """Whether whatever froze their methods lets this person take anything away now."""
    return _may(Act.REMOVE, person)


def may_thaw_now(person: Person) -> bool:
    """Whether this session has just shown what is older than the change that was disowned."""
    disowned = person.freezing.disowned
    if disowned is None:
        return False
    shown = fresh(person.session.evidence, person.now)
    return sets_free(disowned, shown, person.standing.authenticators, person.now)


def _may(act: Act, person: Person) -> bool:
    return may(
        act,
        person.freezing,
        person.session.evidence,
        person.standing.authenticators,
        person.now,
    )


def still_enters(person: Person, policy: FirstPolicy, begun: datetime) -> Basis | None:
    """Say on what ground somebody may finish what they began, or None where they may not.

    Whoever is slow need not show everything once more, but an account that has got its first
    method since then asks for that method: otherwise a stranger who knows the password could begin
    beside the owner, wait for them, and finish.
    """
    for at in (begun, person.now):
        entry = enter(person, policy, at=at)
        if isinstance(entry, Enter):
            return entry.basis
    return None


def by_pass(person: Person, standing: Standing, kind: AuthenticatorType) -> bool:
    """Say whether a temporary pass, if one opened this session, lets it bind such a method."""
    return may_bind(kind, person.session.evidence, standing.authenticators)


def offered(person: Person) -> frozenset[AuthenticatorType]:
    """List what the pages offer to bind in this session; what is bound is judged when it is."""
    may = bindable(person.session.evidence, person.standing.authenticators)
    return frozenset(kind for kind in may if registers(person, kind))


def registers(person: Person, kind: AuthenticatorType) -> bool:
    """Say whether the organisation lets people like this one register such a method."""
    return allowed(person.standing, person.configuration).registers(kind)


def by_people(person: Person) -> bool:
    """Say whether people stood up for this person, as read for this request."""
    return vouched_by(person.session.evidence, person.standing.authenticators) is not None


def facts(person: Person, policy: FirstPolicy) -> FirstRegistration:
    """Gather what decides a first registration, for this person here and now."""
    return first_registration_of(
        person.account,
        person.standing.authenticators,
        first=policy.first,
        inside=person.inside,
        now=person.now,
        welcome_days=policy.welcome_days,
    )


def lacks_password(person: Person) -> bool:
    """Whether a start code opened this session for somebody who has no password yet."""
    by_start_code = any(
        each.type is AuthenticatorType.START_CODE for each in person.session.evidence
    )
    return by_start_code and not person.standing.active(AuthenticatorType.PASSWORD)


def active(standing: Standing, kind: AuthenticatorType) -> tuple[Authenticator, ...]:
    """Return what of one type is bound and can be used."""
    return tuple(each.authenticator for each in standing.active(kind))


def second_factors(standing: Standing) -> tuple[Authenticator, ...]:
    """Return what can stand beside the password, oldest first, usable or not.

    A phone with our app is one, with everything that lives in it.
    """
    return tuple(
        each
        for each in standing.authenticators
        if each.type in SECOND_FACTORS and stands_alone(each)
    )


def has_app(standing: Standing) -> bool:
    """Whether there is an app that can be used: ours, or another that shows codes."""
    kinds = (AuthenticatorType.PUSH, AuthenticatorType.TOTP)
    return any(active(standing, kind) for kind in kinds)


def work_phone(standing: Standing) -> Authenticator | None:
    """Return the number that the employer registered, if it can be used."""
    phones = active(standing, AuthenticatorType.SMS_CODE)
    return next((each for each in phones if is_work_phone(each)), None)


def full(person: Person, kind: AuthenticatorType) -> int | None:
    """Return the limit of a type where it is reached (A048), else None.

    It is nought where people like this one may not register it.
    """
    most = MOST[kind] if registers(person, kind) else 0
    return most if len(active_alone(person.standing.authenticators, kind)) >= most else None


def mine(standing: Standing, id_: str) -> Authenticator | None:
    """Return somebody's own second factor by its id, unless it is suspended or disabled."""
    found = (each for each in second_factors(standing) if each.id == id_)
    return next((each for each in found if each.state is AuthenticatorState.ACTIVE), None)


DRAFT_LIVES = timedelta(minutes=10)
"""How long something half set up can be finished (policy number «bind code», A045)."""
