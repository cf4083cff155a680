"""Passwords in an LDAP directory: asked by bind, written by the password-modify operation.

Sources: RFC 4511 §4.2, RFC 3062, and draft-behera-ldap-password-policy for policies and locks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, assert_never
from uuid import UUID

from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    Unreachable,
    WriteOutcome,
    Written,
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
from portvakt.ldap_people.attributes import instant_of
from portvakt.wire import ldap_values as wire
from portvakt.wire.ldap import PASSWORD_POLICY_CONTROL, Ldap
from portvakt.wire.ldap_outcomes import (
    INSUFFICIENT_RIGHTS,
    UNWILLING,
    Answered,
    outcome_of,
    said_by,
)
from portvakt.wire.ldap_values import (
    Change,
    Entry,
    Modification,
    Modify,
    ModifyPassword,
    PolicyError,
    Query,
    Scope,
)

_PERSON: Final = (
    "pwdAccountLockedTime",
    "pwdReset",
    "pwdChangedTime",
    "pwdPolicySubentry",
)
_POLICY: Final = (
    "cn",
    "pwdMinLength",
    "pwdInHistory",
    "pwdMinAge",
    "pwdMaxAge",
    "pwdLockout",
    "pwdMaxFailure",
    "pwdLockoutDuration",
    "pwdFailureCountInterval",
)
_FOR_GOOD: Final = "000001010000Z"
"""Locked by an administrator, and not by wrong passwords: how these directories disable."""
_ASKING: Final = (PASSWORD_POLICY_CONTROL,)
_REASONS: Final = {
    PolicyError.MODIFICATION_NOT_ALLOWED: RefusedFor.NOT_ALLOWED,
    PolicyError.MUST_SUPPLY_OLD: RefusedFor.NO_RIGHT,
    PolicyError.POOR_QUALITY: RefusedFor.COMPLEXITY,
    PolicyError.TOO_SHORT: RefusedFor.TOO_SHORT,
    PolicyError.TOO_LONG: RefusedFor.TOO_LONG,
    PolicyError.TOO_YOUNG: RefusedFor.TOO_YOUNG,
    PolicyError.IN_HISTORY: RefusedFor.HISTORY,
}


class Passwords:
    """The passwords of one directory. People are named by entryUUID, never by a name (A003)."""

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
        bound = await self._ldap.bind(dn, password, controls=_ASKING)
        match bound:
            case wire.Bound(_, policy):
                return _right(policy) if found is not None else PasswordWrong()
            case wire.BadCredentials(_, policy):
                return await self._refused(policy, found)
            case wire.Refused() | wire.Unreachable():
                return DirectoryAway(said_by(bound))
            case _:
                assert_never(bound)

    async def set(self, external_id: str, new: Secret) -> WriteOutcome:
        """Write a new password with the service account's rights, and open a locked account.

        The person chose it, so a policy that wants another one after each reset is told so.
        """
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return Unreachable()
        if found is None or _is_off(found):
            return Refused(RefusedFor.NOT_ALLOWED)  # writing would switch the account on
        written = await self._ldap.write(ModifyPassword(found.dn, None, new, _ASKING))
        return await self._written(written, external_id, found)

    async def change(
        self, external_id: str, old: Secret, new: Secret
    ) -> WriteOutcome | PasswordWrong | LockedOut:
        """Write a new password over the old one: the directory's whole policy holds.

        Done with the person's own bind. Where the old one is right but too old to bind, the
        service account asks for the same change, and shows the old one with it.
        """
        if not old.open():
            return PasswordWrong()
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return Unreachable()
        if found is None:
            return PasswordWrong()
        write = ModifyPassword(found.dn, old, new, _ASKING)
        answered = await self._as_themselves(found, old, write)
        if isinstance(answered, PasswordWrong | LockedOut | Refused):
            return answered
        return await self._written(answered, external_id, found)

    async def _as_themselves(
        self, found: Entry, old: Secret, write: ModifyPassword
    ) -> Answered | PasswordWrong | LockedOut | Refused:
        bound = await self._ldap.bind(found.dn, old, controls=_ASKING, then=write)
        match bound:
            case wire.Bound(_, _, then):
                return then or wire.Unreachable("nothing was written")
            case wire.BadCredentials(_, policy):
                outcome = await self._refused(policy, found)
            case wire.Refused():
                return wire.Unreachable(said_by(bound))
            case wire.Unreachable():
                return bound
            case _:
                assert_never(bound)
        match outcome:
            case PasswordWrong() | LockedOut():
                return outcome
            case Expired():
                return await self._ldap.write(write)
            case _:
                return Refused(RefusedFor.NOT_ALLOWED)

    async def unlock(self, external_id: str) -> WriteOutcome:
        """Open a locked account; one that is not locked is no fault, one that is off stays so."""
        found = await self._find(external_id)
        if isinstance(found, DirectoryAway):
            return Unreachable()
        if found is None or _is_off(found):
            return Refused(RefusedFor.NOT_ALLOWED)
        if found.text("pwdaccountlockedtime") is None:
            return Written()
        unlocking = Modification(Change.DELETE, "pwdAccountLockedTime")
        return outcome_of(await self._ldap.write(Modify(found.dn, (unlocking,))), _refusal)

    async def policy(self, external_id: str) -> PasswordPolicy | DirectoryAway:
        """Read what will be asked of this person's next password, as far as we may read it."""
        found = await self._find(external_id)
        return found if isinstance(found, DirectoryAway) else await self._policy_of(found)

    async def lockout(self) -> PasswordPolicy | DirectoryAway:
        """Read the strictest lock-out of anybody, of all policies that we may read."""
        known = await self._policies()
        if isinstance(known, DirectoryAway):
            return known
        locking = [each for each in map(_policy, known) if each.locked_after]
        return min(locking, key=lambda each: each.locked_after or 0, default=PasswordPolicy())

    async def _policy_of(self, found: Entry | None) -> PasswordPolicy | DirectoryAway:
        known = await self._policies()
        if isinstance(known, DirectoryAway):
            return known
        mine = None if found is None else found.text("pwdpolicysubentry")
        kept = [each for each in known if mine is None or each.dn.lower() == mine.lower()]
        changed = None if found is None else instant_of(found.text("pwdchangedtime"))
        if not kept:
            return PasswordPolicy(changed_at=changed)
        # which one holds for the rest is in the server's own settings: the strictest is told
        strictest = max(kept, key=lambda each: int(each.text("pwdminlength") or 0))
        return _policy(strictest, changed)

    async def _policies(self) -> Sequence[Entry] | DirectoryAway:
        root = await self._ldap.search(
            Query(base="", scope=Scope.BASE, attributes=("namingContexts",)), most=1
        )
        if not isinstance(root, wire.Found):
            return DirectoryAway(said_by(root))
        contexts = root.entries[0].texts("namingcontexts") if root.entries else []
        base = next((each for each in contexts if _is_under(self._base, each)), self._base)
        query = Query(base=base, filter="(objectClass=pwdPolicy)", attributes=_POLICY)
        found = await self._ldap.search(query)
        if not isinstance(found, wire.Found):
            return DirectoryAway(said_by(found))
        return found.entries

    async def _refused(self, policy: wire.Policy | None, found: Entry | None) -> CheckOutcome:
        """Say what a refused bind means; without a policy's answer the password is wrong."""
        match None if policy is None else policy.error:
            case PolicyError.PASSWORD_EXPIRED:
                return Expired()
            case PolicyError.CHANGE_AFTER_RESET:
                return MustChange()
            case PolicyError.ACCOUNT_LOCKED if found is not None and _is_off(found):
                return AccountOff()
            case PolicyError.ACCOUNT_LOCKED:
                return LockedOut(await self._locked_until(found))
            case _:
                return PasswordWrong()

    async def _locked_until(self, found: Entry | None) -> datetime | None:
        since = None if found is None else instant_of(found.text("pwdaccountlockedtime"))
        policy = None if since is None else await self._policy_of(found)
        if since is None or not isinstance(policy, PasswordPolicy) or policy.locked_for is None:
            return None
        return since + policy.locked_for

    async def _find(self, external_id: str) -> Entry | DirectoryAway | None:
        by_id = f"(entryUUID={UUID(external_id)})"
        query = Query(base=self._base, filter=by_id, attributes=_PERSON)
        found = await self._ldap.search(query, most=2)
        if not isinstance(found, wire.Found):
            return DirectoryAway(said_by(found))
        return found.entries[0] if len(found.entries) == 1 else None

    async def _written(
        self,
        answered: Answered,
        external_id: str,
        before: Entry,
    ) -> WriteOutcome:
        outcome = outcome_of(answered, _refusal)
        if isinstance(outcome, Written):
            await self._not_again(external_id)
        elif isinstance(outcome, Refused) and outcome.why is RefusedFor.TOO_SHORT:
            policy = await self._policy_of(before)
            if isinstance(policy, PasswordPolicy) and policy.least_length:
                return Refused(outcome.why, policy.least_length)
        return outcome

    async def _not_again(self, external_id: str) -> None:
        """Take back the wish for yet another password that a policy adds to each reset.

        Where that fails the password is written all the same, and another one will be asked for.
        """
        found = await self._find(external_id)
        if isinstance(found, Entry) and found.text("pwdreset") == "TRUE":
            done = Modification(Change.DELETE, "pwdReset")
            await self._ldap.write(Modify(found.dn, (done,)))


