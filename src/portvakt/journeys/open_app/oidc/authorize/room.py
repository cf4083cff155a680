"""How much of what strangers send is written down: so much a minute, counted in each process."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

SPAN: Final = timedelta(minutes=1)


@dataclass(slots=True)
class Room:
    """Places for one `SPAN`, which are all free again in the next."""

    one: int
    """Places for one address."""
    all: int
    """Places for all addresses together, and so the most addresses that are remembered."""
    began: datetime | None = None
    taken: dict[str | None, int] = field(default_factory=dict)

    def take(self, address: str | None, now: datetime) -> bool:
        """Take a place; False where there is none. Unknown addresses share one's places."""
        if self.began is None or not timedelta() <= now - self.began < SPAN:
            self.began, self.taken = now, {}
        mine = self.taken.get(address, 0)
        if mine >= self.one or sum(self.taken.values()) >= self.all:
            return False
        self.taken[address] = mine + 1
        return True
