"""Settling what was cut off between a write and its answer, whoever was killed in between (F08).

A password of our own is stored in the act that settles it: what is not settled was never stored.
A directory is asked when the person's password was set last. To unlock is done once more: that
harms nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portvakt.core.password_outcomes import UnknownOutcome, Unreachable, WriteOutcome, Written
from portvakt.core.password_reset import ANSWERS_WITHIN, Goal, Reset, Stage
from portvakt.directories import DirectoryAway
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import Directories, DirectoryHome, Home, Homes
from portvakt.proving.password_settling import settle
from portvakt.proving.visit import Doer
from portvakt.records import Records
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

SURE_AFTER: Final = timedelta(minutes=2)
"""From when on a directory that shows nothing new is believed: a server may be slow to do it, or
to hear of it from another."""
CLOCKS_APART: Final = timedelta(minutes=1)
"""How much later than the directory's our clock may be. Better to end sessions for nothing than to
leave a stranger's open."""
WORKER: Final = "worker"
"""Who tells of what was read back."""
TRIES_FOR: Final = timedelta(days=1)
"""How long it is looked for; then nobody will know."""


def outcome_of(sent: Reset, set_at: datetime | None, now: datetime) -> WriteOutcome | None:
    """Say what came of a write, by when the password was set last where it lives.

    None where it is too early to say, and `UnknownOutcome` where the directory does not tell.
    """
    if sent.writing_since is None or set_at is None:
        return UnknownOutcome()
    if set_at >= sent.writing_since - CLOCKS_APART:
        return Written()
    return Unreachable() if now >= sent.writing_since + SURE_AFTER else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBack:
    """Looks for attempts without an outcome; several processes may do it at the same time."""

    records: Records
    homes: Homes
    directories: Directories
    notices: Notices
    clock: Callable[[], datetime]

    async def run(self) -> int:
        """Settle what can be settled now, and return how many there were."""
        now = self.clock()
        left = await self.records.read(
            lambda unit: unit.resets.unsettled(before=now - ANSWERS_WITHIN, limit=1000)
        )
        done, away = 0, set[str]()
        for sent in left:
            done += await self._one(sent, away)
        return done

    async def _one(self, sent: Reset, away: set[str]) -> bool:
        """Settle one of them. `away` are the sources that gave no answer in this round."""
        now, account_id = self.clock(), sent.account_id
        if sent.writing_since is None or account_id is None:
            return False
        if sent.stage is Stage.UNKNOWN and now > sent.writing_since + TRIES_FOR:
            return False
        standing = await self.records.read(lambda unit: unit.people.load(account_id))
        home = None if standing is None else self.homes.of(standing)
        if standing is None or home is None:
            return False
        source = standing.account.source
        outcome: WriteOutcome | None = UnknownOutcome()
        if source not in away:
            outcome = await self._found(sent, standing, home, away)
        if outcome is None or (isinstance(outcome, UnknownOutcome) and sent.stage is Stage.UNKNOWN):
            return False
        doer, found = Doer(at=self.clock(), actor=WORKER), outcome

        async def act(unit: Unit) -> bool:
            return await settle(unit, sent, found, standing, home, self.notices, doer)

        return await self.records.write(act)

    async def _found(
        self, sent: Reset, standing: Standing, home: Home, away: set[str]
    ) -> WriteOutcome | None:
        """Ask where the password lives."""
        account = standing.account
        if sent.goal is Goal.UNLOCK:
            outcome = await home.unlock()
            if isinstance(outcome, Unreachable):
                away.add(account.source)
                return UnknownOutcome()  # the first one may have arrived
            return outcome
        if not isinstance(home, DirectoryHome):
            return Unreachable()
        policy = await self.directories.policy(account)
        if isinstance(policy, DirectoryAway):
            away.add(account.source)
            return UnknownOutcome()
        return outcome_of(sent, policy.changed_at, self.clock())
