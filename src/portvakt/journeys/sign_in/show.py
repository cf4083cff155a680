"""From what a sign-in asks for to the page that asks it."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from portvakt.core.assurance import METHODS
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.first_registration import Basis
from portvakt.core.sign_in import (
    AskAuthenticator,
    AskEnrolment,
    AskPassword,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
)
from portvakt.journeys.sign_in.outcomes import Showing
from portvakt.journeys.sign_in.pages import (
    FirstPage,
    GonePage,
    PasswordPage,
    RecoveryPage,
    RefusedPage,
    SecondProofPage,
    SmsPage,
    TotpPage,
    Way,
)
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.visit import Visit
from portvakt.texts import Texts
from portvakt.web.responses import Page
from portvakt.web.templates import Message

Errors = Mapping[str, Message | str]
_ABOUT_A_CODE = ("sign_in.wrong_", "sign_in.used_", "sign_in.late_", "sign_in.unreadable_")


def page_of(  # noqa: PLR0911  # one page for each step there is
    showing: Showing,
    visit: Visit,
    errors: Errors | None = None,
    next_at: datetime | None = None,
) -> Page:
    """Return the page for the step that a sign-in is at."""
    flow, wrong = showing.state.id, errors or {}
    match showing.step:
        case AskProofFirst():
            if str(wrong.get("code", "")).startswith(_ABOUT_A_CODE):
                wrong = {"code": "sign_in.wrong_first"}  # the same words for everybody
            sent = None if showing.sent is None else showing.sent.at
            return FirstPage(flow=flow, sent_at=sent, errors=wrong)
        case AskPassword():
            fresh = showing.state.purpose == METHODS and showing.state.session_id is not None
            return PasswordPage(flow=flow, fresh=fresh, errors=wrong)
        case AskAuthenticator():
            return _authenticator_page(showing, showing.step, visit, wrong, next_at)
        case AskSecondProof(options):
            return SecondProofPage(flow=flow, inside=Basis.INSIDE in options, errors=wrong)
        case AskStartCode():
            return SecondProofPage(flow=flow, inside=False, errors=wrong)
        case Refuse(why):
            return RefusedPage(
                why=why, reason=_reason(showing, visit.language), request_id=visit.request_id
            )
        case Finish() | AskEnrolment():
            return GonePage(to=showing.state.to)
        case _:
            assert_never(showing.step)


def _authenticator_page(
    showing: Showing,
    step: AskAuthenticator,
    visit: Visit,
    errors: Errors,
    next_at: datetime | None,
) -> Page:
    flow, reason = showing.state.id, _reason(showing, visit.language)
    if step.chosen is AuthenticatorType.TOTP:
        return TotpPage(flow=flow, reason=reason, errors=errors)
    if step.chosen is AuthenticatorType.RECOVERY_CODE:
        return RecoveryPage(flow=flow, reason=reason, errors=errors)
    phones = [each for each in step.offered if each.type is AuthenticatorType.SMS_CODE]
    sent = showing.sent
    phone = phones[0] if sent is None or sent.authenticator is None else sent.authenticator
    left = 0 if sent is None else int((sent.expires_at - visit.now).total_seconds())
    return SmsPage(
        flow=flow,
        reason=reason,
        number=partly_hidden(phone.detail),
        sent_at=None if sent is None else sent.at,
        expires_at=sent.expires_at if sent is not None and left > 0 else None,
        seconds_left=max(left, 0),
        next_at=next_at,
        errors=errors,
    )


def ways_of(showing: Showing, texts: Texts, language: str) -> tuple[Way, ...]:
    """Return every way that would do, of equal size; apps count as one way."""
    if not isinstance(showing.step, AskAuthenticator):
        return ()
    ways: dict[str, Way] = {}
    for each in showing.step.offered:
        way = _way(each, showing, texts, language)
        ways.setdefault(way.value, way)
    return tuple(ways.values())


def _way(each: Authenticator, showing: Showing, texts: Texts, language: str) -> Way:
    if each.type is AuthenticatorType.SMS_CODE:
        number = partly_hidden(each.detail)
        text = texts.say(language, "sign_in.way_sms_code", number=number)
        return Way(value=each.id, text=text, hint=each.label, picture="sms_code")
    if each.type is AuthenticatorType.TOTP:
        text = texts.say(language, "sign_in.way_totp", label=each.label).strip()
        return Way(value=each.type, text=text, picture="totp")
    left = texts.say(language, "sign_in.way_recovery_left", count=showing.recovery_left)
    text = texts.say(language, "sign_in.way_recovery_code")
    return Way(value=each.type, text=text, hint=left, picture="recovery_code")


def _reason(showing: Showing, language: str) -> str:
    return "" if showing.verdict is None else showing.verdict.reason(language)
