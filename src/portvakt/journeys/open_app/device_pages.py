"""The pages where somebody lets a device in that has no keyboard, or does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.messages import MessageId
from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodePage(Page):
    """One field for the code, and the warning that goes with it."""

    template: ClassVar[str] = "journeys/open_app/device_code.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAskPage(Page):
    """Which app asks, from where, when and for what; yes or no, and neither is chosen."""

    template: ClassVar[str] = "journeys/open_app/device_ask.html"
    code: str
    app: str
    asked_at: datetime
    network: str | None
    address: str | None
    near: bool
    gets: Sequence[MessageId]
    others: Sequence[str] = ()
    """Scopes that have no words of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEndPage(Page):
    """What was answered, and what happens now."""

    template: ClassVar[str] = "journeys/open_app/device_end.html"
    app: str
    allowed: bool
