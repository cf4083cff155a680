"""What the pages of a sign-in show, one frozen type each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.proving.texts_told import TextTold
from portvakt.web.responses import Page
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """The box to tick for whoever does not want to be asked again in this browser."""

    label: Message
    ticked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage(Page):
    """Name and password."""

    template: ClassVar[str] = "journeys/sign_in/start.html"
    to: str
    purpose: str
    app_name: str = ""
    """The app that is to be opened, or empty for our own pages."""
    name: str = ""
    by_ticket: str = ""
    """Where the computer's account is tried; empty where it is not taken."""
    somebody_else: bool = False
    """The app expects another person than the one who is signed in."""
    our_device: str = ""
    """Where the device is looked at, where that matters; empty where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage(Page):
    """Asks the browser for its ticket; shown by those that have none, and goes on by itself."""

    template: ClassVar[str] = "journeys/sign_in/ticket.html"
    to: str
    """The ordinary sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRefusedPage(Page):
    """The computer's account opens nothing here: the same words whatever the reason."""

    template: ClassVar[str] = "journeys/sign_in/ticket_refused.html"
    to: str
    away: bool = False
    """The directory gives no answer: it is nothing with the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressStoppedPage(Page):
    """Too many wrong passwords from here."""

    template: ClassVar[str] = "journeys/sign_in/address_stopped.html"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AwayPage(Page):
    """The directory gives no answer."""

    template: ClassVar[str] = "journeys/sign_in/away.html"
    to: str
    """Where to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordPage(Page):
    """Everything was right, but the password must be changed before anything opens."""

    template: ClassVar[str] = "journeys/sign_in/new_password.html"
    flow: str
    user_name: str
    leaked: bool = False
    """Whether it must because others know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainPage(Page):
    """Somebody is signed in and must show more, or show it again."""

    template: ClassVar[str] = "journeys/sign_in/again.html"
    to: str
    purpose: str
    name: str
    reason: str | Message = ""
    methods: bool
    our_device: str = ""
    """Where the device is looked at, where that matters; empty where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpPage(Page):
    """Six digits from an app."""

    template: ClassVar[str] = "journeys/sign_in/totp.html"
    flow: str
    reason: str | Message = ""
    remember: Remember | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenPage(Page):
    """The digits that a hardware token shows."""

    template: ClassVar[str] = "journeys/sign_in/hardware_token.html"
    flow: str
    reason: str | Message = ""
    remember: Remember | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage(Page):
    """A key, which the page's script asks."""

    template: ClassVar[str] = "journeys/sign_in/key.html"
    flow: str
    reason: str | Message = ""
    remember: Remember | None = None
    others: bool
    """Whether anything but a key would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPage(Page):
    """Six digits from a text message."""

    template: ClassVar[str] = "journeys/sign_in/sms.html"
    flow: str
    reason: str | Message = ""
    remember: Remember | None = None
    number: str
    """Partly hidden."""
    sent_at: datetime | None
    told: TextTold | None = None
    """What became of the text."""
    expires_at: datetime | None
    seconds_left: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePage(Page):
    """A number, to be typed in the phone."""

    template: ClassVar[str] = "journeys/sign_in/phone.html"
    flow: str
    reason: str | Message = ""
    remember: Remember | None = None
    number: str
    first: bool
    """Whether it stands in place of the password; alike for every name then."""
    instead: str = ""
    """What the way past is called where it leads back to before the phone was chosen."""
    told: tuple[Message, ...]
    """What has become of the request so far."""
    seen: str
    """The same in one word, for the script."""
    note: Message | str = ""
    """That nobody has answered yet, for whoever asks: nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEndedPage(Page):
    """No request waits: what happened, and what to do now."""

    template: ClassVar[str] = "journeys/sign_in/phone_ended.html"
    flow: str
    what: str
    """How the last one ended; "stopped" or "unasked" where there was none."""
    instead: str = ""
    held: bool = False
    """Whether a limit holds a new one back, until `until` if that is known."""
    until: datetime | None = None
    often: bool = False
    """Whether to warn that somebody who knows the password has asked many times."""
    number: str = ""
    """The case number of the request that ended; empty before the password has been shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPage(Page):
    """One of the printed codes."""

    template: ClassVar[str] = "journeys/sign_in/recovery.html"
    flow: str
    reason: str | Message = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of showing who you are, as the list of ways shows it."""

    value: str
    text: str
    hint: str = ""
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPage(Page):
    """All ways, of equal size."""

    template: ClassVar[str] = "journeys/sign_in/other.html"
    flow: str
    ways: tuple[Way, ...]
    new_phone: bool = False
    """Whether people can stand up for somebody who has none of these any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPage(Page):
    """The password is locked in this browser: a second factor opens it. Alike for every name."""

    template: ClassVar[str] = "journeys/sign_in/first.html"
    flow: str
    to: str
    purpose: str
    """Where a key leads that signs in alone: nobody guesses it, so it waits for no lock."""
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """The password, in a sign-in that has begun."""

    template: ClassVar[str] = "journeys/sign_in/password.html"
    flow: str
    fresh: bool
    phone: bool = False
    """Whether a phone would do in its place."""
    key: bool = False
    """Whether a key would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondProofPage(Page):
    """Nothing is bound that may be used, and the password is not enough to bind a method here."""

    template: ClassVar[str] = "journeys/sign_in/second_proof.html"
    flow: str
    inside: bool
    """Whether coming to the workplace would do."""
    withdrawn: bool = False
    """Whether there is something bound, and the organisation lets it be used no more."""
    reason: str = ""
    """Why, in the organisation's words."""
    number: str = ""
    """The case number of this no; empty where nothing is known of who asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPage(Page):
    """It ends here, and this is why."""

    template: ClassVar[str] = "journeys/sign_in/refused.html"
    why: str
    reason: str | Message = ""
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GonePage(Page):
    """The sign-in is finished, too old, or another browser's."""

    template: ClassVar[str] = "journeys/sign_in/gone.html"
    to: str = "/apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class DonePage(Page):
    """Signed in; goes on by itself, and by a link."""

    template: ClassVar[str] = "journeys/sign_in/done.html"
    to: str
    app_name: str
