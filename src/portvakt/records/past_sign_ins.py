"""What is stored of sign-ins, read from the audit trail a page at a time, and whose they were."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.break_glass import roles_of
from portvakt.core.events import AppOpened, AppRefused, SignInRefused, SignInSucceeded
from portvakt.core.ids import AccountId, ClientId, GroupId
from portvakt.core.roles import Role
from portvakt.core.sign_in import BLOCKED, NEEDS_KEY
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, strings, to_json

_NAMES: Final = (SignInSucceeded.name, SignInRefused.name, AppOpened.name, AppRefused.name)
_BY_RULE: Final = frozenset({BLOCKED, NEEDS_KEY, "blocked"})
"""Why a refusal was one of the rules, and not of the account or the app."""
_FIRST: Final = Statement("SELECT id FROM events WHERE at >= :since ORDER BY at, id LIMIT 1")
_LAST: Final = Statement("SELECT COALESCE(MAX(id), 0) FROM events")
_PAGE: Final = Statement(
    """
    SELECT id, at, name, account_id, address, detail, personal FROM events
    WHERE id >= :first AND id <= :last AND at >= :since AND name IN ({names})
    ORDER BY id
    """,
    names=", ".join(f"'{each}'" for each in _NAMES),
)
_PEOPLE: Final = Statement(
    """
    SELECT a.id, a.external_id, a.user_name, a.unit, a.protected,
        (SELECT {json_list:m.group_id} FROM memberships m WHERE m.account_id = a.id),
        (SELECT {json_list:r.role} FROM account_roles r WHERE r.account_id = a.id),
        (SELECT {json_list:b.type} FROM authenticators b WHERE b.account_id = a.id
            AND b.state = 'active' AND (b.expires_at IS NULL OR b.expires_at > :now)), a.source
    FROM accounts a WHERE a.id {among:ids}
    """
)


class PastSignIn(NamedTuple):
    """One answer to somebody who signed in or opened an app."""

    id: int
    at: datetime
    account_id: AccountId | None
    """None where it was erased whose it was."""
    app: ClientId | None
    address: str | None
    blocked: bool
    """Whether rules said no."""
    methods: tuple[AuthenticatorType, ...]
    """What had been shown; empty where the event does not tell."""
    aal: Aal
    asked: tuple[str, ...] | None
    """What the rules asked (`core.facts`); None where the event is older than that was kept."""
    facts: tuple[str, ...]
    session: str | None
    opens: bool
    """Whether an app was opened in a session, which may have been opened for it just before."""


class PastPerson(NamedTuple):
    """Whose they were, as that person is today."""

    id: AccountId
    external_id: str
    user_name: str
    unit: str
    protected: bool
    groups: frozenset[GroupId]
    roles: frozenset[Role]
    methods: frozenset[AuthenticatorType]
    """What may be used now."""


class _Detail(msgspec.Struct):
    """The fields that count of the fixed part; no event has all of them."""

    app: str | None = None
    methods: tuple[str, ...] = ()
    aal: int = 0
    why: str = ""
    asked: tuple[str, ...] | None = None


class _Personal(msgspec.Struct):
    """The fields that count of the personal part."""

    session_id: str | None = None
    facts: tuple[str, ...] = ()


_READ_DETAIL: Final = msgspec.json.Decoder(_Detail)
_READ_PERSONAL: Final = msgspec.json.Decoder(_Personal)
_NOTHING: Final = _Personal()
_TYPES: Final = {str(each): each for each in AuthenticatorType}


class PastSignIns:
    """`unit.past_sign_ins`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def span(self, since: datetime) -> tuple[int, int]:
        """Return the numbers of the first event since then and of the newest; 0, 0 for none."""
        first = await self._run.row(_FIRST, since=ms(since))
        last = await self._run.row(_LAST)
        return (0, 0) if first is None or last is None else (int(first[0]), int(last[0]))

    async def page(self, first: int, last: int, since: datetime) -> list[PastSignIn]:
        """Read those since then among the events from `first` to `last`, in their order."""
        found: list[PastSignIn] = []
        opened, refused = AppOpened.name, {SignInRefused.name, AppRefused.name}
        for id_, at, name, account_id, address, detail, personal in await self._run.rows(
            _PAGE, first=first, last=last, since=ms(since)
        ):
            fixed = _READ_DETAIL.decode(detail)
            own = _NOTHING if personal is None else _READ_PERSONAL.decode(personal)
            blocked = name in refused
            if blocked and fixed.why not in _BY_RULE:
                continue
            found.append(
                PastSignIn(
                    id_,
                    instant(at),
                    account_id,
                    None if fixed.app is None else ClientId(fixed.app),
                    address,
                    blocked,
                    tuple(_TYPES[each] for each in fixed.methods if each in _TYPES),
                    Aal(fixed.aal),
                    fixed.asked,
                    own.facts,
                    own.session_id,
                    name == opened,
                )
            )
        return found

    async def people(self, ids: Iterable[AccountId], now: datetime) -> list[PastPerson]:
        """Read who these are today; those who are gone are left out."""
        rows = await self._run.rows(_PEOPLE, ids=to_json(sorted(ids)), now=ms(now))
        return [
            PastPerson(
                id_,
                external_id,
                user_name,
                unit,
                bool(protected),
                frozenset(map(GroupId, strings(groups))),
                roles_of(source, strings(roles)),
                frozenset(_TYPES[each] for each in strings(types) if each in _TYPES),
            )
            for (
                id_,
                external_id,
                user_name,
                unit,
                protected,
                groups,
                roles,
                types,
                source,
            ) in rows
        ]
