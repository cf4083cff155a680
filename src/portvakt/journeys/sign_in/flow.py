"""The first answer, name and password, and everything that starts a sign-in."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from portvakt.core.assurance import METHODS, SIGN_IN, Evidence
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId, ClientId, FlowId
from portvakt.core.lanes import lane_of
from portvakt.core.people import canonical_identifier
from portvakt.core.risk import Looked
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session, SessionKind
from portvakt.core.sign_in import AskAuthenticator, AskPhone, Finish, SignIn
from portvakt.core.throttle import Kind, delay_after, familiarity_of
from portvakt.crypto.passwords import MAX_BYTES, PasswordHasher
from portvakt.crypto.randomness import Random
from portvakt.journeys.sign_in.asked import first_type
from portvakt.journeys.sign_in.outcomes import AddressStopped, GoOn, Outcome, Wrong
from portvakt.journeys.sign_in.phone import PhoneSteps, Scene, choosing_phone
from portvakt.journeys.sign_in.tries import (
    Counted,
    Tried,
    count_answer,
    count_try,
    count_visit,
    directory_key,
    not_judged,
    note_failure,
    note_not_judged,
    reason_of,
    taken_back_if_busy,
    wrong_why,
)
from portvakt.methods import Rejected, StartCode, Verified
from portvakt.proving.answer import Answer, Judge, Unanswered, proof_of_answer, spend, usable
from portvakt.proving.ask import CodeSender, CodeSent
from portvakt.proving.campaigns import ASKED, HOME
from portvakt.proving.directory_age import DirectoryAges
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.proving.finish import Finisher, Next, Opened
from portvakt.proving.held import held
from portvakt.proving.keys import KeyQuestions
from portvakt.proving.notices import Notices
from portvakt.proving.password_changing import PasswordChanges
from portvakt.proving.phone_requests import Asked, NotNow
from portvakt.proving.risk import Risks
from portvakt.proving.rules import Rules
from portvakt.proving.text_limits import NotYet
from portvakt.proving.tickets import Tickets
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

FLOW_LIVES = timedelta(minutes=30)

Pause = Callable[[timedelta], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the sign-in journey is built from."""

    records: Records
    rules: Rules
    judge: Judge
    hasher: PasswordHasher
    finisher: Finisher
    sender: CodeSender
    phone: PhoneSteps
    keys: KeyQuestions
    directories: DirectoryPasswords
    ages: DirectoryAges
    tickets: Tickets
    changes: PasswordChanges
    notices: Notices
    risks: Risks
    random: Random
    pause: Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a sign-in leads: a local path, for which app, and what the proof is for."""

    to: str
    app: ClientId | None
    purpose: str = SIGN_IN


class SignInFlow:
    """Starts sign-ins: from a name and a password, or from a session that must show more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def place(self, *, marked: bool) -> AbstractContextManager[None]:
        """Hold a place for an answer from a browser with a mark, or without; raises `Busy`."""
        return self._parts.hasher.place(lane_of(known_browser=marked))

    async def first(self, name: str, password: Secret, wanted: Wanted, visit: Visit) -> Outcome:
        """Judge a name with a password. Raises `Busy` where the hash pool is full."""
        claimed = canonical_identifier(name) or ""
        inside = await self._parts.rules.inside(visit.address, visit.now)
        counted = await self._count(claimed, visit, inside=inside)
        if counted.answer is None:
            stopped = counted.address and counted.address.count.stopped_until
            return AddressStopped(stopped or visit.now)
        if not counted.allowed:
            return await self._guarded(claimed, counted.standing, wanted, visit)
        # A disabled person is judged like nobody: the same work, the same words.
        known = counted.standing
        standing = known if known is not None and known.account.usable else None
        kind = first_type(password, standing, visit)
        now, purpose = visit.now, wanted.purpose
        answer = Answer(
            type=kind, typed=password, flow="", purpose=purpose, now=now, claimed=claimed
        )
        async with taken_back_if_busy(self._parts.records, counted.keys, visit.now):
            verified = await self._verified(answer, standing)
        if isinstance(verified, Unanswered):
            records = self._parts.records
            return await not_judged(records, counted.keys, known, kind, wanted.app, visit)
        if isinstance(verified, Rejected) or standing is None:
            reason = reason_of(verified, standing, known)
            tried = counted.answer
            await self._parts.records.write(
                lambda unit: note_failure(
                    unit,
                    self._parts.notices,
                    tried,
                    known,
                    method=kind,
                    reason=reason,
                    app=wanted.app,
                    visit=visit,
                    risks=self._parts.risks,
                )
            )
            await self._parts.pause(delay_after(tried.count))
            return Wrong(kind, wrong_why(verified, known))
        configuration = await self._parts.rules.current(visit.now)
        right, person = verified, standing
        answer = replace(answer, leaked=await self._parts.risks.leaked(kind, password))
        return await self._parts.records.write(
            lambda unit: self._right(
                unit, answer, right, person, claimed, counted, configuration, wanted, visit
            )
        )

    async def with_phone(self, name: str, wanted: Wanted, visit: Visit) -> Outcome:
        """Start with the phone in place of the password; looks alike for every name (A011)."""
        claimed = canonical_identifier(name) or ""
        parts = self._parts
        configuration = await parts.rules.current(visit.now)
        stored = await parts.records.read(lambda unit: unit.people.find(claimed, visit.browser))
        standing = held(stored, configuration)
        state = choosing_phone(self.begin(wanted, visit, claimed=claimed))
        if standing is not None and standing.account.usable:
            state = replace(state, account_id=standing.account.id)
        scene = Scene(
            state=state,
            step=AskPhone(),
            standing=standing,
            configuration=configuration,
            visit=visit,
        )

        async def act(unit: Unit) -> Outcome:
            outcome = await parts.phone.ask_counted(unit, scene)
            if isinstance(outcome, AddressStopped):
                return outcome
            # where a limit held it back, that is what the page says
            await unit.flows.start(state, visit.binding)
            return GoOn(state.id)

        return await parts.records.write(act)

    async def again(self, session: Session, wanted: Wanted, visit: Visit) -> Outcome:
        """Start a proof for somebody who is signed in: more for an app, or fresh for a change."""
        evidence = session.evidence if wanted.purpose == SIGN_IN else ()
        state = self.begin(wanted, visit, claimed="", evidence=evidence)
        state = replace(
            state,
            account_id=session.account_id,
            session_id=session.id,
            risk=Looked(findings=session.risk),
        )
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> Outcome:
            stored = await unit.people.load(session.account_id, visit.browser)
            standing = held(stored, configuration)
            at = await self._parts.finisher.see(unit, state, standing, configuration, visit)
            if standing is not None and isinstance(at.step, Finish):
                last = state.evidence[-1].type
                if await self._parts.ages.is_away(unit, state, standing, last, visit, old=True):
                    return await note_not_judged(unit, (), standing, last, wanted.app, visit, "old")
            concluded = await self._parts.finisher.conclude(unit, at, standing, visit)
            return await self.keep(unit, concluded, standing, configuration, visit)

        return await self._parts.records.write(act)

    async def keep(
        self,
        unit: Unit,
        concluded: Opened | Next,
        standing: Standing | None,
        configuration: Configuration,
        visit: Visit,
    ) -> Outcome:
        """Store a sign-in that is not over, in the caller's act, and send what it asks for."""
        if isinstance(concluded, Opened):
            return concluded
        state = concluded.state
        await unit.flows.start(state, visit.binding)
        sent = await self.send_if_asked(unit, concluded, standing, configuration, visit)
        if isinstance(sent, NotYet):
            return GoOn(await self._where_the_text_went(unit, state, visit))
        return GoOn(state.id)

    async def _where_the_text_went(self, unit: Unit, state: SignIn, visit: Visit) -> FlowId:
        """Go on where the last text of this browser belongs, so that its code works.

        Whoever presses twice, or goes back and signs in again, would else wait for a text that was
        sent to the page before.
        """
        if state.account_id is None:
            return state.id
        earlier = await unit.flows.with_code(
            state.account_id, state.purpose, visit.binding, visit.now
        )
        if earlier is None:
            return state.id
        id_, version = earlier
        if not await unit.flows.save(replace(state, id=id_, version=version)):
            return state.id
        await unit.flows.close(state.id, state.version)
        return id_

    async def send_if_asked(
        self,
        unit: Unit,
        at: Next,
        standing: Standing | None,
        configuration: Configuration,
        visit: Visit,
    ) -> CodeSent | NotYet | Asked | NotNow | None:
        """Send a code at once, or ask the phone, where that is the way that is shown."""
        step, state = at.step, at.state
        if not isinstance(step, AskAuthenticator) or standing is None:
            return None
        if step.chosen is AuthenticatorType.PUSH:
            scene = Scene(
                state=state,
                step=step,
                standing=standing,
                configuration=configuration,
                visit=visit,
            )
            return await self._parts.phone.ask(unit, scene)
        if step.chosen is not AuthenticatorType.SMS_CODE:
            return None
        phone = next(each for each in step.offered if each.type is AuthenticatorType.SMS_CODE)
        return await self._parts.sender.send(
            unit,
            flow=state.id,
            purpose=state.purpose,
            standing=standing,
            authenticator=phone,
            visit=visit,
            proven=True,
        )

    async def _count(self, claimed: str, visit: Visit, *, inside: bool) -> Counted:
        """Find the person and count the try; from a browser that is new, against its address too.

        Who it is is read outside the act that counts, which is then one statement on most days.
        Raises `Busy`, and counts nothing, where there is no room for who it turns out to be.
        """
        records = self._parts.records
        standing = await records.read(lambda unit: unit.people.find(claimed, visit.browser))
        known = standing is not None and standing.known_browser
        self._parts.hasher.stand_in(lane_of(known_browser=known))  # whose mark is it?
        familiarity = familiarity_of(known_browser=known, inside=inside)
        limits = await self._parts.directories.limits()

        async def answer(unit: Unit) -> Tried:
            return await count_answer(
                unit, standing, claimed, Kind.PASSWORD, familiarity, visit.now
            )

        async def every(unit: Unit) -> Counted:
            address = None if known else await count_visit(unit, visit, inside=inside)
            if address is not None and not address.count.allowed:
                return Counted(standing, None, address)
            tried, passed = await answer(unit), None
            if limits is not None and tried.count.allowed:
                key = directory_key(standing, claimed)
                passed = await count_try(unit, *key, visit.now, limits.first)
            return Counted(standing, tried, address, passed)

        if known and limits is None:
            return Counted(standing, await records.write_one(answer), None)
        return await records.write(every)

    async def _verified(
        self, answer: Answer, standing: Standing | None
    ) -> Verified | Rejected | Unanswered:
        if len(answer.typed.open().encode("utf-8", "surrogatepass")) > MAX_BYTES:
            return Rejected()
        return await self._parts.judge.verify(answer, standing)

    async def _right(
        self,
        unit: Unit,
        answer: Answer,
        verified: Verified,
        standing: Standing,
        claimed: str,
        counted: Counted,
        configuration: Configuration,
        wanted: Wanted,
        visit: Visit,
    ) -> Outcome:
        again = held(await unit.people.load(standing.account.id, visit.browser), configuration)
        if again is None or not usable(again, answer.type, visit.now):
            return Wrong(answer.type)  # changed while we hashed
        state = self.begin(wanted, visit, claimed=claimed)
        if await self._parts.ages.is_away(unit, state, again, answer.type, visit):
            keys, kind = counted.keys, answer.type
            return await note_not_judged(unit, keys, again, kind, wanted.app, visit, "old")
        if isinstance(verified.spends, StartCode):
            # spent when the registration session opens, so that a refusal does not cost it
            shown: AuthenticatorId = verified.spends.authenticator_id
        else:
            spent = await spend(unit, verified, answer, again)
            if not isinstance(spent, str):
                return Wrong(answer.type)
            shown = AuthenticatorId(spent)
        await unit.attempts.give_back(counted.keys, visit.now)
        state = replace(state, account_id=again.account.id)
        proof = proof_of_answer(answer, shown, verified)
        state = await self._parts.risks.recorded(
            unit, state, proof, again, visit, configuration, leaked=answer.leaked
        )
        at = await self._parts.finisher.see(unit, state, again, configuration, visit)
        concluded = await self._parts.finisher.conclude(unit, at, again, visit)
        return await self.keep(unit, concluded, again, configuration, visit)

    async def _guarded(
        self, claimed: str, standing: Standing | None, wanted: Wanted, visit: Visit
    ) -> Outcome:
        """Start where the password is locked: a second factor opens it again (A010)."""
        state = self.begin(wanted, visit, claimed=claimed)
        account_id = None
        if standing is not None and standing.account.usable:
            account_id = standing.account.id
        state = replace(state, account_id=account_id, guarded=True)
        await self._parts.records.write_one(lambda unit: unit.flows.start(state, visit.binding))
        return GoOn(state.id)

    async def leads_to(self, opened: Opened, visit: Visit) -> str:
        """Return where a session goes on: perhaps by a page that asks to register something.

        Whoever has said «not now» is not asked.
        """
        if opened.kind is SessionKind.REGISTRATION:
            return HOME
        asked, records = opened.asked, self._parts.records
        if asked is None or opened.to.startswith(HOME):
            return opened.to
        if await records.read(lambda unit: unit.snoozes.holds(asked, visit.now)):
            return opened.to
        return f"{ASKED}?to={quote(opened.to, safe='/')}"

    def begin(
        self, wanted: Wanted, visit: Visit, *, claimed: str, evidence: tuple[Evidence, ...] = ()
    ) -> SignIn:
        """Return a sign-in as it begins; nothing is stored."""
        return SignIn(
            id=FlowId(self._parts.random.id()),
            purpose=wanted.purpose,
            to=wanted.to,
            app=wanted.app,
            account_id=None,
            claimed=claimed,
            evidence=evidence,
            created_at=visit.now,
            expires_at=visit.now + FLOW_LIVES,
        )


def purpose_of(to: str, asked: str) -> str:
    """Say what a sign-in is for: one that leads to the registration pages may change methods."""
    return METHODS if asked == METHODS or to.startswith("/security-info") else SIGN_IN
