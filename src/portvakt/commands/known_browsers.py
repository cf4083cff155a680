"""`portvakt known-browsers`: where somebody is not asked for a second factor again."""

import sys
from argparse import ArgumentParser, Namespace
from datetime import datetime

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.events import BrowserForgotten
from portvakt.core.ids import KnownBrowserId
from portvakt.core.known_browsers import KnownBrowser
from portvakt.records import Unit

EXAMPLE = "portvakt known-browsers forget anna.berg"


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, and whose."""
    parser.add_argument("what", choices=["list", "forget"], help="list them, or ask there again")
    person_argument(parser)
    parser.add_argument("--browser", metavar="ID", help="forget this one only; `list` names them")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """List the browsers of a person, or forget one or all of them."""
    if args.what == "list":
        if args.browser:
            print("portvakt known-browsers: --browser is for forget", file=sys.stderr)
            return 2
        return _list(args, shell)
    forgotten = _forget(args, shell)
    if args.json:
        print_json({"forgotten": forgotten})
    else:
        print(f"forgotten: {forgotten}")
    return 0


def _list(args: Namespace, shell: Shell) -> int:
    async def act(unit: Unit) -> list[KnownBrowser]:
        standing = await find_person(unit, args, shell)
        return await unit.known_browsers.of(standing.account.id, shell.clock())

    async def work(opened: Opened) -> list[dict[str, str]]:
        return [_as_json(each) for each in await opened.records.write(act)]

    found = in_records(shell, work)
    if args.json:
        print_json(found)
    else:
        rows = [tuple(each.values()) for each in found]
        print_table(("id", "since", "last used", "until", "address", "browser"), rows)
    return 0


def _forget(args: Namespace, shell: Shell) -> int:
    async def act(unit: Unit) -> int:
        account_id = (await find_person(unit, args, shell)).account.id
        if args.browser:
            if not await unit.known_browsers.forget(KnownBrowserId(args.browser), account_id):
                raise CommandError(f"{args.person} has no known browser {args.browser}")
            forgotten = 1
        else:
            forgotten = await unit.known_browsers.forget_all(account_id)
        if forgotten:
            event = BrowserForgotten(
                at=shell.clock(),
                account_id=account_id,
                actor=shell.actor,
                browsers=forgotten,
                reason="operator",
            )
            await unit.audit.write(event)
        return forgotten

    return in_records(shell, lambda opened: opened.records.write(act))


def _as_json(browser: KnownBrowser) -> dict[str, str]:
    def shown(at: datetime) -> str:
        return f"{at:%Y-%m-%d %H:%M:%S}Z"

    return {
        "id": browser.id,
        "since": shown(browser.since),
        "used": shown(browser.used_at),
        "until": shown(browser.until),
        "address": browser.address or "",
        "browser": browser.user_agent,
    }
