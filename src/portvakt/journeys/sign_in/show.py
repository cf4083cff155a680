"""From what a sign-in asks for to the page that asks it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from portvakt.core.assurance import METHODS
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorType,
    withdrawn_second_factors,
)
from portvakt.core.first_registration import Basis
from portvakt.core.known_browsers import may_remember
from portvakt.core.push_approval import Approval, RequestStanding, standing_of_request
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
)
from portvakt.core.signals import Risk
from portvakt.core.text_budget import Room, is_only_way
from portvakt.journeys.sign_in.keys import PASSKEY, takes_key
from portvakt.journeys.sign_in.outcomes import NO_TEXTS, PhoneShown, Sent, Showing
from portvakt.journeys.sign_in.pages import (
    FirstPage,
    GonePage,
    HardwareTokenPage,
    KeyPage,
    NewPasswordPage,
    PasswordPage,
    PhoneEndedPage,
    PhonePage,
    RecoveryPage,
    RefusedPage,
    Remember,
    SecondProofPage,
    SmsPage,
    TotpPage,
    Way,
)
from portvakt.journeys.sign_in.phone import is_slow, seen_of, told_delivered, told_opened
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.answer import usable
from portvakt.proving.held import allowed
from portvakt.proving.known_browsers import offered
from portvakt.proving.risk import risks_of
from portvakt.proving.rules import Verdict
from portvakt.proving.texts_told import TextShown, told_of_text
from portvakt.proving.visit import Visit
from portvakt.texts import Texts
from portvakt.web.responses import Page
from portvakt.web.templates import Message
from portvakt.web.words import clock

Errors = Mapping[str, Message | str]
_UNITS: Final = (
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
)
_ABOUT_A_CODE = ("sign_in.wrong_", "sign_in.used_", "sign_in.late_", "sign_in.unreadable_")


def page_of(  # noqa: C901, PLR0911  # one page for each step there is
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
            to, purpose = showing.state.to, showing.state.purpose
            return FirstPage(flow=flow, to=to, purpose=purpose, sent_at=sent, errors=wrong)
        case AskPassword():
            fresh = showing.state.purpose == METHODS and showing.state.session_id is not None
            phone = _has(AuthenticatorType.PHONE_SIGN_IN, showing, visit)
            key = takes_key(showing.state, showing.step) and _has(PASSKEY, showing, visit)
            return PasswordPage(flow=flow, fresh=fresh, phone=phone, key=key, errors=wrong)
        case AskPhone():
            return _phone_page(showing, visit, wrong)
        case AskAuthenticator():
            return _authenticator_page(showing, showing.step, visit, wrong, next_at)
        case AskSecondProof(options):
            inside = Basis.INSIDE in options
            found = SecondProofPage(flow=flow, inside=inside, number=showing.case, errors=wrong)
            return _saying_what_was_withdrawn(found, showing, visit)
        case AskStartCode():
            return SecondProofPage(flow=flow, inside=False, errors=wrong)
        case AskNewPassword():
            person = showing.standing
            name = "" if person is None else person.account.user_name
            if "code" in wrong:
                wrong = {"current": wrong["code"]}
            leaked = Risk.LEAKED_PASSWORD in risks_of(showing.state.risk)
            return NewPasswordPage(flow=flow, user_name=name, leaked=leaked, errors=wrong)
        case Refuse(why):
            number = showing.case or visit.request_id
            reason = _reason(showing, visit.language)
            return RefusedPage(why=why, reason=reason, request_id=number)
        case Finish() | AskEnrolment():
            return GonePage(to=showing.state.to)
        case _:
            assert_never(showing.step)


def _saying_what_was_withdrawn(found: SecondProofPage, showing: Showing, visit: Visit) -> Page:
    """Say so where somebody is asked for a start code because of methods by group."""
    standing, verdict = showing.standing, showing.verdict
    if standing is None or verdict is None:
        return found
    if not withdrawn_second_factors(standing.authenticators, visit.now):
        return found
    why = allowed(standing, verdict.configuration).reason(visit.language)
    return replace(found, withdrawn=True, reason=why)


def _authenticator_page(
    showing: Showing,
    step: AskAuthenticator,
    visit: Visit,
    errors: Errors,
    next_at: datetime | None,
) -> Page:
    flow, reason = showing.state.id, _reason(showing, visit.language)
    remember = _remember(showing, step, visit)
    if step.chosen is AuthenticatorType.PUSH:
        return _phone_page(showing, visit, errors, remember)
    if step.chosen is AuthenticatorType.PASSKEY:
        others = any(each.type is not AuthenticatorType.PASSKEY for each in step.offered)
        said = {"": errors["code"]} if "code" in errors else errors  # there is no field to mark
        return KeyPage(flow=flow, reason=reason, remember=remember, others=others, errors=said)
    if step.chosen is AuthenticatorType.TOTP:
        return TotpPage(flow=flow, reason=reason, remember=remember, errors=errors)
    if step.chosen is AuthenticatorType.HARDWARE_TOKEN:
        return HardwareTokenPage(flow=flow, reason=reason, remember=remember, errors=errors)
    if step.chosen is AuthenticatorType.RECOVERY_CODE:
        return RecoveryPage(flow=flow, reason=reason, errors=errors)
    phones = [each for each in step.offered if each.type is AuthenticatorType.SMS_CODE]
    sent = showing.sent
    phone = phones[0] if sent is None or sent.authenticator is None else sent.authenticator
    if sent is None and not errors and _texts_are_short(showing, step):
        errors = {"code": NO_TEXTS}
    left = 0 if sent is None else int((sent.expires_at - visit.now).total_seconds())
    return SmsPage(
        flow=flow,
        reason=reason,
        remember=remember,
        number=partly_hidden(phone.detail),
        sent_at=None if sent is None else sent.at,
        told=told_of_text(text_shown(sent), visit.now),
        expires_at=sent.expires_at if sent is not None and left > 0 else None,
        seconds_left=max(left, 0),
        next_at=next_at,
        errors=errors,
    )


def _texts_are_short(showing: Showing, step: AskAuthenticator) -> bool:
    """Say whether no text went for want of texts, and not because one went just now."""
    left = Room.PLENTY if showing.verdict is None else showing.verdict.configuration.texts
    return left is Room.NONE or (left is Room.KEPT and not is_only_way(step.offered))


def text_shown(sent: Sent | None) -> TextShown | None:
    """Return the text that was sent after a proof, if its page may tell of it."""
    if sent is None or sent.fate is None or sent.authenticator is None:
        return None
    return TextShown(sent.fate, partly_hidden(sent.authenticator.detail))


def _remember(showing: Showing, step: AskAuthenticator, visit: Visit) -> Remember | None:
    """Offer not to ask again, where a rule lets it be and this way of answering does."""
    lives = offered(showing.state, showing.verdict, visit)
    if lives is None or not may_remember(step.chosen):
        return None
    for unit, size in _UNITS:
        if lives >= 2 * size:  # so that it is never «1 days»
            label = Message(f"sign_in.remember_{unit}", {"count": lives // size})
            return Remember(label=label, ticked=visit.remember)
    return Remember(label=Message("sign_in.remember"), ticked=visit.remember)


def _phone_page(
    showing: Showing, visit: Visit, errors: Errors, remember: Remember | None = None
) -> Page:
    """Return the number, or what became of it."""
    flow, first = showing.state.id, isinstance(showing.step, AskPhone)
    instead = _instead(showing) if first else ""
    phone = showing.phone or PhoneShown(asked=None, held=None)
    asked, held = phone.asked, phone.held
    now = None if asked is None else standing_of_request(asked, visit.now)
    if now is RequestStanding.APPROVED and errors:
        now = RequestStanding.CLOSED  # its phone was put aside since, so it opens nothing
    if asked is not None and now in (RequestStanding.WAITING, RequestStanding.APPROVED):
        return PhonePage(
            flow=flow,
            reason=_reason(showing, visit.language),
            remember=remember,
            number=asked.number,
            first=first,
            instead=instead,
            told=told_of(asked, visit.now),
            seen=seen_of(asked, visit.now),
            note=errors.get("code", ""),
        )
    nothing = "unasked" if held is None else "stopped"
    return PhoneEndedPage(
        flow=flow,
        what=nothing if now is None else now.value,
        instead=instead,
        held=held is not None,
        until=None if held is None else held.until,
        often=held is not None and not first,
        number=showing.case,
    )


def _instead(showing: Showing) -> str:
    """Name the way back to where the phone was chosen."""
    return "sign_in.other_way" if showing.state.guarded else "sign_in.phone_password"


def told_of(asked: Approval, now: datetime) -> tuple[Message, ...]:
    """Tell what is known of a request: sent, delivered, opened, answered."""
    if standing_of_request(asked, now) is RequestStanding.APPROVED:
        return (Message("sign_in.phone_told_answered"),)
    if asked.sent_at is None:
        told = [_at("sign_in.phone_told_waiting", asked.created_at)]
    else:
        told = [_at("sign_in.phone_told_sent", asked.sent_at)]
    if asked.delivered_at is not None and told_delivered(asked):
        told.append(_at("sign_in.phone_told_delivered", asked.delivered_at))
    if asked.opened_at is not None and told_opened(asked):
        told.append(_at("sign_in.phone_told_opened", asked.opened_at))
    if is_slow(asked, now):
        told.append(Message("sign_in.phone_told_slow"))
    return tuple(told)


def _at(what: str, at: datetime) -> Message:
    return Message(what, {"time": clock(at, seconds=True)})


def _has(kind: AuthenticatorType, showing: Showing, visit: Visit) -> bool:
    """Whether a phone or a key of theirs would do in place of the password."""
    person = showing.standing
    return person is not None and bool(usable(person, kind, visit.now))


def ways_of(showing: Showing, texts: Texts, language: str) -> tuple[Way, ...]:
    """Return every way that would do, of equal size; apps count as one way."""
    if not isinstance(showing.step, AskAuthenticator):
        return ()
    ways: dict[str, Way] = {}
    for each in showing.step.offered:
        way = _way(each, showing, texts, language)
        known = ways.get(way.value)
        if known is not None and way.hint:
            # one request goes to all of somebody's phones with our app
            way = replace(known, hint=f"{known.hint}, {way.hint}")
            ways[way.value] = way
        ways.setdefault(way.value, way)
    return tuple(ways.values())


def _way(each: Authenticator, showing: Showing, texts: Texts, language: str) -> Way:
    if each.type is AuthenticatorType.SMS_CODE:
        number = partly_hidden(each.detail)
        text = texts.say(language, "sign_in.way_sms_code", number=number)
        return Way(value=each.id, text=text, hint=each.label, picture="sms_code")
    if each.type is AuthenticatorType.PASSKEY:
        text = texts.say(language, "sign_in.way_passkey")
        return Way(value=each.type, text=text, hint=each.label, picture="passkey")
    if each.type is AuthenticatorType.PUSH:
        text = texts.say(language, "sign_in.way_push")
        return Way(value=each.type, text=text, hint=each.label, picture="push")
    if each.type is AuthenticatorType.TOTP:
        text = texts.say(language, "sign_in.way_totp", label=each.label).strip()
        return Way(value=each.type, text=text, picture="totp")
    if each.type is AuthenticatorType.HARDWARE_TOKEN:
        text = texts.say(language, "sign_in.way_hardware_token")
        return Way(value=each.type, text=text, hint=each.label, picture="hardware_token")
    left = texts.say(language, "sign_in.way_recovery_left", count=showing.recovery_left)
    text = texts.say(language, "sign_in.way_recovery_code")
    return Way(value=each.type, text=text, hint=left, picture="recovery_code")


def _reason(showing: Showing, language: str) -> str | Message:
    return "" if showing.verdict is None else reason_of(showing.verdict, language)


def reason_of(verdict: Verdict, language: str) -> str | Message:
    """Say why something is asked for: in the words of a rule, or that the app wants it.

    What was amiss comes first; of several what strangers bring about last.
    """
    if verdict.at_risk and not verdict.decision.blocked:
        return Message(f"sign_in.risk_{verdict.at_risk[-1]}")
    if verdict.asked_by and not verdict.decision.blocked:
        return Message("sign_in.app_asks", {"app": verdict.asked_by})
    return verdict.reason(language)
