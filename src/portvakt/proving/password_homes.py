"""Where a password lives, and how a new one gets there: here, or in a directory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    UnknownOutcome,
    Unreachable,
    WriteOutcome,
    Written,
)
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.core.throttle import Familiarity, Kind
from portvakt.crypto.passwords import PasswordHasher
from portvakt.directories import (
    CheckOutcome,
    DirectoryAway,
    Expired,
    LockedOut,
    MustChange,
    PasswordPolicy,
    PasswordRight,
    PasswordWrong,
)
from portvakt.proving.answer import subject_of
from portvakt.records.standing import Bound, Standing
from portvakt.records.unit import Unit

LONGEST = 20.0
"""Seconds that a directory may take to answer; then nobody knows what came of it."""
MOST_REMEMBERED = 24
"""Earlier passwords that are compared: each costs one hash."""


ChangeOutcome = WriteOutcome | PasswordWrong | LockedOut
"""What writing a new password over the old one can come to."""


class Home(Protocol):
    """The place where one person's password lives."""

    async def least(self) -> int:
        """Say how many characters it asks for; 0 where it does not say."""

    async def ready(self, new: Secret, had: Sequence[str]) -> Refused | None:
        """Do what must be done before writing begins, or say why it would be refused.

        `had` are the hashes of what the person has had before, as far as we remember.
        Raises `portvakt.crypto.passwords.Busy`.
        """

    async def set(self, new: Secret) -> WriteOutcome:
        """Write a new password, which `ready` has let through."""

    async def change(self, old: Secret, new: Secret) -> ChangeOutcome:
        """Write a new password over one that its owner knows. Count the try before.

        Raises `portvakt.crypto.passwords.Busy`.
        """

    async def unlock(self) -> WriteOutcome:
        """Open the account again where it is locked."""

    async def keep(self, unit: Unit, at: datetime) -> bool:
        """Keep here what there is to keep of a new password, in the act that tells of it.

        False where the password that it was to replace is not the one that holds any more.
        """


@dataclass(slots=True)
class OwnHome:
    """A password of our own: its hash is stored in the act that tells of it."""

    hasher: PasswordHasher
    account: Account
    bound: Bound
    _verifier: str | None = field(default=None, repr=False)
    _over: str | None = field(default=None, repr=False)
    """The hash that a change was judged by."""

    async def least(self) -> int:
        """Ask for nothing beyond our own rules."""
        return 0

    async def ready(self, new: Secret, had: Sequence[str]) -> Refused | None:
        """Refuse the current one (A080), and hash the new one."""
        del had
        if await self.hasher.verify(self.bound.verifier, new):
            return Refused(RefusedFor.HISTORY)
        self._verifier = await self.hasher.hash(new)
        return None

    async def set(self, new: Secret) -> WriteOutcome:
        """Nothing is sent anywhere."""
        del new
        return Written()

    async def change(self, old: Secret, new: Secret) -> ChangeOutcome:
        """Judge the old one, refuse it as the new one, and hash that."""
        if not await self.hasher.verify(self.bound.verifier, old):
            return PasswordWrong()
        self._over = self.bound.verifier
        return await self.ready(new, ()) or Written()

    async def unlock(self) -> WriteOutcome:
        """Nothing is sent anywhere."""
        return Written()

    async def keep(self, unit: Unit, at: datetime) -> bool:
        """Store the hash; after a change, over the one that was judged and no other."""
        id_: AuthenticatorId = self.bound.authenticator.id
        if self._verifier is None:
            return True
        stored = unit.authenticators
        if self._over is None:
            return await stored.replace_verifier(id_, self._verifier, at)
        return await stored.change_verifier(id_, self._verifier, at, instead_of=self._over)


Missed = Callable[[str], Awaitable[bool]]
"""Says whether a directory, by its name, was not read when it should have been."""


class Directories(Protocol):
    """The organisation's directories, as far as new passwords need them.

    `portvakt.proving.directory_passwords` has one.
    """

    def keeps(self, source: str) -> bool:
        """Say whether passwords of accounts from this source live in a directory."""

    async def policy(self, account: Account) -> PasswordPolicy | DirectoryAway:
        """Read what will be asked of the next password."""

    async def check(self, source: str, external_id: str, password: Secret) -> CheckOutcome:
        """Ask whether a password is the one that holds now."""

    async def set(self, account: Account, new: Secret) -> WriteOutcome:
        """Write a new password."""

    async def change(self, account: Account, old: Secret, new: Secret) -> ChangeOutcome:
        """Write a new password over the old one."""

    async def unlock(self, account: Account) -> WriteOutcome:
        """Open a locked account."""


