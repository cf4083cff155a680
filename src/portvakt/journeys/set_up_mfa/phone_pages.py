"""What the pages that add a phone show, as frozen types."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.journeys.set_up_mfa.app_key import PairingKey
from portvakt.web.responses import Page

FOLDER = "journeys/set_up_mfa"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneScanPage(Page):
    """The code that brings a phone, until one has come with it."""

    template: ClassVar[str] = f"{FOLDER}/phone_scan.html"
    draft: str
    key: PairingKey = field(repr=False)
    expires: datetime
    state: str
    """What `/state` compares with: the page waits until there is something else to show."""
    note: str = ""
    """That no phone has come yet, for whoever asks: nothing is wrong."""
    other_app: bool = True
    """Whether another app may be set up in place of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFoundPage(Page):
    """A phone has come, and the page was asked for anew before «Fortsätt»."""

    template: ClassVar[str] = f"{FOLDER}/phone_found.html"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumberPage(Page):
    """The number to type in the phone, and how far the request has come."""

    template: ClassVar[str] = f"{FOLDER}/phone_number.html"
    draft: str
    name: str
    number: str = field(repr=False)
    told: str
    """`sent`, `delivered`, `opened` or `approved`."""
    seconds_left: int
    state: str
    note: str = ""
    """That the phone has not answered yet, for whoever asks: nothing is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEndedPage(Page):
    """The request ended without a yes; the same phone can be asked anew."""

    template: ClassVar[str] = f"{FOLDER}/phone_ended.html"
    name: str
    why: str
    """`denied`, `wrong_number`, `expired` or `ended`."""
