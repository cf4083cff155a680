"""Whose account a Kerberos ticket names, and whether it may still be used.

A ticket lives for ten hours, and longer than the account may: so the domain is asked each time.
Sources: MS-ADTS 2.2.16 (userAccountControl), MS-ADA2 (msDS-User-Account-Control-Computed).
"""

from datetime import datetime
from typing import Final

from portvakt.directories import DirectoryAway, TicketOwner
from portvakt.directories.active_directory.policies import moment
from portvakt.directories.active_directory.reader import LAST, id_of, is_off
from portvakt.wire.ldap import Ldap
from portvakt.wire.ldap_outcomes import said_by
from portvakt.wire.ldap_values import Entry, Found, Query

_NOW: Final = "msDS-User-Account-Control-Computed"
_ASKED: Final = ("objectGUID", "userAccountControl", "accountExpires", "pwdLastSet", _NOW)
_LOCKED: Final = 0x10  # ADS_UF_LOCKOUT
_EXPIRED: Final = 0x800000  # ADS_UF_PASSWORD_EXPIRED
_NO_EXPIRY: Final = 0x10000  # ADS_UF_DONT_EXPIRE_PASSWD


async def whose(
    ldap: Ldap, base: str, people_filter: str, sid: bytes, now: datetime
) -> TicketOwner | DirectoryAway | None:
    """Find the account with this `objectSid` among the people, and say how it stands."""
    written = "".join(rf"\{each:02x}" for each in sid)
    query = Query(base=base, filter=f"(&{people_filter}(objectSid={written}))", attributes=_ASKED)
    found = await ldap.search(query, most=2)
    if not isinstance(found, Found):
        return DirectoryAway(said_by(found))
    return _standing(found.entries[0], now) if len(found.entries) == 1 else None


def _standing(person: Entry, now: datetime) -> TicketOwner | None:
    external_id = id_of(person)
    if external_id is None:
        return None
    computed = int(person.text(_NOW.lower()) or 0)
    keeps = int(person.text("useraccountcontrol") or 0) & _NO_EXPIRY
    must_change = person.text("pwdlastset") == "0" and not keeps
    return TicketOwner(
        external_id,
        off=is_off(person) or _has_ended(person, now),
        locked=bool(computed & _LOCKED),
        stale=must_change or bool(computed & _EXPIRED),
    )


def _has_ended(person: Entry, now: datetime) -> bool:
    """Say whether the account's last day is over; 0 and beyond the year 9999 are none."""
    ticks = int(person.text("accountexpires") or 0)
    ends = moment(str(ticks)) if 0 < ticks < LAST else None
    return ends is not None and ends <= now
