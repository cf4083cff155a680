"""How far a directory was followed, and whose turn it is: one fact in the records for each.

A run holds the turn for a while and says again and again that it lives, so that one process at a
time reads a directory and a process that dies holds up nobody for long.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from portvakt.records import Unit

LEASE: Final = timedelta(minutes=3)
RENEW_EVERY: Final = 30.0
"""Seconds."""
AGAIN: Final = timedelta(minutes=1)
"""How soon a run that failed is tried again, where runs are further apart."""


class TurnLostError(Exception):
    """Another process thought that we had died, and has the turn."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one directory."""

    cursor: str | None = None
    """Where changes begin; None for a whole reading."""
    whole_at: datetime | None = None
    """When everything was read last."""
    well_at: datetime | None = None
    """When a run came to its end last: how old what we know is."""
    tried_at: datetime | None = None
    failed: str | None = None
    """Why the last run changed nothing: "away", "service_account", "nobody", "brake"."""
    said: str = ""
    """The same in words for operators."""
    holder: str | None = None
    until: datetime | None = None

    def is_held(self, now: datetime, holder: str = "") -> bool:
        """Say whether somebody else has the turn."""
        return self.until is not None and now < self.until and self.holder != holder

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Say whether it is time for another run."""
        if self.tried_at is None or self.tried_at > now:
            return True
        pause = min(every, AGAIN) if self.failed in {"away", "service_account"} else every
        return now - self.tried_at >= pause


def _fact(name: str) -> str:
    return f"sync:{name}"


async def followed(unit: Unit, name: str) -> Followed:
    """Read how far a directory was followed."""
    written = await unit.meta.get(_fact(name))
    return Followed() if written is None else msgspec.json.decode(written, type=Followed)


async def take_turn(
    unit: Unit, name: str, holder: str, now: datetime, every: timedelta | None
) -> Followed | None:
    """Take the turn; None where somebody has it, or (with `every`) where it is too early."""
    await unit.turn(_fact(name))
    known = await followed(unit, name)
    if known.is_held(now, holder) or (every is not None and not known.is_due(now, every)):
        return None
    taken = msgspec.structs.replace(known, holder=holder, until=now + LEASE, tried_at=now)
    await _write(unit, name, taken)
    return taken


async def keep_turn(unit: Unit, name: str, holder: str, now: datetime) -> None:
    """Say that the run lives. Raises `TurnLostError`."""
    known = await _own(unit, name, holder)
    await _write(unit, name, msgspec.structs.replace(known, until=now + LEASE))


async def end_turn(unit: Unit, name: str, holder: str, after: Followed) -> None:
    """Give the turn back, and write what is true now. Raises `TurnLostError`."""
    await _own(unit, name, holder)
    await _write(unit, name, msgspec.structs.replace(after, holder=None, until=None))


async def _own(unit: Unit, name: str, holder: str) -> Followed:
    await unit.turn(_fact(name))
    known = await followed(unit, name)
    if known.holder != holder:
        raise TurnLostError(name)
    return known


async def _write(unit: Unit, name: str, value: Followed) -> None:
    await unit.meta.set(_fact(name), msgspec.json.encode(value).decode())
