"""Counting tries before they are judged, and what follows when they turn out wrong."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorState, AuthenticatorType
from portvakt.core.events import (
    MethodDisabled,
    ProofReplayed,
    SignInFailed,
    SignInHeld,
    SignInLocked,
    SignInNotJudged,
)
from portvakt.core.ids import ClientId
from portvakt.core.throttle import LIMITS, Count, Familiarity, Kind, Limit, must_disable
from portvakt.crypto.passwords import Busy
from portvakt.journeys.sign_in.outcomes import Away
from portvakt.methods import Rejected, Verified
from portvakt.proving.addresses import address_subject, count_address
from portvakt.proving.answer import subject_of, usable
from portvakt.proving.notices import Notices
from portvakt.proving.risk import Risks
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One counted try: under which keys, and what the count says."""

    subject: str
    kind: Kind
    familiarity: Familiarity
    count: Count

    @property
    def key(self) -> tuple[str, Kind, Familiarity]:
        """The key it is given back by."""
        return (self.subject, self.kind, self.familiarity)

    @property
    def began_a_stop(self) -> bool:
        """Whether this very try was the last one before a stop."""
        return self.count.allowed and self.count.stopped_until is not None


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose a first answer may be, and what it was counted in, before it is judged."""

    standing: Standing | None
    answer: Tried | None
    address: Tried | None
    directory: Tried | None = None
    """Where directories count, too: everything that reaches them in this name."""

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """The keys that it is given back by."""
        counted = (self.answer, self.address, self.directory)
        return [each.key for each in counted if each is not None]

    @property
    def allowed(self) -> bool:
        """Whether this try may be judged."""
        of_person = (self.answer, self.directory)
        return all(each.count.allowed for each in of_person if each is not None)


async def count_try(
    unit: Unit,
    subject: str,
    kind: Kind,
    familiarity: Familiarity,
    now: datetime,
    limit: Limit | None = None,
) -> Tried:
    """Count one try in the caller's act, which must be committed before the answer is judged."""
    count = await unit.attempts.count(subject, kind, familiarity, limit or LIMITS[kind], now)
    return Tried(subject=subject, kind=kind, familiarity=familiarity, count=count)


async def count_visit(unit: Unit, visit: Visit, *, inside: bool) -> Tried:
    """Count one try from an unfamiliar browser against its address."""
    (subject, kind, familiarity), count = await count_address(unit, visit, inside=inside)
    return Tried(subject=subject, kind=kind, familiarity=familiarity, count=count)


@asynccontextmanager
async def taken_back_if_busy(
    records: Records, keys: Sequence[tuple[str, str, str]], now: datetime
) -> AsyncIterator[None]:
    """Take tries back that there is no room to judge: a crowd must not use up anybody's."""
    try:
        yield
    except Busy:
        await records.write_one(lambda unit: unit.attempts.not_judged(keys, now))
        raise


async def not_judged(
    records: Records,
    keys: Sequence[tuple[str, str, str]],
    standing: Standing | None,
    method: AuthenticatorType,
    app: ClientId | None,
    visit: Visit,
) -> Away:
    """Take tries back that no directory has judged: its trouble must not use up anybody's."""
    return await records.write(
        lambda unit: note_not_judged(unit, keys, standing, method, app, visit, "away")
    )


async def note_not_judged(
    unit: Unit,
    keys: Sequence[tuple[str, str, str]],
    standing: Standing | None,
    method: AuthenticatorType,
    app: ClientId | None,
    visit: Visit,
    reason: str,
) -> Away:
    """Do the same in the caller's act, and write why for whoever is asked about it."""
    await unit.attempts.not_judged(keys, visit.now)
    if standing is not None:
        account = standing.account
        event = SignInNotJudged(
            **said(visit, account.id),
            method=method,
            directory=account.source,
            reason=reason,
            app=app,
        )
        await unit.audit.write(event)
    return Away()


async def note_held(
    unit: Unit, tried: Tried, standing: Standing, method: AuthenticatorType, visit: Visit
) -> None:
    """Write that an answer was not looked at, after whoever gave it has proved something.

    Anybody can go on to send answers to a stopped name, so those of strangers are counted only.
    """
    account_id, until = standing.account.id, tried.count.stopped_until
    await unit.audit.write(SignInHeld(**said(visit, account_id), method=method, until=until))


