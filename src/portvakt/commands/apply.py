"""`portvakt apply FILE`: makes what is stored match a file that an operator keeps."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import Shell, print_json
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.flow import Applied, ApplyState, Orders
from portvakt.journeys.apply_state.plan import Step
from portvakt.known_directories import allowed_prefixes
from portvakt.settings.own_hosts import own_hosts

EXAMPLE = "portvakt apply region.toml --dry-run"
_SIGNS = {"created": "+", "removed": "-", "disabled": "-"}
_SHOWN = 50
_LONGEST = 300


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
    parser.add_argument(
        "--allow-weaker", action="store_true", help="go on although people get in with less"
    )
    parser.add_argument(
        "--allow-left-out",
        action="store_true",
        help="go on although people would have no second factor that they may use",
    )
    parser.add_argument(
        "--reason",
        "--why",
        type=reason,
        default="",
        metavar="TEXT",
        help="why the rules change: `portvakt rules history` tells it with who and when",
    )
    parser.add_argument("--json", action="store_true", help="report in JSON")


def reason(text: str) -> str:
    """Read why somebody changes the rules: one line."""
    said = " ".join(text.split())
    if not said.isprintable() or len(said) > _LONGEST:
        raise ArgumentTypeError(f"is not one line of at most {_LONGEST} characters")
    return said


def run(args: Namespace, shell: Shell) -> int:
    """Apply; 1 where the file is wrong, or something stopped it that nobody said is meant."""

    async def work(opened: Opened) -> tuple[Applied, Orders]:
        orders = _orders(args, opened)
        flow = ApplyState(opened.records, SystemRandom(), opened.sealer(), opened.notices())
        return await flow.run(args.file, orders), orders

    applied, orders = in_records(shell, work)
    for warning in applied.warnings:
        print(f"{args.file}: warning: {warning}", file=sys.stderr)
    if args.json:
        print_json(_as_json(applied, dry_run=args.dry_run))
    else:
        _print(applied, dry_run=args.dry_run)
    if applied.stopped(orders):
        for why in _stopped(applied, orders):
            print(f"portvakt apply: stopped: {why}", file=sys.stderr)
        return 1
    return 0


def _orders(args: Namespace, opened: Opened) -> Orders:
    settings = opened.settings
    return Orders(
        now=opened.shell.clock(),
        actor=opened.shell.actor,
        allowed_prefixes=allowed_prefixes(settings),
        country=settings.organisation.country,
        prune=args.prune,
        dry_run=args.dry_run,
        override_brake=args.override_brake,
        allow_weaker=args.allow_weaker,
        allow_left_out=args.allow_left_out,
        own_hosts=own_hosts(settings),
        reason=args.reason,
        brake_least=settings.sync.brake,
        brake_per_cent=settings.sync.brake_percent,
    )


def _as_json(applied: Applied, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "changes": [asdict(each) for each in applied.steps],
        "kept": [asdict(each) for each in applied.kept],
        "unchanged": applied.unchanged,
        "brake": None if applied.brake is None else asdict(applied.brake),
        "emptied": applied.emptied,
        "weaker": applied.weaker,
        "left_out": None if applied.left_out is None else asdict(applied.left_out),
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


def _stopped(applied: Applied, orders: Orders) -> Iterator[str]:
    """Say everything that stopped it, and which word goes on."""
    if not orders.override_brake:
        if applied.emptied:
            kinds = ", ".join(f"no {kind}" for kind in applied.emptied)
            yield f"the file has {kinds}, and all would go (--override-brake goes on)"
        brake = applied.brake
        if brake is not None:
            yield (
                f"{brake.would_go} of {brake.stored} people would be disabled, and {brake.allowed}"
                " is the most that goes without asking (--override-brake goes on)"
            )
    if not orders.allow_weaker:
        for less in applied.weaker:
            yield f"{less} (--allow-weaker goes on)"
    if applied.left_out is not None and not orders.allow_left_out:
        yield f"{applied.left_out} (--allow-left-out goes on)"
