"""Writing the new password where it lives, and ending everything that the old one opened."""

import asyncio
from dataclasses import replace
from datetime import datetime

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import FlowId
from portvakt.core.password_outcomes import (
    Refused,
    UnknownOutcome,
    Unreachable,
    WriteOutcome,
    Written,
)
from portvakt.core.password_reset import (
    AskPassword,
    AskUnlock,
    Goal,
    Reset,
    came_back,
    start_writing,
)
from portvakt.core.password_rules import prepare
from portvakt.core.reset_events import (
    PasswordReset,
    PasswordResetNotWritten,
    PasswordResetUnsure,
)
from portvakt.core.secret import Secret
from portvakt.journeys.reset_password.flow import Parts, scene_of
from portvakt.journeys.reset_password.homes import Home
from portvakt.journeys.reset_password.outcomes import Gone, GoOn, Outcome, Scene, Unfit
from portvakt.mail import Notice, What
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


class ResetWriting:
    """Takes a new password, or opens a locked account, once two kinds were proved."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def write(self, flow: FlowId, typed: Secret, visit: Visit) -> Outcome:
        """Take a new password, or say everything that is wrong with it.

        Raises `portvakt.crypto.passwords.Busy`.
        """
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        standing, home = scene.standing, self._home(scene)
        if not isinstance(scene.step, AskPassword) or standing is None or home is None:
            return GoOn(flow)
        least, judge, password = await home.least(), self._parts.password_judge, typed.open()
        found = await asyncio.to_thread(judge.review, password, standing.account, least=least)
        prepared = prepare(password)
        if found or prepared is None:
            return Unfit(found, judge.asking(least).minimum)
        new = Secret(prepared)
        had = await self._parts.records.read(
            lambda unit: unit.password_memory.of(standing.account.id)
        )
        refused = await home.ready(new, had)
        if refused is not None:
            return Unfit((), judge.asking(least).minimum, refused)
        return await self._written(scene, standing, home, new)

    async def unlock(self, flow: FlowId, visit: Visit) -> Outcome:
        """Open a locked account again; the password stays."""
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        standing, home = scene.standing, self._home(scene)
        if not isinstance(scene.step, AskUnlock) or standing is None or home is None:
            return GoOn(flow)
        return await self._written(scene, standing, home, None)

    async def _scene(self, flow: FlowId, visit: Visit) -> Scene | None:
        return await self._parts.records.read(
            lambda unit: scene_of(unit, flow, self._parts.ways, visit)
        )

    def _home(self, scene: Scene) -> Home | None:
        return None if scene.standing is None else self._parts.homes.of(scene.standing)

    async def _written(
        self, scene: Scene, standing: Standing, home: Home, new: Secret | None
    ) -> Outcome:
        """Claim the write, send it with no transaction open, and keep what came of it."""
        visit, flow, records = scene.visit, scene.state.id, self._parts.records

        async def claim(unit: Unit) -> Reset | None:
            now = await scene_of(unit, flow, self._parts.ways, visit)
            if now is None:
                return None
            started = start_writing(now.state, now.facts, visit.now, ways=now.ways)
            if started is None:
                return None
            claimed = await unit.resets.begin_writing(flow, started.version, visit.now)
            return replace(started, version=started.version + 1) if claimed else None

        started = await records.write(claim)
        if started is None:
            return GoOn(flow)
        outcome = await (home.unlock() if new is None else home.set(new))
        settled = came_back(started, outcome)
        await records.write(
            lambda unit: self._settle(unit, settled, outcome, standing, home, visit)
        )
        return GoOn(flow)

    async def _settle(
        self,
        unit: Unit,
        settled: Reset,
        outcome: WriteOutcome,
        standing: Standing,
        home: Home,
        visit: Visit,
    ) -> None:
        if not await unit.resets.save(settled):
            return  # somebody has read it back in the meantime
        account_id = standing.account.id
        told = said(visit, account_id)
        if isinstance(outcome, Refused | Unreachable):
            why = outcome.why.value if isinstance(outcome, Refused) else "unreachable"
            await unit.audit.write(PasswordResetNotWritten(**told, goal=settled.goal, why=why))
            return
        if isinstance(outcome, Written):
            await home.settle(unit, settled.goal, visit.now)
        ended = await self._end_everything(unit, settled, standing, visit.now)
        methods = tuple(each.type.value for each in settled.evidence)
        methods += ("people",) if settled.vouches else ()
        if isinstance(outcome, UnknownOutcome):
            await unit.audit.write(
                PasswordResetUnsure(**told, goal=settled.goal, methods=methods, sessions=ended)
            )
        else:
            await unit.audit.write(
                PasswordReset(**told, goal=settled.goal, methods=methods, sessions=ended)
            )
        await self._tell(unit, settled.goal, standing, visit)

    async def _end_everything(
        self, unit: Unit, settled: Reset, standing: Standing, at: datetime
    ) -> int:
        """End what may be a stranger's: sessions, known browsers, grants, requests (A076)."""
        account_id = standing.account.id
        ended = await unit.sessions.close_all(account_id, at)
        await unit.browsers.forget_all(account_id)
        await unit.grants.revoke_of_account(account_id, at)
        for each in await unit.approvals.deny_all(account_id, at):
            await unit.wakeups.ring(f"approval:{each}")
        await unit.flows.close_all(account_id)
        await unit.resets.close_others(account_id, settled.id)
        used = {each.authenticator_id for each in settled.evidence}
        await unit.resets.finished(account_id, at, used)
        return ended

    async def _tell(self, unit: Unit, goal: Goal, standing: Standing, visit: Visit) -> None:
        """Tell every channel there is, those put aside too: one of them is the owner's (A076)."""
        account, notices = standing.account, self._parts.notices
        unlocked = goal is Goal.UNLOCK
        notice = Notice.UNLOCKED if unlocked else Notice.RESET
        configuration = await unit.configuration.load()
        await notices.tell(unit, account, What(notice=notice), visit, configuration)
        numbers = {
            each.detail
            for each in standing.authenticators
            if each.type is AuthenticatorType.SMS_CODE
        }
        kind = "unlocked" if unlocked else "reset"
        for number in sorted(numbers):
            await notices.tell_number(unit, account, number, kind, visit.now)
