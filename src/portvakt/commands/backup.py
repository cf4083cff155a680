"""`portvakt backup FILE`: everything that is kept, in one file that only the master key opens."""

import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from portvakt import __version__
from portvakt.commands.opening import Opened, in_records, read_keys
from portvakt.commands.shell import CommandError, Progress, Shell
from portvakt.core.events import BackupMade
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealed_file import SealedWriter, mark_of
from portvakt.crypto.sealing import MasterKeys, SealError, key_id_of
from portvakt.durable_files import replace_durably
from portvakt.records.copying import Shape, Snapshot, shapes, snapshot
from portvakt.records.frames import End, end_frame, rows_frame, table_frame
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.sealed import PLACES

EXAMPLE = "portvakt backup /var/backups/portvakt-monday.backup"
UNFINISHED: Final = ".part"
"""Ends the name of a file that is being written."""


def arguments(parser: ArgumentParser) -> None:
    """Take where to write."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file; none is written over")


def run(args: Namespace, shell: Shell) -> int:
    """Copy the database as it is at one moment, while others go on using it."""

    async def work(opened: Opened) -> End:
        keys = read_keys(opened.settings)
        event = BackupMade(at=shell.clock(), actor=shell.actor, key=keys.current)
        with _new_file(args.file) as file:
            await opened.records.write(lambda unit: unit.audit.write(event))
            bar = Progress("backup")
            async with snapshot(opened.settings.database_url) as moment:
                end = await write(file, keys, moment, _about(opened, keys), bar)
            bar.end()
            return end

    end = in_records(shell, work)
    size = args.file.stat().st_size / 1_000_000
    print(
        f"{args.file}: {end.rows['accounts']} people, {sum(end.rows.values())} rows, {size:.1f} MB"
    )
    used = ", ".join(sorted({*end.keys, read_keys(shell.settings()).current}))
    print(f"restoring it takes the master key file with: {used}; keep that apart from the backup")
    return 0


async def write(
    file: BinaryIO,
    keys: MasterKeys,
    moment: Snapshot,
    about: dict[str, object],
    progress: Callable[[int, int], None],
) -> End:
    """Write all tables of a snapshot to an open file, and return how much there was."""
    counts = {shape: await moment.count(shape) for shape in shapes()}
    total, done, used = sum(counts.values()), 0, Counter[str]()
    sealed = SealedWriter(file, keys, SystemRandom(), about | {"rows": total})
    rows: dict[str, int] = {}
    for shape in counts:
        sealed.write(table_frame(shape))
        rows[shape.table] = 0
        at = _sealed_columns(shape)
        async for batch in moment.batches(shape):
            sealed.write(rows_frame(batch))
            used.update(_keys_of(row[place] for row in batch for place in at))
            rows[shape.table] += len(batch)
            done += len(batch)
            progress(done, total)
    end = End(rows, used)
    sealed.write(end_frame(end))
    sealed.finish()
    return end


def _about(opened: Opened, keys: MasterKeys) -> dict[str, object]:
    """Say what a restore has to know before it opens anything; nothing of it is secret."""
    known = keys.now()
    return {
        "made_at": opened.shell.clock().isoformat(),
        "made_by": __version__,
        "schema": SCHEMA_VERSION,
        "installation": opened.settings.public_url,
        "founding": known.founding,
        "marks": {key_id: mark_of(known, key_id) for key_id in known.keys},
    }


def _sealed_columns(shape: Shape) -> list[int]:
    columns = [place.column for place in PLACES if place.table == shape.table]
    return [shape.columns.index(each) for each in columns]


def _keys_of(envelopes: Iterator[bytes | None]) -> Iterator[str]:
    for envelope in envelopes:
        if envelope is not None:
            try:
                yield key_id_of(envelope)
            except SealError:
                continue  # a damaged row, which `portvakt keys` tells of, is copied as it is


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that only its owner may read, and give it its name when it is whole."""
    if path.exists():
        raise CommandError(f"{path} is there already, and is not written over")
    part = path.with_name(path.name + UNFINISHED)
    try:
        part.unlink(missing_ok=True)  # of one that was killed
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
            replace_durably(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from error
