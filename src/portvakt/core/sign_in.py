"""The sign-in state machine: the only place that says what happens next.

What must always hold, and is walked through by the tests: nobody finishes without meeting the
decision; nothing unbound or unusable is offered; a stranger is never offered enrolment and cannot
learn that an account is blocked; binding takes the best that the account can show, or people who
stood up for whoever shows the password; more evidence
never lowers assurance; one more rule never opens a door; the order of rules does not matter; a rule
that only reports changes nothing; answering what is offered always ends; a phone that stands in
place of the password is asked for by every name alike, and goes round no rule.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from portvakt.core.assurance import (
    METHODS,
    Aal,
    Evidence,
    Requirement,
    assurance_of,
    counting,
    meets,
    stands_alone,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorType,
    in_force,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.best_shown import best_of, lacks_best, measure, shows_best
from portvakt.core.device_grant import asked_by_page
from portvakt.core.enrolment import FRESH
from portvakt.core.first_registration import Basis, FirstRegistration, MayRegister, NeedsProof
from portvakt.core.ids import AccountId, ClientId, FlowId, SessionId
from portvakt.core.leading_on import leads_on, unmet, within_reach
from portvakt.core.messages import MessageId
from portvakt.core.passes import vouched_by
from portvakt.core.people import Account
from portvakt.core.policy import Decision
from portvakt.core.risk import Looked
from portvakt.core.text_budget import texts_last


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One attempt, from first answer to session or refusal: stored, expiring, tied to a browser."""

    id: FlowId
    purpose: str
    """"sign_in" or "methods" (fresh proof before one's own methods are changed)."""
    to: str
    """The local path that it leads to."""
    app: ClientId | None
    account_id: AccountId | None
    """None for a name that nobody has; such a sign-in looks like any other and leads nowhere."""
    claimed: str
    """The canonical typed name; empty when a session started it."""
    evidence: tuple[Evidence, ...] = ()
    chosen: AuthenticatorType | None = None
    session_id: SessionId | None = None
    """The session that asks for fresh proof or more proof."""
    guarded: bool = False
    """The password is soft-locked in this browser: a second factor opens it again."""
    created_at: datetime
    expires_at: datetime
    version: int = 0
    risk: Looked | None = None
    """What was found amiss; None until a right answer has said who it is."""


@dataclass(frozen=True, slots=True)
class AskPassword:
    """Name and password."""


@dataclass(frozen=True, slots=True)
class AskStartCode:
    """Name and start code: for somebody who has no password yet. The same for every name."""


@dataclass(frozen=True, slots=True)
class AskProofFirst:
    """The password is locked in this browser: any second factor opens it.

    The same for every name, so it carries nothing of what is bound.
    """


@dataclass(frozen=True, slots=True)
class AskPhone:
    """A number to be typed in the phone, in place of the password: after the name alone.

    The same for every name, so it carries nothing of what is bound. `SignIn.chosen` leads here;
    choosing nothing leads back to the password. After a right password it comes where a rule asks
    for a way without one, and the phone is all that the person has.
    """


@dataclass(frozen=True, slots=True)
class AskAuthenticator:
    """A second factor, after the password."""

    offered: tuple[Authenticator, ...]
    """All that would do, best first; never empty."""
    chosen: AuthenticatorType
    """The one to show; one of those offered."""


@dataclass(frozen=True, slots=True)
class AskEnrolment:
    """Open a registration session: the account must bind a method before it can go on."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class AskSecondProof:
    """Nothing is bound and the password is not enough to bind: one of these would do."""

    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class AskNewPassword:
    """Everything was shown, but the password is too old or was given by somebody else.

    A new one must be chosen where it lives; no session opens before (A012).
    """


@dataclass(frozen=True, slots=True)
class Finish:
    """Open the session, or add the evidence to the one that asked."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It ends here, and this is said."""

    why: MessageId


Step = (
    AskPassword
    | AskStartCode
    | AskProofFirst
    | AskPhone
    | AskAuthenticator
    | AskEnrolment
    | AskSecondProof
    | AskNewPassword
    | Finish
    | Refuse
)


BLOCKED = MessageId("sign_in.refused_rule")
NEEDS_KEY = MessageId("sign_in.refused_strong")
UNUSABLE = MessageId("sign_in.refused_disabled")
EXPIRED = MessageId("sign_in.gone_intro")
"""Why it ends."""


def record(state: SignIn, evidence: Evidence) -> SignIn:
    """Add what was just shown. How it was asked for is no longer chosen."""
    return replace(state, evidence=(*state.evidence, evidence), chosen=None)


