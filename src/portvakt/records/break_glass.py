"""Break-glass accounts: how well each stands, and the links with which their keys are made.

Nothing finds one by a name that somebody types on a page: it has no row among the identifiers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from portvakt.core.break_glass import SOURCE, BreakGlass, KeyStands
from portvakt.core.ids import AccountId, GroupId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant

_ADD: Final = Statement(
    """
    INSERT INTO accounts (id, source, external_id, user_name, email, given_name, family_name,
        state, title, unit, work_phone, protected, created_at)
    VALUES (:id, :source, :name, :name, '', '', '', 'disabled', '', '', '', FALSE, :at)
    ON CONFLICT DO NOTHING
    """
)
_ADD_MORE: Final = Statement(
    "INSERT INTO break_glass (account_id, added_at, added_by) VALUES (:id, :at, :by)"
)
_IN_GROUP: Final = Statement(
    """
    INSERT INTO memberships (account_id, group_id, source) VALUES (:id, :group_id, :source)
    ON CONFLICT DO NOTHING
    """
)
_LINK: Final = Statement(
    """
    UPDATE break_glass SET link_hash = :link_hash, link_ends = :ends WHERE account_id = :id
    """
)
_BY_LINK: Final = Statement(
    """
    SELECT account_id FROM break_glass WHERE link_hash = :link_hash AND link_ends > :now
    """
)
_CLOSE_LINK: Final = Statement(
    "UPDATE break_glass SET link_hash = NULL, link_ends = NULL WHERE account_id = :id"
)
_OPEN: Final = Statement(
    """
    UPDATE accounts SET state = 'active', disabled_at = NULL
    WHERE id = :id AND source = :source AND state = 'disabled'
    """
)
_ALL: Final = Statement(
    """
    SELECT a.id, a.user_name, a.state, g.added_at, g.tested_at, b.id, b.label, b.created_at,
        b.last_used_at
    FROM break_glass g JOIN accounts a ON a.id = g.account_id
    LEFT JOIN authenticators b ON b.account_id = a.id AND b.type = 'passkey' AND b.state = 'active'
    ORDER BY a.user_name, a.id, b.created_at, b.id
    """
)
_TESTED: Final = Statement(
    "UPDATE break_glass SET tested_at = :at, reminded_at = NULL WHERE account_id = :id"
)
# Of many who look at once one reminds.
_REMIND: Final = Statement(
    """
    UPDATE break_glass SET reminded_at = :now
    WHERE account_id = :id AND (reminded_at IS NULL OR reminded_at <= :before)
    """
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One account with its id."""

    id: AccountId
    stands: BreakGlass


class BreakGlassAccounts:
    """`unit.break_glass`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add(
        self, id_: AccountId, name: str, groups: Iterable[GroupId], at: datetime, by: str
    ) -> bool:
        """Make an account that cannot be used yet; False where there is one of that name."""
        made = await self._run.changed(_ADD, id=id_, source=SOURCE, name=name, at=ms(at))
        if made != 1:
            return False
        await self._run.changed(_ADD_MORE, id=id_, at=ms(at), by=by)
        for group in sorted(groups):
            await self._run.changed(_IN_GROUP, id=id_, group_id=group, source=SOURCE)
        return True

    async def link(self, id_: AccountId, link_hash: bytes, ends: datetime) -> None:
        """Let keys be made with this link until then; one from before counts no more."""
        await self._run.changed(_LINK, id=id_, link_hash=link_hash, ends=ms(ends))

    async def by_link(self, link_hash: bytes, now: datetime) -> AccountId | None:
        """Say for whom a link makes keys; None for unknown, used and expired ones alike."""
        row = await self._run.row(_BY_LINK, link_hash=link_hash, now=ms(now))
        return None if row is None else AccountId(row[0])

    async def open(self, id_: AccountId) -> bool:
        """Both keys stand: end the link, and let the account be used; False where it could be."""
        await self._run.changed(_CLOSE_LINK, id=id_)
        return await self._run.changed(_OPEN, id=id_, source=SOURCE) == 1

    async def all(self) -> list[Kept]:
        """Read every account, by name."""
        rows = await self._run.rows(_ALL)
        return [_kept(list(of)) for _, of in groupby(rows, key=lambda row: row[0])]

    async def named(self, name: str) -> Kept | None:
        """Find one by its name."""
        return next((each for each in await self.all() if each.stands.name == name), None)

    async def tested(self, id_: AccountId, at: datetime) -> None:
        """Keep that it was shown to work."""
        await self._run.changed(_TESTED, id=id_, at=ms(at))

    async def remind(self, id_: AccountId, now: datetime, before: datetime) -> bool:
        """Take it upon oneself to remind; False where somebody has since `before`."""
        return await self._run.changed(_REMIND, id=id_, now=ms(now), before=ms(before)) == 1


def _kept(rows: list[Row]) -> Kept:
    id_, name, state, added_at, tested_at = rows[0][:5]
    keys = tuple(
        KeyStands(
            id=row[5],
            label=row[6],
            made_at=instant(row[7]),
            used_at=optional_instant(row[8]),
        )
        for row in rows
        if row[5] is not None
    )
    stands = BreakGlass(
        name=name,
        usable=state == "active",
        keys=keys,
        added_at=instant(added_at),
        tested_at=optional_instant(tested_at),
    )
    return Kept(AccountId(id_), stands)
