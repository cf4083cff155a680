"""The address of the first password."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.password_rules import PasswordRules
from portvakt.core.secret import Secret
from portvakt.journeys.set_up_mfa.acting import HOME, Person, lacks_password
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.pages import PasswordPage
from portvakt.journeys.set_up_mfa.passwords import Chosen, Passwords
from portvakt.proving.choosing import Choosing
from portvakt.proving.password_meter import PasswordMeter
from portvakt.web.forms import form
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

WRONG = 422
ADDRESS = f"{HOME}/password"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosePassword:
    """Shown once, to somebody who came with a start code."""

    door: Door
    passwords: Passwords
    rules: PasswordRules
    meter: PasswordMeter

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [
            route(ADDRESS, self.show, who=Who.SIGNED_IN),
            route(ADDRESS, self.choose, methods=("POST",), who=Who.SIGNED_IN),
            route(f"{ADDRESS}/strength", self.strength, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """Ask for a password."""
        person = await self._person(request)
        if isinstance(person, Response):
            return person
        return page(request, PasswordPage(user_name=person.account.user_name))

    async def choose(self, request: Request) -> Response:
        """Take it, or say everything that is wrong with it at once."""
        person = await self._person(request)
        if isinstance(person, Response):
            return person
        typed = (await form(request))["password"]
        if not typed:
            return self._wrong(request, person, ["set_up_mfa.error_password_missing"])
        outcome = await self.passwords.choose(person, Secret(typed))
        if isinstance(outcome, Chosen):
            return see_other(HOME)
        said = [Message(*self.rules.said(each)) for each in outcome]
        return self._wrong(request, person, said)

    async def strength(self, request: Request) -> Response:
        """Tell the page's script how strong a password is so far."""
        person = await self._person(request)
        if isinstance(person, Response):
            return Response(status_code=404)

        async def find() -> Choosing:
            return Choosing(person.account, _nothing_more)

        return await self.meter.answer(request, person.session.id, find)

    async def _person(self, request: Request) -> Person | Response:
        person = await self.door.who(request)
        if isinstance(person, Response) or lacks_password(person):
            return person
        return see_other(HOME)

    def _wrong(self, request: Request, person: Person, said: Sequence[Message | str]) -> Response:
        names = ["password", *(f"password-{place}" for place in range(2, len(said) + 1))]
        errors = dict(zip(names, said, strict=True))
        view = PasswordPage(user_name=person.account.user_name, errors=errors)
        return page(request, view, WRONG)


async def _nothing_more() -> int:
    """Say what is asked for where the password lives beyond our own rules."""
    return 0
