"""`portvakt app registration-token…`: let apps register themselves, so many, for a while."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import timedelta
from typing import Final

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_program import AppsByProgram, name_of
from portvakt.journeys.open_app.oidc.places import REGISTER
from portvakt.records.registrations import Allowance

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


def tokens(args: Namespace, shell: Shell) -> None:
    """List those of which something is left; the tokens themselves are known to nobody here."""

    async def work(opened: Opened) -> tuple[Allowance, ...]:
        return await AppsByProgram(opened.records, SystemRandom()).counting(shell.clock())

    found = in_records(shell, work)
    if args.json:
        print_json(
            [
                {
                    "id": name_of(each),
                    "note": each.note,
                    "uses_left": each.uses,
                    "until": each.expires_at.isoformat(),
                }
                for each in found
            ]
        )
        return
    rows = [(name_of(e), str(e.uses), f"{e.expires_at:%Y-%m-%d %H:%M}Z", e.note) for e in found]
    print_table(("id", "apps left", "until", "note"), rows)


def withdraw(args: Namespace, shell: Shell) -> None:
    """Make one worth nothing. Raises `CommandError` where there is none of that id."""

    async def work(opened: Opened) -> bool:
        apps = AppsByProgram(opened.records, SystemRandom())
        return await apps.withdraw(args.client_id, shell.actor, shell.clock())

    if not in_records(shell, work):
        known = "`portvakt app registration-tokens` lists them"
        raise CommandError(f"there is no registration token {args.client_id}; {known}")
    if args.json:
        print_json({"withdrawn": args.client_id})
    else:
        print(f"withdrawn: {args.client_id}; the apps that registered with it stand")


def _number(text: str, most: int) -> int:
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
    return int(text)
