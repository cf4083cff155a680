"""Every column that is sealed, read and replaced row by row, so that another key can seal it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement


@dataclass(frozen=True, slots=True)
class Place:
    """A sealed column, and the column whose value is the row in the seal."""

    table: str
    column: str
    key: str = "id"


PLACES: Final = (
    Place("authenticators", "sealed"),
    Place("drafts", "sealed"),
    Place("hardware_tokens", "sealed"),
    Place("outbox", "body"),
    Place("phones", "totp"),
    Place("phones", "subscription"),
    Place("signing_keys", "sealed", "kid"),
)
"""All of them; a test compares it with the schema."""

_AFTER: Final = """
    SELECT {key}, {column} FROM {table} WHERE {key} > :after AND {column} IS NOT NULL
    ORDER BY {key} LIMIT :most
"""
_REPLACE: Final = """
    UPDATE {table} SET {column} = :new WHERE {key} = :row AND {column} = :old
"""


def _each(text: str) -> Mapping[Place, Statement]:
    return {
        place: Statement(text, table=place.table, column=place.column, key=place.key)
        for place in PLACES
    }


PAGES: Final = _each(_AFTER)
_REPLACES: Final = _each(_REPLACE)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """An envelope, and the row that it is sealed for."""

    row: str
    envelope: bytes = field(repr=False)


class Sealed:
    """`unit.sealed`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def after(self, place: Place, row: str, most: int) -> list[SealedRow]:
        """Read the next rows that hold an envelope, in the order of their keys; "" begins."""
        found = await self._run.rows(PAGES[place], after=row, most=most)
        return [SealedRow(str(key), bytes(envelope)) for key, envelope in found]

    async def replace(self, place: Place, old: SealedRow, new: bytes) -> bool:
        """Put another envelope in the place of one; False where that is not there any more.

        Whoever has written the row in the meantime has won.
        """
        changed = await self._run.changed(_REPLACES[place], row=old.row, old=old.envelope, new=new)
        return changed == 1
