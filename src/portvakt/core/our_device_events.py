"""What happens to the organisation's own devices, and to the lists of those that are gone."""

from dataclasses import dataclass, field

from portvakt.core.event import PERSONAL, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OurDeviceRefused(Event):
    """A device showed a certificate that does not make it ours; its person is asked for more."""

    name = "our_device.refused"
    why: str
    """"unreadable", "untrusted", "ended", "early", "purpose", "revoked" or "no_list"."""
    device: str = field(metadata=PERSONAL)
    """What the certificate calls it, if it was issued by the device authority."""
    serial: str = field(metadata=PERSONAL)
    """The certificate's number, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceListOverdue(Event):
    """A list of revoked certificates counts no more: no device that it is for is ours now."""

    name = "alarm.device_list_overdue"
    place: str
    why: str
    """Why it could not be read the last time; empty where what was read is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceListBack(Event):
    """A list of revoked certificates counts again."""

    name = "our_device.list_back"
    place: str
