"""`portvakt keys`: the keys that seal what is stored, and those that sign what apps are told."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portvakt.commands.opening import Opened, in_records, read_keys
from portvakt.commands.sealed_rows import UNREADABLE, counted
from portvakt.commands.shell import Shell, print_json, print_table
from portvakt.crypto.sealing import MasterKeys
from portvakt.records import StoredKey, Unit

EXAMPLE = "portvakt keys --json"
MISSING = "missing"
"""The state of a key that rows need and the file has not."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One line of the master key file, or a key that is missed there."""

    id: str
    state: str
    """"seals", "waits" (to seal next), "opens" (what it once sealed), or `MISSING`."""
    founding: bool
    made: date | None
    rows: int


def arguments(parser: ArgumentParser) -> None:
    """Take how to answer."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """List both kinds; 1 where rows are sealed with a key that is not there, or are damaged."""

    async def work(opened: Opened) -> tuple[list[SealingKey], int, list[StoredKey]]:
        rows = await counted(opened.records)
        damaged = rows.pop(UNREADABLE, 0)
        return sealing_keys(read_keys(opened.settings), rows), damaged, await _signing(opened)

    sealing, damaged, signing = in_records(shell, work)
    now = shell.clock()
    if args.json:
        print_json(
            {
                "sealing": [_sealing_json(each, now) for each in sealing],
                "damaged_rows": damaged,
                "signing": [_signing_json(each, now) for each in signing],
            }
        )
    else:
        _print(sealing, damaged, signing, now)
    return 1 if damaged or any(each.state == MISSING for each in sealing) else 0


def sealing_keys(keys: MasterKeys, rows: Mapping[str, int]) -> list[SealingKey]:
    """Join what the file says of each key with how many rows it still seals."""
    known = keys.now()
    states = dict.fromkeys(known.keys, "opens") | {known.current: "seals"}
    if known.waiting is not None:
        states[known.waiting] = "waits"
    states |= dict.fromkeys(sorted(set(rows) - set(states)), MISSING)
    return [
        SealingKey(
            id=key_id,
            state=state,
            founding=key_id == known.founding,
            made=known.made.get(key_id),
            rows=rows.get(key_id, 0),
        )
        for key_id, state in states.items()
    ]


async def _signing(opened: Opened) -> list[StoredKey]:
    async def act(unit: Unit) -> list[StoredKey]:
        push = await unit.signing_keys.of_push()
        return [*await unit.signing_keys.all(), *([] if push is None else [push])]

    return await opened.records.read(act)


def _days(now: datetime, since: date | datetime | None) -> int | None:
    match since:
        case datetime():
            return (now - since) // timedelta(days=1)
        case date():
            return (now.date() - since).days
        case None:
            return None


def _sealing_json(key: SealingKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "state": key.state,
        "founding": key.founding,
        "made": key.made,
        "age_days": _days(now, key.made),
        "rows": key.rows,
    }


def _signing_json(key: StoredKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.kid,
        "algorithm": key.alg,
        "state": str(key.state),
        "made": key.created_at,
        "since": key.changed_at,
        "age_days": _days(now, key.created_at),
    }


def _print(
    sealing: list[SealingKey], damaged: int, signing: list[StoredKey], now: datetime
) -> None:
    rows = [
        (
            each.id,
            f"{each.state}, founding" if each.founding else each.state,
            "unknown" if each.made is None else str(each.made),
            "" if each.made is None else f"{_days(now, each.made)} d",
            str(each.rows),
        )
        for each in sealing
    ]
    print_table(("sealing key", "state", "made", "age", "rows"), rows)
    if damaged:
        print(f"rows that no key opens, for they are damaged: {damaged}")
    print()
    print_table(
        ("signing key", "for", "state", "since", "age"),
        [
            (
                each.kid,
                each.alg,
                str(each.state),
                f"{each.changed_at:%Y-%m-%d}",
                f"{_days(now, each.created_at)} d",
            )
            for each in signing
        ],
    )
