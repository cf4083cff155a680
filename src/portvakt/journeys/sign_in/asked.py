"""What an answer to each step may be, and why one was wrong."""

from typing import assert_never

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.hardware_tokens import DIGITS
from portvakt.core.one_time_codes import normalise_base32, normalise_digits
from portvakt.core.passes import terms_of
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
from portvakt.proving.answer import usable
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing

APP_DIGITS = 6
TOKEN_DIGITS = tuple(sorted({*DIGITS, *(2 * digits for digits in DIGITS)}))
"""One code of a hardware token, or two in a row."""
NOT_TYPED = frozenset({AuthenticatorType.PUSH, AuthenticatorType.PASSKEY})
"""What a phone or a key answers, and not a field."""


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


def _first_types(typed: str) -> tuple[AuthenticatorType, ...]:
    """Say what may be shown before the password, by the form of it alone."""
    if normalise_digits(typed, APP_DIGITS) is not None:
        return (
            AuthenticatorType.TOTP,
            AuthenticatorType.HARDWARE_TOKEN,
            AuthenticatorType.SMS_CODE,
        )
    if any(normalise_digits(typed, length) is not None for length in TOKEN_DIGITS):
        return (AuthenticatorType.HARDWARE_TOKEN,)
    return (AuthenticatorType.RECOVERY_CODE,)


def types_of(step: Step, typed: Secret) -> tuple[AuthenticatorType, ...]:
    """Say what an answer to this step may be."""
    match step:
        case AskPassword():
            return (AuthenticatorType.PASSWORD,)
        case AskAuthenticator(_, chosen):
            return () if chosen in NOT_TYPED else (chosen,)
        case AskSecondProof() | AskStartCode():
            return (AuthenticatorType.START_CODE,)
        case AskProofFirst():
            return _first_types(typed.open())
        case AskPhone() | Finish() | AskEnrolment() | AskNewPassword() | Refuse():
            return ()
        case _:
            assert_never(step)


def first_type(typed: Secret, standing: Standing | None, visit: Visit) -> AuthenticatorType:
    """Say whether a start code was typed in place of the password.

    Only for somebody who has one that still works, and only in its own form: exactly one hash is
    compared in every case.
    """
    bound = () if standing is None else usable(standing, AuthenticatorType.START_CODE, visit.now)
    for each in bound:
        if normalise_base32(typed.open(), terms_of(each.authenticator).length) is not None:
            return AuthenticatorType.START_CODE
    return AuthenticatorType.PASSWORD


def said_of(kind: AuthenticatorType, why: str) -> str:
    """Return the message for a wrong answer; every pair has one."""
    return _SAID.get((kind, why)) or _SAID.get((kind, "")) or f"sign_in.wrong_{kind}"


_SAID = {
    (AuthenticatorType.PASSWORD, "locked"): "sign_in.wrong_locked",
    (AuthenticatorType.PASSKEY, "used"): "sign_in.used_passkey",
    (AuthenticatorType.PASSKEY, "copied"): "sign_in.copied_passkey",
    (AuthenticatorType.TOTP, "used"): "sign_in.used_totp",
    (AuthenticatorType.TOTP, "unreadable"): "sign_in.unreadable_totp",
    (AuthenticatorType.HARDWARE_TOKEN, "used"): "sign_in.used_hardware_token",
    (AuthenticatorType.HARDWARE_TOKEN, "unreadable"): "sign_in.unreadable_hardware_token",
    (AuthenticatorType.PUSH, ""): "sign_in.phone_not_yet",
    (AuthenticatorType.PHONE_SIGN_IN, ""): "sign_in.phone_not_yet",
    (AuthenticatorType.SMS_CODE, "late"): "sign_in.late_sms_code",
}
