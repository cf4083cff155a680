"""Addresses of changing a password. The only file here that knows HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import METHODS
from portvakt.core.enrolment import may_change_password
from portvakt.core.password_outcomes import said as words_of_refusal
from portvakt.core.secret import Secret
from portvakt.core.sessions import SessionKind
from portvakt.journeys.change_password.flow import ChangePassword, Parts, Person
from portvakt.journeys.change_password.outcomes import (
    Away,
    Done,
    NoPassword,
    NotTaken,
    Outcome,
    Over,
    Stopped,
    Unsure,
    WrongCurrent,
)
from portvakt.journeys.change_password.pages import ChangePage, EndPage
from portvakt.proving.choosing import Choosing
from portvakt.proving.gate import Gate
from portvakt.proving.password_changing import Unfitting
from portvakt.proving.password_meter import PasswordMeter
from portvakt.web.forms import form
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

HOME = "/change-password"
REGISTRATION = "/security-info"
WRONG = 422
TOO_MANY = 429
AWAY = 503

MISSING = {"current": "change_password.current_missing", "new": "change_password.new_missing"}
"""What is said of a field that was left empty."""

Errors = Mapping[str, Message | str]


def change_password_routes(parts: Parts, *, gate: Gate, meter: PasswordMeter) -> list[Route]:
    """Build the journey and list its addresses."""
    return ChangePasswordRoutes(
        flow=ChangePassword(parts), parts=parts, gate=gate, meter=meter
    ).routes()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePasswordRoutes:
    """One form, and what became of it."""

    flow: ChangePassword
    parts: Parts
    gate: Gate
    meter: PasswordMeter

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, post = Who.SIGNED_IN, ("POST",)
        return [
            route(HOME, self.show, who=who),
            route(HOME, self.change, methods=post, who=who),
            route(f"{HOME}/strength", self.strength, methods=post, who=who),
            route(f"{HOME}/done", self.done, who=who),
            route(f"{HOME}/unsure", self.unsure, who=who),
            # where password managers look (W3C, A Well-Known URL for Changing Passwords)
            route("/.well-known/change-password", self.well_known, who=Who.ANYONE),
        ]

    async def show(self, request: Request) -> Response:
        """Ask for both passwords, once the best that the person has was shown just now."""
        person = await self._person(request)
        if isinstance(person, Response):
            return person
        return await self._form(request, person)

    async def change(self, request: Request) -> Response:
        """Take both, and write the new one."""
        person = await self._person(request)
        if isinstance(person, Response):
            return person
        sent = await form(request)
        missing = {name: said for name, said in MISSING.items() if not sent[name]}
        if missing:
            return await self._form(request, person, missing)
        outcome = await self.flow.change(person, Secret(sent["current"]), Secret(sent["new"]))
        return await self._after(request, person, outcome)

    async def strength(self, request: Request) -> Response:
        """Tell the page's script how strong the new one is so far."""
        person = await self._person(request)
        if isinstance(person, Response):
            return Response(status_code=404)
        home = self.parts.changes.homes.of(person.standing)

        async def find() -> Choosing | None:
            return None if home is None else Choosing(person.account, home.least)

        return await self.meter.answer(request, person.session.id, find)

    async def done(self, request: Request) -> Response:
        """Say that the new one holds."""
        return await self._end(request, "done")

    async def unsure(self, request: Request) -> Response:
        """Say that nobody knows which one holds."""
        return await self._end(request, "unsure")

    async def well_known(self, request: Request) -> Response:
        """Lead to the form."""
        del request
        return see_other(HOME)

    async def _person(self, request: Request) -> Person | Response:
        """Return who may change their password now, or send them to show who they are."""
        current = await self.gate.current(request)
        if current is None:
            return self.gate.sign_in(request, purpose=METHODS, to=HOME)
        if current.session.kind is SessionKind.REGISTRATION:
            return see_other(REGISTRATION)
        account_id = current.standing.account.id
        freezing = await self.parts.records.read(lambda unit: unit.freezes.of(account_id))
        if freezing.disowned is not None:
            return see_other(REGISTRATION)  # which says what sets the account free
        verdict = await self.gate.decide(request, current, None)
        shown, bound = current.session.evidence, current.standing.authenticators
        if verdict.decision.blocked or not may_change_password(bound, shown, self.gate.now()):
            return self.gate.sign_in(request, purpose=METHODS, to=HOME)
        return Person(
            session=current.session, standing=current.standing, visit=await self.gate.visit(request)
        )

    async def _form(
        self, request: Request, person: Person, errors: Errors | None = None, status: int = WRONG
    ) -> Response:
        least = await self.flow.least(person)
        if least is None:
            return page(request, EndPage(what="none"))
        view = ChangePage(user_name=person.account.user_name, least=least, errors=errors or {})
        return page(request, view, status if errors else 200)

    async def _end(self, request: Request, what: str) -> Response:
        if await self.gate.current(request) is None:
            return self.gate.sign_in(request, to="/apps")
        return page(request, EndPage(what=what))

    async def _after(  # noqa: PLR0911  # one answer for each outcome there is
        self, request: Request, person: Person, outcome: Outcome
    ) -> Response:
        match outcome:
            case Done():
                return see_other(f"{HOME}/done")
            case Unsure():
                return see_other(f"{HOME}/unsure")
            case Unfitting():
                return await self._form(request, person, _errors(outcome))
            case NotTaken(refused):
                return await self._form(
                    request, person, {"new": Message(*words_of_refusal(refused))}
                )
            case WrongCurrent(locked):
                why = "change_password.wrong_locked" if locked else "change_password.wrong_current"
                return await self._form(request, person, {"current": why})
            case Stopped(until):
                said = Message("change_password.stopped", {"time": until})
                return await self._form(request, person, {"current": said}, TOO_MANY)
            case Away():
                return await self._form(request, person, {"": "change_password.away"}, AWAY)
            case NoPassword():
                return page(request, EndPage(what="none"))
            case Over():
                return self.gate.sign_in(request, purpose=METHODS, to=HOME)
            case _:
                assert_never(outcome)


def _errors(unfit: Unfitting) -> Errors:
    """Say everything that is wrong with the new one at once."""
    names = ["new", *(f"new-{place}" for place in range(2, len(unfit.findings) + 1))]
    return dict(zip(names, starmap(Message, unfit.said()), strict=True))
