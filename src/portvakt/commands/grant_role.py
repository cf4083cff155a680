"""`portvakt grant-role PERSON ROLE`: gives a role, the first administrator's too, or takes it."""

from argparse import ArgumentParser, Namespace

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell
from portvakt.core.events import RoleGranted, RoleRevoked
from portvakt.core.people import Account
from portvakt.core.roles import GIVEN, Role
from portvakt.records import Unit

EXAMPLE = "portvakt grant-role anna.berg administrator"


def arguments(parser: ArgumentParser) -> None:
    """Take whom and which role."""
    person_argument(parser)
    parser.add_argument("role", choices=[role.value for role in GIVEN], help="which role")
    parser.add_argument("--revoke", action="store_true", help="take it away")


def run(args: Namespace, shell: Shell) -> int:
    """Give or take a role; the same again changes nothing and is no event."""
    role = Role(args.role)

    async def work(opened: Opened) -> tuple[str, bool]:
        now = shell.clock()

        async def act(unit: Unit) -> tuple[str, bool]:
            standing = await find_person(unit, args, shell)
            account = standing.account
            if not args.revoke and not account.usable:
                raise CommandError(f"{account.user_name} is disabled")
            if args.revoke:
                if role is Role.ADMINISTRATOR:
                    await _see_that_one_stays(unit, account)
                changed = await unit.people.revoke_role(account.id, role)
            else:
                changed = await unit.people.grant_role(account.id, role, now, shell.actor)
            if changed:
                kind = RoleRevoked if args.revoke else RoleGranted
                await unit.audit.write(
                    kind(at=now, account_id=account.id, actor=shell.actor, role=role)
                )
            return account.user_name, changed

        return await opened.records.write(act)

    name, changed = in_records(shell, work)
    now_or_already = "now" if changed else "already"
    verb = "is no longer" if args.revoke and changed else "is not" if args.revoke else "is"
    print(f"{name} {verb} {role.value}{'' if args.revoke else f' {now_or_already}'}")
    return 0


async def _see_that_one_stays(unit: Unit, account: Account) -> None:
    """Raise `CommandError` where nobody would administer any more (A087)."""
    if account.id in await unit.administrators.last_among([account.id]):
        raise CommandError(
            f"{account.user_name} is the last administrator: first make somebody else one"
        )
