"""What happens to phones with our app, and to the requests that they approve."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.throttle import Familiarity


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvent(Event):
    """About one phone."""

    name: ClassVar[str]
    authenticator_id: AuthenticatorId = field(metadata=PERSONAL)
    """The phone: the id of its authenticator of type `push`, bound or yet to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePaired(PhoneEvent):
    """A phone came with a pairing code. From the page it is bound when its test is answered."""

    name = "phone.paired"
    by: str
    """"long", "short" or "transfer": which code it brought."""
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePairingReused(Event):
    """A pairing code came a second time and was refused; the person is told (A040)."""

    name = "phone.pairing_reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneDisowned(PhoneEvent):
    """«Det är inte min telefon»: what came with a code of the page was sent away, unproved."""

    name = "phone.disowned"
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestSent(Event):
    """A phone is asked to approve something. The number is never written."""

    name = "phone.request_sent"
    request: ApprovalId
    purpose: str
    """"sign_in", "methods", "reset" or "test"."""
    app: str
    """As the phone shows it; empty for our own pages."""
    familiarity: Familiarity
    digits: int
    lock: bool
    quiet: bool
    """Whether no phone was woken: a name alone, in a browser that the account never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAnswered(PhoneEvent):
    """A phone's signed answer to one request."""

    name: ClassVar[str]
    request: ApprovalId
    purpose: str
    app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestApproved(PhoneAnswered):
    """The right number was typed; the browser that asked may go on."""

    name = "phone.request_approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestDenied(PhoneAnswered):
    """«Neka»: the request is ended."""

    name = "phone.request_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestWrongNumber(PhoneAnswered):
    """Another number was typed: the request is ended (A030)."""

    name = "phone.request_wrong_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestNotMe(PhoneAnswered):
    """«Det var inte jag»: every request of the account is ended. For the security officer."""

    name = "phone.request_not_me"
    ended: int
    """How many waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRequestsStopped(Event):
    """Too many requests unanswered: no more are sent from browsers of this kind (A031)."""

    name = "phone.requests_stopped"
    familiarity: Familiarity
    password_proved: bool
    """Whether whoever asked knew the password, which is then to be changed."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSignInEnabled(PhoneEvent):
    """«Aktivera telefoninloggning»: this phone signs in without a password from now on."""

    name = "phone.sign_in_enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSignInDisabled(PhoneEvent):
    """A phone no longer signs in without a password."""

    name = "phone.sign_in_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneMoved(PhoneEvent):
    """A new phone took over from an old one, which is dead."""

    name = "phone.moved"
    old: AuthenticatorId = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRetired(PhoneEvent):
    """A phone removed itself."""

    name = "phone.retired"
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPutAside(PhoneEvent):
    """After «Det var inte jag» the person locked the password, and every session ended."""

    name = "phone.password_put_aside"
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAddressRefused(PhoneEvent):
    """A phone gave an address to be woken at that is not one of the allowed services (A035)."""

    name = "phone.push_address_refused"
    host: str = field(metadata=PERSONAL)
    """The host of it, cut short: what the phone wrote, so never trusted."""
