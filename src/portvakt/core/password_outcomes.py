"""What writing a new password, or opening a locked account, can come to where the password lives.

The same for every directory and for passwords of our own. The words are `passwords.refused_…`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portvakt.core.messages import MessageId


class RefusedFor(StrEnum):
    """Why a directory does not take a password; also the end of its sentence's name."""

    HISTORY = "history"
    """It was used before."""
    TOO_YOUNG = "too_young"
    """The current one may not be changed yet."""
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMPLEXITY = "complexity"
    """The directory asks for other characters."""
    NAME = "name"
    """It holds the person's name."""
    COMMON = "common"
    NOT_ALLOWED = "not_allowed"
    """The directory lets nobody change this account's password."""
    NO_RIGHT = "no_right"
    """Our service account may not: a fault of the installation, not of the password."""
    POLICY = "policy"
    """Some rule of the directory, which does not say more."""


@dataclass(frozen=True, slots=True)
class Written:
    """It holds from now on, in the server that took it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The directory surely did not take it."""

    why: RefusedFor
    least: int | None = None
    """Characters it asks for, where it says so."""


@dataclass(frozen=True, slots=True)
class UnknownOutcome:
    """It was sent, and nobody can say what came of it: to be read back."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It was surely not sent, or surely did not arrive: nothing is lost by another try."""


WriteOutcome = Written | Refused | UnknownOutcome | Unreachable


def said(refused: Refused) -> tuple[MessageId, Mapping[str, object]]:
    """Give the sentence for a refusal, in the person's words, and what is put into it."""
    if refused.why is RefusedFor.TOO_SHORT and refused.least is not None:
        return MessageId("passwords.wrong_too_short"), {"least": refused.least}
    return MessageId(f"passwords.refused_{refused.why}"), {}
