"""Writing a new password over one that its owner knows, whichever page asks for both.

The try is counted and the write is stored as on its way, in one act, before anything is judged or
sent; what came of it is kept, and told, in another. Whoever is cut off in between is settled in
the background (`password_reading_back`, F08).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from portvakt.common_passwords import PasswordJudge
from portvakt.core.ids import FlowId
from portvakt.core.messages import MessageId
from portvakt.core.password_outcomes import Refused, Unreachable, Written
from portvakt.core.password_reset import Reset, begin_change
from portvakt.core.password_rules import Finding, PasswordRules, prepare
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, Count, Familiarity, Kind
from portvakt.crypto.passwords import Busy
from portvakt.crypto.randomness import Random
from portvakt.directories import LockedOut, PasswordWrong
from portvakt.proving.after_new_password import Kept
from portvakt.proving.answer import subject_of
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import ChangeOutcome, Home, Homes
from portvakt.proving.password_settling import settle
from portvakt.proving.visit import Visit, visitor
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Whose password is changed, where it lives, and what stays open afterwards."""

    standing: Standing
    home: Home
    visit: Visit
    kept: Kept

    @property
    def account(self) -> Account:
        """Whose it is."""
        return self.standing.account

    @property
    def tally(self) -> tuple[str, Kind, Familiarity]:
        """The key that passwords typed after a second factor are counted by, whatever they open."""
        return (subject_of(self.account, ""), Kind.PASSWORD, Familiarity.ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the place where the password lives said, before anything of it is kept."""

    change: Change
    row: Reset
    count: Count
    outcome: ChangeOutcome


@dataclass(frozen=True, slots=True)
class Unfitting:
    """The new one is not taken by our rules, and this is everything that is wrong with it."""

    findings: tuple[Finding, ...]
    rules: PasswordRules
    """As they hold for this person."""

    def said(self) -> list[tuple[MessageId, Mapping[str, object]]]:
        """Say it, one sentence for each finding."""
        return [self.rules.said(each) for each in self.findings]

    def said_first(self) -> tuple[MessageId, Mapping[str, object]]:
        """Say one of them: that which names a part of it, if any does."""
        telling = next((each for each in self.findings if each.parts), self.findings[0])
        return self.rules.said(telling)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanges:
    """Judges, counts, writes and settles."""

    records: Records
    homes: Homes
    directories: DirectoryPasswords
    judge: PasswordJudge
    notices: Notices
    random: Random

    async def unfit(self, change: Change, current: Secret, new: Secret) -> Unfitting | None:
        """Judge a new one by our rules, and by the length that is asked for where it lives."""
        least, account = await change.home.least(), change.account
        findings = await asyncio.to_thread(
            self.judge.review, new.open(), account, current=current.open(), least=least
        )
        return Unfitting(findings, self.judge.asking(least)) if findings else None

    async def send(self, change: Change, current: Secret, new: Secret) -> Answered | Count:
        """Count a try and write; give the count back where no more are taken.

        With directories there are no more than they leave for a second factor. Keep what comes
        of it by `keep`. Raises `portvakt.crypto.passwords.Busy`, which costs no try.
        """
        limits = await self.directories.limits()
        limit = LIMITS[Kind.PASSWORD] if limits is None else limits.proven
        now = change.visit.now
        row = begin_change(FlowId(self.random.id()), change.account.id, now)

        async def begin(unit: Unit) -> Count:
            count = await unit.attempts.count(*change.tally, limit, now)
            if count.allowed:
                await unit.resets.start_change(row)
            return count

        count = await self.records.write(begin)
        if not count.allowed:
            return count
        try:
            outcome = await self._written(change, current, new)
        except Busy:
            await self.records.write(lambda unit: self._nothing_sent(unit, change, row))
            raise
        return Answered(change=change, row=row, count=count, outcome=outcome)

    async def keep(self, unit: Unit, answered: Answered) -> bool:
        """Keep what came of it, and all that follows; False where somebody was first.

        The try is given back where the old one was right, or nobody looked at it.
        """
        change, outcome, now = answered.change, answered.outcome, answered.change.visit.now
        if isinstance(outcome, PasswordWrong | LockedOut):
            return await self.drop(unit, answered)
        if isinstance(outcome, Written):
            await unit.attempts.give_back([change.tally], now)
        elif isinstance(outcome, Refused | Unreachable):
            await unit.attempts.not_judged([change.tally], now)
        return await settle(
            unit,
            answered.row,
            outcome,
            change.standing,
            change.home,
            self.notices,
            visitor(change.visit),
            change.kept,
        )

    async def drop(self, unit: Unit, answered: Answered) -> bool:
        """Keep nothing of it: there is nothing to settle. False where somebody was first."""
        return await unit.resets.close(answered.row.id, answered.row.version)

    async def _written(self, change: Change, current: Secret, new: Secret) -> ChangeOutcome:
        old, prepared = prepare(current.open()), prepare(new.open())
        if old is None or prepared is None:
            return PasswordWrong()  # nobody's password: such a one is never taken
        return await change.home.change(Secret(old), Secret(prepared))

    async def _nothing_sent(self, unit: Unit, change: Change, row: Reset) -> None:
        await unit.resets.close(row.id, row.version)
        await unit.attempts.not_judged([change.tally], change.visit.now)
