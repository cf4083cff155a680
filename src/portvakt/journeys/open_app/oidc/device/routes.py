"""The addresses of devices without a keyboard, and of whoever lets them in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.device_grant import PATH
from portvakt.core.sessions import SessionKind
from portvakt.crypto.user_codes import UserCodes
from portvakt.journeys.open_app.device_pages import DeviceAskPage, DeviceCodePage, DeviceEndPage
from portvakt.journeys.open_app.oidc.answers import answered, brought, refused
from portvakt.journeys.open_app.oidc.authorize.flow import Blocked, NotYours, SignedIn
from portvakt.journeys.open_app.oidc.authorize.scope_words import in_words
from portvakt.journeys.open_app.oidc.callers.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.device.asking import (
    Answered,
    Asking,
    DeviceAsking,
    NeedsMore,
    NoSuchCode,
    Outcome,
    Stopped,
)
from portvakt.journeys.open_app.oidc.device.authorization import DeviceAuthorization
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.journeys.open_app.oidc.places import DEVICE_AUTHORIZATION
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.pages import BlockedPage, NotYoursPage
from portvakt.proving.gate import ANEW, Gate
from portvakt.proving.rules import Rules
from portvakt.web.forms import form
from portvakt.web.request import here
from portvakt.web.responses import page
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

FORBIDDEN, UNREADABLE, TOO_MANY = 403, 422, 429


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRoutes:
    """A device asks; a person types its code and answers."""

    gate: Gate
    clients: ClientAuthentication
    authorization: DeviceAuthorization
    asking: DeviceAsking
    clock: Callable[[], datetime]

    @classmethod
    def over(
        cls,
        gate: Gate,
        writes: Issuer,
        clients: ClientAuthentication,
        rules: Rules,
        codes: UserCodes,
        clock: Callable[[], datetime],
    ) -> Self:
        """Put the parts together over what the protocol has built."""
        records, random = writes.access.records, writes.random
        return cls(
            gate=gate,
            clients=clients,
            authorization=DeviceAuthorization(writes.name, records, codes, random),
            asking=DeviceAsking(records, rules, codes, random),
            clock=clock,
        )

    def routes(self) -> list[Route]:
        """Return the addresses."""
        post = ("POST",)
        return [
            route(DEVICE_AUTHORIZATION, self.begin, methods=post, who=Who.CLIENT),
            route(PATH, self.show, who=Who.SIGNED_IN),
            route(PATH, self.look, methods=post, who=Who.SIGNED_IN),
            route(f"{PATH}/answer", self.answer, methods=post, who=Who.SIGNED_IN),
        ]

    async def begin(self, request: Request) -> Response:
        """Give an app the two codes (RFC 8628 section 3.2)."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        app = await self.clients.app(came.authorization, came.sent, came.call)
        if isinstance(app, OAuthError):
            return answered(app)
        return answered(await self.authorization.answer(app, came.sent, came.call))

    async def show(self, request: Request) -> Response:
        """Ask for the code. An address cannot fill it in: whoever types it has it before them."""
        if await self._who(request) is None:
            return self.gate.sign_in(request, to=PATH)
        return page(request, DeviceCodePage())

    async def look(self, request: Request) -> Response:
        """Say what the code asks for."""
        who = await self._who(request)
        if who is None:
            return self.gate.sign_in(request, to=PATH)
        code = (await form(request))["code"]
        outcome = await self.asking.look(code, who, await self.gate.visit(request))
        return self._shown(request, outcome, code)

    async def answer(self, request: Request) -> Response:
        """Take the answer; a form without one is asked again."""
        who = await self._who(request)
        if who is None:
            return self.gate.sign_in(request, to=PATH)
        sent, visit = await form(request), await self.gate.visit(request)
        acts = {"yes": self.asking.allow, "no": self.asking.deny}
        act = acts.get(sent["answer"], self.asking.look)
        outcome = await act(sent["code"], who, visit)
        return self._shown(request, outcome, sent["code"], missed=sent["answer"] not in acts)

    async def _who(self, request: Request) -> SignedIn | None:
        """Return who is signed in and has shown two factors just now, or None."""
        current = await self.gate.current(request)
        if current is None or current.session.kind is not SessionKind.FULL:
            return None
        who = SignedIn(current.session, current.standing.account)
        return who if self.asking.enough(who, self.gate.now()) else None

    def _shown(
        self, request: Request, outcome: Outcome, code: str, *, missed: bool = False
    ) -> Response:
        match outcome:
            case NoSuchCode():
                return _code_again(request, Message("device_page.no_such_code"), UNREADABLE)
            case Stopped(until):
                return _code_again(
                    request, Message("device_page.stopped", {"until": until}), TOO_MANY
                )
            case NeedsMore(anew):
                return self.gate.sign_in(request, to=PATH, purpose=ANEW if anew else None)
            case NotYours() | Blocked():
                return _turned_away(request, outcome)
            case Asking():
                asked = _ask(outcome, code, missed=missed)
                return page(request, asked, UNREADABLE if missed else 200)
            case Answered(app, allowed):
                return page(request, DeviceEndPage(app=app.client_name, allowed=allowed))
            case _:
                assert_never(outcome)


def _code_again(request: Request, wrong: Message, status: int) -> Response:
    return page(request, DeviceCodePage(errors={"code": wrong}), status)


def _turned_away(request: Request, outcome: NotYours | Blocked) -> Response:
    name, number = outcome.app.client_name, here(request).request_id
    if isinstance(outcome, NotYours):
        return page(request, NotYoursPage(app=name, number=number), FORBIDDEN)
    why = outcome.verdict.reason(here(request).language)
    return page(request, BlockedPage(app=name, reason=why, number=number), FORBIDDEN)


def _ask(asking: Asking, code: str, *, missed: bool) -> DeviceAskPage:
    gets, others = in_words(asking.request.scope)
    return DeviceAskPage(
        code=code,
        app=asking.app.client_name,
        asked_at=asking.request.asked_at,
        network=asking.network,
        address=asking.request.address,
        near=asking.near,
        gets=gets,
        others=others,
        errors={"answer": Message("device_page.answer_missing")} if missed else {},
    )
