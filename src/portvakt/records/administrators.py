"""Who administers, as far as must be known so that somebody always does (A087)."""

from collections.abc import Iterable
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.core.roles import Role
from portvakt.records.driver import Run
from portvakt.records.statements import Statement

_ADMINISTRATORS: Final = Statement(
    """
    SELECT r.account_id FROM account_roles r JOIN accounts a ON a.id = r.account_id
    WHERE r.role = :role AND a.state = 'active'
    """
)


class Administrators:
    """`unit.administrators`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def last_among(self, going: Iterable[AccountId]) -> frozenset[AccountId]:
        """Return who must stay of those going: all administrators, if nobody else would be one.

        Break-glass accounts are no administrators here: they are for the day on which no
        administrator gets in, and each use of one is an alarm. Where any of those going is an
        administrator, no other act takes one away until this one ends.
        """
        leaving = frozenset(going)
        if not leaving & await self.all():
            return frozenset()
        await self._run.turn("administrators")
        known = await self.all()
        return known if known <= leaving else frozenset()

    async def all(self) -> frozenset[AccountId]:
        """Read who may be used as one now."""
        rows = await self._run.rows(_ADMINISTRATORS, role=Role.ADMINISTRATOR)
        return frozenset(AccountId(row[0]) for row in rows)
