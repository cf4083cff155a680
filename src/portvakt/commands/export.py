"""`portvakt export`: what files own, as a file for `apply`, without secrets."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from portvakt.commands.opening import Opened, in_records, protected_argument
from portvakt.commands.shell import Shell, new_file
from portvakt.core.events import ProtectedSeen
from portvakt.journeys.apply_state.export import Exported, export_state
from portvakt.records import Unit

EXAMPLE = "portvakt export --out region.toml"


def arguments(parser: ArgumentParser) -> None:
    """Take where to write."""
    parser.add_argument("--out", metavar="FILE", type=Path, help="a new file, else the output")
    protected_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """Write the file; an existing one is not written over."""

    async def work(opened: Opened) -> Exported:
        country = opened.settings.organisation.country
        found = await export_state(
            opened.records, include_protected=args.include_protected, country=country
        )

        async def note(unit: Unit) -> None:
            event = ProtectedSeen(
                at=shell.clock(), actor=shell.actor, command="export", people=found.protected
            )
            await unit.audit.write(event)

        if args.include_protected:
            await opened.records.write(note)
        return found

    exported = in_records(shell, work)
    with new_file(args.out) as out:
        out.write(exported.text)
    if exported.left_out:
        print(f"left out, for protected identity: {exported.left_out}", file=sys.stderr)
    return 0
