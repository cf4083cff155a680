"""`portvakt invite PERSON`: the welcome window counts from now."""

from argparse import ArgumentParser, Namespace

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell
from portvakt.core.events import PersonInvited
from portvakt.core.people import Account
from portvakt.records import Unit

EXAMPLE = "portvakt invite anna.berg"


def arguments(parser: ArgumentParser) -> None:
    """Take whom."""
    person_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """Note the invitation, and say what it is worth."""

    async def work(opened: Opened) -> tuple[Account, str, int]:
        now = shell.clock()

        async def act(unit: Unit) -> Account:
            standing = await find_person(unit, args, shell)
            account = standing.account
            if not account.usable:
                raise CommandError(f"{account.user_name} is disabled")
            await unit.people.invite(account.id, now)
            await unit.audit.write(PersonInvited(at=now, account_id=account.id, actor=shell.actor))
            return account

        account = await opened.records.write(act)
        registration = opened.settings.registration
        return account, registration.first, registration.welcome_days

    account, first, days = in_records(shell, work)
    if first != "welcome_window":
        print(f"{account.user_name} is invited; `[registration] first` opens no welcome window")
    elif account.welcome_used_at is not None:
        print(f"{account.user_name} is invited; the welcome window has been used and stays shut")
    else:
        print(f"{account.user_name} can register for {days} days from now")
    return 0
