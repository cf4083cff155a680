"""Whether an access list grants a right: what a domain controller does not say when asked.

Sources: MS-DTYP 2.4.4 to 2.4.6 (entries, lists, descriptors), MS-ADTS 5.1.3.3 (judging).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from struct import error as too_short
from struct import unpack_from
from typing import Final
from uuid import UUID

from portvakt.wire.ldap_values import Control

RESET_PASSWORD: Final = UUID("00299570-246d-11d0-a768-00aa006e0529")
ACCESS_LIST_ONLY: Final = Control("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")  # noqa: FBT003 - as in an LDAP message
"""Asks for the part of `nTSecurityDescriptor` that everybody may read."""
_CONTROL_ACCESS: Final = 0x100
_ALLOW, _DENY, _ALLOW_OBJECT, _DENY_OBJECT = 0, 1, 5, 6
_INHERIT_ONLY: Final = 0x08
_HAS_TYPE, _HAS_INHERITED = 1, 2


@dataclass(frozen=True, slots=True)
class _Rule:
    allows: bool
    right: UUID | None
    """None: all of them."""
    who: bytes


def grants(descriptor: bytes, right: UUID, whom: Collection[bytes]) -> bool | None:
    """Say whether one of these (security identifiers) has an extended right; None: unreadable.

    The first entry that speaks of it decides.
    """
    try:
        rules = list(_rules(descriptor))
    except too_short:
        return None
    for rule in rules:
        if rule.who in whom and rule.right in {None, right}:
            return rule.allows
    return False


def _rules(descriptor: bytes) -> Iterator[_Rule]:
    """Read the entries about extended rights of this very object. Raises `struct.error`."""
    (at,) = unpack_from("<I", descriptor, 16)
    (count,) = unpack_from("<H", descriptor, at + 4)
    at += 8
    for _ in range(count):
        kind, flags, size, mask = unpack_from("<BBHI", descriptor, at)
        start, right = at + 8, None
        if kind in {_ALLOW_OBJECT, _DENY_OBJECT}:
            (present,) = unpack_from("<I", descriptor, start)
            start += 4
            if present & _HAS_TYPE:
                right = UUID(bytes_le=bytes(unpack_from("16s", descriptor, start)[0]))
            start += 16 * bool(present & _HAS_TYPE) + 16 * bool(present & _HAS_INHERITED)
        known = kind in {_ALLOW, _DENY, _ALLOW_OBJECT, _DENY_OBJECT}
        if known and mask & _CONTROL_ACCESS and not flags & _INHERIT_ONLY:
            yield _Rule(kind in {_ALLOW, _ALLOW_OBJECT}, right, descriptor[start : at + size])
        at += size