def reason_of(
    verified: Verified | Rejected, standing: Standing | None, known: Standing | None
) -> str:
    """Say for the log why a first answer was wrong."""
    if standing is None:
        return "unknown" if known is None else "disabled"
    if isinstance(verified, Rejected) and (verified.locked or verified.off):
        return "locked" if verified.locked else "disabled"
    return "wrong"


def wrong_why(judged: Verified | Rejected, known: Standing | None) -> str:
    """Say for the page why a password was wrong.

    That a directory has locked an account is told in a browser in which its owner has signed in
    before: elsewhere it would tell a stranger who exists.
    """
    locked = isinstance(judged, Rejected) and judged.locked
    return "locked" if locked and known is not None and known.known_browser else "wrong"


async def count_answer(
    unit: Unit,
    standing: Standing | None,
    claimed: str,
    kind: Kind,
    familiarity: Familiarity,
    now: datetime,
    limit: Limit | None = None,
) -> Tried:
    """Count one answer against the person, or against a name that nobody has."""
    account = None if standing is None else standing.account
    return await count_try(unit, subject_of(account, claimed), kind, familiarity, now, limit)


def directory_key(standing: Standing | None, claimed: str) -> tuple[str, Kind, Familiarity]:
    """Return the key of what reaches a directory in somebody's name, from everywhere together."""
    account = None if standing is None else standing.account
    return (subject_of(account, claimed), Kind.DIRECTORY, Familiarity.ANY)


async def count_unproven(
    unit: Unit, standing: Standing | None, claimed: str, visit: Visit
) -> Tried:
    """Count a second factor that is tried before the password.

    By person and address first, so that a stranger's five tries a day are not the person's own; and
    over all addresses, with a bound that one stranger does not reach.
    """
    account = None if standing is None else standing.account
    subject = subject_of(account, claimed)
    here = f"{subject} {address_subject(visit.address)}"
    tried = await count_try(unit, here, Kind.UNPROVEN, Familiarity.ANY, visit.now)
    if not tried.count.allowed:
        return tried
    every = await count_try(unit, subject, Kind.UNPROVEN_ALL, Familiarity.ANY, visit.now)
    return tried if every.count.allowed else every


async def note_failure(
    unit: Unit,
    notices: Notices,
    tried: Tried,
    standing: Standing | None,
    *,
    method: AuthenticatorType,
    reason: str,
    app: ClientId | None,
    visit: Visit,
    risks: Risks | None = None,
) -> None:
    """Write what a wrong answer means: the event, a stop, a method that is switched off.

    `risks` keeps from where a wrong password came.
    """
    account_id = None if standing is None else standing.account.id
    if risks is not None and method is AuthenticatorType.PASSWORD:
        await risks.note_wrong(unit, tried.subject, visit)
    await unit.audit.write(
        SignInFailed(
            **said(visit, account_id),
            method=method,
            reason=reason,
            app=app,
        )
    )
    unproven = tried.kind in (Kind.UNPROVEN, Kind.UNPROVEN_ALL)
    if tried.began_a_stop and tried.count.stopped_until is not None:
        await unit.audit.write(
            SignInLocked(
                **said(visit, account_id),
                method=method,
                familiarity=tried.familiarity,
                until=tried.count.stopped_until,
            )
        )
        if standing is not None and method in SECOND_FACTORS and not unproven:
            await notices.guessing(unit, standing.account, method, visit)
    if standing is None or method not in SECOND_FACTORS or unproven or standing.account.break_glass:
        return
    if must_disable(tried.count, LIMITS[tried.kind]):
        await _disable(unit, notices, standing, method, visit)


async def _disable(
    unit: Unit, notices: Notices, standing: Standing, method: AuthenticatorType, visit: Visit
) -> None:
    """Switch a method off after a hundred wrong answers in a row (SP 800-63B-4 section 3.2.2)."""
    for each in usable(standing, method, visit.now):
        authenticator = each.authenticator
        await unit.authenticators.set_state(
            authenticator.id, AuthenticatorState.DISABLED, visit.now
        )
        await unit.audit.write(
            MethodDisabled(
                **said(visit, standing.account.id),
                authenticator_id=authenticator.id,
                type=method,
                reason="guessed",
            )
        )
        await notices.disabled(unit, standing.account, authenticator, visit)


async def note_replay(
    unit: Unit, standing: Standing, method: AuthenticatorType, visit: Visit
) -> None:
    """Write that a code came a second time."""
    bound = usable(standing, method, visit.now)
    if bound:
        await unit.audit.write(
            ProofReplayed(
                **said(visit, standing.account.id),
                method=method,
                authenticator_id=bound[0].authenticator.id,
            )
        )
