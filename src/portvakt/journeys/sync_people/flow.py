"""Reads a source of people twice: first to know what can only be known of all, then to follow it.

The second reading compares and writes a part at a time, each part one transaction, so that
sign-ins go on meanwhile and memory does not grow. A run that is killed half-way has done whole
parts; the next one does the rest and arrives at the same.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from portvakt.core.directory_diff import (
    BRAKE_LEAST,
    BRAKE_PER_CENT,
    Change,
    Difference,
    PersonFacts,
    brake_on,
    difference,
)
from portvakt.core.events import BrakeStopped, PeopleImported
from portvakt.core.people import AccountState
from portvakt.crypto.randomness import Random
from portvakt.directories import Field, PeopleSource, PersonSeen
from portvakt.journeys.sync_people.facts import facts_of_seen
from portvakt.journeys.sync_people.last_administrators import (
    disable_vanished,
    tell_of_staying,
    without_last,
)
from portvakt.journeys.sync_people.report import Report, RowReport
from portvakt.journeys.sync_people.survey import Judgement, Survey, names_of
from portvakt.journeys.sync_people.write import (
    ACTOR,
    PHONE_LABEL,
    Following,
    Ids,
    Part,
    write_part,
)
from portvakt.proving.notices import Notices
from portvakt.records import Outline, Records, StoredPerson, Unit

PART = 1000
"""People in one transaction: long enough to write each page of an index seldom, short enough
(some 50 ms, of 100,000 people 150) that a sign-in does not notice."""
OUTLINES = 2000
"""People looked at in one read; on SQLite a read holds up the loop."""
Progress = Callable[[int, int], None]
Look = Callable[[Sequence[Change]], None]
"""Is shown each change of a dry run."""
Finish = Callable[[Unit], Awaitable[None]]
"""Writes what must be true exactly where the run came to its end."""
Seen = tuple[PersonSeen, str | None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the operator wants of this run."""

    now: datetime
    judgement: Judgement
    brake_least: int = BRAKE_LEAST
    brake_per_cent: float = BRAKE_PER_CENT
    override_brake: bool = False
    dry_run: bool = False
    """Find out everything and change nothing."""
    actor: str = ACTOR
    phone_label: str = PHONE_LABEL
    passwords: bool = False
    """The source keeps people's passwords."""
    quiet: bool = False
    """A run that finds nothing to do is no event."""
    stopped_before: bool = False
    """The brake stopped the last run too, which somebody was told."""


def _nobody_looks(changes: Sequence[Change]) -> None:
    del changes


async def _nothing_more(unit: Unit) -> None:
    del unit


