"""The page of what apps hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.ids import ClientId
from portvakt.core.messages import MessageId
from portvakt.web.responses import Page
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class OneApp:
    """One app in words."""

    client_id: ClientId
    name: str
    told: Sequence[Message]
    services: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    offline: bool = False
    agreed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppAccessPage(Page):
    """Which apps may learn who somebody is, by name."""

    template: ClassVar[str] = "journeys/app_access/app_access.html"
    apps: Sequence[OneApp]
    done: MessageId | None = None
