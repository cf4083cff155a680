"""Every later answer of a sign-in: a code, a password again, a start code, another way."""

from dataclasses import replace

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    PasswordReopened,
    RecoveryCodeUsed,
)
from portvakt.core.ids import AuthenticatorId, FlowId
from portvakt.core.push_approval import RequestStanding, standing_of_request
from portvakt.core.secret import Secret
from portvakt.core.sign_in import (
    AskEnrolment,
    AskProofFirst,
    Finish,
)
from portvakt.core.throttle import Familiarity, Kind, delay_after, kind_of
from portvakt.journeys.sign_in.asked import asks, types_of, why
from portvakt.journeys.sign_in.cases import case_of
from portvakt.journeys.sign_in.flow import Parts, SignInFlow
from portvakt.journeys.sign_in.keys import takes_key
from portvakt.journeys.sign_in.loaded import Loaded, counts_of
from portvakt.journeys.sign_in.outcomes import (
    Gone,
    GoOn,
    Outcome,
    Sent,
    Showing,
    Stopped,
    Wrong,
)
from portvakt.journeys.sign_in.phone import Scene, phone_kind
from portvakt.journeys.sign_in.tries import (
    Tried,
    count_answer,
    count_unproven,
    not_judged,
    note_failure,
    note_held,
    note_not_judged,
    note_replay,
    taken_back_if_busy,
)
from portvakt.methods import LookupRow, Rejected, StartCode, Verified
from portvakt.proving.answer import (
    Answer,
    NotSpent,
    Unanswered,
    proof_of_answer,
    spend,
    usable,
)
from portvakt.proving.finish import Next
from portvakt.proving.held import held
from portvakt.proving.keys import note_copied
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


