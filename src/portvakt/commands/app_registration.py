"""`portvakt app registration-token`: let apps register themselves, so many, for a while."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import timedelta
from typing import Final

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import Shell, print_json
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_program import AppsByProgram
from portvakt.journeys.open_app.oidc.discovery import REGISTER

_MOST_USES: Final = 1000
_MOST_DAYS: Final = 90


def arguments(parser: ArgumentParser) -> None:
    """Take for how many apps, for how long, and what it is for."""
    parser.add_argument(
        "--uses",
        type=lambda text: _number(text, _MOST_USES),
        default=1,
        metavar="APPS",
        help="`registration-token`: how many apps may register with it (%(default)s)",
    )
    parser.add_argument(
        "--days",
        type=lambda text: _number(text, _MOST_DAYS),
        default=7,
        metavar="DAYS",
        help="`registration-token`: for how long (%(default)s)",
    )
    parser.add_argument(
        "--note",
        default="",
        metavar="WORDS",
        help="`registration-token`: what it is for; it stands in the audit trail",
    )


def token(args: Namespace, shell: Shell) -> None:
    """Make one and print it: it is shown this once."""

    async def work(opened: Opened) -> tuple[Secret, str]:
        apps = AppsByProgram(opened.records, SystemRandom())
        lives = timedelta(days=args.days)
        made = await apps.allow(args.note[:200], args.uses, lives, shell.clock())
        return made, opened.settings.public_url + REGISTER

    made, address = in_records(shell, work)
    if args.json:
        print_json({"token": made.open(), "address": address, "uses": args.uses, "days": args.days})
        return
    print(f"{made.open()}\n")
    print(f"# for {args.uses} app(s) within {args.days} days, at {address}")
    print("# nobody can open such an app until `portvakt app open APP --group GROUP` says who")


def _number(text: str, most: int) -> int:
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
    return int(text)
