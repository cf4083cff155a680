"""`portvakt doctor directory`: looks at every server of every directory, and says what mends it."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.directory_findings import Finding, Level, good
from portvakt.core.password_outcomes import Refused, Written
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import SystemRandom
from portvakt.directories import Examiner, PasswordRight
from portvakt.plugins import AdapterSettingsError, fill
from portvakt.settings import Settings
from portvakt.settings.structs import Directory
from portvakt.wire.ldap_values import UnsafeServerError

_OF_PASSWORDS: Final = frozenset({"passwords", "lock-out", "rights"})
"""Checks that say nothing where the settings leave a directory's passwords alone."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One server, and what was found."""

    directory: str
    server: str
    findings: Sequence[Finding]

    @property
    def is_well(self) -> bool:
        """Say whether nothing is broken; warnings are not."""
        return all(each.level is not Level.PROBLEM for each in self.findings)


def run(args: Namespace, shell: Shell) -> int:
    """Look at them; 1 where something is broken."""
    found = asyncio.run(examined(args, shell, shell.settings()))
    well = all(each.is_well for each in found)
    if args.json:
        print_json({"ok": well, "servers": [asdict(each) for each in found]})
    else:
        for each in found:
            _print(each)
    return 0 if well else 1


async def examined(args: Namespace, shell: Shell, settings: Settings) -> list[Examined]:
    """Look at every server of every directory, or of the one that is named.

    Raises `CommandError` where there is none, `AdapterSettingsError` for settings that cannot be.
    """
    names = [each.name for each in settings.directories]
    if not names:
        raise CommandError("the settings name no directory ([[directories]])")
    if args.directory is not None and args.directory not in names:
        raise CommandError(f"there is no directory {args.directory}; there is {', '.join(names)}")
    found: list[Examined] = []
    tried = False
    for each in settings.directories:
        if args.directory in {None, each.name}:
            examiners = _examiners(each.name, each.kind, each.options)
            try:
                found += await _one(each, examiners, shell)
                if args.account is not None and not tried:
                    tried = await _try(args.account, examiners, found)
            finally:
                for examiner in examiners:
                    await examiner.close()
    if args.account is not None and not tried:
        last = found[-1]
        said = f"no server that is well has one person called {args.account}"
        missing = Finding("writing", Level.PROBLEM, said, "portvakt sync --full --dry-run")
        found[-1] = Examined(last.directory, last.server, [*last.findings, missing])
    return found


def _examiners(name: str, kind: str, options: dict[str, object]) -> list[Examiner]:
    """Prepare to look at each server. Raises `AdapterSettingsError`."""
    config = fill("portvakt.directories", kind, options)
    try:
        examiners: list[Examiner] = config.examiners()
    except (ModuleNotFoundError, UnsafeServerError, OSError) as error:
        raise AdapterSettingsError(f"directory {name}: {error}") from error
    return examiners


async def _one(directory: Directory, examiners: Sequence[Examiner], shell: Shell) -> list[Examined]:
    """Look at all servers of a directory at the same time: one that is down delays no other."""
    looks = [_look(each, shell) for each in examiners]
    return [
        Examined(
            directory.name,
            each.url,
            [one for one in found if directory.passwords or one.check not in _OF_PASSWORDS],
        )
        for each, found in zip(examiners, await asyncio.gather(*looks), strict=True)
    ]


async def _look(examiner: Examiner, shell: Shell) -> list[Finding]:
    try:
        return await examiner.examine(shell.clock)
    except AdapterSettingsError as error:  # the service account's password
        mend = "chown portvakt FILE && chmod 600 FILE"
        return [Finding("service account", Level.PROBLEM, str(error), mend)]


async def _try(account: str, examiners: Sequence[Examiner], found: list[Examined]) -> bool:
    """Give the test account a password at the first server that is well, and ask it for it."""
    for examiner, at in zip(examiners, range(len(found) - len(examiners), len(found)), strict=True):
        external_id = await examiner.find(account) if found[at].is_well else None
        if external_id is not None:
            tried = await _write(examiner, external_id)
            before = found[at]
            found[at] = Examined(before.directory, before.server, [*before.findings, tried])
            return True
    return False


async def _write(examiner: Examiner, external_id: str) -> Finding:
    new = Secret(f"Åä1-{SystemRandom().secret()}")  # every kind of character that may be asked for
    written = await examiner.passwords.set(external_id, new)
    if not isinstance(written, Written):
        why = written.why if isinstance(written, Refused) else type(written).__name__.lower()
        said = f"the test account was given no password ({why})"
        return Finding("writing", Level.PROBLEM, said, examiner.grant_writing())
    checked = await examiner.passwords.check(external_id, new)
    if not isinstance(checked, PasswordRight):
        said = f"the test account's new password does not hold ({type(checked).__name__})"
        return Finding(
            "writing", Level.PROBLEM, said, "portvakt doctor directory --account ANOTHER"
        )
    unlocked = await examiner.passwords.unlock(external_id)
    if not isinstance(unlocked, Written):
        said = "the test account has a new password, and may not be unlocked"
        return Finding("writing", Level.PROBLEM, said, examiner.grant_writing())
    return good("writing", "the test account has a new password, holds it, and may be unlocked")


def _print(each: Examined) -> None:
    print(f"{each.directory} {each.server}")
    for finding in each.findings:
        mend = f" → {finding.mend}" if finding.mend else ""
        print(f"  {finding.level:7}  {finding.check:15}  {finding.said}{mend}")
