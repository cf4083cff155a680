"""The only place where an answer is judged, and where what it uses up is spent.

Every try goes the same way: it is counted in a committed act, then judged with no transaction open,
then spent together with what follows from it. A wrong answer stays counted; a right one is given
back by the caller in its own act.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, assert_never

import structlog

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.lanes import lane_of
from portvakt.core.people import Account
from portvakt.core.phones import phone_of
from portvakt.core.push_approval import RequestStanding, standing_of_request
from portvakt.core.secret import Secret
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.directories import (
    AccountOff,
    DirectoryAway,
    Expired,
    LockedOut,
    MustChange,
    PasswordRight,
    PasswordWrong,
)
from portvakt.methods import (
    Ceremony,
    KeyUse,
    LookupRow,
    NewVerifier,
    PhoneApproval,
    PrintedCode,
    Rejected,
    SentCode,
    SignInMethod,
    StartCode,
    TimeStep,
    Verified,
)
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.records.codes import CodeExpired, CodeWrong, Spent
from portvakt.records.keys import SpentChallenge
from portvakt.records.standing import Bound, Standing
from portvakt.records.unit import Unit

CHALLENGE_LIVES: Final = timedelta(minutes=10)
"""Longer than the five minutes that a browser waits for a key, and for a page that stands open."""
_log = structlog.get_logger("portvakt.proving")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody typed, for what, and in which attempt."""

    type: AuthenticatorType
    typed: Secret
    flow: str
    purpose: str
    now: datetime
    claimed: str = ""
    """The canonical typed name, where nothing but it says who somebody is."""
    browser: bytes = b""
    """Digest of the browser's binding cookie: what a key was asked to sign belongs to it."""
    leaked: bool = False
    """Whether it is a right password that others know, too (`proving.risk`)."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody can say whether it is right: the directory it lives in is away. It does not count."""


def proof_of_answer(answer: Answer, shown: AuthenticatorId, verified: Verified) -> Evidence:
    """Return the evidence that a right answer is, once what it uses up is spent."""
    use = verified.spends if isinstance(verified.spends, KeyUse) else None
    return Evidence(
        answer.type,
        shown,
        answer.now,
        answer.purpose,
        stale=verified.stale,
        user_verified=use is not None and use.user_verified,
        device_bound=use is not None and use.device_bound,
        until=verified.until,
    )


class NotSpent(Enum):
    """Why an answer that looked right was not enough."""

    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    COPIED = "copied"
    """A key's count did not rise: there may be two of it."""


