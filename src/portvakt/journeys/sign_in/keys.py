"""A key in place of the password: with a name, without one, or picked in the name's own field.

The same is asked of every browser, whoever will answer: a key says itself whose it is, so nothing
here tells a stranger which names there are, or who has a key (WebAuthn Level 3 section 14.6.2).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import SignInFailed, SignInLocked
from portvakt.core.ids import AccountId, FlowId
from portvakt.core.keys import Options
from portvakt.core.people import canonical_identifier
from portvakt.core.secret import Secret
from portvakt.core.sign_in import AskAuthenticator, AskPassword, SignIn, Step
from portvakt.core.throttle import Count, Familiarity, Kind
from portvakt.journeys.sign_in.flow import Parts, SignInFlow, Wanted
from portvakt.journeys.sign_in.outcomes import AddressStopped, Gone, Outcome, Stopped, Wrong
from portvakt.journeys.sign_in.tries import count_try, count_visit, note_not_judged
from portvakt.methods import Rejected, Verified
from portvakt.proving.addresses import Key, address_key, address_subject
from portvakt.proving.answer import Answer, NotSpent, proof_of_answer, spend
from portvakt.proving.held import held
from portvakt.proving.keys import Asked, as_it_may_stand, keys_of, may_use, note_copied
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

PASSKEY = AuthenticatorType.PASSKEY
_TOLD = ("used", "copied")
"""Why a key opened nothing, where its owner is told so."""


@dataclass(frozen=True, slots=True)
class _Try:
    """One answer on the first page, and where it came from."""

    answer: Answer
    wanted: Wanted
    visit: Visit
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What an answer is about, as it was read before it was judged."""

    asked: Asked | None
    stopped: Stopped | AddressStopped | None
    tried: tuple[Key, ...]
    """Counts of this person in which wrong ones stand: a right one forgets them."""


def takes_key(state: SignIn, step: Step) -> bool:
    """Whether a key would do at this step: as the second factor, or in place of a password.

    In place of one only for somebody who is signed in: anybody else begins on the first page.
    """
    if isinstance(step, AskAuthenticator):
        return any(each.type is PASSKEY for each in step.offered)
    return isinstance(step, AskPassword) and state.session_id is not None


