"""A password that its directory wants changed: the old one once more, and a new one in its place.

Comes after everything else was shown, and writes with the old password, so that the directory's
whole policy holds. Only when it is written does a session open.
"""

import asyncio
from dataclasses import replace
from typing import assert_never

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.directory_events import DirectoryPasswordChanged
from portvakt.core.ids import FlowId
from portvakt.core.password_change_events import PasswordChangeUnsure
from portvakt.core.password_outcomes import (
    Refused,
    UnknownOutcome,
    Unreachable,
    WriteOutcome,
    Written,
)
from portvakt.core.password_outcomes import said as words_of_refusal
from portvakt.core.password_rules import prepare
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.sign_in import AskEnrolment, AskNewPassword, Finish, SignIn
from portvakt.core.throttle import Familiarity, Kind
from portvakt.directories import DirectoryAway, LockedOut, PasswordWrong
from portvakt.journeys.sign_in.flow import Parts
from portvakt.journeys.sign_in.outcomes import (
    Gone,
    GoOn,
    Outcome,
    Stopped,
    Unfit,
)
from portvakt.journeys.sign_in.tries import (
    Tried,
    count_answer,
    directory_key,
    not_judged,
    note_failure,
)
from portvakt.mail import Notice, What
from portvakt.proving.choosing import Choosing
from portvakt.proving.finish import Next
from portvakt.proving.freezing import hold_back_password, is_frozen
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

LONGEST = 20.0
"""Seconds that a directory may take to write; then nobody knows what came of it."""


