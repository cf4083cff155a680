"""What happens when devices without a keyboard ask to be let in."""

from dataclasses import dataclass, field

from portvakt.core.assurance import Aal
from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import ClientId, RuleId, SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAllowed(Event):
    """Somebody let an app on a device in as themselves. `asked_from` is where it asked from."""

    name = "device.allowed"
    app: ClientId
    session_id: SessionId = field(metadata=PERSONAL)
    aal: Aal
    asked_from: str | None = field(default=None, metadata=PERSONAL)
    rules: tuple[RuleId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDenied(Event):
    """Somebody turned a device away whose code they had: they may have been asked to type it."""

    name = "device.denied"
    app: ClientId
    asked_from: str | None = field(default=None, metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodesGuessed(Event):
    """So many codes were wrong that no more are taken from this person for a while."""

    name = "device.codes_guessed"
    tries: int
