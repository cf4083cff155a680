"""`portvakt audit`: see whether the trail was changed, take a copy of it, keep it small."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import urlsplit

from portvakt.audit_check import Checked, check
from portvakt.audit_lines import json_line, syslog_line
from portvakt.background_audit import Trail, chain_keys, read_heads
from portvakt.commands.opening import Opened, find_person, in_records, protected_argument, read_keys
from portvakt.commands.shell import CommandError, Progress, Shell, new_file, print_json
from portvakt.core import audit_heads
from portvakt.core.audit_chain import Tip
from portvakt.core.audit_walk import Fault, Wrong
from portvakt.core.events import EVENTS, TrailExported
from portvakt.records import Unit
from portvakt.records.audit_chain import StoredEntry
from portvakt.records.values import ms

EXAMPLE = "portvakt audit verify --heads /mnt/elsewhere/heads.jsonl"
STRETCH: Final = 5_000
"""Events that an export reads at a time."""
_LATE: Final = timedelta(minutes=1)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
_SAID: Final = {
    Fault.CHANGED: "event {event} (place {seq}, batch {batch}) is not what was sealed",
    Fault.MOVED: "event {event} stands in place {seq} and was sealed in place {more}",
    Fault.MISSING: "the event in place {seq} (batch {batch}) is gone",
    Fault.EXTRA: "event {event} stands in place {seq} and was never sealed there",
    Fault.ERASED: "the personal part of event {event} (place {seq}) was erased, and not by us",
    Fault.BATCH_CHANGED: "batch {batch} is not what was linked",
    Fault.BATCH_MISSING: "there is no batch {batch}, and there are others beside it",
    Fault.BEGINNING_GONE: "the beginning, up to batch {batch}, was removed, and not by us",
    Fault.CUT_OFF: "the trail is cut off: a head of it tells of batch {batch} and {seq} events",
    Fault.OTHER_HEAD: "batch {batch} is not the one that a head of the trail tells of",
    Fault.UNKNOWN_KEY: "batch {batch} was sealed with the key “{more}”, which is not in the master "
    "key file",
}


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, and with which part of the trail."""
    parser.add_argument(
        "what",
        choices=["verify", "head", "export", "keep"],
        help="see whether the trail is what was sealed; print where it ends; copy it; erase and "
        "remove now what is older than the settings keep",
    )
    parser.add_argument(
        "--heads",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="`verify`: heads, or logs with heads in them, besides those of the settings",
    )
    parser.add_argument(
        "--format", choices=["json", "syslog"], default="json", help="`export`: how a line looks"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="`export`: a new file")
    parser.add_argument(
        "--from",
        dest="since",
        type=_time,
        metavar="TIME",
        help="`export`: from then on, as 2026-11-01",
    )
    parser.add_argument("--until", type=_time, metavar="TIME", help="`export`: what came before")
    parser.add_argument("--person", help="`export`: only about, and by, this person")
    parser.add_argument(
        "--name",
        action="append",
        choices=sorted(EVENTS),
        metavar="EVENT",
        help="`export`: only these",
    )
    protected_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"“{text}” is no time such as 2026-11-01 or 2026-11-01T08:00"
        ) from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def run(args: Namespace, shell: Shell) -> int:
    """Do it."""
    whats: dict[str, Callable[[Namespace, Shell], int]] = {
        "verify": _verify,
        "head": _head,
        "export": _export,
        "keep": _keep,
    }
    return whats[args.what](args, shell)


def _verify(args: Namespace, shell: Shell) -> int:
    """Walk through the trail; 1 where something is wrong, and say what."""

    async def work(opened: Opened) -> tuple[Checked, timedelta]:
        keys = chain_keys(read_keys(opened.settings))
        progress = Progress("verifying")
        try:
            found = await check(opened.records, keys, heads, progress)
        finally:
            progress.end()
        now = shell.clock()
        return found, await opened.records.read(lambda unit: unit.audit.sealer_lag(now))

    heads = _heads(args, shell)
    checked, lag = in_records(shell, work)
    if args.json:
        print_json(_as_json(checked, lag, heads))
    elif checked.wrong is None:
        print(_right(checked, heads))
    if checked.wrong is not None:
        raise CommandError(_said(checked.wrong))
    if lag > _LATE:
        print(
            f"portvakt audit: the oldest event without a seal is {lag} old: does the worker run? "
            "(After an upgrade it seals what was there before; that takes a while.)",
            file=sys.stderr,
        )
    return 0


