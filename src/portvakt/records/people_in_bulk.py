"""People as a source has them (HR, an applied file): read and written many at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from portvakt.core.directory_diff import PersonFacts
from portvakt.core.ids import AccountId, GroupId
from portvakt.core.people import AccountState, canonical_identifier
from portvakt.records.driver import Row
from portvakt.records.groups_in_bulk import GroupsInBulk
from portvakt.records.resets import close_proved
from portvakt.records.sign_outs import ENDED
from portvakt.records.statements import Statement, Value
from portvakt.records.values import (
    instant,
    ms,
    optional_date,
    parts,
    strings,
    to_json,
)

_PERSON: Final = """
    a.id, a.source, a.external_id, a.user_name, a.email, a.given_name, a.family_name, a.state,
    a.title, a.unit, a.manager, a.work_phone, a.protected, a.created_at, a.start_date,
    (SELECT {json_list:m.group_id} FROM memberships m
        WHERE m.account_id = a.id AND m.source = :source)
"""
_ALL_OF_SOURCE: Final = Statement(
    "SELECT {person} FROM accounts a WHERE a.source = :source ORDER BY a.external_id",
    person=_PERSON,
)
_SOME_OF_SOURCE: Final = Statement(
    """
    SELECT {person} FROM accounts a
    WHERE a.source = :source AND a.external_id {among:external_ids}
    """,
    person=_PERSON,
)
_OUTLINES: Final = Statement(
    """
    SELECT external_id, id, state FROM accounts
    WHERE source = :source AND external_id > :after ORDER BY external_id LIMIT :most
    """
)
_HOLDERS: Final = Statement(
    """
    SELECT i.value, a.id, a.source, a.external_id
    FROM identifiers i JOIN accounts a ON a.id = i.account_id
    WHERE i.value {among:names} AND a.state = 'active'
    """
)
_NUMBERS: Final = Statement(
    """
    SELECT external_id FROM accounts
    WHERE source = :source AND work_phone <> '' AND work_phone {among:numbers}
    """
)
_NO_PASSWORD: Final = Statement(
    """
    SELECT a.id FROM accounts a
    WHERE a.source = :source AND a.state = 'active' AND NOT EXISTS (
        SELECT 1 FROM authenticators b WHERE b.account_id = a.id AND b.type = 'password')
    ORDER BY a.id LIMIT :most
    """
)
_UPSERT: Final = Statement(
    """
    INSERT INTO accounts (id, source, external_id, user_name, email, given_name, family_name,
        state, title, unit, manager, work_phone, protected, created_at, start_date)
    {each:id TEXT, source TEXT, external_id TEXT, user_name TEXT, email TEXT, given_name TEXT,
        family_name TEXT, state TEXT, title TEXT, unit TEXT, manager TEXT, work_phone TEXT,
        protected BOOLEAN, created_at BIGINT, start_date TEXT}
    ON CONFLICT (id) DO UPDATE SET user_name = excluded.user_name, email = excluded.email,
        given_name = excluded.given_name, family_name = excluded.family_name,
        state = excluded.state, title = excluded.title, unit = excluded.unit,
        manager = excluded.manager, work_phone = excluded.work_phone,
        protected = excluded.protected, start_date = excluded.start_date,
        disabled_at = CASE WHEN excluded.state = 'active' THEN NULL ELSE accounts.disabled_at END
    """
)
_FORGET_NAMES: Final = Statement(
    """
    DELETE FROM identifiers WHERE account_id {among:accounts} AND (account_id, value) NOT IN (
        SELECT account_id, value FROM {records:names account_id TEXT, value TEXT})
    """
)
_KEEP_NAMES: Final = Statement(
    """
    INSERT INTO identifiers (value, account_id) {each:value TEXT, account_id TEXT}
    ON CONFLICT DO NOTHING
    """
)
_DISABLE: Final = Statement(
    """
    UPDATE accounts SET state = 'disabled', disabled_at = :at
    WHERE id {among:accounts} AND state = 'active'
    """
)
_CLOSE: Final = Statement(
    """
    UPDATE sessions SET closed_at = :at
    WHERE account_id {among:accounts} AND closed_at IS NULL
    """
)
_FORGET_BROWSERS: Final = Statement("DELETE FROM known_browsers WHERE account_id {among:accounts}")
_REVOKE: Final = Statement(
    """
    UPDATE grants SET revoked_at = :at
    WHERE account_id {among:accounts} AND revoked_at IS NULL
    """
)
_END_APPROVALS: Final = Statement(
    """
    UPDATE approvals SET state = 'closed'
    WHERE account_id {among:accounts} AND state IN ('waiting', 'approved')
    RETURNING id
    """
)
_PHONE_HOLDERS: Final = Statement(
    "SELECT DISTINCT account_id FROM phones WHERE account_id {among:accounts} ORDER BY account_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """One person as a source has them, and nothing of what is ours."""

    id: AccountId
    source: str
    external_id: str
    user_name: str
    email: str
    given_name: str
    family_name: str
    state: AccountState
    title: str = ""
    unit: str = ""
    manager: str | None = None
    phone: str = ""
    """The work phone in E.164, empty for none; `authenticators.upsert_sourced_phones` binds it."""
    protected: bool = False
    created_at: datetime
    """Kept from the first time."""
    start_date: date | None = None
    groups: frozenset[GroupId] = frozenset()
    """Those of this source; `set_groups_many` writes them."""

    @property
    def facts(self) -> PersonFacts:
        """Return what is stored, as `portvakt.core.directory_diff` compares it."""
        return PersonFacts(
            external_id=self.external_id,
            user_name=self.user_name,
            email=self.email,
            given_name=self.given_name,
            family_name=self.family_name,
            title=self.title,
            unit=self.unit,
            manager=self.manager,
            protected=self.protected,
            active=self.state is AccountState.ACTIVE,
            start_date=self.start_date,
            work_mobile=self.phone or None,
            groups=self.groups,
        )

    @classmethod
    def of(
        cls, facts: PersonFacts, *, id_: AccountId, source: str, created_at: datetime
    ) -> "StoredPerson":
        """Return the row for what a source says of somebody."""
        return cls(
            id=id_,
            source=source,
            external_id=facts.external_id,
            user_name=facts.user_name,
            email=facts.email,
            given_name=facts.given_name,
            family_name=facts.family_name,
            state=AccountState.ACTIVE if facts.active else AccountState.DISABLED,
            title=facts.title,
            unit=facts.unit,
            manager=facts.manager,
            phone=facts.work_mobile or "",
            protected=facts.protected,
            created_at=created_at,
            start_date=facts.start_date,
            groups=facts.groups or frozenset(),
        )


@dataclass(frozen=True, slots=True)
class Outline:
    """The least about somebody of a source."""

    external_id: str
    id: AccountId
    state: AccountState


@dataclass(frozen=True, slots=True)
class Holder:
    """An active person whom a name finds."""

    name: str
    id: AccountId
    source: str
    external_id: str


class PeopleInBulk(GroupsInBulk):
    """The part of `unit.people` that imports use."""

    async def all_of_source(self, source: str) -> list[StoredPerson]:
        """Read everybody of a source, disabled people too.

        Inside `unit.turn` nobody else writes them meanwhile.
        """
        rows = await self._run.rows(_ALL_OF_SOURCE, source=source)
        return [_stored(row) for row in rows]

    async def some_of_source(
        self, source: str, external_ids: Collection[str]
    ) -> list[StoredPerson]:
        """Read those of a source who have one of these external ids."""
        found: list[StoredPerson] = []
        for part in parts(external_ids):
            rows = await self._run.rows(_SOME_OF_SOURCE, source=source, external_ids=to_json(part))
            found += [_stored(row) for row in rows]
        return found

    async def outlines_of_source(
        self, source: str, *, after: str = "", limit: int
    ) -> list[Outline]:
        """Read who there is of a source and whether they are active, from one external id on."""
        rows = await self._run.rows(_OUTLINES, source=source, after=after, most=limit)
        return [Outline(row[0], AccountId(row[1]), AccountState(row[2])) for row in rows]

    async def holders_of_names(self, names: Collection[str]) -> list[Holder]:
        """Say which active people these names, in their canonical form, find."""
        found: list[Holder] = []
        for part in parts(names):
            rows = await self._run.rows(_HOLDERS, names=to_json(part))
            found += [Holder(row[0], AccountId(row[1]), row[2], row[3]) for row in rows]
        return found

    async def holders_of_numbers(self, source: str, numbers: Collection[str]) -> list[str]:
        """Say who of a source has one of these work phones there, by external id."""
        found: list[str] = []
        for part in parts(numbers):
            rows = await self._run.rows(_NUMBERS, source=source, numbers=to_json(part))
            found += [str(row[0]) for row in rows]
        return found

    async def without_password(self, source: str, *, limit: int) -> list[AccountId]:
        """List active people of a source who have no password of any kind, some at a time."""
        rows = await self._run.rows(_NO_PASSWORD, source=source, most=limit)
        return [AccountId(row[0]) for row in rows]

    async def add_many(
        self, people: Iterable[tuple[AccountId, PersonFacts]], source: str, at: datetime
    ) -> None:
        """Create people under ids drawn just now, with the names that find them.

        What `upsert_many` does, for those of whom nothing can be stored that would have to go.
        """
        created_at = ms(at)
        for part in parts(people):
            rows = [_new_columns(id_, each, source, created_at) for id_, each in part]
            await self._run.each(_UPSERT, rows)
            named = [name for id_, each in part for name in _names(id_, each.user_name, each.email)]
            await self._run.each(_KEEP_NAMES, sorted(named))

    async def upsert_many(self, people: Iterable[StoredPerson]) -> None:
        """Create people and write the fields their source owns, with the names that find them.

        Sessions and groups stay: `disable_many` and `set_groups_many` are for those.
        """
        for part in parts({each.id: each for each in people}.values()):
            await self._run.each(_UPSERT, [_columns(each) for each in part])
            named = [n for each in part for n in _names(each.id, each.user_name, each.email)]
            kept = to_json([{"account_id": account, "value": name} for name, account in named])
            accounts = to_json([each.id for each in part])
            await self._run.changed(_FORGET_NAMES, accounts=accounts, names=kept)
            await self._run.each(_KEEP_NAMES, sorted(named))

    async def disable_many(self, ids: Iterable[AccountId], at: datetime) -> int:
        """Disable people, end sessions, resets and what apps hold; returns how many were active."""
        disabled = 0
        for part in parts(ids):
            accounts = to_json(part)
            disabled += await self._run.changed(_DISABLE, accounts=accounts, at=ms(at))
            if await self._run.changed(_CLOSE, accounts=accounts, at=ms(at)):
                await self._run.ring(ENDED)
            await self._run.changed(_FORGET_BROWSERS, accounts=accounts)
            await self._run.changed(_REVOKE, accounts=accounts, at=ms(at))
            await close_proved(self._run, part)
            for (approval,) in await self._run.rows(_END_APPROVALS, accounts=accounts):
                await self._run.ring(f"approval:{approval}")
            for (account_id,) in await self._run.rows(_PHONE_HOLDERS, accounts=accounts):
                await self._run.ring(f"phone:{account_id}")
        return disabled


def _names(id_: AccountId, *written: str) -> list[tuple[str, str]]:
    found = {canonical_identifier(each) for each in written}
    return [(each, id_) for each in found if each is not None]


def _columns(who: StoredPerson) -> tuple[Value, ...]:
    """Give the values of `_UPSERT`, in its order."""
    known = (who.id, who.source, who.external_id, who.user_name, who.email)
    named = (who.given_name, who.family_name, str(who.state), who.title, who.unit, who.manager)
    start = None if who.start_date is None else who.start_date.isoformat()
    return (*known, *named, who.phone, who.protected, ms(who.created_at), start)


def _new_columns(id_: str, who: PersonFacts, source: str, created_at: int) -> tuple[Value, ...]:
    """Give the same of somebody who is not stored yet."""
    known = (id_, source, who.external_id, who.user_name, who.email)
    state = "active" if who.active else "disabled"
    named = (who.given_name, who.family_name, state, who.title, who.unit, who.manager)
    start = None if who.start_date is None else who.start_date.isoformat()
    return (*known, *named, who.work_mobile or "", who.protected, created_at, start)


def _stored(row: Row) -> StoredPerson:
    return StoredPerson(
        id=AccountId(row[0]),
        source=row[1],
        external_id=row[2],
        user_name=row[3],
        email=row[4],
        given_name=row[5],
        family_name=row[6],
        state=AccountState(row[7]),
        title=row[8],
        unit=row[9],
        manager=row[10],
        phone=row[11],
        protected=bool(row[12]),
        created_at=instant(row[13]),
        start_date=optional_date(row[14]),
        groups=frozenset(GroupId(each) for each in strings(row[15])),
    )
