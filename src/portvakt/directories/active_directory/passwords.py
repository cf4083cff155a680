"""Passwords in Active Directory: asked by bind, written to `unicodePwd`.

Sources: MS-ADTS 3.1.1.3.1.5 (unicodePwd), 3.1.1.3.4.1.27 (policy hints), MS-ERREF (sub-codes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    Unreachable,
    WriteOutcome,
)
from portvakt.core.secret import Secret
from portvakt.directories import (
    AccountOff,
    CheckOutcome,
    DirectoryAway,
    Expired,
    LockedOut,
    MustChange,
    PasswordPolicy,
    PasswordRight,
    PasswordWrong,
)
from portvakt.directories.active_directory.policies import (
    DOMAIN,
    FINE,
    OLD_IS_WRONG,
    broken_rule,
    moment,
    policy_of,
    reason_said,
    refusal_of,
    set_at,
)
from portvakt.ldap_people.attributes import instant_of
from portvakt.wire import ldap_values as wire
from portvakt.wire.ldap import Ldap
from portvakt.wire.ldap_outcomes import Answered, outcome_of, said_by
from portvakt.wire.ldap_values import (
    Change,
    Control,
    Entry,
    Modification,
    Modify,
    Query,
    Scope,
    Why,
)

HINTS: Final = ("1.2.840.113556.1.4.2239", "1.2.840.113556.1.4.2066")
"""A reset that keeps to history and age like a change; the second is its name before 2012 R2."""
_HINTS_ON: Final = b"\x30\x03\x02\x01\x01"
_PERSON: Final = (
    "sAMAccountName",
    "displayName",
    "userAccountControl",
    "lockoutTime",
    "pwdLastSet",
    "msDS-ResultantPSO",
)


@dataclass(frozen=True, slots=True)
class _Root:
    """What a domain controller says of itself."""

    domain: str
    hints: str | None
    now: datetime | None


class Passwords:
    """The passwords of one domain. People are named by objectGUID, never by a name (A003)."""

    def __init__(self, ldap: Ldap, *, base: str) -> None:
        """Search for people under `base`, with the service account of `ldap`."""
        self._ldap = ldap
        self._base = base

    async def check(self, external_id: str, password: Secret) -> CheckOutcome:
        """Ask whether it is right: one search and one bind, whoever it is.

        A bind is sent once, so that one wrong password counts once (F29). An empty one is wrong
        and never sent (A001).
        """
        if not password.open():
            return PasswordWrong()
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return found
        dn = _nobody(external_id, self._base) if found is None else found.dn
        bound = await self._ldap.bind(dn, password)
        match bound:
            case wire.Bound():
                return PasswordRight() if found is not None else PasswordWrong()
            case wire.BadCredentials(why):
                return await self._refused(why, found)
            case wire.Refused() | wire.Unreachable():
                return DirectoryAway(said_by(bound))
            case _:
                assert_never(bound)

    async def set(self, external_id: str, new: Secret) -> WriteOutcome:
        """Write a new password with the service account's rights, and open a locked account.

        A server that knows policy hints holds its history against it; of another one
        `policy().history_on_reset` says so beforehand.
        """
        found, root = await self._find(external_id), await self._root()
        if isinstance(found, DirectoryAway) or isinstance(root, DirectoryAway):
            return Unreachable()
        if found is None:
            return Refused(RefusedFor.NOT_ALLOWED)
        hints = () if root.hints is None else (Control(root.hints, True, _HINTS_ON),)  # noqa: FBT003 - as in an LDAP message
        changes = (_put("unicodePwd", _quoted(new)), _put("lockoutTime", b"0"))
        written = await self._ldap.write(Modify(found.dn, changes, hints))
        return await self._outcome(written, found, new, root)

    async def change(
        self, external_id: str, old: Secret, new: Secret
    ) -> WriteOutcome | PasswordWrong | LockedOut:
        """Write a new password over the old one: the domain's whole policy holds.

        Done with the person's own bind. Where the old one is right but does not bind any more
        (expired, or given by somebody else), the service account asks for the same change.
        """
        if not old.open():
            return PasswordWrong()
        found, root = await self._find(external_id), await self._root()
        if isinstance(found, DirectoryAway) or isinstance(root, DirectoryAway):
            return Unreachable()
        if found is None:
            return PasswordWrong()
        write = Modify(
            found.dn,
            (
                Modification(Change.DELETE, "unicodePwd", (_quoted(old),)),
                Modification(Change.ADD, "unicodePwd", (_quoted(new),)),
            ),
        )
        answered = await self._as_themselves(found, old, write)
        if isinstance(answered, PasswordWrong | LockedOut | Refused):
            return answered
        if isinstance(answered, wire.Refused) and OLD_IS_WRONG.search(answered.text):
            return PasswordWrong()
        return await self._outcome(answered, found, new, root)

    async def _as_themselves(
        self, found: Entry, old: Secret, write: Modify
    ) -> Answered | PasswordWrong | LockedOut | Refused:
        bound = await self._ldap.bind(found.dn, old, then=write)
        match bound:
            case wire.Bound(_, _, then):
                return then or wire.Unreachable("nothing was written")
            case wire.BadCredentials(Why.EXPIRED | Why.MUST_CHANGE):
                return await self._ldap.write(write)
            case wire.BadCredentials(why):
                outcome = await self._refused(why, found)
                if isinstance(outcome, PasswordWrong | LockedOut):
                    return outcome
                return Refused(RefusedFor.NOT_ALLOWED)
            case wire.Refused():
                return wire.Unreachable(said_by(bound))
            case wire.Unreachable():
                return bound
            case _:
                assert_never(bound)

    async def unlock(self, external_id: str) -> WriteOutcome:
        """Open a locked account; one that is not locked is no fault."""
        return await self._write(external_id, _put("lockoutTime", b"0"))

    async def must_change(self, external_id: str, *, must: bool) -> WriteOutcome:
        """Ask for a new password at the next sign-in, or take that back."""
        return await self._write(external_id, _put("pwdLastSet", b"0" if must else b"-1"))

    async def policy(self, external_id: str) -> PasswordPolicy | DirectoryAway:
        """Read what will be asked of this person's next password: a fine-grained policy first."""
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return found
        root = await self._root()
        if isinstance(root, DirectoryAway):
            return root
        return await self._policy_of(found, root)

    async def lockout(self) -> PasswordPolicy | DirectoryAway:
        """Read the strictest lock-out of anybody: the domain's, and of every policy we may read."""
        root = await self._root()
        if isinstance(root, DirectoryAway):
            return root
        domain = await self._read(root.domain, DOMAIN)
        if isinstance(domain, DirectoryAway):
            return domain
        known = [policy_of(domain, DOMAIN)]
        query = Query(
            base=root.domain,
            filter="(objectClass=msDS-PasswordSettings)",
            attributes=tuple(FINE.values()),
        )
        fine = await self._ldap.search(query)
        if isinstance(fine, wire.Found):
            known += [policy_of(each, FINE) for each in fine.entries]
        locking = [each for each in known if each.locked_after]
        return min(locking, key=lambda each: each.locked_after or 0, default=PasswordPolicy())

    async def _policy_of(self, found: Entry | None, root: _Root) -> PasswordPolicy | DirectoryAway:
        fine = None if found is None else found.text("msds-resultantpso")
        kept, names = None, FINE
        if fine is not None:
            read = await self._read(fine, FINE)
            kept = None if isinstance(read, DirectoryAway) else read  # not everybody may read it
        if kept is None:
            read, names = await self._read(root.domain, DOMAIN), DOMAIN
            if isinstance(read, DirectoryAway):
                return read
            kept = read
        changed = None if found is None else set_at(found.text("pwdlastset"))
        return policy_of(kept, names, changed_at=changed, history_on_reset=root.hints is not None)

    async def _refused(self, why: Why, found: Entry | None) -> CheckOutcome:
        """Say what a sub-code means. Nothing but a lock is told of a wrong password."""
        match why:
            case Why.WRONG | Why.NO_SUCH_PERSON | Why.EMPTY | Why.UNKNOWN:
                return PasswordWrong()
            case Why.EXPIRED:
                return Expired()
            case Why.MUST_CHANGE:
                return MustChange()
            case Why.LOCKED:
                return LockedOut(await self._locked_until(found))
            case Why.OUTSIDE_HOURS | Why.NOT_FROM_HERE | Why.DISABLED | Why.ACCOUNT_EXPIRED:
                return AccountOff()
            case _:
                assert_never(why)

    async def _locked_until(self, found: Entry | None) -> datetime | None:
        root = await self._root()
        since = None if found is None else moment(found.text("lockouttime"))
        if since is None or isinstance(root, DirectoryAway):
            return None
        policy = await self._policy_of(found, root)
        if isinstance(policy, DirectoryAway) or policy.locked_for is None:
            return None
        return since + policy.locked_for

    async def _find(self, external_id: str) -> Entry | DirectoryAway | None:
        found = await self._ldap.search(
            Query(base=self._base, filter=_by_guid(external_id), attributes=_PERSON), most=2
        )
        if not isinstance(found, wire.Found):
            return DirectoryAway(said_by(found))
        return found.entries[0] if len(found.entries) == 1 else None

    async def _read(self, dn: str, names: Mapping[str, str]) -> Entry | DirectoryAway:
        query = Query(base=dn, scope=Scope.BASE, attributes=tuple(names.values()))
        found = await self._ldap.search(query, most=1)
        if not isinstance(found, wire.Found):
            return DirectoryAway(said_by(found))
        if not found.entries:
            return DirectoryAway("the domain's password policy cannot be read")
        return found.entries[0]

    async def _root(self) -> _Root | DirectoryAway:
        names = ("defaultNamingContext", "supportedControl", "currentTime")
        found = await self._ldap.search(Query(base="", scope=Scope.BASE, attributes=names), most=1)
        if not isinstance(found, wire.Found):
            return DirectoryAway(said_by(found))
        if not found.entries:
            return DirectoryAway("a server does not show its root")
        root = found.entries[0]
        offered = frozenset(root.texts("supportedcontrol"))
        return _Root(
            domain=root.text("defaultnamingcontext") or self._base,
            hints=next((each for each in HINTS if each in offered), None),
            now=instant_of(root.text("currenttime")),
        )

    async def _write(self, external_id: str, change: Modification) -> WriteOutcome:
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return Unreachable()
        if found is None:
            return Refused(RefusedFor.NOT_ALLOWED)
        return outcome_of(await self._ldap.write(Modify(found.dn, (change,))), refusal_of)

    async def _outcome(
        self,
        answered: Answered,
        found: Entry,
        new: Secret,
        root: _Root,
    ) -> WriteOutcome:
        """Say what came of a new password, with the rule that it broke as far as can be known."""
        outcome = outcome_of(answered, refusal_of)
        if not isinstance(outcome, Refused) or outcome.why is not RefusedFor.POLICY:
            return outcome
        policy = await self._policy_of(found, root)
        if isinstance(policy, DirectoryAway):
            return outcome
        text = answered.text if isinstance(answered, wire.Refused) else ""
        why = reason_said(text) or broken_rule(policy, new.open(), found, root.now) or outcome.why
        return Refused(why, policy.least_length if why is RefusedFor.TOO_SHORT else None)


def _by_guid(external_id: str) -> str:
    guid = UUID(external_id).bytes_le
    return "(objectGUID=" + "".join(rf"\{each:02x}" for each in guid) + ")"


def _nobody(external_id: str, base: str) -> str:
    """Name an object that does not exist: asking for it costs what asking for anybody costs."""
    return f"CN={UUID(external_id)},{base}"


def _quoted(password: Secret) -> bytes:
    return f'"{password.open()}"'.encode("utf-16-le", "surrogatepass")


def _put(attribute: str, value: bytes) -> Modification:
    return Modification(Change.REPLACE, attribute, (value,))