class KeySteps:
    """Asks for keys within a sign-in, and begins one with a key."""

    def __init__(self, parts: Parts, start: SignInFlow) -> None:
        self._parts = parts
        self._start = start

    def ask_first(self, wanted: Wanted, visit: Visit) -> Options:
        """Ask any key of this browser, before anything is known of who it is."""
        return self._parts.keys.ask(_about(wanted, visit), must_verify=True)

    async def ask(self, flow: FlowId, visit: Visit) -> Options | Gone:
        """Ask one of this person's keys, in a sign-in that has begun; Gone where none would do."""
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> Options | Gone:
            found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
            if found is None or found[1] is None:
                return Gone()
            state, standing = found[0], held(found[1], configuration)
            at = await self._parts.finisher.see(unit, state, standing, configuration, visit)
            if not takes_key(state, at.step):
                return Gone()
            alone = isinstance(at.step, AskPassword)
            stored = await unit.keys.of(standing.account.id)
            keys = keys_of(standing, stored, visit.now)
            keys = [each for each in keys if each.verifies or not alone]
            if not keys:
                return Gone()
            about = Answer(
                type=PASSKEY,
                typed=Secret(""),
                flow=state.id,
                purpose=state.purpose,
                now=visit.now,
                browser=visit.binding,
            )
            verify = all(each.verifies for each in keys)
            return self._parts.keys.ask(about, keys, must_verify=verify)

        return await self._parts.records.read(act)

    async def first(self, typed: Secret, name: str, wanted: Wanted, visit: Visit) -> Outcome:
        """Judge a key that is shown in place of a password, perhaps under a name.

        A try is counted where it was wrong, with what is written of that: nobody guesses a
        signature, so nobody gains by tries side by side, and a right one is one act.
        """
        parts, claimed = self._parts, canonical_identifier(name) or ""
        answer = replace(_about(wanted, visit), typed=typed, claimed=claimed)
        inside = await parts.rules.inside(visit.address, visit.now)
        this = _Try(answer, wanted, visit, inside)
        found = await parts.records.read(lambda unit: self._find(unit, this))
        if found.stopped is not None:
            return found.stopped
        if found.asked is None:
            return await parts.records.write(lambda unit: self._failed(unit, this, None, "unknown"))
        judged, asked = await parts.keys.judge_alone(answer, found.asked), found.asked
        return await parts.records.write(
            lambda unit: self._settle(unit, this, asked, judged, found.tried)
        )

    async def _find(self, unit: Unit, this: _Try) -> _Found:
        """Read the question, the key and what is counted; a stop holds for a right answer too."""
        visit = this.visit
        asked = await self._parts.keys.find_in(unit, this.answer, named=False)
        count = await unit.attempts.peek(*address_key(visit, inside=this.inside))
        stopped: Stopped | AddressStopped | None = None
        tried: tuple[Key, ...] = ()
        if (until := _stop_in(count, visit)) is not None:
            known = None
            if asked is not None:
                known = await unit.people.load(asked.key.account_id, visit.browser)
            if known is None or not known.known_browser:
                stopped = AddressStopped(until)
        if asked is not None:
            key = _key_of(asked.key.account_id, visit)
            count = await unit.attempts.peek(*key)
            tried = () if count is None or count.run == 0 else (key,)
            if stopped is None and (until := _stop_in(count, visit)) is not None:
                stopped = Stopped(until)
        return _Found(asked=asked, stopped=stopped, tried=tried)

    async def _settle(
        self,
        unit: Unit,
        this: _Try,
        asked: Asked,
        judged: Verified | Rejected,
        tried: tuple[Key, ...],
    ) -> Outcome:
        """Read whose key it is as they are now, then let a right answer in, and count a wrong."""
        configuration = await self._parts.rules.within(unit, this.visit.now)
        stored = await unit.people.load(asked.key.account_id, this.visit.browser)
        known = held(stored, configuration)
        if known is None or not known.account.usable:
            return await self._failed(unit, this, known, "unknown" if known is None else "disabled")
        named: Standing | None = known
        if this.answer.claimed:
            named = await unit.people.find(this.answer.claimed, this.visit.browser)
        theirs = named is not None and named.account.id == known.account.id
        theirs = theirs or _is_called(known, this.answer.claimed)
        if isinstance(judged, Rejected) or not theirs or not may_use(asked, known, this.visit.now):
            return await self._failed(unit, this, known, "wrong")
        right = as_it_may_stand(judged, asked, known)
        return await self._right(unit, this, right, known, configuration, tried)

    async def _failed(self, unit: Unit, this: _Try, known: Standing | None, reason: str) -> Outcome:
        """Count a wrong one, against its address too where the browser is new, and write of it."""
        visit = this.visit
        if known is None or not known.known_browser:
            address = await count_visit(unit, visit, inside=this.inside)
            if not address.count.allowed:
                return AddressStopped(address.count.stopped_until or visit.now)
        told = said(visit, None if known is None else known.account.id)
        person = None
        if known is not None:
            person = await count_try(unit, *_key_of(known.account.id, visit), visit.now)
            if not person.count.allowed:
                return Stopped(person.count.stopped_until or visit.now)
        event = SignInFailed(**told, method=PASSKEY, reason=reason, app=this.wanted.app)
        await unit.audit.write(event)
        if person is not None and person.began_a_stop and person.count.stopped_until is not None:
            await unit.audit.write(
                SignInLocked(
                    **told,
                    method=PASSKEY,
                    familiarity=person.familiarity,
                    until=person.count.stopped_until,
                )
            )
        return Wrong(PASSKEY, reason if reason in _TOLD else "wrong")

    async def _right(
        self,
        unit: Unit,
        this: _Try,
        verified: Verified,
        person: Standing,
        configuration: Configuration,
        tried: tuple[Key, ...],
    ) -> Outcome:
        """Spend the answer, then open the session or say what is next; all of it in one act."""
        parts, answer, visit = self._parts, this.answer, this.visit
        state = self._start.begin(this.wanted, visit, claimed=answer.claimed)
        if await parts.ages.is_away(unit, state, person, PASSKEY, visit):
            app = this.wanted.app
            return await note_not_judged(unit, (), person, PASSKEY, app, visit, "old")
        spent = await spend(unit, verified, answer, person)
        if isinstance(spent, NotSpent):
            if spent is NotSpent.COPIED:
                await note_copied(unit, parts.notices, person, verified, visit)
            return await self._failed(unit, this, person, spent.value)
        await unit.attempts.give_back(tried, visit.now)
        state = replace(state, account_id=person.account.id)
        proof = proof_of_answer(answer, spent, verified)
        state = await parts.risks.recorded(unit, state, proof, person, visit, configuration)
        at = await parts.finisher.see(unit, state, person, configuration, visit)
        concluded = await parts.finisher.conclude(unit, at, person, visit)
        return await self._start.keep(unit, concluded, person, configuration, visit)


def _about(wanted: Wanted, visit: Visit) -> Answer:
    """Describe an answer before any sign-in has begun: it belongs to browser and purpose."""
    return Answer(
        type=PASSKEY,
        typed=Secret(""),
        flow="",
        purpose=wanted.purpose,
        now=visit.now,
        browser=visit.binding,
    )


def _is_called(known: Standing, claimed: str) -> bool:
    """Say whether this is the name of a break-glass account, which no name finds."""
    account = known.account
    return account.break_glass and canonical_identifier(account.user_name) == claimed


def _key_of(account_id: AccountId, visit: Visit) -> Key:
    """Count by person and address: a stranger's tries are never the person's own."""
    return (f"{account_id} {address_subject(visit.address)}", Kind.PASSKEY, Familiarity.ANY)


def _stop_in(count: Count | None, visit: Visit) -> datetime | None:
    """Return until when no try is taken; None where one is."""
    if count is None or count.stopped_until is None or count.stopped_until <= visit.now:
        return None
    return count.stopped_until