def next_step(
    state: SignIn,
    account: Account | None,
    bound: Collection[Authenticator] | None,
    decision: Decision | None,
    now: datetime,
    first: FirstRegistration | None = None,
    *,
    texts_scarce: bool = False,
) -> Step:
    """Say what happens next. Asked afresh for every request; no page says it.

    `texts_scarce` asks for other ways before text messages, also where those are preferred.

    `account` is None for a name that nobody has, and so are the facts about it; a missing fact
    counts as a stranger. Strangers, and people whose account is disabled, see what everybody sees
    up to and including the password, and are never led further.
    """
    if now >= state.expires_at:
        return Refuse(EXPIRED)
    if account is None or bound is None or decision is None or first is None or not account.usable:
        # whoever proved the password while the account still stood may be told that it does not
        return _opening(state, state.evidence) or Refuse(UNUSABLE)
    step = _for_known(state, tuple(bound), decision, first, now)
    if texts_scarce and isinstance(step, AskAuthenticator):
        step = _ask(state, texts_last(step.offered))
    if isinstance(step, AskEnrolment) and vouched_for(state, AuthenticatorType.START_CODE):
        return AskPassword()
    stale = any(each.stale for each in state.evidence)
    return AskNewPassword() if stale and isinstance(step, Finish | AskEnrolment) else step


def vouched_for(state: SignIn, *others: AuthenticatorType) -> bool:
    """Say whether the password was shown by a ticket only, and nothing of `others` was shown.

    A ticket is used by whoever sits at the computer, so it binds nothing: somebody who passes an
    unlocked screen would leave with a method of their own in its owner's name.
    """
    first = (AuthenticatorType.PASSWORD, *others)
    known = [each for each in state.evidence if each.type in first]
    return bool(known) and all(each.by_ticket for each in known)


def _opening(
    state: SignIn, evidence: tuple[Evidence, ...]
) -> AskPassword | AskProofFirst | AskPhone | AskStartCode | None:
    """Say what comes before the password is proved: the same for every name there is or is not.

    A phone with its screen lock, or a key that verified who held it, stands in place of the
    password, and of what comes after it.
    """
    shown = _types(evidence)
    if AuthenticatorType.PASSWORD in shown or any(map(stands_alone, evidence)):
        return None
    if state.chosen is AuthenticatorType.PHONE_SIGN_IN:
        return AskPhone()
    if state.chosen is AuthenticatorType.START_CODE and state.chosen not in shown:
        return AskStartCode()
    if state.guarded and not shown:
        return AskProofFirst()
    return AskPassword()


def _for_known(
    state: SignIn,
    bound: tuple[Authenticator, ...],
    decision: Decision,
    first: FirstRegistration,
    now: datetime,
) -> Step:
    # no phone signs in but one that is a second factor too, so that `second` is all that matters
    second = usable_second_factors(bound, now)
    withdrawn = withdrawn_second_factors(bound, now)
    need = _need(state, decision, second)
    given = still_bound(state.evidence, bound, now)
    # a restricted proof was shown all the same: it is not asked for again
    shown = counting(given, replace(need, no_restricted=False), now, since=state.created_at)
    types = _types(shown)
    password = any(each.type is AuthenticatorType.PASSWORD and each.usable(now) for each in bound)
    start_code = AuthenticatorType.START_CODE in types
    opening = _opening(state, shown) if password or not start_code else None
    lacks_key = need.phishing_resistant and not any(
        PROOFS[each.type].phishing_resistant for each in second
    )
    stop: Step | None = opening or _refusal(decision, lacks_key=lacks_key and not start_code)
    lost_best, changing = lacks_best(second, withdrawn), state.purpose == METHODS
    if changing and second and lost_best and not start_code:
        # what is left is weaker than what was withdrawn, so it lets nobody bind anything
        stop = stop or AskSecondProof((Basis.START_CODE,))
    if stop is not None:
        return stop
    vouched = vouched_by(shown, bound) is not None
    if start_code and (first.applies or lacks_key or lost_best or vouched or not password):
        best = replace(need, phishing_resistant=need.phishing_resistant and not lacks_key)
        basis = Basis.VOUCHED if vouched else Basis.START_CODE
        return _to_register(state, second, shown, best, basis)
    enough = meets(shown, need, now, since=state.created_at)
    kept = measure(shown, second, withdrawn)
    enough = enough and not (changing and second and not shows_best(shown, kept))
    if second and not enough:
        by_key = assurance_of(shown).phishing_resistant or not need.phishing_resistant
        if by_key and unmet(shown, need):
            return _one_of(state, in_force(bound, now), second, shown, need)
        strong = tuple(each for each in best_of(kept) if each in second)
        offered = _helpful(strong if changing else second, types, need)
        return _ask(state, offered) if offered else _nothing_helps(shown, kept)
    if enough and not changing:
        return Finish()
    return _by_verdict(first, shown, second)


