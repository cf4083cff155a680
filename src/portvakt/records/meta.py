"""Facts about this installation that are decided once: a demo mark, the issuer, the passkey id."""

from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement

_GET: Final = Statement("SELECT value FROM meta WHERE name = :name")
_SET: Final = Statement(
    """
    INSERT INTO meta (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    """
)
_SET_ONCE: Final = Statement(
    "INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
)


class Meta:
    """`unit.meta`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def get(self, name: str) -> str | None:
        """Read a fact."""
        row = await self._run.row(_GET, name=name)
        return None if row is None else str(row[0])

    async def set(self, name: str, value: str) -> None:
        """Write a fact over the old one."""
        await self._run.changed(_SET, name=name, value=value)

    async def set_once(self, name: str, value: str) -> str:
        """Write a fact unless it is there, and return what is there now."""
        await self._run.changed(_SET_ONCE, name=name, value=value)
        return await self.get(name) or value