@dataclass(slots=True)
class DirectoryHome:
    """A password in the organisation's directory: it is written there and nowhere else.

    Where the directory wants none of the last ones back but does not look when we write, we
    remember their hashes for it.
    """

    hasher: PasswordHasher
    directories: Directories
    account: Account
    missed: Missed | None = None
    _keep: int = 0
    _verifier: str | None = field(default=None, repr=False)

    async def least(self) -> int:
        """Ask the directory; where it is away, writing will say so."""
        policy = await self.directories.policy(self.account)
        return 0 if isinstance(policy, DirectoryAway) else policy.least_length

    async def ready(self, new: Secret, had: Sequence[str]) -> Refused | None:
        """Refuse what it would not look for itself: the current one, and those before (A080)."""
        policy = await self.directories.policy(self.account)
        if isinstance(policy, DirectoryAway) or policy.history_on_reset or policy.history == 0:
            return None
        self._keep = min(policy.history, MOST_REMEMBERED)
        for verifier in had[: self._keep]:
            if await self.hasher.verify(verifier, new):
                return Refused(RefusedFor.HISTORY)
        account = self.account
        current = await self.directories.check(account.source, account.external_id, new)
        if isinstance(current, PasswordRight | MustChange | Expired):
            return Refused(RefusedFor.HISTORY)
        self._verifier = await self.hasher.hash(new)
        return None

    async def set(self, new: Secret) -> WriteOutcome:
        """Write it there, unless what we know of the person is old."""
        if await self._is_old():
            return Unreachable()
        return await _in_time(self.directories.set(self.account, new))

    async def change(self, old: Secret, new: Secret) -> ChangeOutcome:
        """Write it there with the person's own right: the directory looks at history itself.

        It is remembered here for the next reset, if the directory does not look then.
        """
        policy = await self.directories.policy(self.account)
        if isinstance(policy, DirectoryAway) or await self._is_old():
            return Unreachable()
        if policy.history and not policy.history_on_reset:
            self._keep = min(policy.history, MOST_REMEMBERED)
            self._verifier = await self.hasher.hash(new)
        return await _in_time(self.directories.change(self.account, old, new))

    async def unlock(self) -> WriteOutcome:
        """Unlock it there, unless what we know of the person is old."""
        if await self._is_old():
            return Unreachable()
        return await _in_time(self.directories.unlock(self.account))

    async def _is_old(self) -> bool:
        return self.missed is not None and await self.missed(self.account.source)

    async def keep(self, unit: Unit, at: datetime) -> bool:
        """Keep a hash at most, so that it stays out."""
        if self._verifier is not None:
            await unit.password_memory.remember(self.account.id, self._verifier, at, self._keep)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Finds where somebody's password lives."""

    hasher: PasswordHasher
    directories: Directories
    missed: Missed | None = None
    """Where it says so of a directory, nothing is written there (R18)."""

    def of(self, standing: Standing) -> Home | None:
        """Find it; None where there is no password that can be used."""
        bound = next(iter(standing.active(AuthenticatorType.PASSWORD)), None)
        if bound is None:
            return None
        if bound.verifier is None and self.directories.keeps(standing.account.source):
            return DirectoryHome(self.hasher, self.directories, standing.account, self.missed)
        return OwnHome(self.hasher, standing.account, bound)


_Outcome = TypeVar("_Outcome")


async def _in_time(writing: Awaitable[_Outcome]) -> _Outcome | UnknownOutcome:
    try:
        async with asyncio.timeout(LONGEST):
            return await writing
    except TimeoutError:
        return UnknownOutcome()


async def listen_again(unit: Unit, account: Account, at: datetime) -> None:
    """End the stop that wrong passwords may have begun: the owner has shown two other things."""
    subject = subject_of(account, "")
    froms = (Familiarity.KNOWN, Familiarity.INSIDE, Familiarity.UNFAMILIAR)
    keys: list[tuple[str, str, str]] = [(subject, Kind.PASSWORD, each) for each in froms]
    keys.append((subject, Kind.DIRECTORY, Familiarity.ANY))  # the directory forgets them, too
    await unit.attempts.give_back(keys, at)
