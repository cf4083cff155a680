"""What happens where somebody changes a password that they know."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """Somebody showed who they are, knew the old password and chose a new one; it is written."""

    name = "password_change.done"
    sessions: int
    """How many other sessions ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordNotChanged(Event):
    """Where the password is kept the new one was refused, or nobody answered."""

    name = "password_change.not_written"
    why: str
    """"unreachable", or why it was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChangeUnsure(Event):
    """It was sent and no answer came: other sessions are ended as if it were written."""

    name = "password_change.unsure"
    sessions: int
    """How many that were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPasswordWrong(Event):
    """Somebody signed in typed a wrong current password; `until` where no more are taken."""

    name = "password_change.wrong_current"
    reason: str
    """"wrong", or "locked" in the directory."""
    until: datetime | None = None
