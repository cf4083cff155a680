"""`portvakt rules replay` and `report`: what rules would have made of the sign-ins there were."""

import csv
from argparse import ArgumentParser, Namespace
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TextIO

from portvakt.commands.countries import country_of
from portvakt.commands.opening import Opened, in_records, note_protected, protected_argument
from portvakt.commands.shell import (
    CommandError,
    Progress,
    Shell,
    as_json,
    new_file,
    print_table,
)
from portvakt.core.ids import AccountId
from portvakt.core.policy import RuleState
from portvakt.core.replaying import Change, Changed, Tally
from portvakt.journeys.apply_state.draft import load_draft
from portvakt.proving.replaying import Replay
from portvakt.records import Configuration
from portvakt.records.past_sign_ins import PastPerson

DAYS: Final = 30
_MOST_DAYS: Final = 365
_SHOWN: Final = 50
_SAID: Final[Mapping[Change, str]] = {
    Change.BLOCKED: "blocked",
    Change.ASKED: "asked",
    Change.SHOWN: "shown anyway",
    Change.LESS: "asked less",
    Change.OPENED: "not blocked",
}
_NOTICED: Final = tuple(each for each in Change if each is not Change.SHOWN)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet would compute (A089)."""


def arguments(parser: ArgumentParser) -> None:
    """Take over how long, and how to answer."""
    parser.add_argument(
        "--days",
        type=int,
        default=DAYS,
        metavar="N",
        help="`replay`, `report`: the sign-ins of so many days (%(default)s)",
    )
    parser.add_argument(
        "--csv", action="store_true", help="`replay`, `report`: the list of people as CSV"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="`replay`, `report`: a new file to write to"
    )
    protected_argument(parser)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    about: str
    days: int
    tally: Tally
    people: Mapping[AccountId, PastPerson]
    """Of those who would have noticed something."""
    include_protected: bool
    warnings: tuple[str, ...] = ()

    def listed(self) -> list[tuple[PastPerson, Change, Changed]]:
        """List whom something would have been otherwise for, by unit and name."""
        found = [
            (self.people[id_], change, changed)
            for id_, change, changed in self.tally.rows()
            if self.include_protected or not self.people[id_].protected
        ]
        return sorted(found, key=lambda row: (row[0].unit, row[0].user_name, row[1]))


def replay(args: Namespace, shell: Shell) -> int:
    """Hold the rules of a file against what happened."""
    if len(args.names) != 1:
        raise CommandError("which file? `portvakt rules replay DRAFT.toml`")
    file = Path(args.names[0])

    async def work(opened: Opened) -> _Answer:
        stored, draft = await opened.records.read(lambda unit: load_draft(unit, file))
        answer = await _run(args, opened, stored, draft.configuration, about=str(file))
        return replace(answer, warnings=tuple(map(str, draft.warnings)))

    return _tell(args, in_records(shell, work))


def report(args: Namespace, shell: Shell) -> int:
    """Say what one stored rule alone would have asked, whatever its state."""
    if len(args.names) != 1:
        raise CommandError("which rule? `portvakt rules report RULE`")

    async def work(opened: Opened) -> _Answer:
        stored = await opened.records.read(lambda unit: unit.configuration.load())
        mine = [each for each in stored.rules if each.id == args.names[0]]
        if not mine:
            known = ", ".join(sorted(each.id for each in stored.rules)) or "none"
            raise CommandError(f"there is no rule {args.names[0]!r}; known are {known}")
        alone = replace(stored, rules=(replace(mine[0], state=RuleState.ON),))
        return await _run(args, opened, stored, alone, about=mine[0].id, alone=True)

    return _tell(args, in_records(shell, work))


async def _run(
    args: Namespace,
    opened: Opened,
    stored: Configuration,
    draft: Configuration,
    *,
    about: str,
    alone: bool = False,
) -> _Answer:
    if not 1 <= args.days <= _MOST_DAYS:
        raise CommandError(f"--days is 1 to {_MOST_DAYS}")
    now, tells = opened.shell.clock(), country_of(opened.settings)
    run = Replay(
        records=opened.records,
        draft=replace(draft, country_of=tells),
        stored=replace(stored, country_of=tells),
        now=now,
        alone=alone,
    )
    progress = Progress("replaying")
    try:
        tally = await run.run(now - timedelta(days=args.days), progress)
    finally:
        progress.end()
    people = {id_: each for id_ in tally.by_person if (each := run.people[id_]) is not None}
    if args.include_protected:
        await note_protected(opened, sum(1 for each in people.values() if each.protected))
    return _Answer(
        about=about,
        days=args.days,
        tally=tally,
        people=people,
        include_protected=args.include_protected,
    )


def _tell(args: Namespace, answer: _Answer) -> int:
    with new_file(args.out) as out:
        if args.json:
            print(as_json(_as_json(answer)), file=out)
        elif args.csv:
            _write_csv(answer, out)
        else:
            _print(answer, out)
    return 0


def _units(answer: _Answer) -> dict[str, dict[str, int]]:
    """Count by unit: people who would have noticed, sign-ins by change, people without a way."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    noticed: dict[str, set[AccountId]] = defaultdict(set)
    lacking: dict[str, set[AccountId]] = defaultdict(set)
    for id_, change, changed in answer.tally.rows():
        unit = answer.people[id_].unit
        found[unit][change] += changed.times
        if change is not Change.SHOWN:
            noticed[unit].add(id_)
        if changed.without_method:
            lacking[unit].add(id_)
    return {
        unit: {
            "people": len(noticed[unit]),
            **{str(each): counts[each] for each in Change},
            "without_method": len(lacking[unit]),
        }
        for unit, counts in sorted(found.items())
    }


