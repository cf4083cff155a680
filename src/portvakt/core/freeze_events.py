"""What happens when somebody says of a change or a sign-in that it was not theirs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import PERSONAL, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDisowned(Event):
    """Somebody said of something in their own list that it was not them: a case for support."""

    name: ClassVar[str] = "account.sign_in_disowned"
    event: int
    """Which row of the trail it was."""
    happened: str
    """What it tells of, by the event's name."""
    happened_at: datetime
    happened_from: str | None = field(default=None, metadata=PERSONAL)
    """From which address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFrozen(Event):
    """Somebody said of a change or a sign-in that it was not theirs: nothing can be changed now."""

    name: ClassVar[str] = "account.frozen"
    change: str
    """What the notice told of, by its name; "sign_in" for something in the person's own list."""
    since: datetime
    """When the oldest change was made that is not trusted."""
    put_aside: tuple[AuthenticatorType, ...]
    """What works no more."""
    sessions: int
    """How many sessions ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountThawed(Event):
    """The account may be changed again; what was put aside stays so unless given back."""

    name: ClassVar[str] = "account.thawed"
    by: str
    """"proof", something older than the change, or "support"."""
    restored: tuple[AuthenticatorType, ...] = ()
    """What support gave back."""