def _right(policy: wire.Policy | None) -> CheckOutcome:
    """Say what stands in the way of a right password."""
    match None if policy is None else policy.error:
        case PolicyError.CHANGE_AFTER_RESET:
            return MustChange()
        case PolicyError.PASSWORD_EXPIRED:
            return Expired()
        case _:
            pass
    if policy is not None and policy.grace_left is not None:
        return Expired()  # let in once more, of a small number of times
    return PasswordRight(None if policy is None else policy.expires_in)


def _refusal(refused: wire.Refused) -> Refused:
    """Put a refusal into the person's words."""
    error = None if refused.policy is None else refused.policy.error
    if error in _REASONS:
        return Refused(_REASONS[error])
    if refused.code == INSUFFICIENT_RIGHTS:
        return Refused(RefusedFor.NO_RIGHT)
    return Refused(RefusedFor.NOT_ALLOWED if refused.code == UNWILLING else RefusedFor.POLICY)


def _nobody(external_id: str, base: str) -> str:
    """Name an object that does not exist: asking for it costs what asking for anybody costs."""
    return f"uid={UUID(external_id)},{base}"


def _is_off(found: Entry) -> bool:
    return found.text("pwdaccountlockedtime") == _FOR_GOOD


def _is_under(dn: str, suffix: str) -> bool:
    bare, end = dn.lower().replace(" ", ""), suffix.lower().replace(" ", "")
    return bare == end or bare.endswith("," + end)


def _policy(kept: Entry, changed_at: datetime | None = None) -> PasswordPolicy:
    def number(name: str) -> int:
        return int(kept.text(name) or 0)

    locks = kept.text("pwdlockout") == "TRUE"
    return PasswordPolicy(
        least_length=number("pwdminlength"),
        history=number("pwdinhistory"),
        least_age=_span(number("pwdminage")),
        most_age=_span(number("pwdmaxage")),
        locked_after=(number("pwdmaxfailure") or None) if locks else None,
        locked_for=_span(number("pwdlockoutduration")),
        counted_for=_span(number("pwdfailurecountinterval")),
        history_on_reset=True,
        changed_at=changed_at,
    )


def _span(seconds: int) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds else None
