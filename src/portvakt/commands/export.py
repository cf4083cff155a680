"""`portvakt export`: what files own, as a file for `apply`, without secrets."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from portvakt.commands.opening import Opened, in_records, protected_argument
from portvakt.commands.shell import CommandError, Shell
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
    if args.out is None:
        print(exported.text, end="")
    else:
        _write(args.out, exported.text)
    if exported.left_out:
        print(f"left out, for protected identity: {exported.left_out}", file=sys.stderr)
    return 0


def _write(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
