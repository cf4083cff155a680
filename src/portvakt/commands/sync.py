"""`portvakt sync`: the people of the directories, now."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Progress, Shell, print_json
from portvakt.core.directory_diff import Change
from portvakt.crypto.randomness import SystemRandom
from portvakt.directories import Directory
from portvakt.journeys.sync_people.follow import Failed, Follow, NotNow, Outcome, Synced
from portvakt.known_directories import directories, orders

EXAMPLE = "portvakt sync --directory region --dry-run"
_SHOWN = 20
_HIDDEN = frozenset({"work_mobile"})


def arguments(parser: ArgumentParser) -> None:
    """Take which directory, and how far to go."""
    parser.add_argument("--directory", metavar="NAME", help="only this one of the settings")
    parser.add_argument("--json", action="store_true", help="report in JSON, everything of it")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would change, by person and field"
    )
    parser.add_argument(
        "--full", action="store_true", help="read everybody, not only what changed since last time"
    )
    parser.add_argument(
        "--override-brake",
        action="store_true",
        help="go on although more people would be disabled than the settings allow",
    )


@dataclass(slots=True)
class _Shown:
    """Prints changes as they are found, or keeps them for JSON."""

    name: str
    keep: bool
    kept: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, changes: Sequence[Change]) -> None:
        for change in changes:
            who = change.after.user_name or change.after.external_id
            if self.keep:
                self.kept.append({"person": who, "kind": change.kind, "fields": _fields(change)})
            else:
                print(f"{self.name}: {who}: {change.kind}")
                for name, (before, after) in _fields(change).items():
                    print(f"    {name}: {before or '-'} → {after or '-'}")


def run(args: Namespace, shell: Shell) -> int:
    """Follow each directory; 1 where one could not be followed to the end."""
    found: list[dict[str, Any]] = []

    async def work(opened: Opened) -> int:
        worst = 0
        async with directories(opened.settings) as known:
            for name in _chosen(args, list(known)):
                shown = _Shown(name, args.json)
                outcome = await _follow(args, opened, known[name], shown)
                worst = max(worst, _say(args, name, outcome))
                found.append(_told(name, outcome, shown, dry_run=args.dry_run))
        return worst

    status = in_records(shell, work)
    if args.json:
        print_json(found)
    return status


def _chosen(args: Namespace, known: list[str]) -> list[str]:
    if not known:
        raise CommandError("the settings name no directory ([[directories]])")
    if args.directory is None:
        return known
    if args.directory not in known:
        raise CommandError(f"there is no directory {args.directory}; there is {', '.join(known)}")
    return [args.directory]


async def _follow(args: Namespace, opened: Opened, directory: Directory, shown: _Shown) -> Outcome:
    settings = {each.name: each for each in opened.settings.directories}[directory.name]
    follow = Follow(
        records=opened.records,
        random=SystemRandom(),
        notices=opened.notices(),
        clock=opened.shell.clock,
    )
    how = orders(
        opened.settings,
        opened.shell.clock(),
        passwords=settings.passwords,
        override_brake=args.override_brake,
        dry_run=args.dry_run,
    )
    progress = Progress(f"following {directory.name}")
    try:
        return await follow.run(directory, how, progress=progress, look=shown, whole=args.full)
    finally:
        progress.end()


def _say(args: Namespace, name: str, outcome: Outcome) -> int:
    """Print how it went, and return the exit status."""
    match outcome:
        case NotNow():
            print(f"portvakt sync: {name}: another run is under way", file=sys.stderr)
            return 1
        case Failed(said=said):
            print(f"portvakt sync: {name}: nothing was changed: {said}", file=sys.stderr)
            return 1
        case Synced(report=report):
            if not args.json:
                _print(name, outcome)
            brake = report.brake
            if brake is None or args.override_brake:
                return 0
            print(
                f"portvakt sync: {name}: stopped: {brake.would_go} of {brake.stored} people would "
                f"be disabled, and {brake.allowed} is the most that goes without asking "
                "(--override-brake goes on)",
                file=sys.stderr,
            )
            return 1


def _print(name: str, outcome: Synced) -> None:
    print(f"{name}: {'everybody was read' if outcome.whole else 'changes were read'}")
    counts = {key: count for key, count in outcome.report.counts().items() if count}
    width = max(map(len, counts), default=0)
    for key, count in counts.items():
        print(f"  {key:{width}}  {count}")
    rows = outcome.report.rows
    for each in rows[:_SHOWN]:
        print(f"  {outcome.who.get(each.row, f'row {each.row}')}: {each.field}: {each.reason}")
    if len(rows) > _SHOWN:
        print(f"  and {len(rows) - _SHOWN} more: --json has them all")


def _told(name: str, outcome: Outcome, shown: _Shown, *, dry_run: bool) -> dict[str, Any]:
    """Give the outcome for JSON."""
    told: dict[str, Any] = {"directory": name, "dry_run": dry_run}
    match outcome:
        case NotNow():
            return {**told, "outcome": "not_now"}
        case Failed(kind=kind, said=said):
            return {**told, "outcome": kind, "said": said}
        case Synced(report=report, whole=whole, who=who):
            brake = None if report.brake is None else asdict(report.brake)
            rows = [{**asdict(each), "person": who.get(each.row)} for each in report.rows]
            return {
                **told,
                "outcome": "synced",
                "whole": whole,
                **report.counts(),
                "brake": brake,
                "rows": rows,
                "changes": shown.kept,
            }


def _fields(change: Change) -> dict[str, tuple[str, str]]:
    """Give what was and what would be, field by field; of numbers the last digits only."""
    return {
        name: (_value(name, getattr(change.before, name, None)), _value(name, after))
        for name in change.fields
        if (after := getattr(change.after, name)) or change.before is not None
    }


def _value(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    text = str(value)
    return f"••• {text[-2:]}" if name in _HIDDEN and text else text
