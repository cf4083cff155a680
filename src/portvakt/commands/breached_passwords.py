"""`portvakt breached-passwords FROM TO`: make a list of leaked passwords that is looked up here."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from portvakt.commands.shell import CommandError, Shell
from portvakt.common_passwords.blocklist import BrokenListError, write
from portvakt.common_passwords.importing import hashes, plain

EXAMPLE = "portvakt breached-passwords pwned.txt /etc/portvakt/breached.list --least 10"
STANDS_ALONE = True
"""It reads no settings: the list may be made on another machine."""


def arguments(parser: ArgumentParser) -> None:
    """Take what is read, what is written, and what is left out."""
    parser.add_argument(
        "source",
        metavar="FROM",
        type=Path,
        help="a sorted file of SHA-1 hashes, a folder of files named by five digits, or plain text",
    )
    parser.add_argument("target", metavar="TO", type=Path, help="the list, replaced whole")
    parser.add_argument(
        "--plain", action="store_true", help="FROM holds passwords themselves, one to a line"
    )
    parser.add_argument(
        "--least",
        type=_number,
        default=1,
        metavar="N",
        help="leave out what was seen fewer than N times",
    )


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a whole number from 1")
    return int(text)


def run(args: Namespace, _: Shell) -> int:
    """Make the list and say how many are in it."""
    try:
        made = plain(args.source) if args.plain else hashes(args.source, least=args.least)
        count = write(args.target, made)
    except BrokenListError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or args.source}: {error.strerror}") from error
    sys.stdout.write(f"{count} passwords in {args.target}\n")
    return 0