class NewPasswords:
    """Takes the new password and goes on with the sign-in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def change(self, flow: FlowId, current: Secret, new: Secret, visit: Visit) -> Outcome:
        """Write a new password over the current one, or say what is wrong with either."""
        parts = self._parts
        configuration = await parts.rules.current(visit.now)
        found = await parts.records.read(
            lambda unit: unit.flows.load(flow, visit.binding, visit.now, visit.browser)
        )
        if found is None:
            return Gone()
        state, standing = found
        at = parts.finisher.look(state, standing, configuration, visit)
        if not isinstance(at.step, AskNewPassword) or standing is None:
            return GoOn(flow)
        account_id = standing.account.id
        if await parts.records.read(lambda unit: is_frozen(unit, account_id)):
            return Unfit("new", "sign_in.new_password_frozen")
        unfit = await self._unfit(standing.account, current, new)
        if unfit is not None:
            return unfit
        limits = await parts.directories.limits()
        tried = await parts.records.write_one(
            lambda unit: count_answer(
                unit,
                standing,
                state.claimed,
                Kind.PASSWORD,
                Familiarity.ANY,
                visit.now,
                None if limits is None else limits.proven,
            )
        )
        if not tried.count.allowed:
            return Stopped(tried.count.stopped_until)
        written = await self._written(standing.account, current, new)
        return await self._after(written, state, standing, tried, visit)

    async def choosing(self, flow: FlowId, visit: Visit) -> Choosing | None:
        """Say who chooses a password in this sign-in; None where nothing asks for one."""
        configuration = await self._parts.rules.current(visit.now)
        found = await self._parts.records.read(
            lambda unit: unit.flows.load(flow, visit.binding, visit.now, visit.browser)
        )
        if found is None:
            return None
        state, standing = found
        at = self._parts.finisher.look(state, standing, configuration, visit)
        if standing is None or not isinstance(at.step, AskNewPassword):
            return None
        account = standing.account
        return Choosing(account, lambda: self._least(account))

    async def _least(self, account: Account) -> int:
        policy = await self._parts.directories.policy(account)
        return 0 if isinstance(policy, DirectoryAway) else policy.least_length

    async def _unfit(self, account: Account, current: Secret, new: Secret) -> Unfit | None:
        """Judge a new password by our rules, and by the length that the directory asks for."""
        least, judge = await self._least(account), self._parts.password_judge
        findings = await asyncio.to_thread(
            judge.review, new.open(), account, current=current.open(), least=least
        )
        if not findings:
            return None
        telling = next((each for each in findings if each.parts), findings[0])
        return Unfit("new", *judge.asking(least).said(telling))

    async def _written(
        self, account: Account, current: Secret, new: Secret
    ) -> WriteOutcome | PasswordWrong | LockedOut:
        prepared = prepare(new.open())
        if prepared is None:
            raise AssertionError("what the rules let through can be written")
        try:
            async with asyncio.timeout(LONGEST):
                return await self._parts.directories.change(account, current, Secret(prepared))
        except TimeoutError:
            return UnknownOutcome()

    async def _after(
        self,
        written: WriteOutcome | PasswordWrong | LockedOut,
        state: SignIn,
        standing: Standing,
        tried: Tried,
        visit: Visit,
    ) -> Outcome:
        records = self._parts.records
        match written:
            case Written():
                return await records.write(
                    lambda unit: self._right(unit, state, standing, tried, visit)
                )
            case PasswordWrong():
                await self._failed(state, standing, tried, "wrong", visit)
                return Unfit("current", "sign_in.wrong_password")
            case LockedOut():
                await self._failed(state, standing, tried, "locked", visit)
                return Unfit("current", "sign_in.wrong_locked")
            case Refused():
                keys = [tried.key]  # the old one was right
                await records.write_one(lambda unit: unit.attempts.not_judged(keys, visit.now))
                return Unfit("new", *words_of_refusal(written))
            case Unreachable():
                kind = AuthenticatorType.PASSWORD
                return await not_judged(records, [tried.key], standing, kind, state.app, visit)
            case UnknownOutcome():
                await records.write(lambda unit: self._unsure(unit, standing, visit))
                return Unfit("new", "sign_in.new_password_unsure")
            case _:
                assert_never(written)

    async def _unsure(self, unit: Unit, standing: Standing, visit: Visit) -> None:
        """Tell of it as if it were written, which nobody knows; this sign-in stays where it is."""
        account = standing.account
        await hold_back_password(unit, account.id, visit.now)
        await unit.audit.write(PasswordChangeUnsure(**said(visit, account.id), sessions=0))
        await self._parts.notices.tell(unit, account, What(notice=Notice.PASSWORD), visit)

    async def _failed(
        self, state: SignIn, standing: Standing, tried: Tried, reason: str, visit: Visit
    ) -> None:
        await self._parts.records.write(
            lambda unit: note_failure(
                unit,
                self._parts.notices,
                tried,
                standing,
                method=AuthenticatorType.PASSWORD,
                reason=reason,
                app=state.app,
                visit=visit,
            )
        )

    async def _right(
        self, unit: Unit, state: SignIn, before: Standing, tried: Tried, visit: Visit
    ) -> Outcome:
        """Tell of the new password, and go on: the evidence counts from now on."""
        parts, account = self._parts, before.account
        await hold_back_password(unit, account.id, visit.now)
        told = said(visit, account.id)
        await unit.audit.write(DirectoryPasswordChanged(**told, directory=account.source))
        await parts.notices.tell(unit, account, What(notice=Notice.PASSWORD), visit)
        keys = [tried.key, directory_key(before, state.claimed)]
        await unit.attempts.give_back(keys, visit.now)
        standing = await unit.people.load(account.id, visit.browser)
        evidence = tuple(
            replace(each, stale=False, at=visit.now) if each.stale else each
            for each in state.evidence
        )
        grown = replace(state, evidence=evidence)
        configuration = await unit.configuration.load()
        at = parts.finisher.look(grown, standing, configuration, visit)
        if standing is None or not isinstance(at.step, Finish | AskEnrolment):
            return GoOn(state.id) if await unit.flows.save(grown) else Gone()
        if not await unit.flows.close(state.id, state.version):
            return Gone()
        concluded = await parts.finisher.conclude(unit, at, standing, visit)
        return Gone() if isinstance(concluded, Next) else concluded
