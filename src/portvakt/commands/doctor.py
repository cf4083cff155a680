"""`portvakt doctor`: looks at everything an installation needs, and says what mends it."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass
from typing import Any

from portvakt.commands import doctor_directory, doctor_messages
from portvakt.commands.doctor_lines import Line, is_well
from portvakt.commands.doctor_machine import machine_lines, settings_lines
from portvakt.commands.doctor_reach import reach_lines
from portvakt.commands.doctor_records import records_lines
from portvakt.commands.shell import Shell, print_json, print_table
from portvakt.plugins import fill
from portvakt.records.addresses import PostgresServer, address_of, each_host, host_of
from portvakt.settings import Settings, examine
from portvakt.settings.device_checks import is_address
from portvakt.wire.addresses import Destination

EXAMPLE = "portvakt doctor --json"


@dataclass(frozen=True, slots=True)
class Reached:
    """One place, what for, and whether it is beyond this machine."""

    use: str
    address: str
    outside: bool


def arguments(parser: ArgumentParser) -> None:
    """Take what to look at."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=["network", "directory", "messages"],
        help="nothing: everything, and what mends it; `network`: the addresses that are called; "
        "`directory`: how its servers stand; `messages`: sends a real text and follows it",
    )
    parser.add_argument("--to", metavar="NUMBER", help="who gets the text of `messages`")
    parser.add_argument(
        "--wait",
        type=int,
        default=60,
        metavar="SECONDS",
        help="how long `messages` follows it (60)",
    )
    parser.add_argument("--directory", metavar="NAME", help="only this one of the settings")
    parser.add_argument(
        "--account",
        metavar="TESTACCOUNT",
        help="a user name in the directory that is nobody's: it gets a random password, "
        "which proves the rights; without it nothing is changed",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Look at everything, or at the directories, or print every address that is called."""
    if (args.what == "messages") is not (args.to is not None):
        print(
            "portvakt doctor: `messages` needs --to NUMBER, and nothing else does", file=sys.stderr
        )
        return 2
    if args.what == "messages":
        return doctor_messages.run(args, shell)
    if args.what == "directory":
        return doctor_directory.run(args, shell)
    if args.directory is not None or args.account is not None:
        print("portvakt doctor: --directory and --account are for `directory`", file=sys.stderr)
        return 2
    if args.what is None:
        return _everything(args, shell)
    found = reached(shell.settings())
    if args.json:
        print_json({"addresses": [asdict(each) for each in found]})
    elif found:
        rows = [(e.use, e.address, "outside" if e.outside else "this machine") for e in found]
        print_table(("for", "address", "where"), rows)
    else:
        print("no address at all: nothing is ever called")
    return 0


def _everything(args: Namespace, shell: Shell) -> int:
    """Look at all there is, and change nothing; 1 where something is wrong."""
    found = examine(shell.config, shell.environ)
    lines = [*settings_lines(found)]
    settings = found.settings
    if settings is not None and not found.errors:
        lines += machine_lines(settings, shell.clock())

        async def look() -> list[Line]:
            both = await asyncio.gather(
                records_lines(settings, shell), reach_lines(settings, shell)
            )
            return [line for lines in both for line in lines]

        lines += asyncio.run(look())
    if args.json:
        print_json({"ok": is_well(lines), "checks": [asdict(each) for each in lines]})
    else:
        _print(lines)
    return 0 if is_well(lines) else 1


def _print(lines: list[Line]) -> None:
    width = max(len(each.check) for each in lines)
    for each in lines:
        print(f"{each.level:5}  {each.check:{width}}  {each.said}")
        if each.run:
            print(f"{'':5}  {'':{width}}  → {each.run}")


def reached(settings: Settings) -> list[Reached]:
    """List every place that a process started with these settings may connect to."""
    found = []
    database = address_of(settings.database_url)
    if isinstance(database, PostgresServer):
        found += _database(database.dsn)
    for at, sms in enumerate(settings.sms, start=1):
        config = fill("portvakt.sms", sms.gateway, sms.options)
        found += _destinations(f"sms {at} ({sms.gateway})", config)
    if settings.mail is not None:
        config = fill("portvakt.mail", settings.mail.gateway, settings.mail.options)
        found += _destinations(f"mail ({settings.mail.gateway})", config)
    if settings.wake is not None:
        config = fill("portvakt.wake", settings.wake.gateway, settings.wake.options)
        found += _destinations(f"wake ({settings.wake.gateway})", config)
    for each in settings.directories:
        config = fill("portvakt.directories", each.kind, each.options)
        found += _destinations(f"directory {each.name} ({each.kind})", config)
    for place in filter(is_address, settings.devices.revocation_lists):
        found.append(_reached("devices", Destination.of_url(place, private=True)))
    return found


def _destinations(use: str, config: Any) -> list[Reached]:
    places: tuple[Destination, ...] = config.destinations()
    return [_reached(use, place) for place in places]


def _reached(use: str, place: Destination) -> Reached:
    return Reached(use, str(place), not place.is_local)


def _database(dsn: str) -> list[Reached]:
    """List the hosts of a connection address, without the user; a socket is not of the network."""
    hosts = [host_of(each) for each in each_host(dsn)]
    return [
        Reached("database", f"postgresql://{host}", not _local(host))
        for host in hosts
        if host and not host.startswith("/")
    ]


def _local(host: str) -> bool:
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return Destination("postgresql", name.strip("[]"), 0).is_local
