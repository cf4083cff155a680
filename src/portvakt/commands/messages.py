"""`portvakt messages`: what was sent lately, by which gateway, and what became of it."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from portvakt.commands.opening import Opened, find_person, in_records, protected_argument
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.text_fates import Stage, stage_of
from portvakt.phone_numbers import partly_hidden
from portvakt.records.message_log import LoggedMessage

EXAMPLE = "portvakt messages --state unknown --since 2h"
CHANNELS: Final = ("sms", "mail", "wake", "sign_out")
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_PART: Final = 500
"""Rows that are read at once where only some of them are wanted."""


def arguments(parser: ArgumentParser) -> None:
    """Take which messages."""
    parser.add_argument("--last", type=int, default=20, metavar="N", help="how many (20)")
    parser.add_argument(
        "--since", default="1d", metavar="SPAN", help="30m, 2h or 7d back (1d); 30 days are kept"
    )
    parser.add_argument(
        "--channel",
        choices=CHANNELS,
        help="only these messages",
    )
    parser.add_argument("--gateway", metavar="NAME", help="only what this gateway took")
    parser.add_argument(
        "--state", choices=[each.value for each in Stage], help="only what this became of"
    )
    parser.add_argument("--person", metavar="PERSON", help="user name, e-mail address or id")
    protected_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """List them, the newest first."""
    if args.last < 1:
        raise CommandError("--last is 1 or more")
    now = shell.clock()
    since = now - _span(args.since)

    async def work(opened: Opened) -> list[LoggedMessage]:
        account_id = ""
        if args.person:
            standing = await opened.records.write(lambda unit: find_person(unit, args, shell))
            account_id = standing.account.id
        return await _found(opened, args, since, now, account_id)

    found = in_records(shell, work)
    rows = [as_row(each, now) for each in found]
    if args.json:
        print_json(rows)
    else:
        head = ("time", "channel", "purpose", "to", "gateway", "state", "sent in", "receipt in")
        print_table((*head, "why"), [_cells(each) for each in rows])
    return 0


async def _found(
    opened: Opened, args: Namespace, since: datetime, now: datetime, account_id: str
) -> list[LoggedMessage]:
    found: dict[str, LoggedMessage] = {}
    before = now + timedelta(minutes=1)  # the clock of another node may be ahead
    most, read = args.last if args.state is None else _PART, 0
    while len(found) < args.last:
        part: Sequence[LoggedMessage] = await opened.records.read(
            lambda unit, skip=read: unit.message_log.latest(
                since=since,
                before=before,
                most=most,
                skip=skip,
                channel=args.channel or "",
                gateway=args.gateway or "",
                account_id=account_id,
            )
        )
        read += len(part)
        wanted = (e for e in part if args.state is None or stage_of(e.fate, now) == args.state)
        found |= {each.fate.id: each for each in wanted}
        if len(part) < most:
            break
    return [*found.values()][: args.last]


def _span(text: str) -> timedelta:
    read = _SPAN.fullmatch(text)
    if read is None:
        raise CommandError("--since is a number with m, h or d: 30m, 2h, 7d")
    return timedelta(**{_UNITS[read[2]]: int(read[1])})


def as_row(message: LoggedMessage, now: datetime) -> dict[str, Any]:
    """Tell of one message; its number or address is partly hidden."""
    fate = message.fate
    sent_at = fate.done_at if fate.state == "handed_over" else None
    return {
        "id": fate.id,
        "time": f"{fate.asked_at:%Y-%m-%d %H:%M:%S}Z",
        "channel": message.channel,
        "purpose": message.purpose,
        "to": _hidden(message),
        "gateway": message.gateway or "",
        "state": stage_of(fate, now).value,
        "tries": fate.tries,
        "handed_over_seconds": _seconds(fate.asked_at, sent_at),
        "receipt_seconds": None if sent_at is None else _seconds(sent_at, fate.receipt_at),
        "why": message.why,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    def seconds(value: float | None) -> str:
        return "" if value is None else f"{value:.1f} s"

    named = (row[name] for name in ("time", "channel", "purpose", "to", "gateway", "state"))
    spans = (seconds(row["handed_over_seconds"]), seconds(row["receipt_seconds"]))
    return (*map(str, named), *spans, str(row["why"]))


def _hidden(message: LoggedMessage) -> str:
    """Hide whose it is: the first letter and the domain of an address, two digits of a number."""
    if message.channel == "sms":
        return partly_hidden(message.to)
    if message.channel == "sign_out":
        return message.to  # the name of an app
    name, at, domain = message.to.partition("@")
    return f"{name[:1]}•••{at}{domain}" if message.channel == "mail" else "•••"


def _seconds(first: datetime, then: datetime | None) -> float | None:
    return None if then is None else round((then - first).total_seconds(), 3)
