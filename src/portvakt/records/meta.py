"""Facts about this installation that are decided once: a demo mark, the issuer, the passkey id."""

from collections.abc import Mapping
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import parts, to_json

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

_STARTING: Final = Statement(
    "SELECT name, value FROM meta WHERE SUBSTR(name, 1, LENGTH(:start)) = :start"
)
_SET_MANY: Final = Statement(
    """
    INSERT INTO meta (name, value) SELECT name, value FROM {records:facts name TEXT, value TEXT}
    WHERE TRUE ON CONFLICT (name) DO UPDATE SET value = excluded.value
    """
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

    async def starting(self, start: str) -> dict[str, str]:
        """Read every fact whose name starts so."""
        rows = await self._run.rows(_STARTING, start=start)
        return {str(name): str(value) for name, value in rows}

    async def set_many(self, facts: Mapping[str, str]) -> None:
        """Write facts over the old ones."""
        for part in parts(facts.items()):
            rows = [{"name": name, "value": value} for name, value in part]
            await self._run.changed(_SET_MANY, facts=to_json(rows))
