"""`portvakt people`: who there is."""

from argparse import ArgumentParser, Namespace

from portvakt.commands.opening import Opened, in_records, protected_argument
from portvakt.commands.shell import Shell, print_json, print_table
from portvakt.core.events import ProtectedSeen
from portvakt.core.people import Account
from portvakt.records import Unit

EXAMPLE = "portvakt people --json"
_PAGE = 1000


def arguments(parser: ArgumentParser) -> None:
    """Take how to answer."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    protected_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """List everybody by family name."""

    async def work(opened: Opened) -> list[Account]:
        found: list[Account] = []
        while True:
            after = found[-1] if found else None

            async def page(unit: Unit, after: Account | None = after) -> list[Account]:
                return await unit.people.listed(
                    include_protected=args.include_protected, after=after, limit=_PAGE
                )

            more = await opened.records.read(page)
            found += more
            if len(more) < _PAGE:
                break
        if args.include_protected:
            await _noted(opened, sum(1 for each in found if each.protected))
        return found

    people = in_records(shell, work)
    if args.json:
        print_json([_as_json(each) for each in people])
    else:
        rows = [
            (each.external_id, each.source, each.user_name, each.display_name, str(each.state))
            for each in people
        ]
        print_table(("id", "source", "user name", "name", "state"), rows)
    return 0


async def _noted(opened: Opened, count: int) -> None:
    shell = opened.shell

    async def note(unit: Unit) -> None:
        await unit.audit.write(
            ProtectedSeen(at=shell.clock(), actor=shell.actor, command="people", people=count)
        )

    await opened.records.write(note)


def _as_json(account: Account) -> dict[str, object]:
    return {
        "id": account.external_id,
        "source": account.source,
        "user_name": account.user_name,
        "email": account.email,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "title": account.title,
        "unit": account.unit,
        "state": account.state,
        "protected": account.protected,
        "groups": account.groups,
        "roles": account.roles,
    }
