"""`portvakt apply FILE`: makes what is stored match a file that an operator keeps."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import Shell, print_json
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.flow import Applied, ApplyState, Orders
from portvakt.journeys.apply_state.plan import Step
from portvakt.known_directories import allowed_prefixes

EXAMPLE = "portvakt apply region.toml --dry-run"
_SIGNS = {"created": "+", "removed": "-", "disabled": "-"}
_SHOWN = 50


def arguments(parser: ArgumentParser) -> None:
    """Take the file and how far to go."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the state file (TOML)")
    parser.add_argument("--dry-run", action="store_true", help="print the difference, no more")
    parser.add_argument(
        "--prune", action="store_true", help="remove what files own and this one lacks"
    )
    parser.add_argument(
        "--override-brake", action="store_true", help="go on although so much would be removed"
    )
    parser.add_argument("--json", action="store_true", help="report in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Apply; 1 where the file is wrong or the brake stopped it."""

    async def work(opened: Opened) -> Applied:
        settings = opened.settings
        flow = ApplyState(opened.records, SystemRandom(), opened.sealer(), opened.notices())
        orders = Orders(
            now=shell.clock(),
            actor=shell.actor,
            allowed_prefixes=allowed_prefixes(settings),
            country=settings.organisation.country,
            prune=args.prune,
            dry_run=args.dry_run,
            override_brake=args.override_brake,
            brake_least=settings.sync.brake,
            brake_per_cent=settings.sync.brake_percent,
        )
        return await flow.run(args.file, orders)

    applied = in_records(shell, work)
    for warning in applied.warnings:
        print(f"{args.file}: warning: {warning}", file=sys.stderr)
    if args.json:
        print_json(_as_json(applied, dry_run=args.dry_run))
    else:
        _print(applied, dry_run=args.dry_run)
    if applied.stopped and not args.override_brake:
        print(f"portvakt apply: {_braked(applied)}", file=sys.stderr)
        return 1
    return 0


def _as_json(applied: Applied, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "changes": [asdict(each) for each in applied.steps],
        "kept": [asdict(each) for each in applied.kept],
        "unchanged": applied.unchanged,
        "brake": None if applied.brake is None else asdict(applied.brake),
        "emptied": applied.emptied,
        "warnings": [asdict(each) for each in applied.warnings],
        "notes": applied.notes,
    }


def _print(applied: Applied, *, dry_run: bool) -> None:
    for step in applied.steps[:_SHOWN]:
        print(_line(step))
    if len(applied.steps) > _SHOWN:
        print(f"and {len(applied.steps) - _SHOWN} more: --json has them all")
    for step in applied.kept[:_SHOWN]:
        print(f"  {step.kind} {step.id} is not in the file and stays; --prune removes it")
    for note in applied.notes:
        print(f"  {note}")
    would = "would change" if dry_run else "changed"
    print(f"{len(applied.steps)} {would}, {applied.unchanged} unchanged")


def _line(step: Step) -> str:
    fields = f": {', '.join(step.fields)}" if step.fields else ""
    change = "" if step.change in {"created", "removed", "changed"} else f" {step.change}"
    return f"{_SIGNS.get(step.change, '~')} {step.kind} {step.id}{change}{fields}"


def _braked(applied: Applied) -> str:
    if applied.emptied:
        kinds = ", ".join(f"no {kind}" for kind in applied.emptied)
        return f"stopped: the file has {kinds}, and all would go (--override-brake goes on)"
    brake = applied.brake
    if brake is None:
        raise AssertionError("nothing stopped it")
    return (
        f"stopped: {brake.would_go} of {brake.stored} people would be disabled, and {brake.allowed}"
        " is the most that goes without asking (--override-brake goes on)"
    )
