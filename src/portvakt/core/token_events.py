"""What happens to the pool of hardware tokens."""

from dataclasses import dataclass, field
from typing import ClassVar

from portvakt.core.event import PERSONAL, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokensImported(Event):
    """A file of devices was read into the pool."""

    name = "hardware_token.imported"
    created: int
    unchanged: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenEvent(Event):
    """About one device."""

    name: ClassVar[str]
    serial: str = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenKept(HardwareTokenEvent):
    """A device is kept for somebody, who alone may take it into use."""

    name = "hardware_token.kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenTaken(HardwareTokenEvent):
    """Its owner took it into use."""

    name = "hardware_token.taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenReturned(HardwareTokenEvent):
    """A device is spare again."""

    name = "hardware_token.returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenLost(HardwareTokenEvent):
    """A device is lost: it opens nothing, and nobody can take it into use."""

    name = "hardware_token.lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenNotTaken(Event):
    """Somebody gave a serial number and a code that do not belong together, or not to them."""

    name = "hardware_token.not_taken"
    reason: str