def _nothing_helps(
    shown: tuple[Evidence, ...], kept: tuple[Authenticator, ...]
) -> AskEnrolment | AskSecondProof:
    """Let whoever has shown the best there is bind what would do; of others ask a start code."""
    if shows_best(shown, kept):
        return AskEnrolment(Basis.OWN_METHODS)
    return AskSecondProof((Basis.START_CODE,))


def _to_register(
    state: SignIn,
    second: tuple[Authenticator, ...],
    shown: tuple[Evidence, ...],
    best: Requirement,
    basis: Basis,
) -> Step:
    """Ask whoever shows a start code for the best they have; it opens registration only.

    Where people stood up for somebody who has shown the password, that stands in place of the best.
    """
    known = assurance_of(shown)
    strong = known.aal >= Aal.TWO and known.phishing_resistant >= best.phishing_resistant
    if not second or basis is Basis.VOUCHED or (strong and shows_best(shown, second)):
        return AskEnrolment(basis)
    kept = best_of(second)
    return _ask(state, _helpful(kept, _types(shown), best) or kept)


def _one_of(
    state: SignIn,
    usable: tuple[Authenticator, ...],
    second: tuple[Authenticator, ...],
    shown: tuple[Evidence, ...],
    need: Requirement,
) -> Step:
    """Ask for what the person can do of the ways that a rule names; for nothing else."""
    missing, before = unmet(shown, need), _types(shown)
    left = tuple(each for each in usable if each.type not in before)
    if not within_reach(left, missing):
        return Refuse(NEEDS_KEY)
    offered = tuple(each for each in second if each in left and leads_on(each.type, missing))
    return _ask(state, offered) if offered else AskPhone()


def _by_verdict(
    first: FirstRegistration,
    shown: tuple[Evidence, ...],
    second: tuple[Authenticator, ...],
) -> Step:
    """Say whether what was shown is enough to change methods, or to bind the first."""
    # whatever the facts say, an account with nothing to show is at its first registration
    facts = first if second else replace(first, applies=True)
    match facts.verdict(shown):
        case NeedsProof(options):
            return AskSecondProof(options)
        case MayRegister(basis):
            return Finish() if second else AskEnrolment(basis)
        case _ as never:  # pragma: no cover
            assert_never(never)


def _need(state: SignIn, decision: Decision, second: tuple[Authenticator, ...]) -> Requirement:
    """Add up what the rules ask and what the purpose, or the page that it leads to, asks.

    Changing methods takes the best that the account can show, given for that and just now.
    """
    if state.purpose != METHODS:
        return decision.requirement + asked_by_page(state.to)
    return decision.requirement + Requirement(
        multifactor=bool(second), max_age=FRESH, purpose=METHODS
    )


def _refusal(decision: Decision, *, lacks_key: bool) -> Refuse | None:
    """Refuse what no answer could open. Never lets somebody bind a stronger method after less.

    Offering enrolment here would be a way round what the rule is for: whoever was lured out of a
    password and a code would bind a key of their own. A start code, which support gives to whoever
    it has made sure of, lets a first key be bound, beside the best that the account has (ADR 52).
    """
    if decision.blocked:
        return Refuse(BLOCKED)
    return Refuse(NEEDS_KEY) if lacks_key else None


def _helpful(
    second: tuple[Authenticator, ...], shown: frozenset[AuthenticatorType], need: Requirement
) -> tuple[Authenticator, ...]:
    """Pick the second factors that lead on.

    Where none of them meets the requirement, the best that the account has is asked for all the
    same, before it may bind another. Empty when that has been shown. Where phishing must not take
    it nothing weaker is ever offered, whatever the browser can do (A055).
    """
    if need.phishing_resistant:
        return tuple(each for each in second if PROOFS[each.type].phishing_resistant)
    helpful = tuple(
        each for each in second if not (need.no_restricted and PROOFS[each.type].restricted)
    )
    return helpful or (() if shown & SECOND_FACTORS else second)


def _ask(state: SignIn, offered: tuple[Authenticator, ...]) -> AskAuthenticator:
    types = {each.type for each in offered}
    chosen = state.chosen if state.chosen in types else None
    return AskAuthenticator(offered, chosen or offered[0].type)


def _types(them: Iterable[Evidence | Authenticator]) -> frozenset[AuthenticatorType]:
    return frozenset(each.type for each in them)