@dataclass(frozen=True, slots=True)
class SyncPeople:
    """Follows one source of people."""

    records: Records
    random: Random
    notices: Notices

    async def run(
        self,
        source: PeopleSource,
        orders: Orders,
        progress: Progress,
        *,
        vanished: Sequence[str] | None = None,
        look: Look = _nobody_looks,
        finish: Finish = _nothing_more,
    ) -> Report:
        """Make the accounts what the source says, and report.

        With `vanished`, external ids, the source is only what changed and those are who left it.
        Raises `UnusableSourceError` before anything is changed, or `RecordsUnavailable` with
        whole parts done.
        """
        report = Report()
        survey = Survey(source, orders.judgement, report)
        await survey.read(lambda: progress(source.position, 2 * source.size))
        if vanished is None:
            gone = await self._going(source.name, survey, orders, report)
        else:
            gone = await self._named(source.name, survey, vanished, orders, report)
        if report.brake is not None and not orders.override_brake:
            if not orders.dry_run and not orders.stopped_before:
                await self._stopped(source, orders, report)
        else:
            await self._follow(source, survey, orders, report, progress, look)
            await self._disable(source, gone, orders, report, look)
            await self._done(source, orders, report, finish)
        report.rows.sort()
        return report

    async def _named(
        self,
        source: str,
        survey: Survey,
        vanished: Sequence[str],
        orders: Orders,
        report: Report,
    ) -> list[Outline]:
        """Find the active people among those who vanished, and see whether to stop."""
        leaving = [each for each in survey.leaving if not survey.refuses(each)]

        async def read(unit: Unit) -> list[StoredPerson]:
            return await unit.people.some_of_source(source, [*leaving, *vanished])

        found = [each for each in await self.records.read(read) if each.facts.active]
        if len(found) > orders.brake_least:
            active = sum([1 async for _ in self._active(source)])
            report.brake = brake_on(
                len(found),
                active,
                nobody_seen=False,
                least=orders.brake_least,
                per_cent=orders.brake_per_cent,
            )
        left = set(leaving)
        return [
            Outline(each.external_id, each.id, each.state)
            for each in found
            if each.external_id not in left
        ]

    async def _going(
        self, source: str, survey: Survey, orders: Orders, report: Report
    ) -> list[Outline]:
        """List the active people whom the source no longer knows, and see whether to stop.

        Where a row cannot be tied to anybody it might be any of them, so then nobody is gone.
        """
        active = leaving = 0
        gone: list[Outline] = []
        async for each in self._active(source):
            active += 1
            if not survey.knows(each.external_id):
                gone.append(each)
            elif each.external_id in survey.leaving and not survey.refuses(each.external_id):
                leaving += 1
        if survey.anonymous:
            report.kept = len(gone)
            gone = []
        report.brake = brake_on(
            len(gone) + leaving,
            active,
            nobody_seen=report.people == 0,
            least=orders.brake_least,
            per_cent=orders.brake_per_cent,
        )
        return gone

    async def _active(self, source: str) -> AsyncIterator[Outline]:
        """Read everybody of a source who is active, a part at a time."""
        after = ""
        while True:

            async def read(unit: Unit, after: str = after) -> list[Outline]:
                return await unit.people.outlines_of_source(source, after=after, limit=OUTLINES)

            part = await self.records.read(read)
            for each in part:
                if each.state is AccountState.ACTIVE:
                    yield each
            if len(part) < OUTLINES:
                return
            after = part[-1].external_id

    async def _follow(
        self,
        source: PeopleSource,
        survey: Survey,
        orders: Orders,
        report: Report,
        progress: Progress,
        look: Look,
    ) -> None:
        following = self._following(source.name, orders)
        accounts = self.random.ids_in_order(report.people)
        methods = self.random.ids_in_order(2 * report.people)
        for batch in _batches(survey.walk(), PART):
            most = len(batch)
            ids = Ids([*itertools.islice(accounts, most)], [*itertools.islice(methods, 2 * most)])
            done, changes = await self._part(
                batch, survey, source, following, ids, dry_run=orders.dry_run
            )
            look(changes)
            report.created += done.created
            report.changed += done.changed
            report.disabled += done.disabled
            report.unchanged += done.unchanged
            report.refused += len(done.refused)
            report.rows += done.refused
            report.last_administrator += len(done.staying)
            progress(source.size + source.position, 2 * source.size)

    def _following(self, source: str, orders: Orders) -> Following:
        how = (orders.actor, orders.phone_label, orders.passwords)
        return Following(source, orders.now, self.notices, *how)

    async def _part(
        self,
        batch: Sequence[Seen],
        survey: Survey,
        source: PeopleSource,
        following: Following,
        ids: Ids,
        *,
        dry_run: bool,
    ) -> tuple[Part, Sequence[Change]]:
        fields = source.fields

        async def compare(unit: Unit) -> tuple[Difference, dict[str, StoredPerson], Part]:
            ids = [seen.external_id for seen, _ in batch]
            stored = {
                each.external_id: each
                for each in await unit.people.some_of_source(source.name, ids)
            }
            before = {key: each.facts for key, each in stored.items()}
            after, refused = await _judged(unit, batch, before, survey, fields, source.name)
            found = difference(before, after, vanished_stay=True)
            found, staying = await without_last(unit, found, stored)
            return found, stored, Part.of(found, refused, staying)

        async def write(unit: Unit) -> Part:
            await unit.turn(f"people:{source.name}")
            found, stored, part = await compare(unit)
            await write_part(unit, found.changes, stored, following, ids)
            await tell_of_staying(unit, part.staying, following)
            return part

        if dry_run:
            found, _, part = await self.records.read(compare)
            return part, found.changes
        return await self.records.write(write), ()

    async def _disable(
        self,
        source: PeopleSource,
        gone: Sequence[Outline],
        orders: Orders,
        report: Report,
        look: Look,
    ) -> None:
        """Disable those whom the source no longer knows."""
        if orders.dry_run:
            report.disabled += len(gone)
            await self._show_vanished(source.name, gone, look)
            return
        following = self._following(source.name, orders)
        for batch in _batches(iter(gone), PART):
            staying, went = await self.records.write(
                lambda unit, batch=batch: disable_vanished(unit, batch, following)
            )
            report.disabled += went
            report.last_administrator += len(staying)

    async def _show_vanished(self, source: str, gone: Sequence[Outline], look: Look) -> None:
        for batch in _batches(iter(gone), PART):

            async def read(unit: Unit, batch: Sequence[Outline] = batch) -> list[StoredPerson]:
                return await unit.people.some_of_source(
                    source, [each.external_id for each in batch]
                )

            facts = [each.facts for each in await self.records.read(read)]
            look([Change(each, replace(each, active=False), vanished=True) for each in facts])

    async def _done(
        self, source: PeopleSource, orders: Orders, report: Report, finish: Finish
    ) -> None:
        if orders.dry_run:
            return
        imported = PeopleImported(
            at=orders.now,
            actor=orders.actor,
            source=source.name,
            created=report.created,
            changed=report.changed,
            disabled=report.disabled,
            unchanged=report.unchanged,
        )
        silent = orders.quiet and not (report.created or report.changed or report.disabled)

        async def tell(unit: Unit) -> None:
            await finish(unit)
            if not silent:
                await unit.audit.write(imported)

        await self.records.write(tell)

    async def _stopped(self, source: PeopleSource, orders: Orders, report: Report) -> None:
        if report.brake is None:
            raise AssertionError("stopped without a brake")
        stopped = BrakeStopped(
            at=orders.now,
            actor=orders.actor,
            source=source.name,
            would_go=report.brake.would_go,
            allowed=report.brake.allowed,
            stored=report.brake.stored,
        )

        async def tell(unit: Unit) -> None:
            await unit.audit.write(stopped)

        await self.records.write(tell)


