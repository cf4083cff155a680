"""Addresses of a number: which one, and the code that was sent to it."""

from dataclasses import dataclass, replace
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.secret import Secret
from portvakt.journeys.set_up_mfa.acting import HOME, Person
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.flow import NumberSetUp
from portvakt.journeys.set_up_mfa.forms import Numbers, why_not
from portvakt.journeys.set_up_mfa.outcomes import (
    BoundNow,
    Full,
    Held,
    NotShown,
    NumberDraft,
    Over,
    Started,
    Stopped,
    WrongCode,
)
from portvakt.journeys.set_up_mfa.pages import CodePage, NumberPage
from portvakt.journeys.set_up_mfa.show import Errors, after_app
from portvakt.phone_numbers import written_for_people
from portvakt.proving.texts_told import TextShown, answer_waiting_page, told_of_text
from portvakt.web.forms import Valid, form, query
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message
from portvakt.web.words import clock

WRONG = 422
TOO_MANY = 429
ASK = f"{HOME}/number"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRoutes:
    """Two pages: the number, then its code."""

    door: Door
    ending: Ending
    acts: NumberSetUp
    numbers: Numbers

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, post, one = Who.SIGNED_IN, ("POST",), f"{ASK}/{{draft}}"
        return [
            route(ASK, self.ask, who=who),
            route(ASK, self.begin, methods=post, who=who),
            route(one, self.show, who=who),
            route(one, self.confirm, methods=post, who=who),
            route(f"{one}/text", self.text, who=who),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for a number."""
        entered = await self.door.enter(request, back=ASK)
        if isinstance(entered, Response):
            return entered
        person = entered.person
        number = (await self.door.typed_before(request, person)).get("number", "")
        return page(request, NumberPage(number=number, after_app=after_app(person)))

    async def begin(self, request: Request) -> Response:
        """Send a code to a number."""
        typed = (await form(request))["number"]
        entered = await self.door.enter(request, back=ASK, typed={"number": typed})
        if isinstance(entered, Response):
            return entered
        read = self.numbers.read(typed)
        if isinstance(read, Valid):
            began = await self.acts.begin(entered.person, read.value)
            if isinstance(began, Started):
                return see_other(f"{ASK}/{began.draft}")
            errors: Errors = {"number": why_not(began)}
        else:
            errors = read.errors
        view = NumberPage(number=typed, after_app=after_app(entered.person), errors=errors)
        return page(request, view, WRONG)

    async def show(self, request: Request) -> Response:
        """Ask for the code that was sent."""
        person = await self.door.go_on(request)
        return person if isinstance(person, Response) else await self._show(request, person)

    async def _show(
        self,
        request: Request,
        person: Person,
        errors: Errors | None = None,
        status: int = WRONG,
    ) -> Response:
        draft = await self.acts.show(person, _draft(request))
        if isinstance(draft, Over):
            return self.ending.over(request)
        left = int((draft.expires - person.now).total_seconds())
        view = CodePage(
            number=written_for_people(draft.number, self.numbers.country),
            draft=draft.id,
            told=told_of_text(self._text_of(draft), person.now),
            expires=draft.expires if left > 0 else None,
            seconds_left=max(left, 0),
            again=query(request)["again"] == "yes",
            errors=errors or {},
        )
        return page(request, view, status if errors else 200)

    async def text(self, request: Request) -> Response:
        """Tell a waiting page what has become of its text. For the script only."""
        person = await self.door.go_on(request, act=False)
        if isinstance(person, Response):
            return person
        draft, gate = _draft(request), self.door.gate

        async def look() -> TextShown | None:
            later = replace(person, visit=gate.later(person.visit))
            found = await self.acts.show(later, draft)
            return None if isinstance(found, Over) else self._text_of(found)

        return await answer_waiting_page(request, self.acts.records, look, now=gate.now)

    def _text_of(self, draft: NumberDraft) -> TextShown | None:
        number = written_for_people(draft.number, self.numbers.country)
        return None if draft.fate is None else TextShown(draft.fate, number)

    async def confirm(self, request: Request) -> Response:
        """Take the code that was sent, or send a new one."""
        person = await self.door.go_on(request)
        if isinstance(person, Response):
            return person
        sent = await form(request)
        if sent["again"]:
            return await self._again(request, person)
        if not sent["code"].strip():
            return await self._show(request, person, {"code": "set_up_mfa.error_code_missing"})
        return await self._answer(request, person, Secret(sent["code"]))

    async def _answer(self, request: Request, person: Person, typed: Secret) -> Response:
        outcome = await self.acts.confirm(person, _draft(request), typed)
        match outcome:
            case BoundNow():
                return await self.ending.after(request, person, outcome)
            case WrongCode(late):
                why = "set_up_mfa.error_sms_expired" if late else "set_up_mfa.error_sms_code"
                return await self._show(request, person, {"code": why})
            case Stopped(until):
                said = Message("set_up_mfa.error_stopped", {"time": until})
                return await self._show(request, person, {"code": said}, TOO_MANY)
            case Full():
                return see_other(HOME)  # which says that there is no room for another
            case NotShown():
                return self.door.show_again(request, back=HOME)
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)

    async def _again(self, request: Request, person: Person) -> Response:
        outcome = await self.acts.send_again(person, _draft(request))
        match outcome:
            case Started(draft):
                return see_other(f"{ASK}/{draft}?again=yes")
            case Held(why="day"):
                none = {"": "set_up_mfa.error_no_texts"}
                return await self._show(request, person, none, TOO_MANY)
            case Held(until):
                said = Message("set_up_mfa.code_wait", {"time": clock(until, seconds=True)})
                return await self._show(request, person, {"": said}, TOO_MANY)
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)


def _draft(request: Request) -> str:
    return str(request.scope["path_params"]["draft"])
