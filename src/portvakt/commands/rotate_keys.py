"""`portvakt rotate-keys`: new keys for old ones, while everything runs."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from portvakt.commands.opening import Opened, in_records, read_keys
from portvakt.commands.sealed_rows import Resealed, counted, reseal, wanted_by
from portvakt.commands.shell import CommandError, Progress, Shell
from portvakt.core.events import (
    Event,
    SealingKeyMade,
    SealingKeyRetired,
    SigningKeyMade,
    SigningKeyRetired,
    SigningKeyWithdrawn,
)
from portvakt.crypto.key_file import CannotTurnError, check_can_go, prepare, promote, retire
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.open_app.keys import rotate, withdraw
from portvakt.records import KeyState

EXAMPLE = "portvakt rotate-keys sealing"
KNOWN_TO_APPS: Final = timedelta(hours=1)
"""How long a signing key is published before it signs; apps keep a copy for five minutes."""
SETTLED: Final = timedelta(minutes=1)
"""How long after the last change of the file nothing sealed before it is under way any more."""


def arguments(parser: ArgumentParser) -> None:
    """Take which keys, and how far to go."""
    parser.add_argument(
        "what",
        choices=["sealing", "signing"],
        help="`sealing`: the master key file, and all that is sealed; `signing`: keys that apps "
        "check our answers with",
    )
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="only add the new sealing key, for copying the file to other machines first",
    )
    parser.add_argument(
        "--retire", metavar="KEY-ID", help="remove an old sealing key that seals nothing any more"
    )
    parser.add_argument(
        "--at-once",
        action="store_true",
        help="sign with the next signing key, though apps may not know it yet",
    )
    parser.add_argument(
        "--leaked",
        metavar="KEY-ID",
        help="a signing key has leaked: nothing that it signed counts any more",
    )


def run(args: Namespace, shell: Shell) -> int:
    """Rotate. Whatever stops it, the same command goes on from there."""
    signing = args.what == "signing"
    if (signing and (args.prepare or args.retire)) or (
        not signing and (args.at_once or args.leaked)
    ):
        print(
            "portvakt rotate-keys: --prepare and --retire are for `sealing`, --at-once and "
            "--leaked for `signing`",
            file=sys.stderr,
        )
        return 2

    async def work(opened: Opened) -> int:
        try:
            if signing and args.leaked:
                return await _withdraw(opened, args.leaked)
            if signing:
                return await _signing(opened, at_once=args.at_once)
            if args.retire:
                return await _retire(opened, args.retire)
            return await _prepare(opened) if args.prepare else await _sealing(opened)
        except CannotTurnError as error:
            raise CommandError(str(error)) from error

    return in_records(shell, work)


def _file(opened: Opened) -> Path:
    return Path(opened.settings.keys.master_file)


async def _prepare(opened: Opened) -> int:
    new = await asyncio.to_thread(prepare, _file(opened), opened.shell.clock().date())
    print(f"{new} waits in {_file(opened)}; every process here knows it from now on")
    print("copy the file to the other machines, then run `portvakt rotate-keys sealing`")
    return 0


async def _sealing(opened: Opened) -> int:
    """Turn the key, unless an earlier turn is not finished, and seal everything again."""
    keys = read_keys(opened.settings)
    rows = await counted(opened.records)
    older = sum(rows[each] for each in keys.keys if each != keys.current)
    if keys.waiting is None and older:
        print(f"first things first: {older} rows are to be sealed with {keys.current}; no new key")
    else:
        if keys.waiting is None:
            await asyncio.to_thread(prepare, _file(opened), opened.shell.clock().date())
        new = await asyncio.to_thread(promote, _file(opened))
        event = SealingKeyMade(at=opened.shell.clock(), actor=opened.shell.actor, key=new)
        await _note(opened, event)
        print(f"{new} seals from now on")
    sealer, current = opened.sealer(), read_keys(opened.settings).current
    bar = Progress("sealing again")
    total = sum(rows.values()) - rows[current]
    result = await reseal(opened.records, sealer, total, bar)
    bar.end()
    return _report(result, current)


def _report(result: Resealed, current: str) -> int:
    print(f"sealed again with {current}: {result.done} rows")
    if result.left:
        print(
            f"{result.left} rows came with an older key meanwhile: does another machine have an "
            "old copy of the file? Then run this again",
            file=sys.stderr,
        )
    for each in result.unopened:
        print(f"cannot be opened, and was left: {each}", file=sys.stderr)
    return 1 if result.left or result.unopened else 0


async def _retire(opened: Opened, key_id: str) -> int:
    keys = read_keys(opened.settings)
    check_can_go(keys, key_id)
    changed = datetime.fromtimestamp(_file(opened).stat().st_mtime, UTC)
    if opened.shell.clock() - changed < SETTLED:
        raise CommandError(
            "the master key file was changed less than a minute ago, and something may still be on "
            "its way; wait a minute"
        )
    rows = (await counted(opened.records))[key_id]
    if rows:
        raise CommandError(
            f"{key_id} still seals {rows} rows; `portvakt rotate-keys sealing` seals them again"
        )
    why = await opened.records.read(lambda unit: wanted_by(unit, keys, key_id))
    if why is not None:
        raise CommandError(f"{key_id} stays: {why}")
    await asyncio.to_thread(retire, _file(opened), key_id)
    event = SealingKeyRetired(at=opened.shell.clock(), actor=opened.shell.actor, key=key_id)
    await _note(opened, event)
    print(f"{key_id} is gone from {_file(opened)}")
    print("a backup from its time needs it: keep a copy of the old file as long as such backups")
    return 0


async def _signing(opened: Opened, *, at_once: bool) -> int:
    now = opened.shell.clock()
    stored = await opened.records.read(lambda unit: unit.signing_keys.all())
    known = [each.changed_at + KNOWN_TO_APPS for each in stored if each.state is KeyState.NEXT]
    if known and max(known) > now and not at_once:
        raise CommandError(
            "the next signing key was published less than an hour ago, and apps may not know it; "
            f"try again after {max(known):%H:%M} UTC"
        )
    events = await rotate(
        opened.records, opened.sealer(), SystemRandom(), now, actor=opened.shell.actor
    )
    _tell(events)
    print("every process follows within ten seconds; old keys stay published for a day at least")
    return 0


async def _withdraw(opened: Opened, key_id: str) -> int:
    events = await withdraw(
        opened.records,
        opened.sealer(),
        SystemRandom(),
        opened.shell.clock(),
        key_id,
        actor=opened.shell.actor,
    )
    if not events:
        raise CommandError(f"no signing key is called {key_id}; `portvakt keys` lists them")
    _tell(events)
    print("every process follows within ten seconds; apps as soon as they read the keys again")
    return 0


def _tell(events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, SigningKeyRetired):
            print(f"{event.kid} signs no more")
        elif isinstance(event, SigningKeyMade):
            print(f"{event.kid} ({event.alg}) is made and published")
        elif isinstance(event, SigningKeyWithdrawn):
            print(f"{event.kid} is published no more, and what it signed counts no more")


async def _note(opened: Opened, event: Event) -> None:
    await opened.records.write(lambda unit: unit.audit.write(event))