def subject_of(account: Account | None, claimed: str) -> str:
    """Return under which name tries are counted: the person, however the name was spelt (R1).

    A name that nobody has is counted under its own digest, so that it behaves like any other.
    """
    if account is not None:
        return account.id
    return "name:" + hashlib.sha256(claimed.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Judge:
    """Finds what an answer must be compared with and lets the method compare."""

    def __init__(
        self,
        methods: Mapping[AuthenticatorType, SignInMethod],
        sealer: Sealer,
        directories: DirectoryPasswords,
    ) -> None:
        self._methods = methods
        self._sealer = sealer
        self._directories = directories

    def method(self, kind: AuthenticatorType) -> SignInMethod:
        """Return the method for a type; every type of the core has one."""
        return self._methods[kind]

    async def verify(
        self, answer: Answer, standing: Standing | None, lookup: tuple[LookupRow, ...] = ()
    ) -> Verified | Rejected | Unanswered:
        """Judge an answer against everything of its type that is bound and usable.

        With nothing bound the method is asked all the same, against nothing: the work must not
        tell who exists. What cannot be opened is never taken for right; it is logged as an error,
        and the others are tried. Raises `portvakt.crypto.passwords.Busy`.
        """
        method = self._methods[answer.type]
        bound = [] if standing is None else usable(standing, answer.type, answer.now)
        replayed = unreadable = False
        candidates: list[Bound | None] = [*bound] or [None]
        for each in candidates:
            try:
                ceremony = self._ceremony(answer, standing, each, lookup)
            except SealError as error:
                unreadable = True
                _log_unreadable(each, error)
                continue
            result = await method.verify(ceremony, answer.typed)
            if isinstance(result, Verified):
                return result
            if self._directories and answer.type is AuthenticatorType.PASSWORD:
                return await self._by_directory(answer, standing, each)
            replayed = replayed or result.replayed
        return Rejected(replayed=replayed, unreadable=unreadable)

    async def _by_directory(  # noqa: PLR0911  # one answer for each thing a directory says
        self, answer: Answer, standing: Standing | None, bound: Bound | None
    ) -> Verified | Rejected | Unanswered:
        """Ask the directory that a password lives in; with no transaction open.

        A hash was compared before, against nothing: so much is done for a password kept here. For
        that one, and for a name that nobody has, a directory is asked in vain in turn, so that
        every wrong answer has cost one hash and one bind, whoever was named.
        """
        if standing is None or bound is None:
            said = await self._directories.as_if(answer.claimed)
            return Unanswered() if isinstance(said, DirectoryAway) else Rejected()
        if bound.verifier is not None:
            await self._directories.as_if(answer.claimed)
            return Rejected()
        account = standing.account
        said = await self._directories.check(
            bound.authenticator.source, account.external_id, answer.typed
        )
        match said:
            case PasswordRight():
                return Verified(None)
            case MustChange() | Expired():
                return Verified(None, stale=True)
            case PasswordWrong():
                return Rejected()
            case LockedOut():
                return Rejected(locked=True)
            case AccountOff():
                return Rejected(off=True)
            case DirectoryAway():
                return Unanswered()
            case _:
                assert_never(said)

    def _ceremony(
        self,
        answer: Answer,
        standing: Standing | None,
        bound: Bound | None,
        lookup: tuple[LookupRow, ...],
    ) -> Ceremony:
        authenticator: Authenticator | None = None if bound is None else bound.authenticator
        return Ceremony(
            flow=answer.flow,
            purpose=answer.purpose,
            now=answer.now,
            authenticator=authenticator,
            verifier=None if bound is None else bound.verifier,
            secret=None if bound is None else self._opened(bound),
            last_step=None if bound is None else bound.last_step,
            lookup=lookup,
            lane=lane_of(known_browser=standing is not None and standing.known_browser),
        )

    def _opened(self, bound: Bound) -> bytes | None:
        if bound.sealed is None:
            return None
        return self._sealer.open(
            bound.sealed, table="authenticators", column="sealed", row=bound.authenticator.id
        )


def _log_unreadable(bound: Bound | None, error: SealError) -> None:
    """Call for an operator: a row is damaged, or its key is gone from the master key file."""
    row = None if bound is None else bound.authenticator.id
    _log.error("authenticator_unreadable", authenticator=row, error=type(error).__name__)


def usable(standing: Standing, kind: AuthenticatorType, now: datetime) -> list[Bound]:
    """Return what of one type is bound and may be used now."""
    return [
        each
        for each in standing.bound
        if each.authenticator.type is kind and each.authenticator.usable(now)
    ]


async def spend(  # noqa: PLR0911  # one answer for each thing that can be spent
    unit: Unit, verified: Verified, answer: Answer, standing: Standing
) -> AuthenticatorId | NotSpent:
    """Use up what a right answer takes, each in one conditional statement.

    Returns whose evidence it is, or why somebody else was first. Part of the caller's act.
    """
    match verified.spends:
        case TimeStep(authenticator_id, step):
            burnt = await unit.authenticators.burn_step(authenticator_id, step, answer.now)
            if burnt and answer.type is AuthenticatorType.HARDWARE_TOKEN:
                await unit.hardware_tokens.used(authenticator_id, step)
            return authenticator_id if burnt else NotSpent.USED
        case SentCode(mac, other):
            return _code_owner(
                await unit.codes.spend(answer.flow, answer.purpose, mac, answer.now, other)
            )
        case PrintedCode(row, authenticator_id):
            burnt = await unit.authenticators.recovery_burn(row, answer.now)
            return authenticator_id if burnt else NotSpent.USED
        case StartCode(authenticator_id, uses):
            burnt = await unit.authenticators.start_code_burn(authenticator_id, answer.now, uses)
            return authenticator_id if burnt else NotSpent.USED
        case NewVerifier(authenticator_id, verifier, old):
            kept = await unit.authenticators.rehash(authenticator_id, verifier, instead_of=old)
            return authenticator_id if kept else NotSpent.WRONG
        case PhoneApproval():
            return await _approver(unit, answer, standing)
        case KeyUse():
            return await _signed(unit, verified.spends, answer)
        case None:
            return usable(standing, answer.type, answer.now)[0].authenticator.id
        case _:
            assert_never(verified.spends)


def _code_owner(outcome: Spent | CodeExpired | CodeWrong) -> AuthenticatorId | NotSpent:
    match outcome:
        case Spent(authenticator_id):
            return NotSpent.WRONG if authenticator_id is None else authenticator_id
        case CodeExpired():
            return NotSpent.EXPIRED
        case CodeWrong():
            return NotSpent.WRONG
        case _:
            assert_never(outcome)


async def _approver(unit: Unit, answer: Answer, standing: Standing) -> AuthenticatorId | NotSpent:
    """Spend what a phone approved; in place of a password only what its screen lock proved."""
    alone = answer.type is AuthenticatorType.PHONE_SIGN_IN
    asked = await unit.approvals.newest(answer.flow, answer.purpose)
    phone = await unit.approvals.finish(answer.flow, answer.purpose, answer.now, lock=alone)
    if asked is None or asked.lock is not alone:
        return NotSpent.WRONG
    if phone is None:
        now = standing_of_request(asked, answer.now)
        return _NOT_APPROVED.get(now, NotSpent.WRONG)
    bound = usable(standing, answer.type, answer.now)
    mine = (each.authenticator.id for each in bound if phone_of(each.authenticator) == phone)
    return next(mine, NotSpent.WRONG)


async def _signed(unit: Unit, use: KeyUse, answer: Answer) -> AuthenticatorId | NotSpent:
    """Spend what a key signed: its challenge, also where the count then shows a copy of it."""
    answered = SpentChallenge(
        challenge=use.challenge,
        browser=answer.browser,
        flow=answer.flow,
        purpose=answer.purpose,
        asked_at=use.asked_at,
        expires_at=use.asked_at + CHALLENGE_LIVES,
    )
    if not await unit.keys.spend(answered, answer.now):
        return NotSpent.USED
    rises = await unit.keys.used(
        use.authenticator_id, use.sign_count, answer.now, backed_up=use.backed_up
    )
    return use.authenticator_id if rises else NotSpent.COPIED


_NOT_APPROVED = {
    RequestStanding.EXPIRED: NotSpent.EXPIRED,
    RequestStanding.TOO_LATE: NotSpent.EXPIRED,
    RequestStanding.FINISHED: NotSpent.USED,
}
