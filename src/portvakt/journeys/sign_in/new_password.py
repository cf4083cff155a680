"""A password that its directory wants changed: the old one once more, and a new one in its place.

Comes after everything else was shown, and writes with the old password, so that the directory's
whole policy holds. Only when it is written does a session open.
"""

from dataclasses import replace
from typing import assert_never

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import FlowId
from portvakt.core.password_outcomes import Refused, UnknownOutcome, Unreachable, Written
from portvakt.core.password_outcomes import said as words_of_refusal
from portvakt.core.secret import Secret
from portvakt.core.sign_in import AskEnrolment, AskNewPassword, Finish, SignIn
from portvakt.core.throttle import Count
from portvakt.directories import LockedOut, PasswordWrong
from portvakt.journeys.sign_in.flow import Parts
from portvakt.journeys.sign_in.outcomes import Gone, GoOn, Outcome, Stopped, Unfit
from portvakt.journeys.sign_in.tries import Tried, note_failure, note_not_judged
from portvakt.proving.after_new_password import Kept
from portvakt.proving.choosing import Choosing
from portvakt.proving.finish import Next
from portvakt.proving.freezing import is_frozen
from portvakt.proving.held import held
from portvakt.proving.password_changing import Answered, Change
from portvakt.proving.visit import Visit
from portvakt.records.unit import Unit


class NewPasswords:
    """Takes the new password and goes on with the sign-in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def change(self, flow: FlowId, current: Secret, new: Secret, visit: Visit) -> Outcome:
        """Write a new password over the current one, or say what is wrong with either.

        Raises `portvakt.crypto.passwords.Busy`.
        """
        parts, changes = self._parts, self._parts.changes
        asked = await self._asked(flow, visit)
        if not isinstance(asked, tuple):
            return asked
        state, change = asked
        account_id = change.account.id
        if await parts.records.read(lambda unit: is_frozen(unit, account_id)):
            return Unfit("new", "sign_in.new_password_frozen")
        unfit = await changes.unfit(change, current, new)
        if unfit is not None:
            return Unfit("new", *unfit.said_first())
        answered = await changes.send(change, current, new)
        if isinstance(answered, Count):
            return Stopped(answered.stopped_until)
        return await parts.records.write(lambda unit: self._after(unit, state, answered))

    async def choosing(self, flow: FlowId, visit: Visit) -> Choosing | None:
        """Say who chooses a password in this sign-in; None where nothing asks for one."""
        asked = await self._asked(flow, visit)
        if not isinstance(asked, tuple):
            return None
        _, change = asked
        return Choosing(change.account, change.home.least)

    async def _asked(self, flow: FlowId, visit: Visit) -> tuple[SignIn, Change] | Gone | GoOn:
        """Find the sign-in, and the change that it asks for."""
        parts = self._parts
        configuration = await parts.rules.current(visit.now)
        found = await parts.records.read(
            lambda unit: unit.flows.load(flow, visit.binding, visit.now, visit.browser)
        )
        if found is None:
            return Gone()
        state, standing = found[0], held(found[1], configuration)
        at = parts.finisher.look(state, standing, configuration, visit)
        home = None if standing is None else parts.changes.homes.of(standing)
        if not isinstance(at.step, AskNewPassword) or standing is None or home is None:
            return GoOn(flow)
        kept = Kept(session=state.session_id, browser=visit.browser, flow=flow)
        return state, Change(standing=standing, home=home, visit=visit, kept=kept)

    async def _after(self, unit: Unit, state: SignIn, answered: Answered) -> Outcome:
        """Keep what came of it, and say so."""
        outcome, change = answered.outcome, answered.change
        first = await self._parts.changes.keep(unit, answered)
        match outcome:
            case Written():
                # else somebody has settled it meanwhile, which has ended this sign-in as well
                return await self._right(unit, state, change) if first else Gone()
            case PasswordWrong():
                await self._failed(unit, state, answered, "wrong")
                return Unfit("current", "sign_in.wrong_password")
            case LockedOut():
                await self._failed(unit, state, answered, "locked")
                return Unfit("current", "sign_in.wrong_locked")
            case Refused():
                return Unfit("new", *words_of_refusal(outcome))
            case Unreachable():
                kind, standing, visit = AuthenticatorType.PASSWORD, change.standing, change.visit
                return await note_not_judged(unit, [], standing, kind, state.app, visit, "away")
            case UnknownOutcome():
                return Unfit("new", "sign_in.new_password_unsure")
            case _:
                assert_never(outcome)

    async def _failed(self, unit: Unit, state: SignIn, answered: Answered, reason: str) -> None:
        change = answered.change
        subject, kind, familiarity = change.tally
        await note_failure(
            unit,
            self._parts.notices,
            Tried(subject=subject, kind=kind, familiarity=familiarity, count=answered.count),
            change.standing,
            method=AuthenticatorType.PASSWORD,
            reason=reason,
            app=state.app,
            visit=change.visit,
        )

    async def _right(self, unit: Unit, state: SignIn, change: Change) -> Outcome:
        """Go on: the evidence counts from now on."""
        parts, visit = self._parts, change.visit
        stored = await unit.people.load(change.account.id, visit.browser)
        evidence = tuple(
            replace(each, stale=False, at=visit.now) if each.stale else each
            for each in state.evidence
        )
        grown = replace(state, evidence=evidence)
        configuration = await unit.configuration.load()
        standing = held(stored, configuration)
        at = parts.finisher.look(grown, standing, configuration, visit)
        if standing is None or not isinstance(at.step, Finish | AskEnrolment):
            return GoOn(state.id) if await unit.flows.save(grown) else Gone()
        if not await unit.flows.close(state.id, state.version):
            return Gone()
        concluded = await parts.finisher.conclude(unit, at, standing, visit)
        return Gone() if isinstance(concluded, Next) else concluded
