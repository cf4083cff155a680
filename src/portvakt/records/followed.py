"""How far a directory was followed: one fact for each, written by whoever follows it."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from portvakt.records.unit import Unit

AGAIN: Final = timedelta(minutes=1)
"""How soon a run that failed is tried again, where runs are further apart."""


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


def fact(name: str) -> str:
    """Name the fact of a directory."""
    return f"sync:{name}"


async def followed_if_ever(unit: Unit, name: str) -> Followed | None:
    """Read how far a directory was followed; None where it never was."""
    written = await unit.meta.get(fact(name))
    return None if written is None else msgspec.json.decode(written, type=Followed)


async def followed(unit: Unit, name: str) -> Followed:
    """Read the same, where «never» is as good as from the beginning."""
    return await followed_if_ever(unit, name) or Followed()
