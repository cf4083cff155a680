"""`portvakt person apps` and `take-back`: what apps hold of somebody, and ending it."""

from argparse import Namespace
from datetime import datetime
from typing import Any

from portvakt.background_sign_outs import telling_of
from portvakt.commands.opening import Opened, find_person, in_records
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.app_access.flow import Access, look
from portvakt.journeys.app_access.flow import take_back as end_access
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Doer
from portvakt.records import Unit


def apps(args: Namespace, shell: Shell) -> int:
    """List what apps hold of a person now, and what the person has said yes to."""
    now = shell.clock()

    async def work(opened: Opened) -> list[dict[str, Any]]:
        async def act(unit: Unit) -> list[dict[str, Any]]:
            standing = await find_person(unit, args, shell)
            found = await look(unit, standing.account.id, now)
            configuration = await unit.configuration.load()
            return [_as_json(each, configuration.app(each.client_id)) for each in found]

        return await opened.records.write(act)

    found = in_records(shell, work)
    if args.json:
        print_json(found)
    else:
        rows = [tuple(map(_shown, each.values())) for each in found]
        print_table(
            ("app", "name", "told", "services", "since", "until", "offline", "agreed"), rows
        )
    return 0


def take_back(args: Namespace, shell: Shell) -> int:
    """End what one app holds of a person. Raises `CommandError` where that is nothing."""
    if not args.app:
        raise CommandError("from which app? `--app ID`; `portvakt person apps` lists them")
    doer = Doer(at=shell.clock(), actor=shell.actor)

    async def work(opened: Opened) -> str:
        rules = Rules(opened.records)
        tell = telling_of(opened.records, rules, opened.sealer(), shell.clock).cut_off

        async def act(unit: Unit) -> str:
            account = (await find_person(unit, args, shell)).account
            if not await end_access(unit, account.id, ClientId(args.app), doer, tell):
                raise CommandError(f"{args.app} holds nothing of {account.user_name}")
            return account.user_name

        return await opened.records.write(act)

    name = in_records(shell, work)
    if args.json:
        print_json({"taken_back": args.app, "of": name})
    else:
        print(f"taken back: {args.app}")
    return 0


def _as_json(access: Access, known: RelyingParty | None) -> dict[str, Any]:
    return {
        "app": access.client_id,
        "name": None if known is None else known.client_name,
        "told": access.scope,
        "services": access.services,
        "since": access.since,
        "until": access.until,
        "offline": access.offline,
        "agreed_at": access.agreed_at,
    }


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}Z"
        case tuple():
            return " ".join(value)
        case _:
            return str(value)
