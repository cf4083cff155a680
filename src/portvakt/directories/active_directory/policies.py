"""What a domain asks of passwords: reading its policies, and which rule a password broke.

Sources: MS-ADTS 3.1.1.4.5.36 (msDS-ResultantPSO), MS-SAMR 3.1.1.7 (constraints), MS-ERREF.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from portvakt.core.password_outcomes import Refused, RefusedFor
from portvakt.directories import PasswordPolicy
from portvakt.wire import ldap_values as wire
from portvakt.wire.ldap_outcomes import INSUFFICIENT_RIGHTS, NO_SUCH_OBJECT, UNWILLING
from portvakt.wire.ldap_values import Entry

_TICKS: Final = 10_000_000  # 100 ns
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER: Final = -(2**63)
_COMPLEX: Final = 1  # DOMAIN_PASSWORD_COMPLEX
_KINDS: Final = 3
_NAME_PART: Final = 3
_POLICY_ERROR: Final = re.compile(r"\b0000052D\b", re.IGNORECASE)
OLD_IS_WRONG: Final = re.compile(r"\b00000056\b")
_NOT_PERMITTED: Final = re.compile(r"\b00000005\b")
_SAID: Final = (
    (re.compile(r"too short", re.IGNORECASE), RefusedFor.TOO_SHORT),
    (re.compile(r"history|already used", re.IGNORECASE), RefusedFor.HISTORY),
    (re.compile(r"too young|too recent|changed (?:too|so) soon", re.IGNORECASE),
     RefusedFor.TOO_YOUNG),
    (re.compile(r"complex", re.IGNORECASE), RefusedFor.COMPLEXITY),
)  # fmt: skip
"""Samba says why, in words; Windows does not, and the policy is asked instead."""
DOMAIN: Final = {
    "least_length": "minpwdlength",
    "history": "pwdhistorylength",
    "least_age": "minpwdage",
    "most_age": "maxpwdage",
    "locked_after": "lockoutthreshold",
    "locked_for": "lockoutduration",
    "counted_for": "lockoutobservationwindow",
    "complexity": "pwdproperties",
}
FINE: Final = {
    "least_length": "msds-minimumpasswordlength",
    "history": "msds-passwordhistorylength",
    "least_age": "msds-minimumpasswordage",
    "most_age": "msds-maximumpasswordage",
    "locked_after": "msds-lockoutthreshold",
    "locked_for": "msds-lockoutduration",
    "counted_for": "msds-lockoutobservationwindow",
    "complexity": "msds-passwordcomplexityenabled",
}
"""Where each rule is kept: on the domain, and on a fine-grained policy."""


def refusal_of(refused: wire.Refused) -> Refused:
    """Read what can be read out of the answer alone."""
    if refused.code in {INSUFFICIENT_RIGHTS, NO_SUCH_OBJECT} or _NOT_PERMITTED.search(refused.text):
        return Refused(RefusedFor.NO_RIGHT)
    if refused.code == UNWILLING and not _POLICY_ERROR.search(refused.text):
        return Refused(RefusedFor.NOT_ALLOWED)
    return Refused(RefusedFor.POLICY)


def reason_said(text: str) -> RefusedFor | None:
    """Find the reason in a server's own words, where it gives one."""
    return next((why for pattern, why in _SAID if pattern.search(text)), None)


def broken_rule(
    policy: PasswordPolicy, password: str, found: Entry, now: datetime | None
) -> RefusedFor | None:
    """Find the rule that a password breaks, where the server said only that there is one."""
    if len(password) < policy.least_length:
        return RefusedFor.TOO_SHORT
    changed, least = policy.changed_at, policy.least_age
    if changed is not None and least is not None and now is not None and now < changed + least:
        return RefusedFor.TOO_YOUNG
    if policy.complexity:
        if _holds_name(password, found):
            return RefusedFor.NAME
        if _kinds(password) < _KINDS:
            return RefusedFor.COMPLEXITY
    return None


def _holds_name(password: str, found: Entry) -> bool:
    """Follow Windows: the whole account name, and each part of the displayed one."""
    parts = [found.text("samaccountname") or ""]
    parts += re.split(r"[\s,.\-_#]+", found.text("displayname") or "")
    lower = password.lower()
    return any(len(part) >= _NAME_PART and part.lower() in lower for part in parts)


def _kinds(password: str) -> int:
    """Count the kinds of characters as Windows does: five of them."""
    return sum(
        (
            any(each.isupper() for each in password),
            any(each.islower() for each in password),
            any(each in "0123456789" for each in password),
            any(each.isalpha() and not each.isupper() and not each.islower() for each in password),
            any(not each.isalnum() for each in password),
        )
    )


def policy_of(
    kept: Entry,
    names: Mapping[str, str],
    *,
    changed_at: datetime | None = None,
    history_on_reset: bool = False,
) -> PasswordPolicy:
    """Read a policy; `names` says where its kind keeps each rule."""

    def number(name: str) -> int:
        return int(kept.text(names[name]) or 0)

    complexity = kept.text(names["complexity"]) or "0"
    is_on = complexity == "TRUE" or (complexity.isdigit() and bool(int(complexity) & _COMPLEX))
    return PasswordPolicy(
        least_length=number("least_length"),
        history=number("history"),
        complexity=is_on,
        least_age=_span(kept.text(names["least_age"])),
        most_age=_span(kept.text(names["most_age"])),
        locked_after=number("locked_after") or None,
        locked_for=_span(kept.text(names["locked_for"])),
        counted_for=_span(kept.text(names["counted_for"])),
        changed_at=changed_at,
        history_on_reset=history_on_reset,
    )


def _span(value: str | None) -> timedelta | None:
    """Read a negative number of 100 ns; nothing and «for ever» are None."""
    ticks = int(value or 0)
    return None if ticks in {0, _NEVER} else timedelta(microseconds=-ticks // 10)


def moment(value: str | None) -> datetime | None:
    """Read a time in 100 ns since 1601; None for nothing and for «never»."""
    ticks = int(value or 0)
    return None if ticks <= 0 else _EPOCH + timedelta(seconds=ticks // _TICKS)


def set_at(value: str | None) -> datetime | None:
    """Read `pwdLastSet`: 0 is somebody who must change it, and has not done so since (MS-ADA3)."""
    return _EPOCH if value == "0" else moment(value)
