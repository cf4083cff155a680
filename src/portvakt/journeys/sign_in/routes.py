"""Addresses of signing in. The only file here that knows HTTP."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import METHODS, meets
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.device_grant import asked_by_page
from portvakt.core.ids import FlowId
from portvakt.core.secret import Secret
from portvakt.core.sessions import SessionKind
from portvakt.journeys.sign_in.answers import Answers
from portvakt.journeys.sign_in.asked import said_of
from portvakt.journeys.sign_in.first_routes import WRONG, FirstPages
from portvakt.journeys.sign_in.flow import Parts, SignInFlow, Wanted, purpose_of
from portvakt.journeys.sign_in.key_routes import KeyRoutes, key_said
from portvakt.journeys.sign_in.keys import KeySteps
from portvakt.journeys.sign_in.new_password import NewPasswords
from portvakt.journeys.sign_in.outcomes import (
    AddressStopped,
    Anew,
    Away,
    Gone,
    GoOn,
    Later,
    Outcome,
    Showing,
    Stopped,
    Unfit,
    Wrong,
)
from portvakt.journeys.sign_in.pages import (
    AddressStoppedPage,
    AwayPage,
    DonePage,
    GonePage,
    OtherPage,
)
from portvakt.journeys.sign_in.show import page_of, ways_of
from portvakt.journeys.sign_in.ticket import TicketSignIn
from portvakt.journeys.sign_in.ticket_routes import TicketRoutes
from portvakt.journeys.sign_in.waiting_routes import WaitingRoutes
from portvakt.journeys.sign_in.ways import Ways
from portvakt.proving.destination import app_of, login_hint_of
from portvakt.proving.finish import Opened
from portvakt.proving.gate import ANEW, Current, Gate
from portvakt.proving.password_meter import PasswordMeter
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit
from portvakt.web.forms import Form, form, query
from portvakt.web.paths import local_path
from portvakt.web.request import context, here
from portvakt.web.responses import bound, page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

TOO_MANY = 429
AWAY = 503
TRY_AGAIN = 10
"""Seconds."""
START = "/sign-in"
BY_PHONE = f"way={AuthenticatorType.PHONE_SIGN_IN}".encode()
"""What stands in the form of whoever chooses the phone in place of a password."""


def sign_in_routes(
    parts: Parts, *, gate: Gate, meter: PasswordMeter, new_phone: bool
) -> list[Route]:
    """Build the journey and list its addresses."""
    start = SignInFlow(parts)
    answers, keys = Answers(parts, start), KeySteps(parts, start)
    by_ticket = TicketSignIn(parts, start)
    shown = SignInRoutes(
        start=start,
        keys=keys,
        answers=answers,
        firsts=FirstPages(parts.rules, gate, by_ticket),
        ways=Ways(parts, new_phone=new_phone),
        new_passwords=NewPasswords(parts),
        rules=parts.rules,
        gate=gate,
        meter=meter,
    )
    by_key = KeyRoutes(keys=keys, wanted=shown.wanted, gate=gate)
    waiting = WaitingRoutes(answers=answers, phones=parts.phone, records=parts.records, gate=gate)
    asking = TicketRoutes(tickets=by_ticket, gate=gate, wants=shown.wanted, after=shown.after)
    return by_key.routes() + shown.routes() + waiting.routes() + asking.routes()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRoutes:
    """Name and password, codes, another way, more proof."""

    start: SignInFlow
    keys: KeySteps
    answers: Answers
    firsts: FirstPages
    ways: Ways
    new_passwords: NewPasswords
    rules: Rules
    gate: Gate
    meter: PasswordMeter

    def routes(self) -> list[Route]:
        """List the addresses."""
        flow = "/sign-in/{flow}"
        return [
            route(START, self.show_start, who=Who.ANYONE),
            route(START, self.first, methods=("POST",), who=Who.ANYONE),
            route("/sign-in/again", self.again, methods=("POST",), who=Who.SIGNED_IN),
            route(flow, self.show, who=Who.BROWSER),
            route(flow, self.answer, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/new-password", self.new_password, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/strength", self.strength, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/other", self.other, who=Who.BROWSER),
            route(f"{flow}/choose", self.choose, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/send", self.send, methods=("POST",), who=Who.BROWSER),
        ]

    async def show_start(self, request: Request) -> Response:
        """Ask for name and password, or say why somebody signed in must show more."""
        asked = query(request)
        wanted = await self.wanted(asked["to"], asked["for"])
        if asked["for"] == ANEW:
            await self.gate.current(request, act=False)  # on a ward the page says whose this is
            name = await self.ways.name_in(asked["left"], await self.gate.visit(request))
            return await self.firsts.start(request, wanted, name or login_hint_of(wanted.to))
        current = await self.gate.current(request)
        if current is None and (way := await self.firsts.ticket_instead(request, wanted)):
            return bound(request, see_other(way))
        if current is None or (
            current.session.kind is SessionKind.REGISTRATION and wanted.purpose != METHODS
        ):
            return await self.firsts.start(request, wanted, login_hint_of(wanted.to))
        if wanted.purpose != METHODS and await self._enough(request, current, wanted):
            return see_other(wanted.to)
        return await self.firsts.again(request, current, wanted)

    async def first(self, request: Request) -> Response:
        """Take name and password, where there is room to compare one."""
        sent = await form(request)
        if sent["way"] == AuthenticatorType.PHONE_SIGN_IN:
            return await self._first(request, sent, by_phone=True)
        if sent["key"]:
            return await self._with_key(request, sent)
        with self.start.place(marked=here(request).browser is not None):
            return await self._first(request, sent, by_phone=False)

    async def _first(self, request: Request, sent: Form, *, by_phone: bool) -> Response:
        wanted = await self.wanted(sent["to"], sent["for"])
        name, password = sent["name"], sent["password"]
        missing: dict[str, Message | str] = {}
        if not name.strip():
            missing["name"] = "sign_in.name_missing"
        if not password and not by_phone:
            missing["password"] = "sign_in.password_missing"  # noqa: S105  # a message id
        if missing:
            return await self.firsts.wrong(request, wanted, name, missing)
        visit = await self.gate.visit(request)
        if by_phone:
            outcome = await self.start.with_phone(name, wanted, visit)
        else:
            outcome = await self.start.first(name, Secret(password), wanted, visit)
        if isinstance(outcome, Wrong):
            locked = outcome.why == "locked"
            wrong: dict[str, Message | str] = {
                "password": "sign_in.wrong_locked" if locked else "sign_in.wrong"
            }
            return await self.firsts.wrong(request, wanted, name, wrong)
        if isinstance(outcome, Away):
            return _away(request, _start(wanted))
        return await self.after(request, outcome, visit)

    async def _with_key(self, request: Request, sent: Form) -> Response:
        wanted, name = await self.wanted(sent["to"], sent["for"]), sent["name"]
        visit = await self.gate.visit(request)
        outcome = await self.keys.first(Secret(sent["key"]), name, wanted, visit)
        if isinstance(outcome, Wrong | Stopped):
            said = key_said(outcome, visit)
            status = WRONG if isinstance(outcome, Wrong) else TOO_MANY
            return await self.firsts.wrong(request, wanted, name, {"": said}, status)
        if isinstance(outcome, Away):
            return _away(request, _start(wanted))
        return await self.after(request, outcome, visit)

    async def again(self, request: Request) -> Response:
        """Begin to show more, or to show it again, in a session that stands."""
        sent = await form(request)
        wanted = await self.wanted(sent["to"], sent["for"])
        current = await self.gate.current(request)
        if current is None:
            return self.gate.sign_in(request, to=wanted.to)
        visit = await self.gate.visit(request)
        outcome = await self.start.again(current.session, wanted, visit)
        return await self.after(request, outcome, visit)

    async def show(self, request: Request) -> Response:
        """Show what this sign-in asks for now."""
        visit = await self.gate.visit(request)
        showing = await self.answers.show(_flow(request), visit)
        if isinstance(showing, Gone):
            return page(request, GonePage(), 410)
        await self._name_who_is_here(request, showing)
        return page(request, page_of(showing, visit))

    async def answer(self, request: Request) -> Response:
        """Take a code, a password or a start code."""
        sent = await form(request)
        flow, visit = _flow(request), await self.gate.visit(request)
        visit = replace(visit, remember=sent["remember"] == "yes")
        if "again" in sent:
            return await self.after(request, await self.ways.send(flow, visit), visit, flow)
        if "answered" in sent:
            return await self.after(request, await self.answers.answered(flow, visit), visit, flow)
        if sent["key"]:
            outcome = await self.answers.answer(flow, Secret(sent["key"]), visit, by_key=True)
            return await self.after(request, outcome, visit, flow)
        if not sent["code"].strip():
            return await self._reshow(request, flow, visit, "sign_in.code_missing")
        outcome = await self.answers.answer(flow, Secret(sent["code"]), visit)
        return await self.after(request, outcome, visit, flow)

    async def new_password(self, request: Request) -> Response:
        """Take a new password in place of one that must be changed."""
        sent = await form(request)
        flow, visit = _flow(request), await self.gate.visit(request)
        current, new = sent["current"], sent["new"]
        if not current or not new:
            field = "new" if current else "current"
            outcome: Outcome = Unfit(field, f"sign_in.new_password_{field}_missing")
        else:
            outcome = await self.new_passwords.change(flow, Secret(current), Secret(new), visit)
        return await self.after(request, outcome, visit, flow)

    async def strength(self, request: Request) -> Response:
        """Tell the page's script how strong a new password is so far."""
        flow, visit = _flow(request), await self.gate.visit(request)
        return await self.meter.answer(
            request, flow, lambda: self.new_passwords.choosing(flow, visit)
        )

    async def other(self, request: Request) -> Response:
        """List the other ways."""
        flow, visit = _flow(request), await self.gate.visit(request)
        showing = await self.answers.show(flow, visit, ways=True)
        if isinstance(showing, Gone):
            return page(request, GonePage(), 410)
        await self._name_who_is_here(request, showing)
        ways = ways_of(showing, context(request).site.texts, visit.language)
        view = OtherPage(flow=flow, ways=ways, new_phone=self.ways.by_people(showing))
        return page(request, view) if ways else see_other(_at(flow))

    async def choose(self, request: Request) -> Response:
        """Take another way."""
        sent = await form(request)
        flow, visit = _flow(request), await self.gate.visit(request)
        outcome = await self.ways.choose(flow, sent["way"], visit)
        return await self.after(request, outcome, visit, flow)

    async def send(self, request: Request) -> Response:
        """Send a new code."""
        flow, visit = _flow(request), await self.gate.visit(request)
        return await self.after(request, await self.ways.send(flow, visit), visit, flow)

    async def after(  # noqa: C901, PLR0911  # one answer for each outcome there is
        self, request: Request, outcome: Outcome, visit: Visit, flow: FlowId | None = None
    ) -> Response:
        """Answer with what came of somebody's answer; `flow` is the sign-in it was given in."""
        match outcome:
            case Opened():
                return await self._opened(request, outcome, visit)
            case GoOn(next_flow):
                return see_other(_at(next_flow))
            case Gone():
                return page(request, GonePage(), 410)
            case Later(at, why):
                return await self._reshow(request, flow, visit, why, TOO_MANY, at)
            case Wrong(kind, why):
                return await self._reshow(request, flow, visit, said_of(kind, why))
            case Stopped(until):
                said = Message("sign_in.stopped", {"time": until or visit.now})
                return await self._reshow(request, flow, visit, said, TOO_MANY)
            case AddressStopped(until):
                response = page(request, AddressStoppedPage(until=until), TOO_MANY)
                wait = max(1, int((until - visit.now).total_seconds()))
                response.headers["retry-after"] = str(wait)
                return response
            case Unfit(field, message, values):
                said = Message(message, dict(values))
                return await self._reshow(request, flow, visit, said, field=field)
            case Away():
                return _away(request, "/sign-in" if flow is None else _at(flow))
            case Anew(to, left):
                return see_other(f"/sign-in?to={quote(to, safe='/')}&for={ANEW}&left={left}")
            case _:
                assert_never(outcome)

    async def _reshow(
        self,
        request: Request,
        flow: FlowId | None,
        visit: Visit,
        message: Message | str | None,
        status: int = WRONG,
        next_at: datetime | None = None,
        field: str = "code",
    ) -> Response:
        """Show the same question again, with what was wrong at its field."""
        showing = await self.answers.show(flow, visit) if flow is not None else Gone()
        if isinstance(showing, Gone):
            return page(request, GonePage(), 410)
        await self._name_who_is_here(request, showing)
        errors = {} if message is None else {field: message}
        return page(request, page_of(showing, visit, errors, next_at), status)

    async def _name_who_is_here(self, request: Request, showing: Showing) -> None:
        """Have the page say whose session this is, where somebody signed in shows more."""
        if showing.state.session_id is not None:
            await self.gate.current(request, act=False, to=showing.state.to)

    async def _opened(self, request: Request, opened: Opened, visit: Visit) -> Response:
        """Hand out the session. A page of ours stands between the last form and an app.

        The strict `form-action 'self'` covers the whole chain of redirects after a form, so an app
        is reached from a page that goes on by itself.
        """
        to = await self.start.leads_to(opened, visit)
        app = app_of(to, await self.rules.current(visit.now))
        if app is None:
            response = see_other(to)
        else:
            response = page(request, DonePage(to=to, app_name=app.client_name))
        kept = await self.gate.keep_one(request, opened)
        self.gate.hand_out(request, response, kept)
        return response

    async def _enough(self, request: Request, current: Current, wanted: Wanted) -> bool:
        """Say whether nothing more is asked, by the rules or by the page that it leads to."""
        need = asked_by_page(wanted.to)
        shown = meets(current.session.evidence, need, self.gate.now())
        return shown and await self.gate.enough(request, current, wanted.app, wanted.to)

    async def wanted(self, to: str, purpose: str) -> Wanted:
        """Read where a sign-in leads, and what for."""
        path = local_path(to)
        app = app_of(path, await self.rules.current(self.gate.now()))
        return Wanted(
            to=path,
            app=None if app is None else app.client_id,
            purpose=purpose_of(path, purpose),
        )


def _flow(request: Request) -> FlowId:
    return FlowId(request.scope["path_params"]["flow"])


def _at(flow: FlowId) -> str:
    return f"/sign-in/{flow}"


def _start(wanted: Wanted) -> str:
    return f"/sign-in?to={quote(wanted.to, safe='/')}&for={wanted.purpose}"


def _away(request: Request, to: str) -> Response:
    """Say that nobody can look the password up now: not that it is wrong, and not «come in»."""
    response = page(request, AwayPage(to=to), AWAY)
    response.headers["retry-after"] = str(TRY_AGAIN)
    return response
