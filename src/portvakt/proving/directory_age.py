"""How old what we know of a directory's people is, and what may still rest on it (rule R18).

Following a directory writes, in the fact `sync:<name>`, when it was last read to its end. Each
process keeps that for a few seconds, so that a sign-in costs no statement more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portvakt.core.assurance import METHODS, Evidence
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.directory_events import DirectoryGraceUsed
from portvakt.core.sign_in import SignIn
from portvakt.proving.visit import Visit
from portvakt.records.followed import Followed, followed_if_ever
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

KEPT: Final = timedelta(seconds=3)
A_RUN: Final = timedelta(minutes=2)
"""How late a reading may end before it is missed: it has to begin, and it takes a while."""
LONGEST: Final = timedelta(hours=4)
"""Nothing rests on what is older than this, whatever is set (R18)."""


@dataclass(frozen=True, slots=True)
class Span:
    """What the settings say of one directory."""

    every: timedelta
    grace: timedelta
    passwords: bool
    """Whether a password that was taken is an answer of the directory itself."""

    @property
    def missed(self) -> timedelta:
        """The age at which one reading was missed."""
        return self.every + A_RUN

    @property
    def over(self) -> timedelta:
        """The age at which nobody signs in any more without asking the directory."""
        return max(self.missed, min(self.every + self.grace, LONGEST))


class DirectoryAges:
    """Says what may rest on the last reading of a directory. Without directories: everything."""

    def __init__(self, spans: Mapping[str, Span], records: Records) -> None:
        self._spans = dict(spans)
        self._records = records
        self._kept: dict[str, tuple[datetime, Followed | None]] = {}

    async def missed(self, source: str, now: datetime) -> bool:
        """Say whether a reading was missed: no password is reset then. Opens an act of its own."""
        span = self._spans.get(source)
        if span is None:
            return False
        known = await self._records.read(lambda unit: self._followed(unit, source, now))
        return known is not None and _age(known, None, now) > span.missed

    async def is_away(
        self,
        unit: Unit,
        state: SignIn,
        standing: Standing,
        shown: AuthenticatorType,
        visit: Visit,
        *,
        old: bool = False,
    ) -> bool:
        """Say whether a right answer of the type `shown` must not count just now.

        A password that the directory itself has taken says as much of somebody as reading them. A
        directory that was never followed here says nothing: its people came in another way. `old`:
        nothing was shown just now.
        Writes `directory.grace_used` for the first sign-in of an outage that is let through.
        """
        source, now = standing.account.source, visit.now
        span = self._spans.get(source)
        if span is None:
            return False
        if span.passwords and shown is AuthenticatorType.PASSWORD and not old:
            return False
        known = await self._followed(unit, source, now)
        if known is None:
            return False
        age = _age(known, _answered_at(state.evidence) if span.passwords else None, now)
        if age <= span.missed:
            return False
        if state.purpose == METHODS or shown is AuthenticatorType.START_CODE or age > span.over:
            return True
        await self._note(unit, source, known, now)
        return False

    async def _followed(self, unit: Unit, source: str, now: datetime) -> Followed | None:
        kept = self._kept.get(source)
        if kept is not None and timedelta() <= now - kept[0] < KEPT:
            return kept[1]
        known = await followed_if_ever(unit, source)
        self._kept[source] = (now, known)
        return known

    @staticmethod
    async def _note(unit: Unit, source: str, known: Followed, now: datetime) -> None:
        """Write, once for each outage, that somebody got in by grace."""
        fact, outage = f"grace:{source}", str(known.well_at)
        await unit.turn(fact)
        if await unit.meta.get(fact) == outage:
            return
        await unit.meta.set(fact, outage)
        event = DirectoryGraceUsed(at=now, actor="web", directory=source, well_at=outage)
        await unit.audit.write(event)


def _answered_at(evidence: Sequence[Evidence]) -> datetime | None:
    """Say when the directory last took a password of this sign-in."""
    return max(
        (each.at for each in evidence if each.type is AuthenticatorType.PASSWORD), default=None
    )


def _age(known: Followed, answered: datetime | None, now: datetime) -> timedelta:
    """Say how old what we know is; a reading that is under way and well so far is no outage."""
    heard = [each for each in (known.well_at, answered) if each is not None]
    age = now - max(heard) if heard else timedelta.max
    reading = known.until is not None and now < known.until and known.failed is None
    return min(age, timedelta()) if reading and age <= LONGEST else age
