"""Follows one directory: everything the first time and once a day, else what changed.

Reads first and writes then, through the same flow as every source. Whatever the directory does
while it is read, nothing is changed by a reading that did not come to its end (F27-F32, F65).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from portvakt.core.events import SyncFailed
from portvakt.core.people import AccountState
from portvakt.core.seen_people import Batch, CursorLost, DirectoryBrokeOffError, PersonSeen
from portvakt.crypto.randomness import Random
from portvakt.directories import Directory
from portvakt.journeys.sync_people.flow import (
    OUTLINES,
    PART,
    Look,
    Orders,
    Progress,
    SyncPeople,
)
from portvakt.journeys.sync_people.gathered import Gathered
from portvakt.journeys.sync_people.report import Report
from portvakt.journeys.sync_people.standing import (
    RENEW_EVERY,
    TurnLostError,
    end_turn,
    keep_turn,
    take_turn,
)
from portvakt.journeys.sync_people.survey import names_of
from portvakt.journeys.sync_people.write import Following, give_passwords
from portvakt.phone_numbers import Usable, usable_for_text
from portvakt.plugins import AdapterSettingsError
from portvakt.proving.notices import Notices
from portvakt.records import Outline, Records, RecordsUnavailable, StoredPerson, Unit
from portvakt.records.followed import Followed, followed

ACTOR: Final = "sync"
PHONE_LABEL: Final = "Tjänstetelefon från katalogen"
WHOLE_EVERY: Final = timedelta(hours=24)
"""How often everything is read although changes were followed, so that nothing stays missed."""
_MANY: Final = 2_000
"""People to look up one by one; where there are more, everything is read."""


@dataclass(frozen=True, slots=True)
class Synced:
    """A run that came to an end: all is as the directory says, or the brake stopped it."""

    report: Report
    whole: bool
    who: dict[int, str]
    """The user names of the rows that the report names."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that changed nothing."""

    kind: Literal["away", "service_account", "nobody"]
    said: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Another process is at it, or it is too early."""


Outcome = Synced | Failed | NotNow


@dataclass(frozen=True, slots=True)
class _Read:
    """What a reading found."""

    whole: bool
    cursor: str | None
    vanished: list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Follows directories into the accounts."""

    records: Records
    random: Random
    notices: Notices
    clock: Callable[[], datetime]

    async def run(
        self,
        directory: Directory,
        orders: Orders,
        *,
        progress: Progress,
        look: Look,
        whole: bool = False,
        every: timedelta | None = None,
    ) -> Outcome:
        """Follow it once; with `every`, only where it is time. A dry run takes no turn.

        `orders` are as for any source; actor, label and event are filled in here.
        """
        orders = replace(orders, actor=ACTOR, phone_label=PHONE_LABEL)
        if orders.dry_run:
            known = await self.records.read(lambda unit: followed(unit, directory.name))
            return await self._run(directory, orders, known, progress, look, "", whole=whole)
        holder = self.random.id()
        taken = await self.records.write(
            lambda unit: take_turn(unit, directory.name, holder, orders.now, every)
        )
        if taken is None:
            return NotNow()
        try:
            async with self._alive(directory.name, holder):
                return await self._run(
                    directory, orders, taken, progress, look, holder, whole=whole
                )
        except TurnLostError:
            return NotNow()

    async def _run(
        self,
        directory: Directory,
        orders: Orders,
        known: Followed,
        progress: Progress,
        look: Look,
        holder: str,
        *,
        whole: bool,
    ) -> Outcome:
        with closing(Gathered(directory.name, directory.fields)) as gathered:
            try:
                read = await self._read(directory, orders, known, gathered, whole=whole)
            except (DirectoryBrokeOffError, AdapterSettingsError) as error:
                failed = _failed(error)
                return await self._failed(directory, orders, known, holder, failed)
            if read.whole and gathered.persons == 0:
                nobody = Failed("nobody", "nobody was found: base, people_filter, or rights?")
                return await self._failed(directory, orders, known, holder, nobody)
            now = orders.now
            after = Followed(
                cursor=read.cursor,
                whole_at=now if read.whole else known.whole_at,
                well_at=now,
                tried_at=now,
            )
            quiet = not read.whole and known.failed is None

            async def finish(unit: Unit) -> None:
                await end_turn(unit, directory.name, holder, after)

            flow = SyncPeople(self.records, self.random, self.notices)
            report = await flow.run(
                gathered,
                replace(orders, quiet=quiet, stopped_before=known.failed == "brake"),
                progress,
                vanished=read.vanished,
                look=look,
                finish=finish,
            )
            who = gathered.names({each.row for each in report.rows})
        if report.brake is not None and not orders.override_brake:
            await self._braked(directory, orders, known, holder, report)
        elif read.whole and orders.passwords and not orders.dry_run:
            await self._passwords(directory.name, orders)
        return Synced(report, read.whole, who)

    async def _read(
        self,
        directory: Directory,
        orders: Orders,
        known: Followed,
        gathered: Gathered,
        *,
        whole: bool,
    ) -> _Read:
        fresh = known.whole_at is not None and orders.now - known.whole_at < WHOLE_EVERY
        if not whole and fresh and known.cursor is not None:
            try:
                return await self._changes(directory, orders, known.cursor, gathered)
            except CursorLost:
                gathered.clear()
        cursor = None
        async for batch in directory.people(orders.now):
            gathered.add(batch)
            cursor = batch.cursor or cursor
        return _Read(whole=True, cursor=cursor, vanished=None)

    async def _changes(
        self, directory: Directory, orders: Orders, cursor: str, gathered: Gathered
    ) -> _Read:
        """Read what changed, and whoever else is touched by that. Raises `CursorLost`."""
        seen: dict[str, PersonSeen] = {}
        present: dict[str, frozenset[str] | None] = {}
        following, swept = cursor, False

        def take(batch: Batch) -> None:
            gathered.add(batch)
            people = [each for each in batch.seen if isinstance(each, PersonSeen)]
            seen.update({each.external_id: each for each in people})

        async for batch in directory.changes(cursor, orders.now):
            take(batch)
            present |= {each.external_id: each.groups for each in batch.present}
            following, swept = batch.cursor or following, swept or batch.swept
        vanished: list[str] = []
        odd: set[str] = set()
        if swept:
            stored = {each.external_id: each async for each in self._outlines(directory.name)}
            vanished = [
                key
                for key, each in stored.items()
                if each.state is AccountState.ACTIVE and key not in present
            ]
            odd = {key for key in present if key not in stored and key not in seen}
            odd |= await self._regrouped(directory.name, present)
        odd |= await self._touched(directory.name, seen, orders)
        odd -= {*seen, *vanished}
        if len(odd) > _MANY:
            raise CursorLost
        if odd:
            take(await directory.some(odd))
        gathered.know(await directory.ids_at(gathered.unknown_managers))
        return _Read(whole=False, cursor=following, vanished=vanished)

    async def _touched(self, source: str, seen: dict[str, PersonSeen], orders: Orders) -> set[str]:
        """Find who has a number or a name that somebody who changed has now: judge them again."""
        judgement = orders.judgement
        numbers = set[str]()
        names = set[str]()
        for each in seen.values():
            judged = usable_for_text(
                each.work_mobile, judgement.allowed_prefixes, judgement.country
            )
            if isinstance(judged, Usable):
                numbers.add(judged.number)
            names |= names_of(each.user_name, each.email)

        async def read(unit: Unit) -> set[str]:
            found = set(await unit.people.holders_of_numbers(source, numbers))
            holders = await unit.people.holders_of_names(names)
            return found | {each.external_id for each in holders if each.source == source}

        return await self.records.read(read)

    async def _regrouped(self, source: str, present: dict[str, frozenset[str] | None]) -> set[str]:
        """Find who is in other groups than stored, where the reading looked."""
        looked = [key for key, groups in present.items() if groups is not None]
        found: set[str] = set()
        for start in range(0, len(looked), PART):
            part = looked[start : start + PART]

            async def read(unit: Unit, part: list[str] = part) -> list[StoredPerson]:
                return await unit.people.some_of_source(source, part)

            found |= {
                each.external_id
                for each in await self.records.read(read)
                if each.groups != present[each.external_id]
            }
        return found

    async def _outlines(self, source: str) -> AsyncIterator[Outline]:
        after = ""
        while True:

            async def read(unit: Unit, after: str = after) -> list[Outline]:
                return await unit.people.outlines_of_source(source, after=after, limit=OUTLINES)

            part = await self.records.read(read)
            for each in part:
                yield each
            if len(part) < OUTLINES:
                return
            after = part[-1].external_id

    async def _passwords(self, source: str, orders: Orders) -> None:
        """See that everybody's password is asked of the directory, also who came before that."""
        following = Following(source, orders.now, self.notices)
        more = True
        while more:
            ids = list(self.random.ids_in_order(PART))

            async def give(unit: Unit, ids: Sequence[str] = ids) -> int:
                lacking = await unit.people.without_password(source, limit=PART)
                await give_passwords(unit, lacking, iter(ids), following)
                return len(lacking)

            more = await self.records.write(give) == PART

    async def _failed(
        self,
        directory: Directory,
        orders: Orders,
        known: Followed,
        holder: str,
        failed: Failed,
    ) -> Failed:
        """Write that nothing could be read: an event where that is news."""
        if orders.dry_run:
            return failed
        after = msgspec.structs.replace(
            known, tried_at=orders.now, failed=failed.kind, said=failed.said
        )
        event = SyncFailed(at=orders.now, actor=ACTOR, source=directory.name, why=failed.kind)

        async def act(unit: Unit) -> None:
            await end_turn(unit, directory.name, holder, after)
            if known.failed != failed.kind:
                await unit.audit.write(event)

        await self.records.write(act)
        return failed

    async def _braked(
        self,
        directory: Directory,
        orders: Orders,
        known: Followed,
        holder: str,
        report: Report,
    ) -> None:
        """Write that the brake stopped it; the cursor stays, so that it is looked at again."""
        if orders.dry_run or report.brake is None:
            return
        said = f"{report.brake.would_go} of {report.brake.stored} people would be disabled"
        after = msgspec.structs.replace(known, tried_at=orders.now, failed="brake", said=said)
        await self.records.write(lambda unit: end_turn(unit, directory.name, holder, after))

    @asynccontextmanager
    async def _alive(self, name: str, holder: str) -> AsyncIterator[None]:
        """Keep the turn while a run goes on. Who lost it hears so at the end of the run."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(RENEW_EVERY)
                with suppress(RecordsUnavailable):  # the run itself will notice, or the next time
                    await self.records.write(
                        lambda unit: keep_turn(unit, name, holder, self.clock())
                    )

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])


def _failed(error: DirectoryBrokeOffError | AdapterSettingsError) -> Failed:
    ours = isinstance(error, AdapterSettingsError) or error.refused
    return Failed("service_account" if ours else "away", str(error))
