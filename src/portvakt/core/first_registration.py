"""Whether an account may bind its first method, and on what ground.

The softest spot of any multifactor sign-in: whoever knows the password of an account that never
registered would own its second factor. So the password alone is not enough unless the
organisation says so in `[registration] first`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorType,
    is_work_phone,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.roles import is_privileged

SILENT = timedelta(days=90)
"""An account that nobody has used for longer needs a start code everywhere."""
WELCOME_DAYS = 14


class First(StrEnum):
    """`[registration] first`: what a first registration takes besides the password."""

    SECOND_PROOF = "second_proof"
    WELCOME_WINDOW = "welcome_window"
    NEVER_PASSWORD_ALONE = "never_password_alone"  # noqa: S105  # a word in the settings


class Basis(StrEnum):
    """On what ground a method is bound."""

    WORK_PHONE = "work_phone"
    """A code to a number that the employer registered."""
    START_CODE = "start_code"
    INSIDE = "inside"
    """The password, on one of the organisation's networks."""
    WELCOME_WINDOW = "welcome_window"
    """The password alone, once, in the first days of a new account."""
    OWN_METHODS = "own_methods"
    """The best that the account can show was shown: not a first registration."""
    VOUCHED = "vouched"
    """The password, and people who stood up for somebody who has a new phone."""


@dataclass(frozen=True, slots=True)
class MayRegister:
    """Go on, on this ground."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class NeedsProof:
    """The password is not enough. One of these would do, easiest first."""

    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRegistration:
    """The facts that decide it, for one account in one request."""

    applies: bool
    """False for an account with a method of its own: that method is asked for instead."""
    start_code_only: bool
    """Silent, privileged, or with methods that no longer work."""
    work_phones: frozenset[AuthenticatorId]
    inside_counts: bool
    """On a network of the organisation, in an organisation where that counts."""
    inside_would_count: bool
    welcome_open: bool

    def verdict(self, evidence: Iterable[Evidence]) -> MayRegister | NeedsProof:
        """Say what the evidence shown so far, the password among it, is enough for."""
        shown = tuple(evidence)
        basis = self._basis(shown)
        return NeedsProof(self._options()) if basis is None else MayRegister(basis)

    def _basis(self, shown: tuple[Evidence, ...]) -> Basis | None:
        if not self.applies:
            return Basis.OWN_METHODS
        if any(each.type is AuthenticatorType.START_CODE for each in shown):
            return Basis.START_CODE
        if self.start_code_only:
            return None
        if self.work_phones:
            proved = any(each.authenticator_id in self.work_phones for each in shown)
            return Basis.WORK_PHONE if proved else None
        if self.inside_counts:
            return Basis.INSIDE
        return Basis.WELCOME_WINDOW if self.welcome_open else None

    def _options(self) -> tuple[Basis, ...]:
        if self.start_code_only:
            return (Basis.START_CODE,)
        if self.work_phones:
            return (Basis.WORK_PHONE, Basis.START_CODE)
        if self.inside_would_count:
            return (Basis.INSIDE, Basis.START_CODE)
        return (Basis.START_CODE,)


def first_registration_of(
    account: Account,
    bound: Iterable[Authenticator],
    *,
    first: First,
    inside: bool,
    now: datetime,
    welcome_days: int = WELCOME_DAYS,
) -> FirstRegistration:
    """Gather the facts for one account.

    `inside` is whether the client is on one of the organisation's networks. An account whose own
    methods are all suspended, disabled or withdrawn is not a new one: it would otherwise be enough
    to guess until a method is disabled, and then to register as if it had never been there.
    """
    second = [each for each in bound if each.type in SECOND_FACTORS]
    working = usable_second_factors(second, now)
    phones = frozenset(each.id for each in working if is_work_phone(each))
    own = [each for each in working if not is_work_phone(each)]
    withdrawn = withdrawn_second_factors(second, now)
    lost_all = bool(second) and not working
    lost_own = not own and any(not is_work_phone(each) for each in withdrawn)
    counts = first is not First.NEVER_PASSWORD_ALONE
    return FirstRegistration(
        applies=not own,
        start_code_only=lost_all
        or lost_own
        or is_privileged(account.roles)
        or is_silent(account, now),
        work_phones=phones,
        inside_counts=inside and counts,
        inside_would_count=counts,
        welcome_open=first is First.WELCOME_WINDOW
        and not second
        and _welcome_is_open(account, now, welcome_days),
    )


def is_silent(account: Account, now: datetime) -> bool:
    """Whether nobody has signed in for so long that the password may have changed hands."""
    signs = [_known_since(account)]
    if account.last_sign_in_at is not None:
        signs.append(account.last_sign_in_at)
    return now - max(signs) > SILENT


def _welcome_is_open(account: Account, now: datetime, days: int) -> bool:
    """Whether these are the first days of the account; before its first day they are not."""
    if account.welcome_used_at is not None:
        return False
    opens = _known_since(account)
    return opens <= now < opens + timedelta(days=days)


def _known_since(account: Account) -> datetime:
    """Find the latest of import, first day of work and invitation."""
    dates = [account.created_at]
    if account.start_date is not None:
        dates.append(datetime.combine(account.start_date, time(), tzinfo=UTC))
    if account.invited_at is not None:
        dates.append(account.invited_at)
    return max(dates)
