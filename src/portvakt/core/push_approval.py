"""Requests that a phone approves: what it shows, which number, how many wait, how they end.

NIST SP 800-63B-4 section 3.1.3 (out-of-band) with a number that is compared and typed, so that
nobody approves what is not on their own screen. The wire is `docs/developers/phone-protocol.md`.
"""

import base64
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from portvakt.core.assurance import METHODS, SIGN_IN
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId

__all__ = [
    "FINISH_WITHIN",
    "LIVES",
    "METHODS",
    "MOST_PHONES",
    "PAIRING_LIVES",
    "PROVES_WITHIN",
    "PURPOSES",
    "RESET",
    "SHORT_TRIES",
    "SIDE_BY_SIDE",
    "SIGN_IN",
    "TEST",
    "Approval",
    "ApprovalState",
    "Context",
    "NoRoom",
    "RequestStanding",
    "Room",
    "digits_for",
    "milliseconds",
    "pick_number",
    "room_for",
    "shown_of",
    "standing_of_request",
]

LIVES = timedelta(seconds=90)
"""How long a request may be answered (A036)."""
FINISH_WITHIN = timedelta(seconds=60)
"""How long after the approval its browser may go on."""
SIDE_BY_SIDE = 2
"""How many requests of one account wait at once, each from a browser of its own (A032)."""
PAIRING_LIVES = timedelta(minutes=10)
"""How long a pairing code works, once (NIST SP 800-63B-4 section 4.1.2.2, A040)."""
PROVES_WITHIN = timedelta(minutes=2)
"""How long a phone that came in time has at least, however late, to be proved."""
SHORT_TRIES = 5
"""Wrong short codes that end a pairing: a guesser succeeds once in 2 * 10**11 times."""
MOST_PHONES = 5

RESET = "reset"
TEST = "test"
"""Purposes of a request beside those of evidence: a new password, and the first request that a
newly paired phone answers."""
PURPOSES = frozenset({SIGN_IN, METHODS, RESET, TEST})

_FEW_DIGITS = 2
_MANY_DIGITS = 6


class ApprovalState(StrEnum):
    """Where a request has come. Only `waiting` and `approved` lead on."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    WRONG_NUMBER = "wrong_number"
    REPLACED = "replaced"
    """A newer one took its place."""
    CLOSED = "closed"
    """Its sign-in ended in another way, or its phone was removed."""
    FINISHED = "finished"
    """Spent: its browser has gone on."""


class RequestStanding(StrEnum):
    """What a request is worth now: its state, and what time has done to it."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    WRONG_NUMBER = "wrong_number"
    REPLACED = "replaced"
    CLOSED = "closed"
    FINISHED = "finished"
    EXPIRED = "expired"
    """Nobody answered within `LIVES`."""
    TOO_LATE = "too_late"
    """Approved, but its browser did not go on within `FINISH_WITHIN`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request, as it is stored."""

    id: ApprovalId
    account_id: AccountId | None
    """None for a name that nobody has, or that has no phone: it looks like any other."""
    flow: str
    """The sign-in, or the registration session, that it belongs to."""
    browser: bytes = field(repr=False)
    """SHA-256 of the binding cookie of the browser that asked."""
    purpose: str
    app: str
    number: str = field(repr=False)
    """What stands on the screen, and is typed in the phone."""
    digits: int
    lock: bool
    """Whether the screen lock must be proved."""
    quiet: bool
    """Whether no phone is woken for it."""
    known_browser: bool
    shown: bytes = field(repr=False)
    """What the phone shows, and signs a hash of: `shown_of`."""
    state: ApprovalState
    phone_id: AuthenticatorId | None
    """The only phone that it is for, or the one that answered."""
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    opened_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a request, and is shown to the person who is asked."""

    account: str
    """E-mail address or user name."""
    purpose: str
    app: str
    """The name of the app; empty for the organisation's own pages."""
    network: str
    """The organisation's network; empty from outside."""
    address: str
    """The IP address; empty where it is unknown."""
    browser: str
    """Such as "Chrome, Windows"; empty where it is unknown."""
    known_browser: bool
    quiet: bool
    at: datetime
    session: bytes = field(repr=False)
    """A hash of the sign-in that it belongs to."""
    digits: int
    lock: bool


@dataclass(frozen=True, slots=True)
class Room:
    """It may be made; these end as replaced."""

    replaces: tuple[ApprovalId, ...] = ()


@dataclass(frozen=True, slots=True)
class NoRoom:
    """Two others wait, and this one may push out neither."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(at: datetime) -> int:
    """Give a time as the protocol writes it: milliseconds since 1970-01-01 UTC, rounded down."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def shown_of(request_id: ApprovalId, context: Context) -> bytes:
    """Write what the phone shows: a JSON object as UTF-8, no spaces, the protocol's order.

    The phone signs a hash of these very bytes, so they are made once and stored.
    """
    told: dict[str, object] = {
        "v": 1,
        "request": request_id,
        "account": context.account,
        "purpose": context.purpose,
        "app": context.app,
        "network": context.network,
        "address": context.address,
        "browser": context.browser,
        "known_browser": context.known_browser,
        "quiet": context.quiet,
        "at": milliseconds(context.at),
        "session": base64.urlsafe_b64encode(context.session).rstrip(b"=").decode("ascii"),
        "digits": context.digits,
        "lock": context.lock,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def digits_for(purpose: str, *, password_proved: bool, six: bool) -> int:
    """Say how many digits the number has: 2 after a password, else 6, and 6 for a new password.

    A blind guess thus succeeds once in 100 where a password stands beside it and once in a
    million where none does. `six` is the policy that asks for six everywhere. The test request of
    a phone that was just paired opens nothing.
    """
    few = purpose == TEST or (password_proved and purpose != RESET)
    return _FEW_DIGITS if few and not six else _MANY_DIGITS


def room_for(new_browser: bytes, known: bool, waiting: Sequence[Approval]) -> Room | NoRoom:  # noqa: FBT001  # a fact beside the browser it tells of
    """Say whether a request from this browser may be made, and what it replaces (A032).

    `waiting` is what waits for this account now. A newer request of the same browser takes the
    place of the older. A known browser always finds room: it pushes out the oldest from an
    unfamiliar browser, else the oldest; an unfamiliar third is turned away, so that a stranger
    can never end the person's own.
    """
    same = tuple(each.id for each in waiting if each.browser == new_browser)
    others = [each for each in waiting if each.browser != new_browser]
    too_many = max(len(others) - (SIDE_BY_SIDE - 1), 0)
    if too_many and not known:
        return NoRoom()
    others.sort(key=lambda each: (each.known_browser, each.created_at, each.id))
    return Room(same + tuple(each.id for each in others[:too_many]))


def pick_number(draw: Callable[[int], str], digits: int, taken: Collection[str]) -> str:
    """Draw the number of a request: `digits` digits, another than those that wait beside it.

    Drawn anew rather than counted on, so that each free number is as likely as any other.
    """
    while (number := draw(digits)) in taken:
        pass
    return number


def standing_of_request(approval: Approval, now: datetime) -> RequestStanding:
    """Say what a request is worth now. Expired is gone, swept or not."""
    if approval.state is ApprovalState.WAITING and now >= approval.expires_at:
        return RequestStanding.EXPIRED
    if approval.state is ApprovalState.APPROVED:
        answered = approval.answered_at
        if answered is None or now - answered > FINISH_WITHIN:
            return RequestStanding.TOO_LATE
    return RequestStanding(approval.state.value)
