"""In which groups the sources of people have put them: read and written many at a time."""

from collections.abc import Collection, Container, Mapping
from typing import Final

from portvakt.core.ids import AccountId, GroupId
from portvakt.records.configuration import NEW_VERSION
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import parts, to_json

_GROUPS_GIVEN: Final = Statement(
    """
    SELECT account_id, group_id FROM memberships
    WHERE source = :source AND account_id {among:accounts}
    """
)
_NEW_GROUPS: Final = Statement(
    """
    INSERT INTO groups (id, owner) SELECT value, :source FROM ({items:groups}) AS named
    WHERE TRUE ON CONFLICT DO NOTHING
    """
)
_LEAVE_GROUPS: Final = Statement(
    """
    DELETE FROM memberships WHERE source = :source AND account_id {among:accounts}
        AND (account_id, group_id) NOT IN (
            SELECT account_id, group_id FROM {records:wanted account_id TEXT, group_id TEXT})
    """
)
_JOIN_GROUPS: Final = Statement(
    """
    INSERT INTO memberships (account_id, group_id, source)
    {each:account_id TEXT, group_id TEXT, source TEXT} ON CONFLICT DO NOTHING
    """
)


class GroupsInBulk:
    """The part of `unit.people` that imports use for groups."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def groups_given(
        self, ids: Collection[AccountId], source: str
    ) -> dict[AccountId, frozenset[GroupId]]:
        """Read in which groups a source has put people, whoever owns their other fields."""
        found: dict[AccountId, set[GroupId]] = {}
        for part in parts(ids):
            rows = await self._run.rows(_GROUPS_GIVEN, source=source, accounts=to_json(part))
            for account_id, group_id in rows:
                found.setdefault(AccountId(account_id), set()).add(GroupId(group_id))
        return {account_id: frozenset(groups) for account_id, groups in found.items()}

    async def set_groups_many(
        self,
        groups: Mapping[AccountId, Collection[GroupId]],
        source: str,
        *,
        new: Container[AccountId] = (),
    ) -> None:
        """Make the groups that `source` puts people in exactly these; missing groups are made.

        `new` ones, whose ids were drawn just now, are in none so far.
        """
        named = sorted({group for ids in groups.values() for group in ids})
        if await self._run.changed(_NEW_GROUPS, source=source, groups=to_json(named)):
            await self._run.changed(NEW_VERSION)
        for part in parts(groups.items()):
            wanted = [(account, group, source) for account, ids in part for group in ids]
            known = [account for account, _ in part if account not in new]
            if known:
                kept = to_json([{"account_id": one, "group_id": group} for one, group, _ in wanted])
                await self._run.changed(
                    _LEAVE_GROUPS, source=source, accounts=to_json(known), wanted=kept
                )
            await self._run.each(_JOIN_GROUPS, wanted)
