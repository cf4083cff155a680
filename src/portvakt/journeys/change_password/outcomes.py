"""What can come of changing a password. Expected outcomes are values (docs/adr/0005)."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.password_outcomes import Refused
from portvakt.proving.password_changing import Unfitting


@dataclass(frozen=True, slots=True)
class Done:
    """It is written; nothing but this session is open."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """It was sent, and nobody knows whether it arrived; nothing but this session is open."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Where the password lives the new one was refused; the old one holds."""

    refused: Refused


@dataclass(frozen=True, slots=True)
class WrongCurrent:
    """The old one is not right; `locked` where the directory looks at none any more."""

    locked: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """Too many wrong ones; none is looked at before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Away:
    """The directory gave no answer: nothing has changed, and nothing was counted."""


@dataclass(frozen=True, slots=True)
class NoPassword:
    """There is no password that could be changed."""


@dataclass(frozen=True, slots=True)
class Over:
    """The session ended, or a change was disowned, while the form was on its way: as it was."""


Outcome = Done | Unsure | Unfitting | NotTaken | WrongCurrent | Stopped | Away | NoPassword | Over