async def _judged(
    unit: Unit,
    batch: Sequence[Seen],
    before: dict[str, PersonFacts],
    survey: Survey,
    fields: frozenset[Field],
    source: str,
) -> tuple[list[PersonFacts], list[RowReport]]:
    """Return what is true of each person now, and the rows whose names belong to others.

    Two accounts on one name would keep each other out, so whoever has it keeps it (A119).
    """
    after = [
        facts_of_seen(
            seen, number, before.get(seen.external_id), fields, active=not survey.left(seen)
        )
        for seen, number in batch
    ]
    new_names = {each.external_id: _new_names(each, before) for each in after if each.active}
    wanted = set[str]().union(*new_names.values())
    taken = {
        name: holder.external_id if holder.source == source else None
        for holder in await unit.people.holders_of_names(wanted)
        if (name := holder.name) and (holder.source != source or survey.refuses(holder.external_id))
    }
    taken |= {name: None for name in wanted if survey.contested(name)}
    if not taken:
        return after, []
    kept, refused = [], []
    for (seen, _), each in zip(batch, after, strict=True):
        lost = {
            name
            for name in new_names.get(each.external_id, ())
            if name in taken and taken[name] != each.external_id
        }
        if lost:
            mail = lost <= names_of(seen.email)
            refused.append(RowReport(seen.row, Field.EMAIL if mail else Field.USER_NAME, "taken"))
        else:
            kept.append(each)
    return kept, refused


def _new_names(after: PersonFacts, before: dict[str, PersonFacts]) -> set[str]:
    """Return the names that somebody would get and does not have."""
    had = before.get(after.external_id)
    old = names_of(had.user_name, had.email) if had is not None and had.active else set[str]()
    return names_of(after.user_name, after.email) - old


def _batches(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch
