"""Opens what a command works on: settings, a database with our tables, the master key."""

import asyncio
import gc
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from portvakt.commands.shell import CommandError, Shell
from portvakt.core.events import ProtectedSeen
from portvakt.core.people import Account, canonical_identifier
from portvakt.crypto.sealing import (
    MasterKeyFileError,
    MasterKeys,
    Sealer,
    make_master_key_file,
    read_master_keys,
)
from portvakt.journeys.approve_push.origin import moved_from
from portvakt.journeys.set_up_mfa.key_host import settle, settle_metadata
from portvakt.known_key_models import key_metadata
from portvakt.proving.notices import Notices
from portvakt.records import Records, Standing, Unit, open_records
from portvakt.records.addresses import SqliteFile, address_of
from portvakt.records.migrate import SCHEMA_VERSION, current, migrate
from portvakt.settings import Settings
from portvakt.telling_people import notices_of
from portvakt.web.site import origin_of

T = TypeVar("T")
DEMO_MARK = "demo"
"""In `unit.meta`: the demo made this database, and its passwords are printed on a page."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a command has in its hands while it works."""

    settings: Settings
    records: Records
    shell: Shell

    def sealer(self) -> Sealer:
        """Return what seals secrets at rest. Raises `CommandError`."""
        return Sealer(read_keys(self.settings))

    def notices(self) -> Notices:
        """Return who tells people what was done to their account."""
        return notices_of(self.settings, self.sealer())


def in_records(shell: Shell, work: Callable[[Opened], Awaitable[T]]) -> T:
    """Open the records of the settings, do some work on them, and close them."""
    settings = shell.settings()
    make_ready(settings, shell.clock().date())

    async def main() -> T:
        async with _opened(settings, shell) as opened:
            return await work(opened)

    leave_what_is_loaded()
    return asyncio.run(main())


def leave_what_is_loaded() -> None:
    """Have the collector of cycles look at what is made from now on, and at that less often.

    What is here by now stays, and requests, or thousands of people at a time, come and go: to go
    through it all again and again would be a tenth of the work. Few of our objects are in cycles.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@asynccontextmanager
async def _opened(settings: Settings, shell: Shell) -> AsyncIterator[Opened]:
    records = await open_records(settings.database_url, clock=shell.clock)
    try:
        yield Opened(settings, records, shell)
    finally:
        await records.close()


def is_embedded(settings: Settings) -> bool:
    """Say whether the database is a file of this machine, which one process serves."""
    return isinstance(address_of(settings.database_url), SqliteFile)


def read_keys(settings: Settings) -> MasterKeys:
    """Read the master key. Raises `CommandError`."""
    try:
        return read_master_keys(Path(settings.keys.master_file))
    except MasterKeyFileError as error:
        raise CommandError(str(error)) from error


def _metadata_number(settings: Settings, shell: Shell) -> int | None:
    """Read which edition of the metadata of keys the settings name. Raises `CommandError`."""
    if not settings.passkeys.metadata:
        return None
    try:
        found = key_metadata(settings, shell.clock())
    except ValueError as error:
        raise CommandError(str(error)) from error
    return None if found is None else found.number


async def refuse_what_is_not_ours(settings: Settings, shell: Shell) -> None:
    """See that this database may be served under these settings. Raises `CommandError`.

    Passwords of a demo are printed on a page, so what it made is never served as real. Phones
    belong to the origin that they were paired under, and keys to its host; none would work under
    another.
    """
    app = origin_of(settings.public_url, settings.hosts.authenticator)
    own = origin_of(settings.public_url)

    async def look(unit: Unit) -> tuple[str | None, tuple[str, str] | None]:
        return await unit.meta.get(DEMO_MARK), await moved_from(unit, app, own)

    host = urlsplit(settings.public_url).hostname or ""
    number = _metadata_number(settings, shell)
    async with _opened(settings, shell) as opened:
        mark, before = await opened.records.read(look)
        made_for = None if mark else await opened.records.write(lambda unit: settle(unit, host))
        newer = None
        if number is not None:
            newer = await opened.records.write(lambda unit: settle_metadata(unit, number))
    if newer is not None:
        raise CommandError(
            f"[passkeys] metadata has the number {number}, and {newer} was taken before: an older "
            "edition does not know what was found since; put a newer file there"
        )
    if made_for is not None:
        raise CommandError(
            f"keys were made for {made_for}, and public_url says {host}; none of them would work "
            f"there: go back to {made_for}, or remove the keys first"
        )
    if mark is not None:
        raise CommandError("this database was made by `portvakt demo`; only the demo serves it")
    if before is not None:
        raise CommandError(
            f"phones were paired under {before[0]} with sign-in at {before[1]}, and the settings "
            f"say {app} and {own}; go back to those names (public_url, hosts.authenticator), or "
            "remove the phones first"
        )


def make_ready(settings: Settings, today: date) -> None:
    """See that the tables are ours. The embedded database is made and migrated by itself.

    Raises `CommandError` where an operator must run `portvakt migrate`, which for a server is
    theirs to time.
    """
    found = current(settings.database_url)
    if found == SCHEMA_VERSION:
        return
    if not is_embedded(settings):
        if found is not None and found > SCHEMA_VERSION:
            return  # an upgrade is under way, and until its end the version before runs on
        have = "has none of our tables" if found is None else f"is at version {found}"
        raise CommandError(f"the database {have}; run `portvakt migrate`")
    make_key(settings, today, new=found is None)  # first: a database without its key is no new one
    migrate(settings.database_url, lambda line: print(f"database: {line}", file=sys.stderr))


def make_key(settings: Settings, today: date, *, new: bool) -> bool:
    """Make the master key file for a new database; True where it was made.

    For a database that is not new the lost key is what opens its secrets, and another one would
    only hide that.
    """
    file = Path(settings.keys.master_file)
    if file.exists():
        return False
    if not new:
        raise CommandError(
            f"there is no master key in {file}; bring it back from where it is kept, "
            "for what it sealed cannot be opened without it"
        )
    try:
        make_master_key_file(file, made=today)
    except OSError as error:
        raise CommandError(f"{file} cannot be made: {error.strerror}") from error
    print(f"made the master key {file}: keep a copy, apart from the database", file=sys.stderr)
    return True


def person_argument(parser: ArgumentParser) -> None:
    """Take PERSON, and leave to see people with protected identity."""
    parser.add_argument("person", metavar="PERSON", help="user name, e-mail address or id")
    protected_argument(parser)


def protected_argument(parser: ArgumentParser) -> None:
    """Take leave to see people with protected identity; using it is an event."""
    parser.add_argument(
        "--include-protected",
        action="store_true",
        help="people with protected identity too; that you asked is recorded",
    )


async def find_person(
    unit: Unit, args: Namespace, shell: Shell, *, break_glass: bool = False
) -> Standing:
    """Find PERSON by user name, e-mail address or id. Raises `CommandError`.

    A break-glass account is nobody, but for what ends something (`break_glass`).

    Somebody with protected identity is not there for whoever has not asked to see them; that
    somebody was seen is an event, so the unit must be one that writes.
    """
    text = args.person
    name = canonical_identifier(text)
    found = None if name is None else await unit.people.find(name)
    if found is None:
        sources = ("hr", "apply", *(each.name for each in shell.settings().directories))
        ids = [await unit.people.by_external_id(source, text) for source in sources]
        known = [each for each in ids if each is not None]
        if len(known) > 1:
            raise CommandError(f"several sources each have somebody with the id {text}")
        found = await unit.people.load(known[0]) if known else None
    if found is None and (kept := await unit.break_glass.named(text)) is not None:
        if not break_glass:
            raise CommandError(f"{text} is a break-glass account: see `portvakt break-glass`")
        found = await unit.people.load(kept.id)
    if found is None or (found.account.protected and not args.include_protected):
        raise CommandError(f"there is nobody called {text!r}, or there are two")
    if found.account.protected:
        await told_of_protected(unit, found.account, shell)
    return found


async def note_protected(opened: Opened, people: int) -> None:
    """Write that so many people with protected identity were listed (A132)."""
    shell = opened.shell
    event = ProtectedSeen(at=shell.clock(), actor=shell.actor, command=shell.command, people=people)
    await opened.records.write(lambda unit: unit.audit.write(event))


async def told_of_protected(unit: Unit, account: Account, shell: Shell) -> None:
    """Write that somebody with protected identity was seen (A132)."""
    seen = ProtectedSeen(
        at=shell.clock(),
        account_id=account.id,
        actor=shell.actor,
        command=shell.command,
        people=1,
    )
    await unit.audit.write(seen)