def _as_json(answer: _Answer) -> dict[str, Any]:
    tally = answer.tally
    return {
        "about": answer.about,
        "days": answer.days,
        "sign_ins": tally.sign_ins,
        "people": len(tally.people),
        "older": tally.older,
        "gone": tally.gone,
        "erased": tally.erased,
        "changes": {str(each): tally.changes.get(each, 0) for each in Change},
        "by_unit": _units(answer),
        "by_day": {
            day.isoformat(): {str(each): counts.get(each, 0) for each in Change}
            for day, counts in sorted(tally.by_day.items())
        },
        "list": [dict(zip(_HEAD, _row(*each), strict=True)) for each in answer.listed()],
        "warnings": list(answer.warnings),
    }


_HEAD: Final = ("unit", "user_name", "id", "change", "times", "last", "rules", "without_method")


def _row(person: PastPerson, change: Change, changed: Changed) -> tuple[Any, ...]:
    last = changed.last.isoformat(timespec="seconds")
    rules = list(changed.rules)
    names = (person.unit, person.user_name, person.external_id)
    return (*names, str(change), changed.times, last, rules, changed.without_method)


def _write_csv(answer: _Answer, out: TextIO) -> None:
    """Write the list, every cell as text that no spreadsheet computes (A089)."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for each in answer.listed():
        writer.writerow([safe_cell(cell) for cell in _row(*each)])


def safe_cell(value: Any) -> str:
    """Write a value so that a spreadsheet shows it as it stands, whatever it begins with."""
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _print(answer: _Answer, out: TextIO) -> None:
    tally = answer.tally
    print(
        f"{answer.about}: {tally.sign_ins} sign-ins of {len(tally.people)} people in "
        f"{answer.days} days",
        file=out,
    )
    for said in _asides(tally):
        print(f"  {said}", file=out)
    for warning in answer.warnings:
        print(f"  warning: {warning}", file=out)
    units = _units(answer)
    if not units:
        print("nothing would have been otherwise", file=out)
        return
    print(file=out)
    head = ("unit", "people", *_SAID.values(), "without a method")
    print_table(
        head, [(unit or "-", *map(str, counts.values())) for unit, counts in units.items()], out
    )
    print(file=out)
    days = sorted(tally.by_day.items())
    rows = [
        (day.isoformat(), *(str(counts.get(each, 0)) for each in Change)) for day, counts in days
    ]
    print_table(("day", *_SAID.values()), rows, out)
    _print_people(answer, out)


def _asides(tally: Tally) -> Iterable[str]:
    if tally.older:
        yield f"{tally.older} are from before this was kept: held against the rules of today"
    if tally.gone:
        yield f"{tally.gone} of people who are gone were left out"
    if tally.erased:
        yield f"{tally.erased} whose person was erased were left out"


def _print_people(answer: _Answer, out: TextIO) -> None:
    rows = [each for each in answer.listed() if each[1] in _NOTICED]
    if not rows:
        return
    print(file=out)
    cells = [
        (
            person.unit or "-",
            person.user_name,
            f"{_SAID[change]}{', and has nothing for it' if changed.without_method else ''}",
            str(changed.times),
            f"{changed.last:%Y-%m-%d %H:%M}Z",
            ", ".join(changed.rules),
        )
        for person, change, changed in rows[:_SHOWN]
    ]
    print_table(("unit", "person", "would be", "times", "last", "rules"), cells, out)
    if len(rows) > _SHOWN:
        print(f"and {len(rows) - _SHOWN} more: --json and --csv have them all", file=out)
