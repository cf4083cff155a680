"""What each page of registration shows, as frozen types."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.freezing import Change
from portvakt.core.ids import AuthenticatorId
from portvakt.journeys.set_up_mfa.app_key import AppKey
from portvakt.proving.texts_told import TextTold
from portvakt.web.responses import Page
from portvakt.web.templates import Message

FOLDER = "journeys/set_up_mfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One bound method, as its owner sees it. `number` is partly hidden, or empty."""

    id: AuthenticatorId
    type: AuthenticatorType
    label: str
    number: str
    source: str
    preferred: bool
    suspended: bool
    added: datetime
    used: datetime | None
    twin: int
    """1 for the first of those that would be called the same, 2 for the next."""
    key: str = ""
    """Of a key: "copied", "bound" to its device, or "beside" the password only."""
    model: str = ""
    """What a key's model is called, where the organisation has what tells it."""
    sign_in: bool | None = None
    """Whether a phone signs in without a password; None for anything but a phone."""
    withdrawn: bool = False
    """Whether the organisation lets it be used no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """How many of the printed codes are left."""

    id: AuthenticatorId
    left: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The form with the words of the instruction: list, number, «Spara» and the app's button.

    `work_phone` is the number that HR registered, partly hidden; a person with one need not type
    any. `phones_full`, `apps_full`, `keys_full` and `numbers_full` are the limits that are reached,
    or None.
    """

    option: str = ""
    number: str = ""
    work_phone: Way | None = None
    phones_full: int | None = None
    apps_full: int | None = None
    keys_full: int | None = None
    numbers_full: int | None = None
    offered: frozenset[AuthenticatorType] = SECOND_FACTORS
    """What this session may bind: a temporary pass may name some only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage(Page):
    """Nothing of one's own is bound yet: everything on one page."""

    template: ClassVar[str] = f"{FOLDER}/sheet.html"
    sheet: Sheet
    required: bool
    """True where a rule asks for a method and the person was led here from sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagePage(Page):
    """What is bound, and the same form for adding more."""

    template: ClassVar[str] = f"{FOLDER}/manage.html"
    ways: tuple[Way, ...]
    printed: Printed | None
    sheet: Sheet
    done: str = ""
    """A message id: what was just done."""
    activate: bool = False
    """Whether a phone was just added that could sign in without a password."""
    password: bool = False
    """Whether there is a password that could be changed."""
    onwards: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePage(Page):
    """The guide's first question: which way."""

    template: ClassVar[str] = f"{FOLDER}/guide.html"
    way: str = ""
    offered: frozenset[AuthenticatorType] = SECOND_FACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPage(Page):
    """The key for the app, and the field for its first code."""

    template: ClassVar[str] = f"{FOLDER}/app.html"
    key: AppKey = field(repr=False)
    offered: frozenset[AuthenticatorType] = SECOND_FACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareTokenPage(Page):
    """The serial number of a hardware token, and the code that it shows."""

    template: ClassVar[str] = f"{FOLDER}/hardware_token.html"
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage(Page):
    """A key that the page's script has made; `options` is what it gives to the browser, as JSON."""

    template: ClassVar[str] = f"{FOLDER}/key.html"
    beside: bool
    accepts: tuple[Message | str, ...] = ()
    """What the organisation asks of it, in sentences."""
    options: str = field(repr=False)
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPage(Page):
    """Which number. `after_app` offers to go on without one; `replaces` is the number that goes."""

    template: ClassVar[str] = f"{FOLDER}/number.html"
    number: str = ""
    after_app: bool = False
    replaces: Way | None = None

    @property
    def moment(self) -> str:
        """It is a step of registering the app, too."""
        return "after_app" if self.after_app else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage(Page):
    """The code that was sent. The number is shown whole: it was typed a moment ago, in here."""

    template: ClassVar[str] = f"{FOLDER}/code.html"
    number: str
    draft: str
    told: TextTold | None
    """What became of the text."""
    expires: datetime | None
    """None where its time is out."""
    seconds_left: int
    again: bool = False
    """True where this is not the first code: the one before is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage(Page):
    """The recovery codes, once, and what is now true."""

    template: ClassVar[str] = f"{FOLDER}/card.html"
    codes: tuple[str, ...] = field(repr=False)
    owner: str
    made: datetime
    title: str
    now_true: Message
    activate: bool = False
    """Whether there is a phone that could sign in without a password, and does not yet."""
    onwards: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPage(Page):
    """One method: its name, its place in the order, its removal."""

    template: ClassVar[str] = f"{FOLDER}/method.html"
    way: Way
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePage(Page):
    """The question before something goes; `kept` where it must stay, and the error says why."""

    template: ClassVar[str] = f"{FOLDER}/remove.html"
    way: Way
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlonePage(Page):
    """What there is for somebody without a smartphone: never nothing."""

    template: ClassVar[str] = f"{FOLDER}/no_smartphone.html"
    codes_made: bool
    offered: frozenset[AuthenticatorType] = SECOND_FACTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """The first password, after a start code."""

    template: ClassVar[str] = f"{FOLDER}/password.html"
    user_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPage(Page):
    """The password is not enough here, and what would be."""

    template: ClassVar[str] = f"{FOLDER}/closed.html"
    inside: bool
    start_code: bool
    work_phone: str
    again: str
    """Where a new sign-in begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPage(Page):
    """The password was reset, and something else must be shown for a day after that."""

    template: ClassVar[str] = f"{FOLDER}/frozen.html"
    until: datetime
    again: str
    """Where another way can be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisownedPage(Page):
    """A change was disowned: what it was, and what sets the account free."""

    template: ClassVar[str] = f"{FOLDER}/disowned.html"
    change: Change
    since: datetime
    may_thaw: bool
    """Whether something older has been shown: the page's button sets the account free."""
    again: str
    """Where something older can be shown; empty where there is nothing to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredPage(Page):
    """A step that is over; nothing was changed by it."""

    template: ClassVar[str] = f"{FOLDER}/expired.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysAlonePage(Page):
    """A break-glass account has its two keys, and nothing is changed here."""

    template: ClassVar[str] = f"{FOLDER}/keys_alone.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPage(Page):
    """A campaign asks for a method, before the way goes on to `to`."""

    template: ClassVar[str] = "journeys/set_up_mfa/asked.html"
    method: AuthenticatorType
    home: str
    to: str
    reason: str
    """Why, in the organisation's words; empty where it says nothing."""
    last_day: datetime | None
    must: bool
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnwardsPage(Page):
    """Goes on by itself, and by a link."""

    template: ClassVar[str] = "journeys/set_up_mfa/onwards.html"
    to: str