class Answers:
    """Judges answers within a sign-in that has begun."""

    def __init__(self, parts: Parts, start: SignInFlow) -> None:
        self._parts = parts
        self._start = start

    async def show(self, flow: FlowId, visit: Visit, *, ways: bool = False) -> Showing | Gone:
        """Return what the page of a sign-in shows now; `ways` counts what is left on the card.

        A refusal is shown under the number of the event that tells it, which was written when it
        was found; one that is only found now is written now.
        """
        showing = await self._look(flow, visit, ways=ways)
        if isinstance(showing, Gone) or not showing.untold:
            return showing
        at = Next(showing.step, showing.state, showing.verdict)
        await self._parts.records.write(
            lambda unit: self._parts.finisher.conclude(unit, at, showing.standing, visit)
        )
        return replace(showing, case=visit.request_id)

    async def text(self, flow: FlowId, visit: Visit) -> Sent | None:
        """Return the text that this sign-in waits for; None where it waits for none."""
        showing = await self._look(flow, visit, ways=False)
        return None if isinstance(showing, Gone) else showing.sent

    async def _look(self, flow: FlowId, visit: Visit, *, ways: bool) -> Showing | Gone:
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> Showing | Gone:
            found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
            if found is None:
                return Gone()
            state, standing = found[0], held(found[1], configuration)
            at = await self._parts.finisher.see(unit, state, standing, configuration, visit)
            sent = await self._newest(unit, at, standing)
            scene = Scene(
                state=state,
                step=at.step,
                standing=standing,
                configuration=configuration,
                visit=visit,
            )
            phone = await self._parts.phone.shown(unit, scene)
            left = 0
            if ways and standing is not None:
                left = await unit.authenticators.recovery_left(standing.account.id)
            return Showing(
                state=state,
                step=at.step,
                standing=standing,
                verdict=at.verdict,
                sent=sent,
                recovery_left=left,
                phone=phone,
                case=await case_of(unit, at, standing, phone, visit.now),
            )

        return await self._parts.records.read(act)

    async def answer(
        self, flow: FlowId, typed: Secret, visit: Visit, *, by_key: bool = False
    ) -> Outcome:
        """Judge an answer to whatever this sign-in asks for now; `by_key` is what a key signed."""
        configuration = await self._parts.rules.current(visit.now)
        loaded = await self._load(flow, typed, configuration, visit, by_key=by_key)
        if not isinstance(loaded, Loaded):
            return loaded
        tried = loaded.tried
        if tried is not None and not tried.count.allowed:
            await self._held(loaded, tried, visit)
            return Stopped(tried.count.stopped_until)
        outcome: Outcome = Wrong(loaded.types[0])
        for kind in loaded.types:
            outcome = await self._one(kind, typed, loaded, configuration, visit)
            if not isinstance(outcome, Wrong):
                return outcome
        if tried is not None and AuthenticatorType.PASSWORD in loaded.types:
            await self._parts.pause(delay_after(tried.count))
        return outcome

    async def _held(self, loaded: Loaded, tried: Tried, visit: Visit) -> None:
        person, state, kind = loaded.standing, loaded.at.state, loaded.types[0]
        if person is not None and (state.evidence or state.session_id is not None):
            await self._parts.records.write_one(
                lambda unit: note_held(unit, tried, person, kind, visit)
            )

    async def answered(self, flow: FlowId, visit: Visit) -> Outcome:
        """Go on if a phone has approved; one act looks, alike for every name there is or is not."""
        configuration = await self._parts.rules.current(visit.now)
        showing = await self.show(flow, visit)
        if isinstance(showing, Gone):
            return showing
        kind = phone_kind(showing.step)
        if kind is None:
            return GoOn(flow)
        asked = None if showing.phone is None else showing.phone.asked
        at = Next(showing.step, showing.state, showing.verdict)
        loaded = Loaded(at=at, standing=showing.standing, types=(kind,), tried=None, lookup=())
        approved = RequestStanding.APPROVED
        if asked is None or standing_of_request(asked, visit.now) is not approved:
            return Wrong(kind)
        return await self._one(kind, Secret(""), loaded, configuration, visit)

    async def _load(
        self,
        flow: FlowId,
        typed: Secret,
        configuration: Configuration,
        visit: Visit,
        *,
        by_key: bool,
    ) -> Loaded | Gone | GoOn:
        """Read where this sign-in stands, and count the try in an act of its own."""
        records = self._parts.records

        async def unproven(unit: Unit) -> Tried:
            return await count_unproven(unit, standing, state.claimed, visit)

        async def proven(unit: Unit) -> Tried:
            return await count_answer(
                unit, standing, state.claimed, kind, Familiarity.ANY, visit.now, limit
            )

        async def look(unit: Unit) -> tuple[Next, Standing | None] | None:
            found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
            if found is None:
                return None
            state, standing = found[0], held(found[1], configuration)
            at = await self._parts.finisher.see(unit, state, standing, configuration, visit)
            return at, standing

        found = await records.read(look)
        if found is None:
            return Gone()
        at, standing = found
        state = at.state
        types = types_of(at.step, typed)
        if by_key:
            types = (AuthenticatorType.PASSKEY,) if takes_key(state, at.step) else ()
        if not types:
            return GoOn(flow)
        proved = bool(state.evidence) or state.session_id is not None
        kind = kind_of(types[0], password_proved=proved)
        limits = await self._parts.directories.limits() if kind is Kind.PASSWORD else None
        limit = None if limits is None else limits.proven
        if kind is Kind.UNPROVEN:
            tried = await records.write(unproven)
        else:
            tried = await records.write_one(proven)
        lookup: tuple[LookupRow, ...] = ()
        if tried.count.allowed and AuthenticatorType.RECOVERY_CODE in types:
            lookup = await self._rows(typed, standing)
        return Loaded(at=at, standing=standing, types=types, tried=tried, lookup=lookup)

    async def _rows(self, typed: Secret, standing: Standing | None) -> tuple[LookupRow, ...]:
        hint = self._parts.judge.method(AuthenticatorType.RECOVERY_CODE).hint(typed)
        if hint is None or standing is None:
            return ()
        account_id = standing.account.id
        rows = await self._parts.records.read(
            lambda unit: unit.authenticators.recovery_find(account_id, hint)
        )
        return tuple(LookupRow(each.id, each.authenticator_id, each.hash) for each in rows)

    async def _one(
        self,
        kind: AuthenticatorType,
        typed: Secret,
        loaded: Loaded,
        configuration: Configuration,
        visit: Visit,
    ) -> Outcome:
        """Judge the answer as one type. Only the last type tried writes a failure."""
        state = loaded.at.state
        answer = Answer(
            type=kind,
            typed=typed,
            flow=state.id,
            purpose=state.purpose,
            now=visit.now,
            claimed=state.claimed,
            browser=visit.binding,
        )
        counted = [] if loaded.tried is None else [loaded.tried.key]
        async with taken_back_if_busy(self._parts.records, counted, visit.now):
            verified = await self._judged(answer, loaded)
        last = kind is loaded.types[-1]
        if isinstance(verified, Unanswered):
            records, app = self._parts.records, loaded.at.state.app
            return await not_judged(records, counted, loaded.standing, kind, app, visit)
        if isinstance(verified, Rejected):
            wrong = why(verified, loaded.person)
            if verified.replayed or last:
                await self._parts.records.write(
                    lambda unit: self._failed(unit, kind, loaded, visit, wrong)
                )
            return Wrong(kind, wrong)
        answer = replace(answer, leaked=await self._parts.risks.leaked(kind, typed))
        return await self._parts.records.write(
            lambda unit: self._right(unit, answer, verified, loaded, configuration, visit)
        )

    async def _judged(self, answer: Answer, loaded: Loaded) -> Verified | Rejected | Unanswered:
        if answer.type is AuthenticatorType.PASSKEY:
            asked = await self._parts.keys.find(answer, named=True)
            return await self._parts.keys.judge(answer, asked, loaded.person)
        return await self._parts.judge.verify(answer, loaded.person, loaded.lookup)

    async def _failed(
        self,
        unit: Unit,
        kind: AuthenticatorType,
        loaded: Loaded,
        visit: Visit,
        why: str,
    ) -> None:
        if loaded.tried is None:
            return  # what a phone answers is written when it answers
        if why == "used" and loaded.standing is not None:
            await note_replay(unit, loaded.standing, kind, visit)
        await note_failure(
            unit,
            self._parts.notices,
            loaded.tried,
            loaded.standing,
            method=kind,
            reason=why if loaded.person is not None else "unknown",
            app=loaded.at.state.app,
            visit=visit,
            risks=self._parts.risks,
        )

    async def _right(  # noqa: PLR0911  # one way out for each thing that may have changed
        self,
        unit: Unit,
        answer: Answer,
        verified: Verified,
        loaded: Loaded,
        configuration: Configuration,
        visit: Visit,
    ) -> Outcome:
        """Spend the answer, then close or keep the sign-in; all of it in one act."""
        state, person = loaded.at.state, loaded.person
        standing = None
        if person is not None:
            stored = await unit.people.load(person.account.id, visit.browser)
            standing = held(stored, configuration)
        if standing is None or not standing.account.usable:
            await self._failed(unit, answer.type, loaded, visit, "wrong")
            return Wrong(answer.type)
        first = isinstance(loaded.at.step, AskProofFirst)
        if not first and await self._parts.ages.is_away(unit, state, standing, answer.type, visit):
            keys = [] if loaded.tried is None else [loaded.tried.key]
            return await note_not_judged(unit, keys, standing, answer.type, state.app, visit, "old")
        shown = await self._spent(unit, verified, answer, standing)
        if isinstance(shown, NotSpent):
            if shown is NotSpent.COPIED:
                await note_copied(unit, self._parts.notices, standing, verified, visit)
            await self._failed(unit, answer.type, loaded, visit, shown.value)
            late = shown is NotSpent.EXPIRED
            return Wrong(answer.type, "late" if late else shown.value)
        proof = proof_of_answer(answer, shown, verified)
        grown = await self._parts.risks.recorded(
            unit, state, proof, standing, visit, configuration, leaked=answer.leaked
        )
        looked = await self._parts.finisher.see(unit, grown, standing, configuration, visit)
        counted = counts_of(loaded, looked, standing, visit)
        await unit.attempts.give_back(counted, visit.now)
        await self._told(unit, answer, loaded, standing, visit)
        if isinstance(looked.step, Finish | AskEnrolment):
            if not await unit.flows.close(state.id, state.version):
                return Gone()
            concluded = await self._parts.finisher.conclude(unit, looked, standing, visit)
            return concluded if not isinstance(concluded, Next) else Gone()
        if not await unit.flows.save(grown):
            return GoOn(state.id)
        await self._parts.finisher.conclude(unit, looked, standing, visit)
        await self._start.send_if_asked(unit, looked, standing, configuration, visit)
        return GoOn(state.id)

    async def _spent(
        self, unit: Unit, verified: Verified, answer: Answer, standing: Standing
    ) -> AuthenticatorId | NotSpent:
        if isinstance(verified.spends, StartCode):
            return verified.spends.authenticator_id  # spent when the session opens
        if verified.spends is None and not usable(standing, answer.type, answer.now):
            return NotSpent.WRONG
        return await spend(unit, verified, answer, standing)

    async def _told(
        self, unit: Unit, answer: Answer, loaded: Loaded, standing: Standing, visit: Visit
    ) -> None:
        """Write and tell what is worth knowing about a right answer."""
        account = standing.account
        told = said(visit, account.id)
        if isinstance(loaded.at.step, AskProofFirst):
            await unit.audit.write(PasswordReopened(**told, method=answer.type))
        if answer.type is AuthenticatorType.RECOVERY_CODE:
            left = await unit.authenticators.recovery_left(account.id)
            await unit.audit.write(RecoveryCodeUsed(**told, left=left))
            await self._parts.notices.recovery_used(unit, account, left, visit)

    async def _newest(self, unit: Unit, at: Next, standing: Standing | None) -> Sent | None:
        first = isinstance(at.step, AskProofFirst)
        if not first and not asks(at.step, AuthenticatorType.SMS_CODE):
            return None
        code = await unit.codes.newest(at.state.id, at.state.purpose)
        if code is None:
            return None
        bound = () if standing is None else standing.bound
        phone = [b.authenticator for b in bound if b.authenticator.id == code.authenticator_id]
        return Sent(
            authenticator=phone[0] if phone and not first else None,
            at=code.created_at,
            expires_at=code.expires_at,
            fate=None if first else await unit.outbox.fate(code.id),
        )
