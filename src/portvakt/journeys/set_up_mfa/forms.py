"""What is typed on the pages of registration, read into what it means."""

from dataclasses import dataclass
from typing import assert_never

from portvakt.journeys.set_up_mfa.outcomes import AlreadyTheirs, Full, Held
from portvakt.phone_numbers import NotUsable, Reason, Usable, usable_for_text
from portvakt.web.forms import Form, Invalid, Valid
from portvakt.web.templates import Message
from portvakt.web.words import clock


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which numbers may be sent to, and whose country a number without one belongs to."""

    allowed_prefixes: tuple[str, ...]
    country: str

    def read(self, typed: str) -> Valid[str] | Invalid:
        """Return a number in E.164, or why it gets no text (A023)."""
        match usable_for_text(typed, self.allowed_prefixes, self.country):
            case Usable(number):
                return Valid(number)
            case NotUsable(reason):
                return Invalid({"number": _WHY[reason]}, {"number": typed})


_WHY = {
    Reason.NO_NUMBER: "set_up_mfa.error_number_missing",
    Reason.BAD_NUMBER: "set_up_mfa.error_number_bad",
    Reason.LANDLINE: "set_up_mfa.error_number_not_mobile",
    Reason.NOT_MOBILE: "set_up_mfa.error_number_not_mobile",
    Reason.FOREIGN: "set_up_mfa.error_number_foreign",
}


@dataclass(frozen=True, slots=True)
class WantsApp:
    """An app, and after it the number that was typed beside it, if any."""

    number: str


@dataclass(frozen=True, slots=True)
class WantsNumber:
    """Texts to this number."""

    number: str


@dataclass(frozen=True, slots=True)
class WantsWorkPhone:
    """Texts to the number that we have already."""


Wants = WantsApp | WantsNumber | WantsWorkPhone


def read_sheet(sent: Form, numbers: Numbers, *, has_work_phone: bool) -> Valid[Wants] | Invalid:
    """Read the sheet: the choice in the list and the number, all errors at once."""
    option, typed = sent["option"], sent["number"]
    kept = {"option": option, "number": typed}
    number = _number(numbers.read(typed)) if typed.strip() else ""
    errors: dict[str, Message | str] = {}
    if option not in ("sms", "app"):
        errors["option"] = "set_up_mfa.error_choose"
    if isinstance(number, Invalid):
        errors |= number.errors
    elif option == "sms" and not number and not has_work_phone:
        errors["number"] = "set_up_mfa.error_number_missing"
    if errors or isinstance(number, Invalid):
        return Invalid(errors, kept)
    if option == "app":
        return Valid(WantsApp(number))
    return Valid(WantsNumber(number) if number else WantsWorkPhone())


NOT_USED_HERE = "set_up_mfa.error_not_used_here"
"""Why a method that the organisation has taken away cannot be added."""


def why_not(outcome: Full | AlreadyTheirs | Held) -> Message | str:
    """Say why no code was sent."""
    match outcome:
        case Full(_, most):
            return "set_up_mfa.error_number_limit" if most else NOT_USED_HERE
        case AlreadyTheirs():
            return "set_up_mfa.error_number_yours"
        case Held(why="day"):
            return "set_up_mfa.error_no_texts"
        case Held(until):
            return Message("set_up_mfa.error_number_busy", {"time": clock(until, seconds=True)})
        case _:
            assert_never(outcome)


def _number(read: Valid[str] | Invalid) -> str | Invalid:
    match read:
        case Valid(number):
            return number
        case Invalid():
            return read
        case _:
            assert_never(read)
