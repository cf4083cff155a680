"""Addresses of the reset site. The only file here that knows HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import FlowId
from portvakt.core.password_reset import Goal, Way
from portvakt.core.password_rules import PasswordRules
from portvakt.core.reset_proofs import SLOW
from portvakt.core.secret import Secret
from portvakt.journeys.reset_password.answers import ResetAnswers
from portvakt.journeys.reset_password.flow import Parts, ResetFlow, seen_of
from portvakt.journeys.reset_password.outcomes import (
    Gone,
    GoOn,
    Later,
    NoTexts,
    Outcome,
    Unfit,
    Waits,
    Wrong,
)
from portvakt.journeys.reset_password.pages import EndPage, PasswordPage, StartPage
from portvakt.journeys.reset_password.show import Errors, last_of, page_of, text_shown
from portvakt.journeys.reset_password.vouch_routes import VouchRoutes
from portvakt.journeys.reset_password.vouching import Vouching
from portvakt.journeys.reset_password.writing import ResetWriting
from portvakt.proving.gate import Gate
from portvakt.proving.password_meter import PasswordMeter
from portvakt.proving.texts_told import TextShown, answer_waiting_page
from portvakt.proving.visit import Visit
from portvakt.records import Records
from portvakt.web.cookies import keep_binding
from portvakt.web.forms import form, query
from portvakt.web.request import context
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

WRONG = 422
TOO_MANY = 429
HOME = "/reset"
BROWSER_KEPT = 2 * SLOW
"""How long a browser that waits out its day is known, even when it is closed meanwhile."""


def reset_routes(parts: Parts, *, gate: Gate, meter: PasswordMeter) -> list[Route]:
    """Build the journey and list its addresses."""
    return (
        ResetRoutes(
            flow=ResetFlow(parts),
            answers=ResetAnswers(parts),
            writing=ResetWriting(parts),
            records=parts.records,
            rules=parts.password_judge.rules,
            gate=gate,
            meter=meter,
        ).routes()
        + VouchRoutes(
            vouching=Vouching(records=parts.records, notices=parts.notices), gate=gate
        ).routes()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRoutes:
    """A name, proofs, a new password, and the truth."""

    flow: ResetFlow
    answers: ResetAnswers
    writing: ResetWriting
    records: Records
    rules: PasswordRules
    gate: Gate
    meter: PasswordMeter

    def routes(self) -> list[Route]:
        """List the addresses."""
        flow = f"{HOME}/{{flow}}"
        return [
            route(HOME, self.start, who=Who.ANYONE),
            route(HOME, self.begin, methods=("POST",), who=Who.ANYONE),
            route(flow, self.show, who=Who.BROWSER),
            route(flow, self.answer, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/choose", self.choose, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/key", self.key, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/send", self.send, methods=("POST",), who=Who.BROWSER),
            route(f"{flow}/phone", self.phone, who=Who.BROWSER),
            route(f"{flow}/text", self.text, who=Who.BROWSER),
            route(f"{flow}/strength", self.strength, methods=("POST",), who=Who.BROWSER),
        ]

    async def start(self, request: Request) -> Response:
        """Ask for a name, and what one came for."""
        waiting = await self.flow.waiting(await self.gate.visit(request))
        return page(request, StartPage(waiting=waiting))

    async def begin(self, request: Request) -> Response:
        """Take a name; what follows is the same for every one."""
        sent = await form(request)
        goal = Goal.UNLOCK if sent["goal"] == Goal.UNLOCK else Goal.NEW_PASSWORD
        flow = await self.flow.begin(sent["name"], goal, await self.gate.visit(request))
        if flow is None:
            errors = {"name": "reset.name_missing"}
            return page(request, StartPage(goal=goal, name="", errors=errors), WRONG)
        return see_other(_at(flow))

    async def show(self, request: Request) -> Response:
        """Show what this attempt asks for now."""
        return await self._shown(request, _flow(request), await self.gate.visit(request), 200)

    async def answer(self, request: Request) -> Response:
        """Take a code, an answer in the phone, a new password, or the wish to unlock."""
        sent = await form(request)
        flow, visit = _flow(request), await self.gate.visit(request)
        if "answered" in sent:
            return await self._after(request, await self.answers.answered(flow, visit), visit)
        if "unlock" in sent:
            return await self._after(request, await self.writing.unlock(flow, visit), visit)
        if "password" in sent:
            if not sent["password"]:
                missing = {"password": "reset.password_missing"}
                return await self._shown(request, flow, visit, WRONG, missing)
            outcome = await self.writing.write(flow, Secret(sent["password"]), visit)
            return await self._after(request, outcome, visit)
        by_key = bool(sent["key"])
        typed = sent["key"] if by_key else sent["code"]
        if not typed.strip():
            missing = {"code": "reset.code_missing"}
            return await self._shown(request, flow, visit, WRONG, missing)
        outcome = await self.answers.answer(flow, Secret(typed), visit, by_key=by_key)
        return await self._after(request, outcome, visit)

    async def choose(self, request: Request) -> Response:
        """Take a way, or go back to the list of ways."""
        sent = await form(request)
        visit = await self.gate.visit(request)
        outcome = await self.flow.choose(_flow(request), sent["way"], visit)
        return await self._after(request, outcome, visit)

    async def key(self, request: Request) -> Response:
        """Tell the page's script what a key is to sign."""
        await form(request)
        asked = await self.answers.ask_key(_flow(request), await self.gate.visit(request))
        if isinstance(asked, Gone):
            return _json({"error": "not_found"}, 404)
        return _json(dict(asked))

    async def send(self, request: Request) -> Response:
        """Send a new text, or ask the phone anew."""
        visit = await self.gate.visit(request)
        return await self._after(request, await self.flow.again(_flow(request), visit), visit)

    async def phone(self, request: Request) -> Response:
        """Tell a waiting page when its request has moved. For the script only."""
        flow, seen = _flow(request), query(request)["seen"]
        visit = await self.gate.visit(request)
        found = await self.flow.wait(flow, seen, lambda: self.gate.later(visit))
        if isinstance(found, Gone):
            return _json({"error": "not_found"}, 404)
        if found.asked is None or seen_of(found.asked, self.gate.now()) != seen:
            return _json({"changed": True})
        return _json({"changed": False, "seen": seen})

    async def text(self, request: Request) -> Response:
        """Tell a waiting page what has become of its text. For the script only."""
        flow, visit = _flow(request), await self.gate.visit(request)

        async def look() -> TextShown | None:
            showing = await self.flow.show(flow, self.gate.later(visit))
            return None if isinstance(showing, Gone) else text_shown(showing)

        return await answer_waiting_page(request, self.records, look, now=self.gate.now)

    async def strength(self, request: Request) -> Response:
        """Tell the page's script how strong a password is so far."""
        flow, visit = _flow(request), await self.gate.visit(request)
        return await self.meter.answer(request, flow, lambda: self.writing.choosing(flow, visit))

    async def _after(  # noqa: PLR0911  # one answer for each outcome there is
        self, request: Request, outcome: Outcome, visit: Visit
    ) -> Response:
        flow = _flow(request)
        match outcome:
            case GoOn(same):
                return see_other(_at(same))
            case Waits(same):
                response = see_other(_at(same))
                keep_binding(response, context(request).binding(), BROWSER_KEPT)
                return response
            case Gone():
                return page(request, EndPage(what="gone"), 410)
            case Wrong(way):
                wrong = {"code": _wrong(way)}
                return await self._shown(request, flow, visit, WRONG, wrong)
            case Later(at):
                later = {"": Message("reset.later", {"time": at})}
                return await self._shown(request, flow, visit, TOO_MANY, later, at)
            case NoTexts():
                return await self._shown(request, flow, visit, TOO_MANY, {"": "reset.no_texts"})
            case Unfit():
                return await self._unfit(request, outcome, visit)
            case _:
                assert_never(outcome)

    async def _shown(
        self,
        request: Request,
        flow: FlowId,
        visit: Visit,
        status: int,
        errors: Errors | None = None,
        next_at: datetime | None = None,
    ) -> Response:
        showing = await self.flow.show(flow, visit)
        if isinstance(showing, Gone):
            return page(request, EndPage(what="gone"), 410)
        return page(request, page_of(showing, errors, next_at), status)

    async def _unfit(self, request: Request, unfit: Unfit, visit: Visit) -> Response:
        """Show everything that is wrong with a password at once."""
        showing = await self.flow.show(_flow(request), visit)
        if isinstance(showing, Gone):
            return page(request, EndPage(what="gone"), 410)
        view = page_of(showing)
        if not isinstance(view, PasswordPage):
            return page(request, view)
        rules = replace(self.rules, minimum=unfit.least)
        said: list[Message] = [Message(*rules.said(each)) for each in unfit.findings]
        refused = last_of(unfit.refused)
        said += [] if refused is None else [refused]
        return page(request, replace(view, last=None, errors=_by_name(said)), WRONG)


def _by_name(said: Sequence[Message]) -> dict[str, Message | str]:
    names = ["password", *(f"password-{place}" for place in range(2, len(said) + 1))]
    return dict(zip(names, said, strict=True))


def _wrong(way: Way) -> str:
    return f"reset.wrong_{way}"


def _flow(request: Request) -> FlowId:
    return FlowId(request.scope["path_params"]["flow"])


def _at(flow: FlowId) -> str:
    return f"{HOME}/{flow}"


def _json(told: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")
