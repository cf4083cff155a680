"""An attempt to reset a password, and the steps that it can come to: data without decisions.

What decides is `portvakt.core.password_reset`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator
from portvakt.core.ids import AccountId, FlowId
from portvakt.core.messages import MessageId
from portvakt.core.password_outcomes import Refused, Unreachable
from portvakt.core.reset_proofs import Way
from portvakt.core.vouchers import Sort, Vouch


class Goal(StrEnum):
    """What the person came for."""

    NEW_PASSWORD = "new_password"  # noqa: S105  # a word
    UNLOCK = "unlock"
    """The password is known, but the account is locked."""
    CHANGE = "change"
    """A new password over the old one, which its owner knows. Not one of `/reset`: it is stored
    while it is on its way and no longer, so that whoever is cut off is found again (F08)."""
    NEW_PHONE = "new_phone"
    """The password is known, and the phone is gone: people stand up for whoever adds a new one.
    Not one of `/reset` either (`core.new_phone`)."""


class Stage(StrEnum):
    """How far the write has come. Stored before and after it, so that no crash loses it."""

    OPEN = "open"
    WRITING = "writing"
    UNKNOWN = "unknown"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """One attempt: stored, expiring, tied to a browser; `version` lets one request move it on."""

    id: FlowId
    goal: Goal = Goal.NEW_PASSWORD
    account_id: AccountId | None = None
    """None for a name that nobody has; such an attempt looks like any other and leads nowhere."""
    claimed: str = ""
    """The canonical typed name; empty until one was typed."""
    evidence: tuple[Evidence, ...] = ()
    """Given for this and nothing else: of purpose `push_approval.RESET`."""
    vouches: tuple[Vouch, ...] = ()
    chosen: Way | None = None
    asked_at: datetime | None = None
    """When people were asked to vouch."""
    slow_since: datetime | None = None
    """When the wait of the slow way began."""
    stage: Stage = Stage.OPEN
    writing_since: datetime | None = None
    refused: int = 0
    """Passwords that were sent and refused."""
    last: Refused | Unreachable | None = None
    """What became of the last write, to be told."""
    created_at: datetime
    expires_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """One more kind of proof, and what of the account would do: empty for people."""

    way: Way
    authenticators: tuple[Authenticator, ...] = ()
    sorts: frozenset[Sort] = frozenset()
    """Whom to ask, where the way is people."""


@dataclass(frozen=True, slots=True)
class AskName:
    """Name or e-mail address, and what one came for."""


@dataclass(frozen=True, slots=True)
class AskProof:
    """A first proof. The same for every name, so it carries nothing of what is bound."""

    ways: tuple[Way, ...]
    chosen: Way | None
    """The one to show; None asks which."""


@dataclass(frozen=True, slots=True)
class AskAnother:
    """A second proof, of another kind: after the first, so it may show digits of a number."""

    offered: tuple[Offer, ...]
    """All that would do; never empty."""
    chosen: Way | None


@dataclass(frozen=True, slots=True)
class AwaitPeople:
    """The manager or colleagues were asked. `until` they may answer; `given` have."""

    sorts: frozenset[Sort]
    given: int
    until: datetime


@dataclass(frozen=True, slots=True)
class AwaitLater:
    """The slow way: come back then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class NoOtherWay:
    """Nothing else of this account would do: where to turn is said."""


@dataclass(frozen=True, slots=True)
class AskPassword:
    """A new password. `last` is what became of the one before."""

    tries_left: int
    last: Refused | Unreachable | None


@dataclass(frozen=True, slots=True)
class AskUnlock:
    """One press opens the account again; the password stays."""

    tries_left: int
    last: Refused | Unreachable | None


@dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """It is being written."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """It was sent and no answer came: the person is told to try the new password."""


@dataclass(frozen=True, slots=True)
class Done:
    """It holds."""

    goal: Goal


@dataclass(frozen=True, slots=True)
class Refuse:
    """It ends here, and this is said."""

    why: MessageId


Step = (
    AskName
    | AskProof
    | AskAnother
    | AwaitPeople
    | AwaitLater
    | NoOtherWay
    | AskPassword
    | AskUnlock
    | AwaitAnswer
    | Unsure
    | Done
    | Refuse
)
