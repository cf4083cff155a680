"""What the rules would say of a person and a place that are only supposed, and what would do.

The very functions of a real sign-in decide: the rules, then the state machine. Nothing is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from portvakt.core.assurance import SIGN_IN, Evidence, Requirement
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorType,
    in_force,
    usable_second_factors,
)
from portvakt.core.first_registration import Basis, first_registration_of
from portvakt.core.ids import FlowId
from portvakt.core.people import Account
from portvakt.core.policy import Decision
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.risk import NOTHING_LOOKED_FOR, RiskPolicy, raised, supposed
from portvakt.core.sign_in import (
    AskEnrolment,
    AskSecondProof,
    Finish,
    Refuse,
    SignIn,
    Step,
    next_step,
)
from portvakt.core.signals import Signals
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.rules import Verdict, decide
from portvakt.records.configuration import Configuration

_LONG = timedelta(minutes=10)
_MOST_PROOFS = 2
"""As many as anybody is asked for: a password and what stands beside it."""
NOT_IN_GROUPS = "not_in_groups"
"""Why nobody gets in by any method: the app is not theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What would become of the sign-in."""

    decision: Decision
    ways: tuple[tuple[AuthenticatorType, ...], ...]
    """What the person could answer with: each of them is enough, none holds another."""
    registers: Basis | None
    """On what ground a first method could be bound there and then, where nothing else would do."""
    second_proofs: tuple[Basis, ...]
    """What would have to be shown before a first method is bound, and the password is not it."""
    why: str
    """Why nothing does: a message id, or NOT_IN_GROUPS; empty where something does."""

    @property
    def password_is_enough(self) -> bool:
        """Whether nothing but the password is asked for."""
        return (AuthenticatorType.PASSWORD,) in self.ways

    @property
    def locked_out(self) -> bool:
        """Whether the person could do nothing at all there."""
        return not self.ways and self.registers is None


def suppose(
    configuration: Configuration,
    account: Account,
    bound: Iterable[Authenticator],
    signals: Signals,
    *,
    policy: FirstPolicy,
    app: RelyingParty | None = None,
    more: Requirement | None = None,
    risks: RiskPolicy = NOTHING_LOOKED_FOR,
) -> Prospect:
    """Say what would be asked, and which of a person's methods would be enough.

    `more` is what the app asks for itself, and `risks` says what is asked where something is amiss
    that the signals name. A password that must be changed, a lock after wrong
    answers and a directory that gives no answer are not looked at: they pass.
    """
    verdict = Verdict(decide(configuration, signals), signals.networks, configuration)
    decision, has = verdict.asking(more or Requirement(), app).decision, tuple(bound)
    if found := supposed(signals.risk, risks):
        made = raised(found, risks, usable_second_factors(has, signals.at))
        decision = decision.asking_more(made.requirement, *made.lines)
    walk = _Walk(account, has, decision, signals, policy)
    ways = tuple(walk.ways())
    end = walk.step(walk.everything())
    if app is not None and not app.groups & account.groups:
        return Prospect(
            decision=decision, ways=(), registers=None, second_proofs=(), why=NOT_IN_GROUPS
        )
    return Prospect(
        decision=decision,
        ways=ways,
        registers=end.basis if not ways and isinstance(end, AskEnrolment) else None,
        second_proofs=end.options if not ways and isinstance(end, AskSecondProof) else (),
        why=end.why if not ways and isinstance(end, Refuse) else "",
    )


@dataclass(frozen=True, slots=True)
class _Walk:
    """One sign-in of one person, answered in every way that there is."""

    account: Account
    bound: tuple[Authenticator, ...]
    decision: Decision
    signals: Signals
    policy: FirstPolicy

    def ways(self) -> Iterator[tuple[AuthenticatorType, ...]]:
        """Give the smallest sets of methods with which the sign-in finishes."""
        enough: list[frozenset[AuthenticatorType]] = []
        best = {each.type: each for each in reversed(in_force(self.bound, self.now))}
        order = [each for each in AuthenticatorType if each in best]
        for many in range(1, _MOST_PROOFS + 1):
            for types in combinations(order, many):
                shown = frozenset(types)
                if any(less <= shown for less in enough):
                    continue
                if isinstance(self.step([best[each] for each in types]), Finish):
                    enough.append(shown)
                    yield types

    def everything(self) -> list[Authenticator]:
        """Give all that may be used now."""
        return list(in_force(self.bound, self.now))

    def step(self, shown: Iterable[Authenticator]) -> Step:
        """Say what comes next when these have been shown."""
        state = SignIn(
            id=FlowId("supposed"),
            purpose=SIGN_IN,
            to="/",
            app=self.signals.app,
            account_id=self.account.id,
            claimed="",
            evidence=tuple(map(self._proof, shown)),
            created_at=self.now,
            expires_at=self.now + _LONG,
        )
        first = first_registration_of(
            self.account,
            self.bound,
            first=self.policy.first,
            inside=bool(self.signals.networks),
            now=self.now,
            welcome_days=self.policy.welcome_days,
        )
        return next_step(state, self.account, self.bound, self.decision, self.now, first)

    def _proof(self, shown: Authenticator) -> Evidence:
        """Take it that a key knows who holds it."""
        verified = shown.type is AuthenticatorType.PASSKEY
        return Evidence(shown.type, shown.id, self.now, user_verified=verified)

    @property
    def now(self) -> datetime:
        """When it is supposed to be."""
        return self.signals.at
