"""What happens at `/reset`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetEvent(Event):
    """About one attempt to reset."""

    name: ClassVar[str]
    goal: str
    """"new_password" or "unlock"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetStarted(ResetEvent):
    """Somebody typed a name; nothing is proved."""

    name = "password_reset.started"
    closed: str
    """Why it leads nowhere, though it looks like any other: "unusable", "no_password", "frozen",
    "unknown"; empty where it may lead on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivilegedResetTried(ResetEvent):
    """The same for somebody whose account opens others: it leads nowhere, and calls for a look."""

    name = "password_reset.privileged_tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetProofGiven(ResetEvent):
    """A right answer."""

    name = "password_reset.proof_given"
    method: AuthenticatorType


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetProofFailed(ResetEvent):
    """A wrong answer; `until` where it was the last one that is taken for a while."""

    name = "password_reset.proof_failed"
    method: AuthenticatorType
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAskedOften(ResetEvent):
    """So many texts or requests to phones were asked for that none goes out for a while (A082)."""

    name = "password_reset.asked_often"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetSlowBegun(ResetEvent):
    """Somebody who showed a text waits for a second one, a day later."""

    name = "password_reset.slow_begun"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(ResetEvent):
    """It is written; whatever the old password had opened is ended."""

    name = "password_reset.done"
    methods: tuple[str, ...]
    """What was shown for it."""
    sessions: int
    """How many sessions ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetNotWritten(ResetEvent):
    """Where the password is kept it was refused, or nobody answered; nothing has changed."""

    name = "password_reset.not_written"
    why: str
    """"unreachable", or why it was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetUnsure(ResetEvent):
    """It was sent and no answer came: sessions are ended as if it were written."""

    name = "password_reset.unsure"
    methods: tuple[str, ...]
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPeopleAsked(ResetEvent):
    """The manager or colleagues may stand up for the person from now on, for a while."""

    name = "password_reset.people_asked"
    sorts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetVouched(Event):
    """Somebody stood up for the person, in a session of their own with two factors."""

    name = "password_reset.vouched"
    voucher: AccountId = field(metadata=PERSONAL)
    sort: str
    """"manager" or "colleague"."""
