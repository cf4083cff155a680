"""The door from an account to the directory that its password lives in.

`Account.source` names the directory, `Account.external_id` the person in it. A directory that is
away is left alone for some seconds at a time, so that nobody waits for what will not come; and it
is never asked so often that it would lock anybody out.
"""

import asyncio
import hashlib
import time
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    WriteOutcome,
)
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.throttle import DIRECTORY_UNKNOWN, DirectoryLimits, directory_limits
from portvakt.directories import (
    CheckOutcome,
    DirectoryAway,
    KeepsPasswords,
    LockedOut,
    PasswordPolicy,
    PasswordWrong,
)

WITHIN: Final = 9.0
"""Seconds for one question, all servers together; the page says so after that (F29)."""
AFTER: Final = 3
"""Questions in a row without an answer, after which a directory is left alone."""
PAUSE: Final = 5.0
"""Seconds it is left alone; then one question looks whether it is back."""
LIMITS_HOLD: Final = 3600.0
"""Seconds for which what a directory says of locking is believed."""
_LIMITS_WITHIN: Final = 3.0
_NOBODY: Final = str(UUID(int=0))
_DECOY: Final = Secret("no password that anybody has")

Tell = Callable[[str, str | None], Awaitable[None]]
"""Takes a directory's name and why it is silent; None: it answers again."""
Asked = Callable[[str, CheckOutcome, float | None], None]
"""Takes a directory's name, what it said of a password, and after how many seconds; None: it was
left alone."""

_log = structlog.get_logger("portvakt.directories")


@dataclass(slots=True)
class _State:
    """What is known of one directory in this process."""

    failures: int = 0
    quiet_until: float = 0.0
    silent: bool = False
    looking: bool = False
    """Somebody is finding out whether it is back."""
    limits: DirectoryLimits | None = DIRECTORY_UNKNOWN
    limits_until: float = 0.0


class DirectoryPasswords:
    """Every directory there is; none at all is fine, and then nothing here does anything."""

    def __init__(
        self,
        directories: Mapping[str, KeepsPasswords],
        *,
        tell: Tell,
        asked: Asked | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `directories`, by their names in the settings; `tell` when one falls silent.

        `asked` is called with every answer to a password, for whoever counts them.
        """
        self._directories = dict(directories)
        self._tell = tell
        self._asked = asked
        self._clock = clock
        self._states = {name: _State() for name in directories}

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self._directories)

    def keeps(self, source: str) -> bool:
        """Say whether passwords of accounts from this source live in a directory."""
        return source in self._directories

    @property
    def names(self) -> tuple[str, ...]:
        """Name every directory."""
        return tuple(self._directories)

    def troubles(self) -> tuple[str, ...]:
        """Name the directories that gave no answer when they were asked last."""
        return tuple(name for name, state in self._states.items() if state.silent)

    async def check(self, source: str, external_id: str, password: Secret) -> CheckOutcome:
        """Ask whether a password is right. Sent once: nothing here asks a second time (F29)."""
        if not password.open():
            return PasswordWrong()
        directory, state = self._directories.get(source), self._states.get(source)
        if directory is None or state is None:
            _log.error("directory_unknown", directory=source)
            return DirectoryAway("the settings know no such directory")
        if state.looking or (state.failures >= AFTER and self._clock() < state.quiet_until):
            return self._counted(source, DirectoryAway("left alone for some seconds"), None)
        state.looking = state.failures >= AFTER
        began = self._clock()
        try:
            async with asyncio.timeout(WITHIN):
                said = await directory.check(external_id, _composed(password))
        except TimeoutError:
            said = DirectoryAway("no answer in time")
        finally:
            state.looking = False
        self._counted(source, said, self._clock() - began)
        await self._noted(source, state, said)
        return said

    async def as_if(self, claimed: str) -> CheckOutcome:
        """Do for a name that nobody has what is done for a person: one search and one bind.

        Not with what was typed. Always at the same directory for the same name, so that such a
        name is away when others are.
        """
        names = sorted(self._directories)
        digest = hashlib.sha256(claimed.encode("utf-8", "surrogatepass")).digest()
        chosen = names[int.from_bytes(digest[:8], "big") % len(names)]
        return await self.check(chosen, _NOBODY, _DECOY)

    async def limits(self) -> DirectoryLimits | None:
        """Say how many tries are passed on: for everybody alike, what the strictest one allows.

        None where no directory locks anybody. Read once an hour.
        """
        for name, directory in self._directories.items():
            await self._read_limits(name, directory, self._states[name])
        known = (each.limits for each in self._states.values())
        locking = [each for each in known if each is not None]
        return min(locking, key=lambda each: each.first.run, default=None)

    async def set(self, account: Account, new: Secret) -> WriteOutcome:
        """Write a new password without the old one."""
        directory = self._directories.get(account.source)
        if directory is None:
            return Refused(RefusedFor.NOT_ALLOWED)
        return await directory.set(account.external_id, _composed(new))

    async def change(
        self, account: Account, old: Secret, new: Secret
    ) -> WriteOutcome | PasswordWrong | LockedOut:
        """Write a new password over one that its owner knows. Count the try before."""
        directory = self._directories.get(account.source)
        if directory is None:
            return Refused(RefusedFor.NOT_ALLOWED)
        return await directory.change(account.external_id, _composed(old), _composed(new))

    async def unlock(self, account: Account) -> WriteOutcome:
        """Open a locked account."""
        directory = self._directories.get(account.source)
        if directory is None:
            return Refused(RefusedFor.NOT_ALLOWED)
        return await directory.unlock(account.external_id)

    async def policy(self, account: Account) -> PasswordPolicy | DirectoryAway:
        """Read what will be asked of somebody's next password; nothing where it lives here."""
        directory = self._directories.get(account.source)
        if directory is None:
            return PasswordPolicy()
        return await directory.policy(account.external_id)

    def _counted(self, name: str, said: CheckOutcome, seconds: float | None) -> CheckOutcome:
        if self._asked is not None:
            self._asked(name, said, seconds)
        return said

    async def _noted(self, name: str, state: _State, said: CheckOutcome) -> None:
        """Remember whether an answer came, and tell of the first one that did not, or did again."""
        if isinstance(said, DirectoryAway):
            state.failures += 1
            state.quiet_until = self._clock() + PAUSE
            if not state.silent:
                state.silent = True
                _log.error("directory_silent", directory=name, why=said.why)
                await self._tell(name, said.why)
            return
        state.failures = 0
        if state.silent:
            state.silent = False
            _log.info("directory_answers", directory=name)
            await self._tell(name, None)

    async def _read_limits(self, name: str, directory: KeepsPasswords, state: _State) -> None:
        now = self._clock()
        if now < state.limits_until or state.silent:
            return
        state.limits_until = now + PAUSE  # nobody else reads meanwhile
        try:
            async with asyncio.timeout(_LIMITS_WITHIN):
                found = await directory.lockout()
        except TimeoutError:
            return
        if isinstance(found, DirectoryAway):
            _log.warning("directory_limits_unknown", directory=name, why=found.why)
            return
        state.limits = directory_limits(found.locked_after, found.counted_for)
        state.limits_until = now + LIMITS_HOLD


def _composed(password: Secret) -> Secret:
    """Bring a password to NFC, as keyboards write it and as everything else here compares it."""
    return Secret(unicodedata.normalize("NFC", password.open()))
