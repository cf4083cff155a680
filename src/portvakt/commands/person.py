"""`portvakt person show`: what is stored about one person, and what happened lately."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import Shell, print_json
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.sessions import is_live
from portvakt.phone_numbers import partly_hidden
from portvakt.records import Standing, StoredEvent, Unit

EXAMPLE = "portvakt person show anna.berg"
_EVENTS = 10


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, with whom."""
    parser.add_argument("what", choices=["show"], help="show what is stored")
    person_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Show a person. Numbers are partly hidden, and no secret is shown in any form."""

    async def work(opened: Opened) -> dict[str, Any]:
        now = shell.clock()

        async def look(unit: Unit) -> dict[str, Any]:
            standing = await find_person(unit, args, shell)
            account = standing.account
            sessions = await unit.sessions.of(account.id)
            live = sum(1 for each in sessions if is_live(each, now, account.roles))
            events = await unit.audit.of_account(account.id, _EVENTS)
            return _as_json(standing, live, events)

        return await opened.records.write(look)

    found = in_records(shell, work)
    if args.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _as_json(standing: Standing, live: int, events: Sequence[StoredEvent]) -> dict[str, Any]:
    account = standing.account
    return {
        "id": account.external_id,
        "source": account.source,
        "account": account.id,
        "user_name": account.user_name,
        "email": account.email,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "title": account.title,
        "unit": account.unit,
        "manager": account.manager,
        "state": account.state,
        "protected": account.protected,
        "roles": account.roles,
        "groups": account.groups,
        "start_date": account.start_date,
        "invited_at": account.invited_at,
        "last_sign_in_at": account.last_sign_in_at,
        "methods": [_method(each) for each in standing.authenticators],
        "sessions": live,
        "events": [
            {"at": each.at, "name": each.name, "actor": each.actor, "detail": each.detail}
            for each in events
        ],
    }


def _method(authenticator: Authenticator) -> dict[str, Any]:
    sms = authenticator.type is AuthenticatorType.SMS_CODE
    return {
        "type": authenticator.type,
        "state": authenticator.state,
        "label": authenticator.label,
        "source": authenticator.source,
        "number": partly_hidden(authenticator.detail) if sms else None,
        "created_at": authenticator.created_at,
        "last_used_at": authenticator.last_used_at,
        "expires_at": authenticator.expires_at,
    }


def _print(found: dict[str, Any]) -> None:
    width = max(map(len, found))
    for name, value in found.items():
        if name in {"methods", "events"}:
            continue
        text = ", ".join(sorted(value)) if isinstance(value, frozenset) else value
        print(f"{name:{width}}  {'' if text is None else text}".rstrip())
    for each in found["methods"]:
        about = " ".join(str(each[key]) for key in ("type", "number", "label") if each[key])
        print(f"{'method':{width}}  {about} ({each['state']}, from {each['source']})")
    for each in found["events"]:
        print(f"{'event':{width}}  {each['at']:%Y-%m-%d %H:%M:%S}Z {each['name']} {each['actor']}")
