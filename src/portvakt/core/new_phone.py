"""A new phone for somebody who knows their password and has lost the rest, vouched for by people.

The person shows the password, and asks. The manager, or two colleagues, say yes in sessions of
their own (`core.vouchers`). Then the browser that asked gets a registration session which binds one
app on a phone, once, and which ends soon. What is asked is stored as a reset is (`Goal.NEW_PHONE`),
under the name of the sign-in in which the password was shown, so both end together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core import vouchers
from portvakt.core.after_reset import thaws_at
from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import (
    PROOFS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.freezing import Freezing
from portvakt.core.ids import AuthenticatorId, FlowId
from portvakt.core.passes import Terms, detail_of, until
from portvakt.core.people import Account
from portvakt.core.reset_steps import Goal, Reset
from portvakt.core.roles import administers_directory, is_privileged
from portvakt.core.sign_in import SignIn, record
from portvakt.core.vouchers import Sort

LIVES = timedelta(minutes=15)
"""How long the session lives that binds the phone: time to fetch an app, and no more."""
BINDS = frozenset({AuthenticatorType.PUSH, AuthenticatorType.TOTP})
"""What it binds: our app, or the codes of another, on the new phone."""
TERMS = Terms(binds=BINDS, vouched=True)
GIVEN_BY = "people"
"""The source of what stands for their word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the organisation has decided."""

    on: bool = True
    key_owners_may: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of somebody who has shown the password, read afresh for every request."""

    account: Account
    bound: tuple[Authenticator, ...]
    freezing: Freezing
    sorts: frozenset[Sort]
    """Whom they could ask: `vouchers.sorts_open`."""
    by_rules: bool
    """Whether the rules of signing in and registering leave it open, from where they are."""


class Closed(StrEnum):
    """Why it is not open to somebody. For the event; the page says where to turn, and no more."""

    OFF = "off"
    PRIVILEGED = "privileged"
    FROZEN = "frozen"
    """A change was disowned, or the password was reset within a day: it must not be enough."""
    NOTHING_LOST = "nothing_lost"
    """There is no second factor: a first registration has ways of its own."""
    HAS_KEY = "has_key"
    """What phishing cannot take is not replaced by what people can be talked into."""
    BY_RULE = "by_rule"
    NOBODY = "nobody"
    """No manager and no two colleagues are known who could be asked."""


def closed(facts: Facts, policy: Policy, now: datetime) -> Closed | None:
    """Say why this person may not ask, or go on now; None where they may."""
    account, freezing = facts.account, facts.freezing
    second = usable_second_factors(facts.bound, now)
    held = (*second, *withdrawn_second_factors(facts.bound, now))
    has_key = any(PROOFS[each.type].phishing_resistant for each in held)
    found = {
        Closed.OFF: not policy.on,
        Closed.PRIVILEGED: is_privileged(account.roles) or administers_directory(account.groups),
        Closed.FROZEN: freezing.disowned is not None or thaws_at(freezing.reset, now) is not None,
        Closed.NOTHING_LOST: not second,
        Closed.HAS_KEY: has_key and not policy.key_owners_may,
        Closed.BY_RULE: not facts.by_rules,
        Closed.NOBODY: not facts.sorts,
    }
    return next((why for why, holds in found.items() if holds), None)


def ask(state: SignIn, now: datetime) -> Reset:
    """Ask people. It lives no longer than the sign-in in which the password was shown."""
    return Reset(
        id=state.id,
        goal=Goal.NEW_PHONE,
        account_id=state.account_id,
        claimed=state.claimed,
        evidence=state.evidence,
        asked_at=now,
        created_at=now,
        expires_at=state.expires_at,
    )


def control_number(attempt: FlowId) -> str:
    """Return six digits that both pages show, so that a yes meets the one who is on the line.

    Otherwise somebody else who knows the password could ask at the same minute, and be taken for
    the one who calls. Ids are random, and so are these.
    """
    return f"{int.from_bytes(attempt.encode()) % 999_983:06}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far people have come."""

    given: int
    until: datetime
    complete: bool


def progress_of(attempt: Reset | None, now: datetime) -> Progress | None:
    """Say how far people have come; None where nobody is asked now."""
    asked = None if attempt is None else attempt.asked_at
    if attempt is None or asked is None or not vouchers.is_open(asked, now):
        return None
    given = vouchers.counting(attempt.vouches, attempt.id, now)
    ends = min(asked + vouchers.LIVES, attempt.expires_at)
    return Progress(len(given), ends, vouchers.is_complete(given))


def word_of_people(id_: AuthenticatorId, account: Account, now: datetime) -> Authenticator:
    """Make what stands for the word of people: a temporary pass that nobody can type."""
    return Authenticator(
        id=id_,
        account_id=account.id,
        type=AuthenticatorType.START_CODE,
        state=AuthenticatorState.ACTIVE,
        label="",
        source=GIVEN_BY,
        detail=detail_of(TERMS),
        preferred=False,
        created_at=now,
        changed_at=now,
        expires_at=now + LIVES,
    )


def with_word(state: SignIn, word: Authenticator, now: datetime) -> SignIn:
    """Add it to what was shown in the sign-in."""
    return record(state, Evidence(word.type, word.id, now, state.purpose, until=until(word)))


def shows_password(evidence: Iterable[Evidence]) -> bool:
    """Whether a password was shown that need not be changed first."""
    return any(each.type is AuthenticatorType.PASSWORD and not each.stale for each in evidence)
