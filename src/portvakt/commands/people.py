"""`portvakt people`: who there is."""

from argparse import ArgumentParser, Namespace

from portvakt.commands import one_proof
from portvakt.commands.opening import Opened, in_records, note_protected, protected_argument
from portvakt.commands.shell import Shell, print_json, print_table
from portvakt.core.people import Account
from portvakt.records import Unit

EXAMPLE = "portvakt people --json"
_PAGE = 1000


def arguments(parser: ArgumentParser) -> None:
    """Take how to answer."""
    parser.add_argument(
        "--one-proof",
        action="store_true",
        help="only those who are one lost phone, or one lost card, away from being locked out",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    protected_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """List everybody by family name, or those with one proof as they are found."""
    if args.one_proof:
        return one_proof.run(args, shell)

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
            await note_protected(opened, sum(1 for each in found if each.protected))
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
