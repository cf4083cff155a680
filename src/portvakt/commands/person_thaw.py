"""`portvakt person thaw`: support sets somebody free whose change was disowned."""

from argparse import Namespace

from portvakt.commands.opening import Opened, find_person, in_records
from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.authenticators import Authenticator
from portvakt.core.freezing import given_back
from portvakt.proving.freezing import SUPPORT, Thawer
from portvakt.proving.freezing import thaw as set_free
from portvakt.records import Unit


def thaw(args: Namespace, shell: Shell) -> int:
    """Let somebody change how they sign in again; with `--restore` what was put aside works, too.

    Raises `CommandError` where nothing is frozen.
    """
    now = shell.clock()

    async def work(opened: Opened) -> tuple[str, tuple[Authenticator, ...]]:
        notices = opened.notices()

        async def act(unit: Unit) -> tuple[str, tuple[Authenticator, ...]]:
            found = await find_person(unit, args, shell)
            account = found.account
            await unit.turn(f"methods:{account.id}")
            standing = await unit.people.load(account.id) or found
            disowned = (await unit.freezes.of(account.id)).disowned
            if disowned is None:
                raise CommandError(f"{account.user_name} is not frozen")
            back = given_back(disowned, standing.authenticators) if args.restore else ()
            thawer = Thawer(at=now, by=SUPPORT, actor=shell.actor)
            await set_free(unit, notices, standing, thawer, back)
            return account.user_name, back

        return await opened.records.write(act)

    name, back = in_records(shell, work)
    if args.json:
        print_json({"thawed": name, "restored": [each.id for each in back]})
    else:
        print(f"thawed: {name}")
        for each in back:
            print(f"restored: {' '.join(filter(None, (each.type, each.label)))}")
    return 0
