"""Everything that is kept, and the only place that speaks SQL.

One module for each stored thing; `unit.py` joins them to one transaction, and `open_records` is
the way in. `schema.py` is the truth about tables, `migrate.py` brings a database there.
`statements.py`, `sqlite.py` and `postgresql.py` are how a statement reaches its database
(docs/adr/0004).
"""

from portvakt.records.audit import StoredEvent
from portvakt.records.authenticators import RecoveryRow, SourcedPhone
from portvakt.records.codes import Code, CodeExpired, CodeWrong, Spent
from portvakt.records.configuration import Configuration
from portvakt.records.device_requests import DeviceRequest, Polled
from portvakt.records.drafts import Draft
from portvakt.records.driver import Act
from portvakt.records.errors import RecordsError, RecordsUnavailable
from portvakt.records.grants import AuthorizationCode, Grant, Reused
from portvakt.records.outbox import Message, SentTimes
from portvakt.records.pairings import Paired, PairingExpired, PairingUsed, ShortWrong
from portvakt.records.people_in_bulk import Holder, Outline, StoredPerson
from portvakt.records.refreshing import AnothersKey, Rotated, UsedBefore
from portvakt.records.signing_keys import KeyState, StoredKey
from portvakt.records.standing import Bound, Standing
from portvakt.records.unit import Records, Unit, open_records

__all__ = [
    "Act",
    "AnothersKey",
    "AuthorizationCode",
    "Bound",
    "Code",
    "CodeExpired",
    "CodeWrong",
    "Configuration",
    "DeviceRequest",
    "Draft",
    "Grant",
    "Holder",
    "KeyState",
    "Message",
    "Outline",
    "Paired",
    "PairingExpired",
    "PairingUsed",
    "Polled",
    "Records",
    "RecordsError",
    "RecordsUnavailable",
    "RecoveryRow",
    "Reused",
    "Rotated",
    "SentTimes",
    "ShortWrong",
    "SourcedPhone",
    "Spent",
    "Standing",
    "StoredEvent",
    "StoredKey",
    "StoredPerson",
    "Unit",
    "UsedBefore",
    "open_records",
]
