"""`portvakt person export` and `erase`: what a person may ask for (GDPR articles 15 and 17)."""

from argparse import Namespace
from typing import Any, Final

from portvakt.audit_lines import as_values
from portvakt.background_audit import chain_keys
from portvakt.commands.opening import Opened, find_person, in_records, read_keys
from portvakt.commands.shell import CommandError, Progress, Shell, as_json, new_file, print_json
from portvakt.core.events import PersonErased, PersonExported
from portvakt.core.ids import AccountId
from portvakt.core.people import Account, AccountState
from portvakt.records import Unit
from portvakt.records.audit_chain import StoredEntry
from portvakt.records.values import ms

_STRETCH: Final = 5_000
_END: Final = {
    "hr": "take them out of the HR system's export and run `portvakt import-staff`",
    "apply": "take them out of the file and run `portvakt apply --prune`",
}


def export(args: Namespace, shell: Shell) -> int:
    """Write everything that is stored about a person as one JSON document."""

    async def work(opened: Opened) -> dict[str, Any]:
        now = shell.clock()

        async def act(unit: Unit) -> tuple[AccountId, dict[str, Any]]:
            account = (await find_person(unit, args, shell)).account
            found = await unit.personal_data.everything(account.id)
            told = PersonExported(at=now, account_id=account.id, actor=shell.actor)
            await unit.audit.write(told)
            return account.id, found

        account_id, found = await opened.records.write(act)
        return {**found, "events_about_others": await _named_in(opened, account_id)}

    found = in_records(shell, work)
    with new_file(args.out) as out:
        out.write(f"{as_json(found)}\n")
    return 0


async def _named_in(opened: Opened, account_id: AccountId) -> list[dict[str, Any]]:
    """Read events about others that the person caused or is named in."""
    records, until = opened.records, ms(opened.shell.clock()) + 1
    newest = await records.read(lambda unit: unit.audit.newest())
    progress = Progress("looking through the trail")
    found: list[dict[str, Any]] = []
    for after in range(0, newest, _STRETCH):
        entries = await records.read(
            lambda unit, a=after: unit.audit_chain.stretch(a, a + _STRETCH, 0, until)
        )
        found += [as_values(each) for each in entries if _names(each, account_id)]
        progress(min(after + _STRETCH, newest), newest)
    progress.end()
    return found


def _names(entry: StoredEntry, account_id: AccountId) -> bool:
    if entry.account_id == account_id:
        return False
    named = entry.personal is not None and f'"{account_id}"' in entry.personal
    return named or entry.actor == f"account:{account_id}"


def erase(args: Namespace, shell: Shell) -> int:
    """Erase everything about somebody who has left; of events the personal part."""
    now = shell.clock()

    async def work(opened: Opened) -> int:
        keys = chain_keys(read_keys(opened.settings))

        async def act(unit: Unit) -> int:
            account = (await find_person(unit, args, shell)).account
            _refuse_active(account)
            if not args.yes:
                raise CommandError(
                    f"everything about {account.user_name} would go, for ever; --yes does it"
                )
            gone = await unit.audit_keeping.erase_account(keys, account.id)
            await unit.personal_data.forget(account.id)
            told = PersonErased(at=now, actor=shell.actor, source=account.source, events=gone)
            await unit.audit.write(told)
            return gone

        return await opened.records.write(act)

    gone = in_records(shell, work)
    if args.json:
        print_json({"erased": True, "events": gone})
    else:
        print(f"erased; the personal part of {gone} events is gone, and the trail still verifies")
    return 0


def _refuse_active(account: Account) -> None:
    """Raise `CommandError` for somebody whom their source still has, and would bring back."""
    if account.state is not AccountState.ACTIVE:
        return
    end = _END.get(
        account.source,
        f"disable or remove them in the directory {account.source} and run `portvakt sync`",
    )
    raise CommandError(f"{account.user_name} is still active in {account.source}: first {end}")
