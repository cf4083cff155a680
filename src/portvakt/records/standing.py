"""An account with its groups, roles and authenticators, read in one statement.

Every act begins with it, by name, by id, by flow or by session; so each of those statements holds
the parts below instead of asking once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.break_glass import roles_of
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId
from portvakt.core.people import Account, AccountState
from portvakt.records.driver import Row
from portvakt.records.values import instant, optional_date, optional_instant, strings


@dataclass(frozen=True, slots=True)
class Bound:
    """An authenticator with what its answers are compared with."""

    authenticator: Authenticator
    verifier: str | None = field(default=None, repr=False)
    """The PHC string of a password or start code."""
    sealed: bytes | None = field(default=None, repr=False)
    """A TOTP secret, sealed for table authenticators, column sealed, row id."""
    last_step: int | None = None
    """The TOTP time step last spent."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who somebody is to us, as it was when the statement began."""

    account: Account
    bound: tuple[Bound, ...]
    known_browser: bool
    """Whether this account has signed in before in the browser that was named."""

    def active(self, kind: AuthenticatorType) -> tuple[Bound, ...]:
        """Return what of one type is bound and neither suspended, disabled nor withdrawn."""
        return tuple(
            each
            for each in self.bound
            if each.authenticator.type is kind
            and each.authenticator.state is AuthenticatorState.ACTIVE
            and not each.authenticator.withdrawn
        )

    @property
    def authenticators(self) -> tuple[Authenticator, ...]:
        """What is bound, as the core knows it."""
        return tuple(each.authenticator for each in self.bound)


WHO: Final = """
    who AS MATERIALIZED (
        SELECT a.id, a.source, a.external_id, a.user_name, a.email, a.given_name, a.family_name,
            a.state, a.title, a.unit, a.manager, a.protected, a.language, a.created_at,
            a.start_date, a.invited_at, a.welcome_used_at, a.last_sign_in_at,
            (SELECT {json_list:m.group_id} FROM memberships m WHERE m.account_id = a.id)
                AS in_groups,
            (SELECT {json_list:r.role} FROM account_roles r WHERE r.account_id = a.id) AS has_roles,
            EXISTS (SELECT 1 FROM browsers w
                WHERE w.account_id = a.id AND w.browser_hash = {browser}) AS known
        FROM accounts a WHERE a.id = {account})
"""
"""A part for `WITH`; `{account}` and `{browser}` say whose, and in which browser."""

ACCOUNT_COLUMNS: Final = """
    who.id, who.source, who.external_id, who.user_name, who.email, who.given_name, who.family_name,
    who.state, who.title, who.unit, who.manager, who.protected, who.language, who.created_at,
    who.start_date, who.invited_at, who.welcome_used_at, who.last_sign_in_at,
    who.in_groups, who.has_roles, who.known
"""
_ACCOUNT_WIDTH: Final = 21
BOUND_COLUMNS: Final = """
    b.id, b.type, b.state, b.label, b.source, b.detail, b.preferred, b.created_at, b.changed_at,
    b.last_used_at, b.expires_at, b.verifier, b.sealed, b.last_step
"""
STANDING: Final = f"{ACCOUNT_COLUMNS}, {BOUND_COLUMNS}"
BOUND_TO_WHO: Final = "LEFT JOIN authenticators b ON b.account_id = who.id"
ORDER: Final = "ORDER BY b.created_at, b.id"


def standing_of(rows: Sequence[Row], start: int = 0) -> Standing | None:
    """Make the standing of rows that hold STANDING from column `start` on.

    One row for each authenticator, or one alone; None where there is no account.
    """
    if not rows or rows[0][start] is None:
        return None
    account = account_of(rows[0], start)
    bound = tuple(_bound(rows, start + _ACCOUNT_WIDTH, account.id))
    return Standing(account, bound, bool(rows[0][start + _ACCOUNT_WIDTH - 1]))


def account_of(row: Row, start: int = 0) -> Account:
    """Make the account of a row that holds ACCOUNT_COLUMNS from column `start` on."""
    (
        id_,
        source,
        external_id,
        user_name,
        email,
        given_name,
        family_name,
        state,
        title,
        unit,
        manager,
        protected,
        language,
        created_at,
        start_date,
        invited_at,
        welcome_used_at,
        last_sign_in_at,
        groups,
        roles,
        _,
    ) = row[start : start + _ACCOUNT_WIDTH]
    return Account(
        id=AccountId(id_),
        source=source,
        external_id=external_id,
        user_name=user_name,
        email=email,
        given_name=given_name,
        family_name=family_name,
        state=AccountState(state),
        title=title,
        unit=unit,
        manager=manager,
        protected=bool(protected),
        roles=roles_of(source, strings(roles)),
        groups=frozenset(GroupId(each) for each in strings(groups)),
        language=language,
        created_at=instant(created_at),
        start_date=optional_date(start_date),
        invited_at=optional_instant(invited_at),
        welcome_used_at=optional_instant(welcome_used_at),
        last_sign_in_at=optional_instant(last_sign_in_at),
    )


def _bound(rows: Sequence[Row], start: int, account_id: AccountId) -> Iterator[Bound]:
    for row in rows:
        (
            id_,
            type_,
            state,
            label,
            source,
            detail,
            preferred,
            created_at,
            changed_at,
            last_used_at,
            expires_at,
            verifier,
            sealed,
            last_step,
        ) = row[start:]
        if id_ is None:
            continue
        authenticator = Authenticator(
            id=AuthenticatorId(id_),
            account_id=account_id,
            type=AuthenticatorType(type_),
            state=AuthenticatorState(state),
            label=label,
            source=source,
            detail=detail,
            preferred=bool(preferred),
            created_at=instant(created_at),
            changed_at=instant(changed_at),
            last_used_at=optional_instant(last_used_at),
            expires_at=optional_instant(expires_at),
        )
        yield Bound(authenticator, verifier, sealed, last_step)
