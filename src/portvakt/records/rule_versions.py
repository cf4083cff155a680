"""Networks and rules as they stood after each change. A row is written once and never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

_COLUMNS: Final = "number, made_at, actor, reason, returned_to, doc"
_ADD: Final = Statement(
    """
    INSERT INTO rule_versions (number, made_at, actor, reason, returned_to, doc)
    SELECT COALESCE(MAX(number), 0) + 1, CAST(:made_at AS BIGINT), CAST(:actor AS TEXT),
        CAST(:reason AS TEXT), CAST(:returned_to AS BIGINT), CAST(:doc AS TEXT)
    FROM rule_versions
    RETURNING number
    """
)
_LATEST: Final = Statement(
    "SELECT {columns} FROM rule_versions ORDER BY number DESC LIMIT :most", columns=_COLUMNS
)
_ONE: Final = Statement(
    "SELECT {columns} FROM rule_versions WHERE number = :number", columns=_COLUMNS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """One version, as it is stored."""

    number: int
    made_at: datetime
    actor: str
    """Who made it, as events say it; empty for what stood before versions were kept."""
    reason: str
    """Why, in the words of whoever made it; may be empty."""
    returned_to: int | None
    doc: str
    """Its networks and rules as JSON, in the form of a state file."""


class RuleVersions:
    """`unit.rule_versions`. Whoever adds one has waited for the turn "apply"."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add(
        self, doc: str, *, at: datetime, actor: str, reason: str, returned_to: int | None = None
    ) -> int:
        """Add the next version and return its number."""
        row = await self._run.row(
            _ADD,
            made_at=ms(at),
            actor=actor,
            reason=reason,
            returned_to=returned_to,
            doc=doc,
        )
        if row is None:
            raise AssertionError("an INSERT returns what it wrote")
        return int(row[0])

    async def latest(self, limit: int) -> list[RuleVersion]:
        """Read the newest versions, the newest first."""
        return [_version(row) for row in await self._run.rows(_LATEST, most=limit)]

    async def one(self, number: int) -> RuleVersion | None:
        """Read one version."""
        row = await self._run.row(_ONE, number=number)
        return None if row is None else _version(row)


def _version(row: Row) -> RuleVersion:
    number, made_at, actor, reason, returned_to, doc = row
    return RuleVersion(
        number=number,
        made_at=instant(made_at),
        actor=actor,
        reason=reason,
        returned_to=returned_to,
        doc=doc,
    )
