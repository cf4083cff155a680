"""`portvakt restore FILE`: put back what `portvakt backup` copied, all of it or nothing."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portvakt.commands.opening import read_keys
from portvakt.commands.shell import CommandError, Progress, Shell, print_table
from portvakt.core.events import BackupRestored
from portvakt.crypto.sealed_file import Header, SealedFileError, mark_of, read_data, read_header
from portvakt.crypto.sealing import MasterKeys
from portvakt.records import RecordsUnavailable
from portvakt.records.after_restore import AfterRestore, Ended, Removal
from portvakt.records.audit import Audit
from portvakt.records.driver import Run
from portvakt.records.frames import BrokenFramesError, End, Rows, read_frames
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.restoring import NotEmptyError, Plan, is_empty, removed_since, restore

EXAMPLE = "portvakt restore /var/backups/portvakt-monday.backup --replace"


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup whose beginning has been read."""

    file: Path
    header: Header
    keys: MasterKeys
    made_at: datetime
    schema: str
    total: int

    def frames(self, progress: Callable[[int], None]) -> Iterator[Rows | End]:
        """Read all of it; `progress` is told how many rows have come. Raises `CommandError`."""
        done, last = 0, None
        try:
            with self.file.open("rb") as file:
                header = read_header(file)
                for last in read_frames(read_data(file, header, self.keys)):
                    if isinstance(last, Rows):
                        done += len(last.rows)
                        progress(done)
                    yield last
        except SealedFileError as error:
            raise CommandError(f"{self.file} {error}") from error
        except BrokenFramesError as error:
            raise CommandError(f"{self.file} has something else in it: {error}") from error
        except OSError as error:
            raise CommandError(f"{self.file} cannot be read: {error.strerror}") from error
        if not isinstance(last, End) or sum(last.rows.values()) != done:
            raise CommandError(f"{self.file} is damaged or cut off")


def arguments(parser: ArgumentParser) -> None:
    """Take what to read, and leave to replace."""
    parser.add_argument("file", metavar="FILE", type=Path, help="what `portvakt backup` wrote")
    parser.add_argument(
        "--replace", action="store_true", help="throw away what the database holds now"
    )
    parser.add_argument(
        "--keep-printed-codes",
        action="store_true",
        help="nobody has signed in since the backup, as in a move to a new machine: leave printed "
        "codes usable",
    )


def run(args: Namespace, shell: Shell) -> int:
    """Check the whole file first; then restore, and say what that means for people."""
    settings = shell.settings()
    keys = read_keys(settings)
    copy = begun(args.file, keys)
    url = settings.database_url
    if not args.replace and not asyncio.run(is_empty(url)):
        raise CommandError("the database is not empty; --replace throws away what it holds")
    end = _checked(copy)
    gone = _removed(url, copy.made_at) if args.replace else []
    bar = Progress("restore")

    async def finish(run: Run) -> Ended:
        now = shell.clock()
        ended = await AfterRestore(run).end_all(now, keep_cards=args.keep_printed_codes)
        event = BackupRestored(
            at=now,
            actor=shell.actor,
            as_of=copy.made_at,
            sessions=ended.sessions,
            messages=ended.messages,
        )
        await Audit(run).write(event)
        return ended

    plan = Plan(
        version=copy.schema,
        frames=lambda: copy.frames(lambda _: None),
        finish=finish,
        replace=args.replace,
        progress=lambda done: bar(done, copy.total),
    )
    try:
        ended = asyncio.run(restore(url, plan))
    except NotEmptyError as error:
        raise CommandError("the database is not empty any more; nothing was changed") from error
    bar.end()
    _tell(copy, end, ended, gone)
    return 0


def begun(file: Path, keys: MasterKeys) -> Copy:
    """Read what anybody may read of it, and see whether it can be restored here."""
    try:
        with file.open("rb") as opened:
            header = read_header(opened)
        about = header.about
        copy = Copy(
            file=file,
            header=header,
            keys=keys,
            made_at=datetime.fromisoformat(about["made_at"]),
            schema=str(about["schema"]),
            total=int(about["rows"]),
        )
        marks, founding = dict(about["marks"]), str(about["founding"])
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except SealedFileError as error:
        raise CommandError(f"{file} {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{file} is damaged or cut off") from error
    if copy.schema > SCHEMA_VERSION:
        raise CommandError(
            f"{file} was made by a newer Portvakt ({about.get('made_by')}, tables {copy.schema}; "
            f"this one knows {SCHEMA_VERSION}): install that first"
        )
    _check_key(file, keys, header.key, header.mark)
    if mark_of(keys, keys.founding) != marks.get(founding):
        raise CommandError(
            f"{file} is of an installation whose last master key is {founding}, and here the last "
            f"line is another key: apps would take everybody for somebody else"
        )
    return copy


def _check_key(file: Path, keys: MasterKeys, key_id: str, mark: str) -> None:
    if key_id not in keys.keys:
        raise CommandError(
            f"{file} needs the master key {key_id}, which the master key file does not hold; "
            "bring that line back first"
        )
    if mark_of(keys, key_id) != mark:
        raise CommandError(
            f"{file} was made with another master key, which also is called {key_id}"
        )


def _checked(copy: Copy) -> End:
    """Read all of the file without changing anything, and see that its keys are here."""
    bar = Progress("checking")
    end = End({})
    for frame in copy.frames(lambda done: bar(done, copy.total)):
        if isinstance(frame, End):
            end = frame
    bar.end()
    for key_id in sorted(end.keys):
        mark = copy.header.about["marks"].get(key_id)
        if mark is not None:  # else it was missing already when the backup was made
            _check_key(copy.file, copy.keys, key_id, mark)
    return end


def _removed(url: str, since: datetime) -> list[Removal]:
    """List what was taken away after the backup and will be there again, where that can be read."""
    try:
        return asyncio.run(removed_since(url, since))
    except RecordsUnavailable as error:
        print(
            f"what was removed since the backup cannot be read any more: {error}", file=sys.stderr
        )
        return []


def _tell(copy: Copy, end: End, ended: Ended, gone: list[Removal]) -> None:
    print(f"restored: {end.rows.get('accounts', 0)} people as of {copy.made_at:%Y-%m-%d %H:%M} UTC")
    print(
        f"ended: {ended.sessions} sessions; not sent: {ended.messages} messages; printed codes "
        f"that are dead now: {ended.cards}"
    )
    if gone:
        print("taken away since the backup, and there again: look at each")
        rows = [(f"{each.at:%Y-%m-%d %H:%M}", each.user_name, each.what) for each in gone]
        print_table(("when", "whose", "what"), rows)
