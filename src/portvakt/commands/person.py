"""`portvakt person`: what is stored about one person; taking a lost method, or all of it, away."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.person_apps import apps, take_back
from portvakt.commands.person_data import erase, export
from portvakt.commands.person_thaw import thaw
from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.authenticators import Authenticator, AuthenticatorType, is_work_phone
from portvakt.core.events import AccountFrozen, MethodRemoved
from portvakt.core.networks import is_shared
from portvakt.core.phones import Phone, sign_in_of, stands_alone
from portvakt.core.sessions import is_live
from portvakt.mail import Notice, What
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.phone_removal import close_unanswerable
from portvakt.records import Standing, StoredEvent, Unit
from portvakt.records.keys import Passkey

EXAMPLE = "portvakt person show anna.berg"
_EVENTS = 10
_NOT_HERE = {
    AuthenticatorType.PASSWORD: "a password is not removed, it is replaced with `start-code`",
    AuthenticatorType.START_CODE: "a start code is not removed, it ends by itself",
}


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, with whom."""
    parser.add_argument(
        "what",
        choices=["show", "remove-method", "thaw", "apps", "take-back", "export", "erase"],
        help="show a summary; take away a method that is lost; let somebody who is frozen change "
        "how they sign in again; list what apps hold of them, or end what one holds; copy "
        "everything that is stored, for the person; erase everything about somebody who has left",
    )
    person_argument(parser)
    parser.add_argument(
        "--method", metavar="ID", help="which one `remove-method` takes away; `show` lists them"
    )
    parser.add_argument(
        "--restore", action="store_true", help="`thaw`: give back what was put aside, too"
    )
    parser.add_argument("--app", metavar="ID", help="`take-back`: from which; `apps` lists them")
    parser.add_argument("--out", metavar="FILE", type=Path, help="`export`: a new file")
    parser.add_argument("--yes", action="store_true", help="`erase`: do it; it cannot be undone")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Show a person, change what they may sign in with, or copy or erase all there is."""
    whats: dict[str, Callable[[Namespace, Shell], int]] = {
        "show": _show,
        "remove-method": _remove,
        "thaw": thaw,
        "apps": apps,
        "take-back": take_back,
        "export": export,
        "erase": erase,
    }
    return whats[args.what](args, shell)


def _remove(args: Namespace, shell: Shell) -> int:
    """Take a method away: it is dead at once, and the person is told."""
    if not args.method:
        raise CommandError("which one? `--method ID`; `portvakt person show` lists them")
    now = shell.clock()

    async def work(opened: Opened) -> Authenticator:
        notices = opened.notices()

        async def act(unit: Unit) -> Authenticator:
            standing = await find_person(unit, args, shell)
            account = standing.account
            await unit.turn(f"methods:{account.id}")
            gone = _chosen(standing, args.method)
            await unit.authenticators.remove(gone.id, account.id)
            if gone.type is AuthenticatorType.PUSH:
                await close_unanswerable(unit, account.id, now)
            await unit.audit.write(
                MethodRemoved(
                    at=now,
                    account_id=account.id,
                    actor=shell.actor,
                    authenticator_id=gone.id,
                    type=gone.type,
                    label=gone.label,
                )
            )
            hidden = partly_hidden(gone.detail) if gone.type is AuthenticatorType.SMS_CODE else ""
            what = What(notice=Notice.REMOVED, method=gone.type, label=hidden or gone.label)
            await notices.tell(unit, account, what, None, at=now)
            return gone

        return await opened.records.write(act)

    gone = in_records(shell, work)
    if args.json:
        print_json({"removed": gone.id, "type": gone.type, "label": gone.label})
    else:
        print(f"removed: {' '.join(filter(None, (gone.type, gone.label)))}")
    return 0


def _chosen(standing: Standing, id_: str) -> Authenticator:
    """Find a method that may be removed here. Raises `CommandError`."""
    name = standing.account.user_name
    found = next((each for each in _listed(standing) if each.id == id_), None)
    if found is None:
        raise CommandError(f"{name} has no method {id_}")
    if found.type in _NOT_HERE:
        raise CommandError(_NOT_HERE[found.type])
    if is_work_phone(found):
        raise CommandError(f"the number comes from {found.source}, which would give it back")
    return found


def _listed(standing: Standing) -> tuple[Authenticator, ...]:
    """List what is bound; a phone's codes and its sign-in are parts of the phone."""
    return tuple(each for each in standing.authenticators if stands_alone(each))


