"""Accounts: found by what was typed or by id, and the little that a sign-in changes in them.

What HR and applied files change, in bulk, is next door in `people_in_bulk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
)
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId
from portvakt.core.people import Account
from portvakt.core.roles import Role
from portvakt.records.driver import Row, Run
from portvakt.records.people_in_bulk import PeopleInBulk
from portvakt.records.standing import (
    ACCOUNT_COLUMNS,
    BOUND_TO_WHO,
    ORDER,
    STANDING,
    WHO,
    Standing,
    account_of,
    standing_of,
)
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant, strings, to_json

_PARTS: Final[Mapping[str, str]] = {
    "who": WHO,
    "standing": STANDING,
    "bound": BOUND_TO_WHO,
    "order": ORDER,
    "browser": ":browser",
}

# Two people in one identifier: nobody. But somebody who has left does not stand in the way of a
# successor with the same name (the old account stays their own, A118).
_FIND: Final = Statement(
    """
    WITH found AS MATERIALIZED (
        SELECT CASE
            WHEN COUNT(CASE WHEN x.state = 'active' THEN 1 END) = 1
                THEN MIN(CASE WHEN x.state = 'active' THEN x.id END)
            WHEN COUNT(*) = 1 THEN MIN(x.id)
        END AS id
        FROM identifiers i JOIN accounts x ON x.id = i.account_id WHERE i.value = :value),
    {who} SELECT {standing} FROM who {bound} {order}
    """,
    account="(SELECT id FROM found)",
    **_PARTS,
)
_LOAD: Final = Statement(
    "WITH {who} SELECT {standing} FROM who {bound} {order}", account=":account_id", **_PARTS
)
_LISTED: Final = Statement(
    """
    WITH who AS (
        SELECT a.*,
            (SELECT {json_list:m.group_id} FROM memberships m WHERE m.account_id = a.id)
                AS in_groups,
            (SELECT {json_list:r.role} FROM account_roles r WHERE r.account_id = a.id) AS has_roles,
            FALSE AS known
        FROM accounts a)
    SELECT {columns} FROM who
    WHERE (protected = FALSE OR :include_protected)
        AND (family_name, given_name, id) > (:family_name, :given_name, :id)
    ORDER BY family_name, given_name, id LIMIT :most
    """,
    columns=ACCOUNT_COLUMNS,
)
# Accounts first, so that a page is so many people however much each of them has.
_SECOND_FACTORS: Final = Statement(
    """
    WITH a AS MATERIALIZED (
        SELECT id, external_id, source, user_name, given_name, family_name, unit, protected
        FROM accounts
        WHERE state = 'active' AND id > :after AND (protected = FALSE OR :include_protected)
        ORDER BY id LIMIT :most)
    SELECT a.id, a.external_id, a.source, a.user_name, a.given_name, a.family_name, a.unit,
        a.protected, b.id, b.type, b.state, b.label, b.source, b.detail, b.created_at,
        b.expires_at, b.type = 'recovery_code' AND EXISTS (
            SELECT 1 FROM recovery_codes r WHERE r.authenticator_id = b.id AND r.used_at IS NULL),
        (SELECT {json_list:m.group_id} FROM memberships m WHERE m.account_id = a.id)
    FROM a LEFT JOIN authenticators b ON b.account_id = a.id AND b.type {among:types}
    ORDER BY a.id, b.created_at, b.id
    """
)
_IN_USE: Final = Statement("SELECT COUNT(*) FROM accounts WHERE state = 'active'")
_BY_EXTERNAL_ID: Final = Statement(
    "SELECT id FROM accounts WHERE source = :source AND external_id = :external_id"
)
_SIGN_IN_NOTED: Final = Statement("UPDATE accounts SET last_sign_in_at = :at WHERE id = :id")
_WELCOME_USED: Final = Statement(
    "UPDATE accounts SET welcome_used_at = :at WHERE id = :id AND welcome_used_at IS NULL"
)
_LANGUAGE: Final = Statement("UPDATE accounts SET language = :language WHERE id = :id")
_INVITED: Final = Statement("UPDATE accounts SET invited_at = :at WHERE id = :id")
_GRANT_ROLE: Final = Statement(
    """
    INSERT INTO account_roles (account_id, role, granted_at, granted_by)
    VALUES (:id, :role, :at, :by) ON CONFLICT DO NOTHING
    """
)
_REVOKE_ROLE: Final = Statement("DELETE FROM account_roles WHERE account_id = :id AND role = :role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipped:
    """Somebody whose account may be used, with what may stand beside their password."""

    id: AccountId
    external_id: str
    source: str
    user_name: str
    display_name: str
    unit: str
    protected: bool
    bound: tuple[Authenticator, ...]
    cards: tuple[AuthenticatorId, ...]
    """Cards of recovery codes on which a code is left."""
    groups: frozenset[GroupId] = frozenset()


class People(PeopleInBulk):
    """`unit.people`."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._run = run

    async def find(self, identifier: str, browser_hash: bytes | None = None) -> Standing | None:
        """Find whose `identifier` this is, in its canonical form. Shared by two is nobody's."""
        return standing_of(await self._run.rows(_FIND, value=identifier, browser=browser_hash))

    async def load(
        self, account_id: AccountId, browser_hash: bytes | None = None
    ) -> Standing | None:
        """Read one person as they are now."""
        rows = await self._run.rows(_LOAD, account_id=account_id, browser=browser_hash)
        return standing_of(rows)

    async def by_external_id(self, source: str, external_id: str) -> AccountId | None:
        """Say whose the number is that a source knows somebody by."""
        found = await self._run.row(_BY_EXTERNAL_ID, source=source, external_id=external_id)
        return None if found is None else AccountId(found[0])

    async def listed(
        self, *, include_protected: bool, after: Account | None = None, limit: int = 100
    ) -> list[Account]:
        """List people by family name, from the one after `after` on."""
        rows = await self._run.rows(
            _LISTED,
            include_protected=include_protected,
            family_name="" if after is None else after.family_name,
            given_name="" if after is None else after.given_name,
            id="" if after is None else after.id,
            most=limit,
        )
        return [account_of(row) for row in rows]

    async def in_use(self) -> int:
        """Count the accounts that may be used."""
        row = await self._run.row(_IN_USE)
        return 0 if row is None else int(row[0])

    async def second_factors(
        self, *, include_protected: bool, after: AccountId | None, limit: int
    ) -> list[Equipped]:
        """List people whose account may be used by id, from the one after `after` on."""
        rows = await self._run.rows(
            _SECOND_FACTORS,
            include_protected=include_protected,
            after="" if after is None else after,
            most=limit,
            types=to_json(sorted(SECOND_FACTORS)),
        )
        return [_equipped(list(of)) for _, of in groupby(rows, key=lambda row: row[0])]

    async def sign_in_noted(self, account_id: AccountId, at: datetime) -> None:
        """Keep when somebody last signed in."""
        await self._run.changed(_SIGN_IN_NOTED, id=account_id, at=ms(at))

    async def welcome_used(self, account_id: AccountId, at: datetime) -> bool:
        """Use the welcome window, which is there once for each account; False where it is gone."""
        return await self._run.changed(_WELCOME_USED, id=account_id, at=ms(at)) == 1

    async def set_language(self, account_id: AccountId, language: str | None) -> None:
        """Keep the language that somebody chose."""
        await self._run.changed(_LANGUAGE, id=account_id, language=language)

    async def invite(self, account_id: AccountId, at: datetime) -> bool:
        """Keep when `portvakt invite` named somebody: the welcome window counts from there."""
        return await self._run.changed(_INVITED, id=account_id, at=ms(at)) == 1

    async def grant_role(self, account_id: AccountId, role: Role, at: datetime, by: str) -> bool:
        """Give a role; False where the person has it already."""
        given = await self._run.changed(_GRANT_ROLE, id=account_id, role=role, at=ms(at), by=by)
        return given == 1

    async def revoke_role(self, account_id: AccountId, role: Role) -> bool:
        """Take a role away; False where the person does not have it."""
        return await self._run.changed(_REVOKE_ROLE, id=account_id, role=role) == 1


def _equipped(rows: Sequence[Row]) -> Equipped:
    id_, external_id, source, user_name, given_name, family_name, unit, protected = rows[0][:8]
    has = [row[8:] for row in rows if row[8] is not None]
    return Equipped(
        id=AccountId(id_),
        external_id=external_id,
        source=source,
        user_name=user_name,
        display_name=f"{given_name} {family_name}".strip(),
        unit=unit,
        protected=bool(protected),
        bound=tuple(_authenticator(each, AccountId(id_)) for each in has),
        cards=tuple(AuthenticatorId(each[0]) for each in has if each[8]),
        groups=frozenset(GroupId(each) for each in strings(rows[0][17])),
    )


def _authenticator(row: Row, account_id: AccountId) -> Authenticator:
    id_, kind, state, label, source, detail, created_at, expires_at = row[:8]
    return Authenticator(
        id=AuthenticatorId(id_),
        account_id=account_id,
        type=AuthenticatorType(kind),
        state=AuthenticatorState(state),
        label=label,
        source=source,
        detail=detail,
        preferred=False,
        created_at=instant(created_at),
        changed_at=instant(created_at),
        expires_at=optional_instant(expires_at),
    )
