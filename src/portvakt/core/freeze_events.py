"""What happens when somebody says of a change that it was not theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFrozen(Event):
    """Somebody used the link of a notice: nothing can be changed from now on."""

    name: ClassVar[str] = "account.frozen"
    change: str
    """What the notice told of, by its name."""
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
