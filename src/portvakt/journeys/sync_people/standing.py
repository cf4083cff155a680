"""How far a directory was followed, and whose turn it is: one fact in the records for each.

A run holds the turn for a while and says again and again that it lives, so that one process at a
time reads a directory and a process that dies holds up nobody for long.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from portvakt.records import Unit
from portvakt.records.followed import Followed, fact, followed

LEASE: Final = timedelta(minutes=3)
RENEW_EVERY: Final = 30.0
"""Seconds."""


class TurnLostError(Exception):
    """Another process thought that we had died, and has the turn."""


async def take_turn(
    unit: Unit, name: str, holder: str, now: datetime, every: timedelta | None
) -> Followed | None:
    """Take the turn; None where somebody has it, or (with `every`) where it is too early."""
    await unit.turn(fact(name))
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
    await unit.turn(fact(name))
    known = await followed(unit, name)
    if known.holder != holder:
        raise TurnLostError(name)
    return known


async def _write(unit: Unit, name: str, value: Followed) -> None:
    await unit.meta.set(fact(name), msgspec.json.encode(value).decode())
