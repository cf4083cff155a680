"""What can come of a step of registration: expected outcomes are values."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.key_models import KeyDemand, Unfit
from portvakt.core.keys import Options
from portvakt.core.phones import Phone
from portvakt.core.push_approval import Approval, RequestStanding
from portvakt.core.text_fates import TextFate
from portvakt.crypto.pairing_codes import PairingCode
from portvakt.proving.after_binding import Grown
from portvakt.proving.text_limits import Why


@dataclass(frozen=True, slots=True)
class Started:
    """Something is half set up; it is finished at the draft's own page."""

    draft: str


@dataclass(frozen=True, slots=True)
class Full:
    """The account holds as many of this type as it may (A048); none, where none is used here."""

    type: AuthenticatorType
    most: int


@dataclass(frozen=True, slots=True)
class AlreadyTheirs:
    """The number is among the person's methods."""


@dataclass(frozen=True, slots=True)
class Held:
    """A limit on texts holds this one back until `until`. Nothing was sent."""

    until: datetime
    why: Why = "pace"


@dataclass(frozen=True, slots=True)
class NotShown:
    """The account asks for more than this session has shown. Nothing was bound."""


@dataclass(frozen=True, slots=True)
class Over:
    """The draft is used, too old or somebody else's. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code was not right; `late` where its time is out."""

    late: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """Too many wrong codes; none is looked at before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundNow:
    """A method is bound. `grown` is the session that grew by it, with its new secret."""

    authenticator: Authenticator
    begun: datetime
    """When it was begun: proof that was fresh then is enough for what follows from it."""
    grown: Grown | None
    replaced: Authenticator | None = None
    then_number: str = ""
    """The number that was typed on the sheet beside the app: it is to be proved next."""


@dataclass(frozen=True, slots=True)
class NotAKey:
    """What the browser sent is no key that may be bound here; or somebody has it already."""

    why: Unfit | None = None
    """Where it is a key, but none that the organisation takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """A key that is to be made; `beside` where it stands beside the password only."""

    id: str
    beside: bool
    demands: tuple[KeyDemand, ...]
    """What the organisation asks of it."""
    options: Options = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppDraft:
    """An app that waits for its first code."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAwaited:
    """No phone has come with the code yet."""

    id: str
    code: PairingCode
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCame:
    """A phone has come, and has not been asked anything yet."""

    id: str
    phone: Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAsked:
    """The phone was asked to approve; `standing` is what the request is worth now."""

    id: str
    phone: Phone
    approval: Approval
    standing: RequestStanding


PhoneDraft = PhoneAwaited | PhoneCame | PhoneAsked


class BadName(Enum):
    """Why a name cannot be kept."""

    TOO_LONG = "name_too_long"
    UNREADABLE = "name_unreadable"


@dataclass(frozen=True, slots=True)
class NotYetApproved:
    """The phone has not said yes; the page says where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDraft:
    """A number that waits for the code that was sent to it."""

    id: str
    number: str
    sent: datetime
    expires: datetime
    fate: TextFate | None
    """What became of the text; None where that is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Recovery codes as they are shown, once."""

    id: str
    codes: tuple[str, ...] = field(repr=False)
    made: datetime
    replaced: bool
    """True where older codes died with it."""
