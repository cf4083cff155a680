"""Judging what somebody shows for a reset: counted first, judged next, spent with what follows."""

from dataclasses import replace
from datetime import datetime

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.keys import Options
from portvakt.core.method_events import RecoveryCodeUsed
from portvakt.core.password_reset import AskAnother, AskProof, Way, record
from portvakt.core.push_approval import RESET, RequestStanding, standing_of_request
from portvakt.core.reset_events import ResetProofFailed, ResetProofGiven
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, Count
from portvakt.crypto.passwords import Busy
from portvakt.journeys.reset_password.flow import Parts, scene_of
from portvakt.journeys.reset_password.outcomes import (
    KINDS,
    TEXTS,
    Gone,
    GoOn,
    Outcome,
    Scene,
    Wrong,
)
from portvakt.methods import LookupRow, Rejected, Verified
from portvakt.proving.answer import (
    Answer,
    NotSpent,
    Unanswered,
    proof_of_answer,
    spend,
    usable,
)
from portvakt.proving.keys import note_copied
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

_TYPED = frozenset({Way.CODE, Way.TOKEN, Way.TEXT, Way.CARD, Way.SUPPORT, Way.LATER})

_SIGNED = frozenset({Way.KEY})


class ResetAnswers:
    """Judges answers within an attempt."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def answer(
        self, flow: FlowId, typed: Secret, visit: Visit, *, by_key: bool = False
    ) -> Outcome:
        """Judge a code, or what a key signed. Raises `Busy` where the hash pool is full."""
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        way = _chosen(scene)
        if way is None or way not in (_SIGNED if by_key else _TYPED):
            return GoOn(flow)
        records, key = self._parts.records, scene.tally
        limit = LIMITS[key[1]]
        count = await records.write_one(lambda unit: unit.attempts.count(*key, limit, visit.now))
        if not count.allowed:
            return GoOn(flow)  # its page says that the budget is used up
        answer = _about(flow, KINDS[way], typed, visit)
        lookup = await self._rows(scene, typed) if way is Way.CARD else ()
        try:
            verified = await self._judged(answer, scene.person(way), lookup)
        except Busy:
            await records.write_one(lambda unit: unit.attempts.not_judged([key], visit.now))
            raise
        if not isinstance(verified, Verified):
            reason = "used" if isinstance(verified, Rejected) and verified.replayed else "wrong"
            await records.write(lambda unit: _failed(unit, scene, way, reason, count))
            return Wrong(way)
        return await records.write(
            lambda unit: self._right(unit, scene, way, answer, verified, count)
        )

    async def _judged(
        self, answer: Answer, person: Standing | None, lookup: tuple[LookupRow, ...]
    ) -> Verified | Rejected | Unanswered:
        if answer.type is AuthenticatorType.PASSKEY:
            asked = await self._parts.keys.find(answer, named=False)
            return await self._parts.keys.judge(answer, asked, person)
        return await self._parts.judge.verify(answer, person, lookup)

    async def ask_key(self, flow: FlowId, visit: Visit) -> Options | Gone:
        """Ask any key of this browser, whoever was named; Gone where none is asked for."""
        scene = await self._scene(flow, visit)
        if scene is None or _chosen(scene) is not Way.KEY:
            return Gone()
        about = _about(flow, AuthenticatorType.PASSKEY, Secret(""), visit)
        return self._parts.keys.ask(about, must_verify=True)

    async def answered(self, flow: FlowId, visit: Visit) -> Outcome:
        """Go on if a phone has approved."""
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        if _chosen(scene) is not Way.PHONE:
            return GoOn(flow)
        asked = await self._parts.records.read(lambda unit: unit.approvals.newest(flow, RESET))
        approved = RequestStanding.APPROVED
        if asked is None or standing_of_request(asked, visit.now) is not approved:
            return Wrong(Way.PHONE)
        kind = KINDS[Way.PHONE]
        answer = Answer(type=kind, typed=Secret(""), flow=flow, purpose=RESET, now=visit.now)
        verified = await self._parts.judge.verify(answer, scene.person(Way.PHONE))
        if not isinstance(verified, Verified):
            return Wrong(Way.PHONE)
        return await self._parts.records.write(
            lambda unit: self._right(unit, scene, Way.PHONE, answer, verified, None)
        )

    async def _scene(self, flow: FlowId, visit: Visit) -> Scene | None:
        return await self._parts.records.read(lambda unit: scene_of(unit, flow, self._parts, visit))

    async def _rows(self, scene: Scene, typed: Secret) -> tuple[LookupRow, ...]:
        """Find the printed codes that it may be; asked for a name without a card, too."""
        hint = self._parts.judge.method(KINDS[Way.CARD]).hint(typed)
        if hint is None:
            return ()
        of = scene.state.account_id or AccountId("")
        rows = await self._parts.records.read(
            lambda unit: unit.authenticators.recovery_find(of, hint)
        )
        mine = {each.id for each in scene.answering(Way.CARD)}
        return tuple(
            LookupRow(each.id, each.authenticator_id, each.hash)
            for each in rows
            if each.authenticator_id in mine
        )

    async def _right(
        self,
        unit: Unit,
        before: Scene,
        way: Way,
        answer: Answer,
        verified: Verified,
        count: Count | None,
    ) -> Outcome:
        """Spend the answer and keep what it showed, on what is stored now."""
        visit, flow = before.visit, before.state.id
        scene = await scene_of(unit, flow, self._parts, visit)
        if scene is None:
            return Gone()
        # the last try that is taken has begun a stop itself, and is still judged
        scene = replace(scene, spent_until=before.spent_until)
        shown = await _spent(unit, scene, way, answer, verified)
        if isinstance(shown, NotSpent):
            if shown is NotSpent.COPIED and scene.standing is not None:
                await note_copied(unit, self._parts.notices, scene.standing, verified, visit)
            await _failed(unit, scene, way, shown.value, count)
            return Wrong(way)
        grown = record(scene.state, proof_of_answer(answer, shown, verified))
        if not await unit.resets.save(grown):
            return GoOn(flow)
        if count is not None:
            await unit.attempts.give_back([scene.tally], visit.now)
        told = said(visit, scene.state.account_id)
        await unit.audit.write(ResetProofGiven(**told, goal=scene.state.goal, method=answer.type))
        if way is Way.CARD and scene.standing is not None:
            left = await unit.authenticators.recovery_left(scene.standing.account.id)
            await unit.audit.write(RecoveryCodeUsed(**told, left=left))
            await self._parts.notices.recovery_used(unit, scene.standing.account, left, visit)
        return GoOn(flow)


def _about(flow: FlowId, kind: AuthenticatorType, typed: Secret, visit: Visit) -> Answer:
    return Answer(
        type=kind,
        typed=typed,
        flow=flow,
        purpose=RESET,
        now=visit.now,
        browser=visit.binding,
    )


async def _spent(
    unit: Unit, scene: Scene, way: Way, answer: Answer, verified: Verified
) -> AuthenticatorId | NotSpent:
    """Use up the answer, if it still is one to what may be asked for."""
    person = scene.person(way)
    if person is None or not usable(person, answer.type, answer.now):
        if way in TEXTS:  # a code that was never sent is tried in the same way
            await unit.codes.spend(answer.flow, answer.purpose, b"", answer.now)
        return NotSpent.WRONG
    shown = await spend(unit, verified, answer, person)
    if isinstance(shown, NotSpent):
        return shown
    return shown if shown in {each.authenticator.id for each in person.bound} else NotSpent.WRONG


async def _failed(unit: Unit, scene: Scene, way: Way, reason: str, count: Count | None) -> None:
    """Write that an answer was wrong, and whether it was the last for a while."""
    until: datetime | None = None if count is None else count.stopped_until
    await unit.audit.write(
        ResetProofFailed(
            **said(scene.visit, scene.state.account_id),
            goal=scene.state.goal,
            method=KINDS[way],
            reason=reason,
            until=until,
        )
    )


def _chosen(scene: Scene) -> Way | None:
    step = scene.step
    return step.chosen if isinstance(step, AskProof | AskAnother) else None
