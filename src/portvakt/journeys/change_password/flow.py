"""Writing a new password over the old one: counted first, judged next, then told."""

import asyncio
from dataclasses import dataclass
from typing import assert_never

from portvakt.common_passwords import PasswordJudge
from portvakt.core.password_change_events import (
    CurrentPasswordWrong,
    PasswordChanged,
    PasswordChangeUnsure,
    PasswordNotChanged,
)
from portvakt.core.password_outcomes import Refused, UnknownOutcome, Unreachable, Written
from portvakt.core.password_rules import prepare
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session
from portvakt.core.throttle import LIMITS, Count, Familiarity, Kind
from portvakt.crypto.passwords import Busy
from portvakt.directories import LockedOut, PasswordWrong
from portvakt.journeys.change_password.outcomes import (
    Away,
    Done,
    NoPassword,
    NotTaken,
    Outcome,
    Over,
    Stopped,
    Unfit,
    Unsure,
    WrongCurrent,
)
from portvakt.mail import Notice
from portvakt.proving.after_new_password import end_what_it_opened, tell_everywhere
from portvakt.proving.answer import subject_of
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.proving.freezing import hold_back_password
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import ChangeOutcome, Home, Homes, OwnHome, listen_again
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What changing a password is built from."""

    records: Records
    homes: Homes
    directories: DirectoryPasswords
    password_judge: PasswordJudge
    notices: Notices


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

    @property
    def tally(self) -> tuple[str, Kind, Familiarity]:
        """The key that passwords typed after a second factor are counted by, here as at sign-in."""
        return (subject_of(self.account, ""), Kind.PASSWORD, Familiarity.ANY)


class ChangePassword:
    """Takes the old password and a new one."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def least(self, person: Person) -> int | None:
        """Say how many characters are asked for; None where there is no password to change."""
        home = self._parts.homes.of(person.standing)
        if home is None:
            return None
        return self._parts.password_judge.asking(await home.least()).minimum

    async def change(self, person: Person, current: Secret, typed: Secret) -> Outcome:
        """Write a new password, or say what is wrong. Raises `portvakt.crypto.passwords.Busy`."""
        home = self._parts.homes.of(person.standing)
        if home is None:
            return NoPassword()
        old, new = prepare(current.open()), prepare(typed.open())
        unfit = await self._unfit(person, home, current, typed)
        if unfit is not None:
            return unfit
        if old is None or new is None:
            return WrongCurrent()  # nobody's password: such a one is never taken
        count = await self._counted(person)
        if not count.allowed:
            return Stopped(count.stopped_until or person.visit.now)
        try:
            written = await home.change(Secret(old), Secret(new))
        except Busy:
            await self._not_judged(person)
            raise
        return await self._after(written, person, home, count)

    async def _unfit(
        self, person: Person, home: Home, current: Secret, typed: Secret
    ) -> Unfit | None:
        least, judge = await home.least(), self._parts.password_judge
        findings = await asyncio.to_thread(
            judge.review, typed.open(), person.account, current=current.open(), least=least
        )
        return Unfit(findings, judge.asking(least).minimum) if findings else None

    async def _counted(self, person: Person) -> Count:
        """Count a try. With directories there are no more than they leave for a second factor."""
        limits = await self._parts.directories.limits()
        limit = LIMITS[Kind.PASSWORD] if limits is None else limits.proven
        return await self._parts.records.write_one(
            lambda unit: unit.attempts.count(*person.tally, limit, person.visit.now)
        )

    async def _not_judged(self, person: Person) -> None:
        at = person.visit.now
        await self._parts.records.write_one(
            lambda unit: unit.attempts.not_judged([person.tally], at)
        )

    async def _after(
        self, written: ChangeOutcome, person: Person, home: Home, count: Count
    ) -> Outcome:
        records = self._parts.records
        match written:
            case Written():
                return await records.write(lambda unit: self._written(unit, person, home))
            case UnknownOutcome():
                return await records.write(lambda unit: self._unsure(unit, person))
            case PasswordWrong() | LockedOut():
                locked = isinstance(written, LockedOut)
                await self._failed(person, count, "locked" if locked else "wrong")
                return WrongCurrent(locked)
            case Refused():
                await self._nothing_written(person, written.why.value)
                return NotTaken(written)
            case Unreachable():
                await self._nothing_written(person, "unreachable")
                return Away()
            case _:
                assert_never(written)

    async def _written(self, unit: Unit, person: Person, home: Home) -> Outcome:
        """Keep what there is to keep, and all that follows, on what is stored now."""
        account, visit = person.account, person.visit
        # what is written in a directory is told, whatever has happened meanwhile
        if isinstance(home, OwnHome):
            open_now = {each.id for each in await unit.sessions.of(account.id)}
            frozen = (await unit.freezes.of(account.id)).disowned is not None
            if frozen or person.session.id not in open_now:
                return Over()
        if not await home.keep(unit, visit.now):
            return WrongCurrent()  # somebody was first: what was typed as the old one is older
        await hold_back_password(unit, account.id, visit.now)
        await unit.attempts.give_back([person.tally], visit.now)
        await listen_again(unit, account, visit.now)
        ended = await self._ended_and_told(unit, person)
        await unit.audit.write(PasswordChanged(**said(visit, account.id), sessions=ended))
        return Done()

    async def _unsure(self, unit: Unit, person: Person) -> Outcome:
        await hold_back_password(unit, person.account.id, person.visit.now)
        ended = await self._ended_and_told(unit, person)
        told = said(person.visit, person.account.id)
        await unit.audit.write(PasswordChangeUnsure(**told, sessions=ended))
        return Unsure()

    async def _ended_and_told(self, unit: Unit, person: Person) -> int:
        """End everything but this session, and tell every channel there is."""
        account_id, visit = person.account.id, person.visit
        ended = await end_what_it_opened(
            unit, account_id, visit.now, session=person.session.id, browser=visit.browser
        )
        await unit.resets.close_others(account_id)
        await tell_everywhere(
            unit, self._parts.notices, person.standing, Notice.PASSWORD, "reset", visit
        )
        return ended

    async def _failed(self, person: Person, count: Count, reason: str) -> None:
        told = said(person.visit, person.account.id)
        event = CurrentPasswordWrong(**told, reason=reason, until=count.stopped_until)
        await self._parts.records.write(lambda unit: unit.audit.write(event))

    async def _nothing_written(self, person: Person, why: str) -> None:
        """Take the try back: the old one was right, or nobody looked at it."""
        visit = person.visit
        event = PasswordNotChanged(**said(visit, person.account.id), why=why)

        async def act(unit: Unit) -> None:
            await unit.attempts.not_judged([person.tally], visit.now)
            await unit.audit.write(event)

        await self._parts.records.write(act)
