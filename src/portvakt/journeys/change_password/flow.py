"""Writing a new password over the old one: counted first, judged next, then told."""

from dataclasses import dataclass
from typing import assert_never

from portvakt.core.password_change_events import CurrentPasswordWrong
from portvakt.core.password_outcomes import Refused, UnknownOutcome, Unreachable, Written
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session
from portvakt.core.throttle import Count
from portvakt.directories import LockedOut, PasswordWrong
from portvakt.journeys.change_password.outcomes import (
    Away,
    Done,
    NoPassword,
    NotTaken,
    Outcome,
    Over,
    Stopped,
    Unsure,
    WrongCurrent,
)
from portvakt.proving.after_new_password import Kept
from portvakt.proving.freezing import is_frozen
from portvakt.proving.password_changing import Answered, Change, PasswordChanges
from portvakt.proving.password_homes import OwnHome
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What changing a password is built from."""

    records: Records
    changes: PasswordChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may change their password, in one request."""

    session: Session
    standing: Standing
    visit: Visit

    @property
    def account(self) -> Account:
        """The account that the session belongs to."""
        return self.standing.account


class ChangePassword:
    """Takes the old password and a new one."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def least(self, person: Person) -> int | None:
        """Say how many characters are asked for; None where there is no password to change."""
        home = self._parts.changes.homes.of(person.standing)
        if home is None:
            return None
        return self._parts.changes.judge.asking(await home.least()).minimum

    async def change(self, person: Person, current: Secret, typed: Secret) -> Outcome:
        """Write a new password, or say what is wrong. Raises `portvakt.crypto.passwords.Busy`."""
        changes, visit = self._parts.changes, person.visit
        home = changes.homes.of(person.standing)
        if home is None:
            return NoPassword()
        kept = Kept(session=person.session.id, browser=visit.browser)
        change = Change(standing=person.standing, home=home, visit=visit, kept=kept)
        unfit = await changes.unfit(change, current, typed)
        if unfit is not None:
            return unfit
        answered = await changes.send(change, current, typed)
        if isinstance(answered, Count):
            return Stopped(answered.stopped_until or visit.now)
        return await self._parts.records.write(lambda unit: self._after(unit, person, answered))

    async def _after(self, unit: Unit, person: Person, answered: Answered) -> Outcome:
        """Keep what came of it, on what is stored now."""
        outcome, changes = answered.outcome, self._parts.changes
        own = isinstance(answered.change.home, OwnHome)
        # what is written in a directory is told, whatever has happened meanwhile
        if own and isinstance(outcome, Written) and await self._is_over(unit, person):
            await changes.drop(unit, answered)
            return Over()
        first = await changes.keep(unit, answered)
        match outcome:
            case Written():
                # somebody was first: with another password, or by reading this one back
                return WrongCurrent() if own and not first else Done()
            case UnknownOutcome():
                return Unsure()
            case PasswordWrong() | LockedOut():
                locked = isinstance(outcome, LockedOut)
                told = said(person.visit, person.account.id)
                reason, until = "locked" if locked else "wrong", answered.count.stopped_until
                await unit.audit.write(CurrentPasswordWrong(**told, reason=reason, until=until))
                return WrongCurrent(locked)
            case Refused():
                return NotTaken(outcome)
            case Unreachable():
                return Away()
            case _:
                assert_never(outcome)

    async def _is_over(self, unit: Unit, person: Person) -> bool:
        """Say whether the session ended, or a change was disowned, meanwhile."""
        account_id = person.account.id
        open_now = {each.id for each in await unit.sessions.of(account_id)}
        return person.session.id not in open_now or await is_frozen(unit, account_id)