def _heads(args: Namespace, shell: Shell) -> dict[int, Tip]:
    """Read every head that is known. Raises `CommandError`."""
    own = shell.settings().audit.head_file
    known: dict[int, Tip] = {}
    for file in (*(() if own is None else (Path(own),)), *args.heads):
        if file in args.heads and not file.exists():
            raise CommandError(f"{file} is not there")
        try:
            found = read_heads(file)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}: {error}") from error
        for number, tip in found.items():
            if known.setdefault(number, tip) != tip:
                raise CommandError(f"{file}: another file tells another thing of batch {number}")
    return known


def _as_json(checked: Checked, lag: timedelta, heads: dict[int, Tip]) -> dict[str, Any]:
    wrong = checked.wrong
    told: dict[str, Any] = {
        "right": wrong is None,
        "events": checked.tip.last - checked.removed,
        "removed": checked.removed,
        "heads": len(heads),
        "waiting_seconds": round(lag.total_seconds(), 3),
    }
    if wrong is not None:
        told["wrong"] = {
            "fault": wrong.fault,
            "batch": wrong.batch,
            "place": wrong.seq,
            "event": wrong.event,
            "said": _said(wrong),
        }
    return told


def _said(wrong: Wrong) -> str:
    return _SAID[wrong.fault].format(
        event=wrong.event, seq=wrong.seq, batch=wrong.batch, more=wrong.more
    )


def _right(checked: Checked, heads: dict[int, Tip]) -> str:
    lines = [f"{checked.tip.last - checked.removed} events are what was sealed"]
    if checked.removed:
        lines.append(f"{checked.removed} older ones were removed by the rule")
    if heads:
        agree = "1 head" if len(heads) == 1 else f"{len(heads)} heads"
        lines.append(f"{agree} from outside the database: the trail agrees")
    else:
        lines.append("no head was given: that nothing is missing at the end is not shown")
    return "; ".join(lines)


def _head(args: Namespace, shell: Shell) -> int:
    """Print where the trail ends, in the form that `--heads` takes."""
    del args

    async def work(opened: Opened) -> Tip:
        tip: Tip = await opened.records.read(lambda unit: unit.audit_chain.tip())
        return tip

    print(audit_heads.line(in_records(shell, work), shell.clock()))
    return 0


def _keep(args: Namespace, shell: Shell) -> int:
    """Erase and remove what is old."""

    async def work(opened: Opened) -> tuple[int, int]:
        keys = read_keys(opened.settings)
        trail = Trail(
            records=opened.records, keys=keys, clock=shell.clock, settings=opened.settings
        )
        return await trail.keep(shell.actor)

    erased, removed = in_records(shell, work)
    if args.json:
        print_json({"erased": erased, "removed": removed})
    else:
        print(f"personal parts erased: {erased}; events removed: {removed}")
    return 0


def _export(args: Namespace, shell: Shell) -> int:
    """Write a copy of events, and an event that tells of it."""
    with new_file(args.out) as out:

        async def work(opened: Opened) -> int:
            return await _copy(args, opened, out)

        count = in_records(shell, work)
    print(f"{count} events", file=sys.stderr)
    return 0


async def _copy(args: Namespace, opened: Opened, out: TextIO) -> int:
    shell, records = opened.shell, opened.records
    wanted = _Wanted(args, await _whom(args, opened))
    host = urlsplit(opened.settings.public_url).hostname or ""
    since, until = ms(args.since or _FIRST), ms(args.until or _LAST)
    newest = await records.read(lambda unit: unit.audit.newest())
    progress = Progress("exporting")
    count = 0
    for after in range(0, newest, STRETCH):
        upto = min(after + STRETCH, newest)
        found = await records.read(
            lambda unit, a=after, u=upto: unit.audit_chain.stretch(a, u, since, until)
        )
        for entry in filter(wanted, found):
            line = json_line(entry) if args.format == "json" else syslog_line(entry, host)
            out.write(f"{line}\n")
            count += 1
        progress(upto, newest)
    progress.end()
    exported = TrailExported(at=shell.clock(), actor=shell.actor, events=count)
    await records.write(lambda unit: unit.audit.write(exported))
    return count


async def _whom(args: Namespace, opened: Opened) -> str | None:
    if args.person is None:
        return None

    async def act(unit: Unit) -> str:
        return (await find_person(unit, args, opened.shell)).account.id

    return await opened.records.write(act)


class _Wanted:
    """Says whether an event is one of those that were asked for."""

    def __init__(self, args: Namespace, account_id: str | None) -> None:
        self._account = account_id
        self._actor = f"account:{account_id}"
        self._names = args.name

    def __call__(self, entry: StoredEntry) -> bool:
        theirs = self._account is None or self._account == entry.account_id
        theirs = theirs or entry.actor == self._actor
        return theirs and (self._names is None or entry.name in self._names)
