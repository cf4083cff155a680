"""What happens where people stand up for somebody with a new phone."""

from dataclasses import dataclass, field

from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneAsked(Event):
    """Somebody who showed the password asks people to stand up for them."""

    name = "lost_phone.asked"
    sorts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneRefused(Event):
    """Somebody who showed the password may not ask; for somebody privileged, have a look."""

    name = "lost_phone.refused"
    why: str
    """"privileged", "frozen", "has_key", "by_rule", "nobody", "nothing_lost", or "often"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneVouched(Event):
    """Somebody stood up for the person, in a session of their own with two factors just shown."""

    name = "lost_phone.vouched"
    voucher: AccountId = field(metadata=PERSONAL)
    sort: str
    """"manager" or "colleague"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneOpened(Event):
    """Enough people did: the browser that asked may bind one app on a phone, once."""

    name = "lost_phone.opened"
    vouchers: tuple[str, ...] = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneWithdrawn(Event):
    """The person asks nobody any more."""

    name = "lost_phone.withdrawn"
