"""The lists of device certificates that no longer count, as they were last read, and how it went.

One process reads a list (`background_devices`), and every process that serves uses what is here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms, optional_instant, to_json

_CLAIM: Final = Statement(
    """
    INSERT INTO revocation_lists (place, mark, asked_at, trouble, overdue)
    VALUES (:place, '', :now, '', FALSE)
    ON CONFLICT (place) DO UPDATE SET asked_at = excluded.asked_at
    WHERE revocation_lists.asked_at <= :before
    """
)
_KEEP: Final = Statement(
    """
    UPDATE revocation_lists SET content = :content, mark = :mark, read_at = :now, trouble = ''
    WHERE place = :place
    """
)
_SAME: Final = Statement(
    "UPDATE revocation_lists SET read_at = :now, trouble = '' WHERE place = :place"
)
_TROUBLE: Final = Statement("UPDATE revocation_lists SET trouble = :why WHERE place = :place")
_TELL: Final = Statement(
    """
    UPDATE revocation_lists SET overdue = :overdue
    WHERE place = :place AND overdue <> :overdue
    """
)
_STATES: Final = Statement(
    "SELECT place, mark, read_at, trouble, overdue FROM revocation_lists ORDER BY place"
)
_CONTENT: Final = Statement("SELECT content FROM revocation_lists WHERE place = :place")
_ONLY: Final = Statement("DELETE FROM revocation_lists WHERE NOT (place {among:places})")


@dataclass(frozen=True, slots=True)
class ListState:
    """How it stands with one list."""

    place: str
    """Where it is read, as the settings have it."""
    mark: str
    """Of what is in it; empty where it was never read."""
    read_at: datetime | None
    """When it was last read there, and counted."""
    trouble: str
    """Why it could not be read the last time; empty where it could."""
    overdue: bool
    """Whether it was told that it does not count any more."""


class RevocationLists:
    """`unit.revocation_lists`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def claim(self, place: str, now: datetime, before: datetime) -> bool:
        """Take it on to read a list; False where somebody has since `before`."""
        return await self._run.changed(_CLAIM, place=place, now=ms(now), before=ms(before)) == 1

    async def keep(self, place: str, content: bytes, mark: str, now: datetime) -> None:
        """Keep a list that was read and counts, over the one before."""
        await self._run.changed(_KEEP, place=place, content=content, mark=mark, now=ms(now))

    async def same(self, place: str, now: datetime) -> None:
        """Note that a list was read and is the one that is kept."""
        await self._run.changed(_SAME, place=place, now=ms(now))

    async def trouble(self, place: str, why: str) -> None:
        """Note why a list could not be read."""
        await self._run.changed(_TROUBLE, place=place, why=why)

    async def tell(self, place: str, *, overdue: bool) -> bool:
        """Note that it is told whether a list counts; False where that was told before."""
        return await self._run.changed(_TELL, place=place, overdue=overdue) == 1

    async def states(self) -> list[ListState]:
        """Say how it stands with each, without what is in it."""
        rows = await self._run.rows(_STATES)
        return [
            ListState(row[0], row[1], optional_instant(row[2]), row[3], bool(row[4]))
            for row in rows
        ]

    async def content(self, place: str) -> bytes | None:
        """Return a list as it was last read."""
        row = await self._run.row(_CONTENT, place=place)
        return None if row is None or row[0] is None else bytes(row[0])

    async def only(self, places: Collection[str]) -> None:
        """Forget those that the settings do not have any more."""
        await self._run.changed(_ONLY, places=to_json(sorted(places)))
