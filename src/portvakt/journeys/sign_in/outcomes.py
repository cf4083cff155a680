"""What can come of an answer. Expected outcomes are values (docs/adr/0005)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import FlowId
from portvakt.core.push_approval import Approval
from portvakt.core.sign_in import AskSecondProof, Refuse, SignIn, Step
from portvakt.core.text_fates import TextFate
from portvakt.proving.finish import Opened
from portvakt.proving.phone_requests import NotNow
from portvakt.proving.rules import Verdict
from portvakt.records.standing import Standing

NO_TEXTS = "sign_in.no_texts"
"""Said where the day's texts are used up, or kept for who has no other way."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """More is asked, at the page of this sign-in."""

    flow: FlowId


@dataclass(frozen=True, slots=True)
class Wrong:
    """The answer was wrong; `why` is one of "wrong", "used", "late", "unreadable", "locked"."""

    type: AuthenticatorType
    why: str = "wrong"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Too many wrong answers: nothing of this kind is taken before `until`."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class AddressStopped:
    """Too many wrong passwords from this address, over all names."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Later:
    """No code was sent, or no phone asked, because of a limit.

    `at` is when one can be; None where another way in must come first. `why` is a message, where
    there is more to say.
    """

    at: datetime | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Anew:
    """It begins again with name and password, and leads to the same place.

    `flow` is the sign-in that was left; it knows the name, which no address is to hold.
    """

    to: str
    flow: FlowId


@dataclass(frozen=True, slots=True)
class Unfit:
    """A new password was not written: `place` ("current" or "new"), and what to say there."""

    place: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Away:
    """The directory that would know gives no answer. The try does not count."""


@dataclass(frozen=True, slots=True)
class Gone:
    """No such sign-in in this browser: finished, too old, or another browser's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The newest code of the attempt: to which number, when, and until when it works."""

    authenticator: Authenticator | None
    at: datetime
    expires_at: datetime
    fate: TextFate | None = None
    """What became of the text; None before a proof, where nothing is told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneShown:
    """What was asked of the phones of this step last, if anything."""

    asked: Approval | None
    held: NotNow | None
    """Where nothing waits: the limit that would hold a new request back now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Everything that a page of a sign-in shows."""

    state: SignIn
    step: Step
    standing: Standing | None
    verdict: Verdict | None
    sent: Sent | None
    recovery_left: int = 0
    phone: PhoneShown | None = None
    case: str = ""
    """Where this is a refusal, or a phone's: the number of the request that has told of it."""

    @property
    def untold(self) -> bool:
        """Whether this refuses somebody known, and nothing has been written of it yet."""
        refuses = isinstance(self.step, Refuse | AskSecondProof)
        return refuses and self.standing is not None and not self.case


Outcome = Opened | GoOn | Wrong | Stopped | AddressStopped | Later | Gone | Anew | Away | Unfit
