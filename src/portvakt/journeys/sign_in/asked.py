"""What an answer to each step may be, and why one was wrong."""

from typing import assert_never

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import normalise_digits
from portvakt.core.secret import Secret
from portvakt.core.sign_in import (
    AskAuthenticator,
    AskEnrolment,
    AskNewPassword,
    AskPassword,
    AskPhone,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
    Step,
)
from portvakt.journeys.sign_in.tries import wrong_why
from portvakt.methods import Rejected
from portvakt.records.standing import Standing

APP_DIGITS = 6


def why(rejected: Rejected, person: Standing | None) -> str:
    """Name the reason, for the page and the log."""
    if rejected.replayed:
        return "used"
    if rejected.locked:
        return wrong_why(rejected, person)
    return "unreadable" if rejected.unreadable else "wrong"


def asks(step: Step, kind: AuthenticatorType) -> bool:
    """Whether this is the way that is shown."""
    return isinstance(step, AskAuthenticator) and step.chosen is kind


def types_of(step: Step, typed: Secret) -> tuple[AuthenticatorType, ...]:
    """Say what an answer to this step may be."""
    match step:
        case AskPassword():
            return (AuthenticatorType.PASSWORD,)
        case AskAuthenticator(_, chosen):
            return () if chosen is AuthenticatorType.PUSH else (chosen,)
        case AskSecondProof() | AskStartCode():
            return (AuthenticatorType.START_CODE,)
        case AskProofFirst():
            if normalise_digits(typed.open(), APP_DIGITS) is not None:
                return (AuthenticatorType.TOTP, AuthenticatorType.SMS_CODE)
            return (AuthenticatorType.RECOVERY_CODE,)
        case AskPhone() | Finish() | AskEnrolment() | AskNewPassword() | Refuse():
            return ()
        case _:
            assert_never(step)
