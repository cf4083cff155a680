"""`portvakt import-staff`: the people in an export of the HR system."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import Progress, Shell, print_json
from portvakt.crypto.randomness import SystemRandom
from portvakt.directories import PeopleSource
from portvakt.journeys.sync_people.flow import SyncPeople
from portvakt.journeys.sync_people.report import Report
from portvakt.known_directories import orders
from portvakt.plugins import fill

EXAMPLE = "portvakt import-staff staff.csv --dry-run"
_SHOWN = 20


def arguments(parser: ArgumentParser) -> None:
    """Take the file and how far to go."""
    parser.add_argument("file", metavar="FILE", help="the export: CSV with a header")
    parser.add_argument("--json", action="store_true", help="report in JSON, every row of it")
    parser.add_argument("--dry-run", action="store_true", help="report, and change nothing")
    parser.add_argument(
        "--override-brake",
        action="store_true",
        help="go on although more people would be disabled than the settings allow",
    )


def run(args: Namespace, shell: Shell) -> int:
    """Import; 1 where the brake stopped it, or there was nobody in the file."""
    source: PeopleSource = fill("portvakt.directories", "staff_csv", {"file": args.file}).open()
    progress = Progress("importing")

    async def work(opened: Opened) -> Report:
        flow = SyncPeople(opened.records, SystemRandom(), opened.notices())
        how = orders(
            opened.settings,
            opened.shell.clock(),
            override_brake=args.override_brake,
            dry_run=args.dry_run,
        )
        return await flow.run(source, how, progress)

    report = in_records(shell, work)
    progress.end()
    if args.json:
        brake = None if report.brake is None else asdict(report.brake)
        rows = [asdict(each) for each in report.rows]
        print_json({**report.counts(), "dry_run": args.dry_run, "brake": brake, "rows": rows})
    else:
        _print(report)
    if report.brake is not None and not args.override_brake:
        print(f"portvakt import-staff: {_braked(report)}", file=sys.stderr)
        return 1
    if report.people == 0:
        print("portvakt import-staff: there is nobody in the file", file=sys.stderr)
        return 1
    return 0


def _braked(report: Report) -> str:
    brake = report.brake
    if brake is None:
        raise AssertionError("nothing stopped it")
    if report.people == 0:
        return f"there is nobody in the file, and {brake.would_go} people would be disabled"
    return (
        f"stopped: {brake.would_go} of {brake.stored} people would be disabled, and {brake.allowed}"
        " is the most that goes without asking (--override-brake goes on)"
    )


def _print(report: Report) -> None:
    counts = report.counts()
    width = max(map(len, counts))
    for name, count in counts.items():
        print(f"{name:{width}}  {count}")
    for each in report.rows[:_SHOWN]:
        print(f"row {each.row}: {each.field}: {each.reason}")
    if len(report.rows) > _SHOWN:
        print(f"and {len(report.rows) - _SHOWN} rows more: --json has them all")
