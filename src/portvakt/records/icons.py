"""The pictures on tiles, each kept once under a mark of what is in it."""

import hashlib
from base64 import b32encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import to_json

_PUT: Final = Statement(
    """
    INSERT INTO icons (mark, media_type, content)
    {each:mark TEXT, media_type TEXT, content BYTEA}
    ON CONFLICT DO NOTHING
    """
)
_LOAD: Final = Statement("SELECT media_type, content FROM icons WHERE mark = :mark")
_ALL: Final = Statement("SELECT mark, media_type, content FROM icons ORDER BY mark")
_MARKS: Final = Statement("SELECT mark FROM icons")
_REMOVE: Final = Statement("DELETE FROM icons WHERE mark {among:marks}")
_MARK_LENGTH: Final = 26
"""Characters of base32: 130 bits, so that nobody finds two pictures for one mark."""


@dataclass(frozen=True, slots=True)
class Icon:
    """A picture as it is served."""

    media_type: str
    content: bytes

    @property
    def mark(self) -> str:
        """Return what it is kept and found under; another picture has another."""
        digest = hashlib.sha256(self.media_type.encode() + b"\0" + self.content).digest()
        return b32encode(digest).decode().lower()[:_MARK_LENGTH]


class Icons:
    """`unit.icons`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put(self, icons: Iterable[Icon]) -> None:
        """Keep pictures; those that are kept already stay as they are."""
        rows = [(each.mark, each.media_type, each.content) for each in icons]
        if rows:
            await self._run.each(_PUT, rows)

    async def load(self, mark: str) -> Icon | None:
        """Find a picture."""
        row = await self._run.row(_LOAD, mark=mark)
        return None if row is None else Icon(row[0], row[1])

    async def all(self) -> dict[str, Icon]:
        """Read every picture by its mark."""
        return {mark: Icon(kind, content) for mark, kind, content in await self._run.rows(_ALL)}

    async def keep_only(self, marks: Collection[str]) -> int:
        """Remove the pictures that nothing shows any more; returns how many that were."""
        gone = [mark for (mark,) in await self._run.rows(_MARKS) if mark not in marks]
        return await self._run.changed(_REMOVE, marks=to_json(sorted(gone))) if gone else 0
