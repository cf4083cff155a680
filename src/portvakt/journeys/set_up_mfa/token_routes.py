"""The address where a hardware token is taken into use."""

from dataclasses import dataclass
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.journeys.set_up_mfa.acting import HOME, Person, full
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.forms import NOT_USED_HERE
from portvakt.journeys.set_up_mfa.outcomes import (
    BoundNow,
    Full,
    NotShown,
    Over,
    Stopped,
    WrongCode,
)
from portvakt.journeys.set_up_mfa.pages import HardwareTokenPage
from portvakt.journeys.set_up_mfa.show import Errors
from portvakt.journeys.set_up_mfa.token_flow import Taken, TokenSetUp
from portvakt.web.forms import form
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

WRONG = 422
TOO_MANY = 429
TOKEN = f"{HOME}/hardware-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRoutes:
    """One page: the number on the back, and the code on the front."""

    door: Door
    ending: Ending
    tokens: TokenSetUp

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [
            route(TOKEN, self.ask, who=Who.SIGNED_IN),
            route(TOKEN, self.take, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def ask(self, request: Request) -> Response:
        """Ask for the number and a code."""
        entered = await self.door.enter(request, back=TOKEN)
        if isinstance(entered, Response):
            return entered
        most = full(entered.person, AuthenticatorType.HARDWARE_TOKEN)
        errors: Errors = {} if most is None else _no_room(most)
        serial = (await self.door.typed_before(request, entered.person)).get("serial", "")
        view = HardwareTokenPage(serial=serial, errors=errors)
        return page(request, view, WRONG if errors else 200)

    async def take(self, request: Request) -> Response:
        """Take the device into use."""
        sent = await form(request)
        typed = {"serial": sent["serial"]}
        entered = await self.door.enter(request, back=TOKEN, typed=typed)
        if isinstance(entered, Response):
            return entered
        serial, code = sent["serial"], sent["code"]
        missing = {name: _MISSING[name] for name in _MISSING if not sent[name].strip()}
        if missing:
            return _again(request, serial, missing)
        outcome = await self.tokens.take(entered.person, serial, Secret(code))
        return await self._answer(request, entered.person, serial, outcome)

    async def _answer(
        self, request: Request, person: Person, serial: str, outcome: Taken
    ) -> Response:
        match outcome:
            case BoundNow():
                return await self.ending.after(request, person, outcome)
            case WrongCode():
                return _again(request, serial, {"code": "set_up_mfa.error_token"})
            case Stopped(until):
                said = Message("set_up_mfa.error_stopped", {"time": until})
                return _again(request, serial, {"code": said}, TOO_MANY)
            case Full(_, most):
                return _again(request, serial, _no_room(most))
            case NotShown():
                return self.door.show_again(request, back=TOKEN)
            case Over():
                return see_other(HOME)
            case _:
                assert_never(outcome)


_MISSING = {
    "serial": "set_up_mfa.error_serial_missing",
    "code": "set_up_mfa.error_token_code_missing",
}


def _again(request: Request, serial: str, errors: Errors, status: int = WRONG) -> Response:
    return page(request, HardwareTokenPage(serial=serial, errors=errors), status)


def _no_room(most: int) -> Errors:
    if most == 0:
        return {"": NOT_USED_HERE}
    return {"": Message("set_up_mfa.limit_hardware_token", {"limit": most})}
