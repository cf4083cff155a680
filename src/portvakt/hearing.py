"""What a process does when it hears of an event that was committed: counts it, and cries out."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from portvakt.core.events import BreakGlassRefused, BreakGlassUsed, Event

if TYPE_CHECKING:
    from portvakt.measured import Measured

_log = structlog.get_logger("portvakt.break_glass")


def heard_by(measured: "Measured | None") -> Callable[[Event], None]:
    """Return what is told of each event. A break-glass account is the loudest line there is."""

    def heard(event: Event) -> None:
        if isinstance(event, BreakGlassUsed | BreakGlassRefused):
            _log.critical(event.name, called=event.called, address=event.address)
        if measured is not None:
            measured.happened(event)

    return heard
