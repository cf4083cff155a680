"""From what an attempt asks for to the page that asks it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import assert_never

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.password_outcomes import Refused, Unreachable, said
from portvakt.core.password_reset import (
    AskAnother,
    AskName,
    AskPassword,
    AskProof,
    AskUnlock,
    AwaitAnswer,
    AwaitLater,
    AwaitPeople,
    Done,
    Goal,
    NoOtherWay,
    Offer,
    Refuse,
    Unsure,
    Way,
)
from portvakt.core.push_approval import RequestStanding, standing_of_request
from portvakt.core.vouchers import Sort
from portvakt.journeys.reset_password.flow import offer_of, seen_of
from portvakt.journeys.reset_password.outcomes import KINDS, TEXTS, Showing
from portvakt.journeys.reset_password.pages import (
    CodePage,
    EndPage,
    KeyPage,
    LaterPage,
    PasswordPage,
    PeoplePage,
    PhoneEndedPage,
    PhonePage,
    StartPage,
    TextPage,
    UnlockPage,
    WayShown,
    WaysPage,
)
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.texts_told import TextShown, told_of_text
from portvakt.web.responses import Page
from portvakt.web.templates import Message

Errors = Mapping[str, Message | str]


def page_of(
    showing: Showing, errors: Errors | None = None, next_at: datetime | None = None
) -> Page:
    """Return the page for the step that an attempt is at."""
    state, wrong = showing.scene.state, errors or {}
    step = showing.scene.step
    match step:
        case AskName():
            return StartPage(goal=state.goal, errors=wrong)
        case AskProof() | AskAnother():
            return _proof_page(showing, step, wrong, next_at)
        case AskPassword(_, last):
            standing = showing.scene.standing
            name = "" if standing is None else standing.account.user_name
            return PasswordPage(
                flow=state.id, user_name=name, least=showing.least, last=last_of(last), errors=wrong
            )
        case AskUnlock(_, last):
            return UnlockPage(flow=state.id, last=last_of(last), errors=wrong)
        case AwaitPeople(sorts, given, until):
            who = _who(sorts)
            return PeoplePage(flow=state.id, who=who, given=given, until=until)
        case _:
            return _end_page(step, f"/reset/{state.id}")


_End = AwaitAnswer | AwaitLater | NoOtherWay | Unsure | Done | Refuse


def _end_page(step: _End, again: str) -> EndPage | LaterPage:
    """Return the page for a step that asks for nothing."""
    match step:
        case AwaitAnswer():
            return EndPage(what="writing", to=again)
        case AwaitLater(until):
            return LaterPage(until=until)
        case NoOtherWay():
            return EndPage(what="no_other")
        case Unsure():
            return EndPage(what="unsure", to="/sign-in")
        case Done(goal):
            return EndPage(what="unlocked" if goal is Goal.UNLOCK else "done", to="/sign-in")
        case Refuse(why):
            return EndPage(what="stopped", why=Message(why))
        case _:
            assert_never(step)


def last_of(last: Refused | Unreachable | None) -> Message | None:
    """Say what became of the write before."""
    match last:
        case None:
            return None
        case Refused():
            return Message(*said(last))
        case Unreachable():
            return Message("reset.unreachable")
        case _:
            assert_never(last)


def _proof_page(
    showing: Showing, step: AskProof | AskAnother, errors: Errors, next_at: datetime | None
) -> Page:
    flow, first = showing.scene.state.id, isinstance(step, AskProof)
    match step.chosen:
        case None | Way.PEOPLE:
            return WaysPage(flow=flow, first=first, ways=_ways(showing, step), errors=errors)
        case Way.CODE | Way.TOKEN | Way.CARD | Way.SUPPORT:
            return CodePage(flow=flow, first=first, way=step.chosen, errors=errors)
        case Way.TEXT | Way.LATER:
            return _text_page(showing, step, step.chosen, errors, next_at)
        case Way.KEY:
            said = {"": errors["code"]} if "code" in errors else errors
            return KeyPage(flow=flow, first=first, errors=said)
        case Way.PHONE:
            return _phone_page(showing, first=first, errors=errors, next_at=next_at)
        case _:
            assert_never(step.chosen)


def _text_page(
    showing: Showing,
    step: AskProof | AskAnother,
    way: Way,
    errors: Errors,
    next_at: datetime | None,
) -> Page:
    flow = showing.scene.state.id
    if isinstance(step, AskProof):
        return TextPage(flow=flow, first=True, next_at=next_at, errors=errors)
    offer, to = offer_of(step, way), _number_of_text(showing)
    phones = () if offer is None else offer.authenticators
    shown = to or next(iter(phones), None)
    return TextPage(
        flow=flow,
        first=False,
        number="" if shown is None else partly_hidden(shown.detail),
        told=told_of_text(text_shown(showing), showing.scene.visit.now),
        next_at=next_at,
        errors=errors,
    )


def text_shown(showing: Showing) -> TextShown | None:
    """Return the text that was sent after a proof, if its page may tell of it."""
    to = _number_of_text(showing)
    if to is None or showing.fate is None:
        return None
    return TextShown(showing.fate, partly_hidden(to.detail))


def _number_of_text(showing: Showing) -> Authenticator | None:
    step, sent = showing.scene.step, showing.sent
    if not isinstance(step, AskAnother) or step.chosen is None or sent is None:
        return None
    offer = offer_of(step, step.chosen)
    phones = () if offer is None else offer.authenticators
    return next((each for each in phones if each.id == sent.authenticator_id), None)


_ENDED = {
    RequestStanding.DENIED: "denied",
    RequestStanding.WRONG_NUMBER: "wrong_number",
    RequestStanding.EXPIRED: "unanswered",
    RequestStanding.TOO_LATE: "unanswered",
}


def _phone_page(showing: Showing, *, first: bool, errors: Errors, next_at: datetime | None) -> Page:
    flow, asked, now = showing.scene.state.id, showing.asked, showing.scene.visit.now
    stands = None if asked is None else standing_of_request(asked, now)
    if asked is not None and stands in (RequestStanding.WAITING, RequestStanding.APPROVED):
        return PhonePage(
            flow=flow, first=first, number=asked.number, seen=seen_of(asked, now), errors=errors
        )
    what = "not_asked" if stands is None else _ENDED.get(stands, "unanswered")
    return PhoneEndedPage(flow=flow, first=first, what=what, until=next_at)


_PICTURES = {**KINDS, Way.PEOPLE: "person"}


def _ways(showing: Showing, step: AskProof | AskAnother) -> tuple[WayShown, ...]:
    if isinstance(step, AskProof):
        return tuple(_general(each) for each in step.ways)
    return tuple(shown for each in step.offered for shown in _offered(each, showing))


def _who(sorts: AbstractSet[Sort]) -> str:
    return "both" if len(sorts) > 1 else next(iter(sorts), Sort.MANAGER).value


def _general(way: Way) -> WayShown:
    """Tell of a way as for anybody: no number, no name of a phone (A025)."""
    return WayShown(value=way, text=Message(f"reset.way_{way}"), picture=_PICTURES[way])


def _offered(offer: Offer, showing: Showing) -> tuple[WayShown, ...]:
    """Tell of a way as somebody has it, once something was shown."""
    way = offer.way
    if offer.authenticators and way in TEXTS:
        return tuple(_number(way, each) for each in offer.authenticators)
    hint: Message | str = ""
    if way is Way.CARD:
        hint = Message("reset.way_card_left", {"count": showing.left})
    elif way is Way.PEOPLE:
        hint = Message(f"reset.people_{_who(offer.sorts)}")
    elif way is Way.LATER:
        hint = Message("reset.way_later_hint")
    elif way in (Way.PHONE, Way.KEY, Way.CODE):
        hint = ", ".join(each.label for each in offer.authenticators if each.label)
    return (
        WayShown(value=way, text=Message(f"reset.way_{way}"), hint=hint, picture=_PICTURES[way]),
    )


def _number(way: Way, phone: Authenticator) -> WayShown:
    number = {"number": partly_hidden(phone.detail)}
    return WayShown(
        value=f"{way}:{phone.id}",
        text=Message("reset.way_text_to", number),
        hint=phone.label,
        picture=AuthenticatorType.SMS_CODE,
    )
