"""Looks whether something is amiss when a sign-in's first right answer has come (`core.risk`).

One statement in the act that spends the answer, and none where nothing is looked for. What is found
stays with the sign-in and its session, is told in an event of its own, and asks through `raise_it`.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from portvakt.common_passwords import Blocklist
from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorType, usable_second_factors
from portvakt.core.events import RiskSeen
from portvakt.core.networks import networks_of
from portvakt.core.password_rules import prepare
from portvakt.core.policy import RuleState
from portvakt.core.risk import (
    NOTHING_LOOKED_FOR,
    Finding,
    Level,
    Looked,
    Past,
    Raised,
    RiskFacts,
    RiskPolicy,
    Spot,
    look,
    raised,
)
from portvakt.core.secret import Secret
from portvakt.core.sign_in import SignIn, record
from portvakt.core.signals import Risk
from portvakt.mail import Notice, What
from portvakt.proving.addresses import address_subject
from portvakt.proving.held import held
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Verdict
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

HERE_LATELY = timedelta(days=30)
"""For how long an address is one that the person has signed in from."""
SpotOf = Callable[[str | None], Spot]
_STORED = (
    Risk.SPRAY,
    Risk.GUESSING,
    Risk.REFUSED_ON_PHONE,
    Risk.NEW_COUNTRY,
    Risk.IMPOSSIBLE_TRAVEL,
)
"""What takes the statement."""


def no_spot(_: str | None) -> Spot:
    """Know no place."""
    return Spot()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """Gathers the facts, has them judged, and tells what was found."""

    policy: RiskPolicy = NOTHING_LOOKED_FOR
    spot_of: SpotOf = no_spot
    breached: Blocklist | None = None
    """The list of leaked passwords, where the organisation has one."""
    notices: Notices | None = field(default=None, repr=False)

    async def leaked(self, kind: AuthenticatorType, typed: Secret) -> bool:
        """Say whether a right answer is a leaked password; in a thread, for the list is a file."""
        wanted = self.policy.looks_for(Risk.LEAKED_PASSWORD)
        if self.breached is None or not wanted or kind is not AuthenticatorType.PASSWORD:
            return False
        password, listed = prepare(typed.open()), self.breached
        return password is not None and await asyncio.to_thread(lambda: password in listed)

    async def note_wrong(self, unit: Unit, subject: str, visit: Visit) -> None:
        """Keep from where a wrong password came, for the finding of those who spray."""
        if visit.address is not None and self.policy.looks_for(Risk.SPRAY):
            place = address_subject(visit.address)
            await unit.risk.note_wrong(place, subject, visit.address, visit.now)

    async def recorded(
        self,
        unit: Unit,
        state: SignIn,
        proof: Evidence,
        standing: Standing,
        visit: Visit,
        configuration: Configuration,
        *,
        leaked: bool = False,
    ) -> SignIn:
        """Add a right answer to a sign-in, and what is amiss about it, which is told.

        Part of the act that spends the answer. It is looked once; that a password is leaked is only
        known where one was typed, so that may be added later.
        """
        standing = held(standing, configuration)
        found = await self._look(unit, state, standing, visit, configuration, leaked=leaked)
        return replace(record(state, self._marked(proof, found.findings, standing)), risk=found)

    async def _look(
        self,
        unit: Unit,
        state: SignIn,
        standing: Standing,
        visit: Visit,
        configuration: Configuration,
        *,
        leaked: bool,
    ) -> Looked:
        before = state.risk
        if before is not None and not leaked:
            return before
        facts = RiskFacts(at=visit.now, leaked=leaked)
        been_here = None if before is None else before.been_here
        if before is None and self.policy.looks_for(*_STORED):
            facts, been_here = await self._facts(unit, standing, visit, configuration, facts)
        known = () if before is None else before.findings
        new = tuple(each for each in look(facts, self.policy) if each not in known)
        found = Looked(findings=(*known, *new), been_here=been_here)
        if new:
            await self._told(unit, state, standing, visit, configuration, found)
        return found

    async def _facts(
        self,
        unit: Unit,
        standing: Standing,
        visit: Visit,
        configuration: Configuration,
        facts: RiskFacts,
    ) -> tuple[RiskFacts, bool]:
        policy, address, now = self.policy, visit.address, visit.now
        ours = _ours(address, configuration)
        least = policy.spray_people_inside if ours else policy.spray_people
        seen = await unit.risk.seen(
            standing.account.id,
            place=address_subject(address),
            address=address or "",
            lately=now - policy.spray_within,
            since=now - max(policy.remembered, HERE_LATELY),
            recently=now - max(policy.guesses_within, policy.refused_within),
            least=least,
        )
        spot_of = self._spots()
        last = max((at for at, _ in seen.signed_in), default=None)
        guessed_since = _later(last, now - policy.guesses_within)
        refused_since = now - policy.refused_within
        grown = replace(
            facts,
            spot=spot_of(address),
            ours=ours,
            past=tuple(
                Past(at=at, spot=spot_of(whence), ours=_ours(whence, configuration))
                for at, whence in seen.signed_in
            ),
            tried=None if address is None else seen.tried,
            guesses=sum(at > guessed_since for at in seen.wrong),
            refused=len({request for at, request in seen.refused if at > refused_since}),
        )
        lately = {whence for at, whence in seen.signed_in if at >= now - HERE_LATELY}
        return grown, address is not None and address in lately

    def _spots(self) -> SpotOf:
        """Return what tells places, each asked for once; nothing where nobody wants to know."""
        wanted = self.policy.looks_for(Risk.NEW_COUNTRY, Risk.IMPOSSIBLE_TRAVEL)
        return cache(self.spot_of) if wanted else no_spot

    async def _told(
        self,
        unit: Unit,
        state: SignIn,
        standing: Standing,
        visit: Visit,
        configuration: Configuration,
        found: Looked,
    ) -> None:
        """Write the event with its trace; where much is amiss, or others know it, write a mail."""
        account, made = (
            standing.account,
            self._raised(found.findings, standing.authenticators, visit),
        )
        risks = tuple(each.risk for each in found.findings)
        event = RiskSeen(**said(visit, account.id), risks=risks, level=made.level, app=state.app)
        await unit.audit.write(event, made.lines)
        on = self.policy.state(Risk.LEAKED_PASSWORD) is RuleState.ON
        leaked = on and Risk.LEAKED_PASSWORD in risks
        if self.notices is None or not (leaked or made.level is Level.HIGH):
            return
        notice = Notice.LEAKED_PASSWORD if leaked else Notice.AT_RISK
        await self.notices.tell(unit, account, What(notice=notice), visit, configuration)

    def raise_it(
        self, verdict: Verdict, state: SignIn, bound: Iterable[Authenticator], visit: Visit
    ) -> Verdict:
        """Add to what the rules ask what was found amiss asks, with a line for each finding.

        `bound` is what the person may show here: nothing is asked that is not among it.
        """
        if state.risk is None or not state.risk.findings or verdict.is_break_glass:
            return verdict
        made = self._raised(state.risk.findings, bound, visit)
        decision = verdict.decision.asking_more(made.requirement, *made.lines)
        return replace(verdict, decision=decision, at_risk=made.asking)

    def _raised(
        self, findings: tuple[Finding, ...], bound: Iterable[Authenticator], visit: Visit
    ) -> Raised:
        return raised(findings, self.policy, usable_second_factors(bound, visit.now))

    def _marked(
        self, proof: Evidence, findings: tuple[Finding, ...], standing: Standing
    ) -> Evidence:
        """Mark a leaked password as one that opens nothing before it is changed.

        Only for somebody with a second factor, who must show it first: whoever has nothing but the
        leaked password is never led to choose the next one.
        """
        leaked = any(each.risk is Risk.LEAKED_PASSWORD for each in findings)
        if not leaked or self.policy.state(Risk.LEAKED_PASSWORD) is not RuleState.ON:
            return proof
        if proof.type is not AuthenticatorType.PASSWORD:
            return proof
        has = bool(usable_second_factors(standing.authenticators, proof.at))
        return replace(proof, stale=proof.stale or has)


def _ours(address: str | None, configuration: Configuration) -> bool:
    return bool(networks_of(address, configuration.networks))


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def risks_of(looked: Looked | None) -> frozenset[Risk]:
    """Name what was found, for the rules."""
    return frozenset() if looked is None else frozenset(each.risk for each in looked.findings)