def _show(args: Namespace, shell: Shell) -> int:
    """Show a person. Numbers are partly hidden, and no secret is shown in any form."""

    async def work(opened: Opened) -> dict[str, Any]:
        now = shell.clock()

        async def look(unit: Unit) -> dict[str, Any]:
            standing = await find_person(unit, args, shell)
            account = standing.account
            sessions = await unit.sessions.of(account.id)
            networks = (await unit.configuration.load()).networks
            live = sum(
                is_live(each, now, account.roles, shared=is_shared(each.address, networks))
                for each in sessions
            )
            events = await unit.audit.of_account(account.id, _EVENTS)
            phones = await unit.phones.of(account.id)
            keys = await unit.keys.of(account.id)
            disowned = (await unit.freezes.of(account.id)).disowned
            frozen = None if disowned is None else disowned.since
            told = await unit.audit.of_kind(account.id, [AccountFrozen.name], 1) if frozen else []
            case = told[0].request_id if told else None
            found = _as_json(standing, phones, keys, live, events)
            return found | {"frozen_since": frozen, "case": case}

        return await opened.records.write(look)

    found = in_records(shell, work)
    if args.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _as_json(
    standing: Standing,
    phones: Sequence[Phone],
    keys: Sequence[Passkey],
    live: int,
    events: Sequence[StoredEvent],
) -> dict[str, Any]:
    account = standing.account
    known = {each.id: each for each in phones}
    kept = {each.id: each for each in keys}
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
        "methods": [
            _method(each, standing, known.get(each.id)) | {"key": _key(kept.get(each.id))}
            for each in _listed(standing)
        ],
        "sessions": live,
        "events": [
            {"at": each.at, "name": each.name, "actor": each.actor, "detail": each.detail}
            for each in events
        ],
    }


def _method(
    authenticator: Authenticator, standing: Standing, phone: Phone | None
) -> dict[str, Any]:
    sms = authenticator.type is AuthenticatorType.SMS_CODE
    push = authenticator.type is AuthenticatorType.PUSH
    return {
        "id": authenticator.id,
        "type": authenticator.type,
        "state": authenticator.state,
        "label": authenticator.label,
        "source": authenticator.source,
        "number": partly_hidden(authenticator.detail) if sms else None,
        "created_at": authenticator.created_at,
        "last_used_at": authenticator.last_used_at,
        "expires_at": authenticator.expires_at,
        "phone_sign_in": sign_in_of(authenticator.id, standing.authenticators) is not None
        if push
        else None,
        "seen_at": None if phone is None else phone.seen_at,
    }


def _key(key: Passkey | None) -> dict[str, Any] | None:
    """Tell what is kept of a key, but nothing that could be held against another one."""
    if key is None:
        return None
    return {
        "verifies": key.verifies,
        "device_bound": not key.copied,
        "backed_up": key.backed_up,
        "aaguid": key.aaguid,
        "transports": key.transports,
        "sign_count": key.sign_count,
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
        more = ", phone sign-in on" if each["phone_sign_in"] else ""
        if each["key"]:
            alone = "alone" if each["key"]["verifies"] else "beside the password"
            copied = "device-bound" if each["key"]["device_bound"] else "synced"
            more += f", {alone}, {copied}"
        seen = each["seen_at"]
        more += f", seen {seen:%Y-%m-%d %H:%M}Z" if seen is not None else ""
        print(f"{'method':{width}}  {about} ({each['state']}, from {each['source']}{more})")
        print(f"{'':{width}}  id {each['id']}")
    for each in found["events"]:
        print(f"{'event':{width}}  {each['at']:%Y-%m-%d %H:%M:%S}Z {each['name']} {each['actor']}")
