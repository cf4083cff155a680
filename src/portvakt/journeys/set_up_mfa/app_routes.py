"""Addresses of an app half set up: its key, and its first code."""

from dataclasses import dataclass
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.secret import Secret
from portvakt.journeys.set_up_mfa.acting import HOME, Person, offered
from portvakt.journeys.set_up_mfa.app_key import app_key
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.flow import AppSetUp
from portvakt.journeys.set_up_mfa.outcomes import BoundNow, Full, NotShown, Over, WrongCode
from portvakt.journeys.set_up_mfa.pages import AppPage
from portvakt.journeys.set_up_mfa.show import Errors
from portvakt.web.forms import form
from portvakt.web.request import context
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route

WRONG = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRoutes:
    """One page: shown until the app is proved, and never after."""

    door: Door
    ending: Ending
    apps: AppSetUp

    def routes(self) -> list[Route]:
        """List the addresses."""
        one = f"{HOME}/app/{{draft}}"
        return [
            route(one, self.show, who=Who.SIGNED_IN),
            route(one, self.confirm, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """Show the key and ask for the first code."""
        person = await self.door.go_on(request)
        return person if isinstance(person, Response) else await self._show(request, person)

    async def _show(
        self, request: Request, person: Person, errors: Errors | None = None
    ) -> Response:
        draft = await self.apps.show(person, _draft(request))
        if isinstance(draft, Over):
            return self.ending.over(request)
        issuer = context(request).site.organisation.name
        account = person.account.email or person.account.user_name
        key = app_key(draft.secret, issuer=issuer, account=account)
        view = AppPage(key=key, offered=offered(person), errors=errors or {})
        return page(request, view, WRONG if errors else 200)

    async def confirm(self, request: Request) -> Response:
        """Take the app's first code."""
        person = await self.door.go_on(request)
        if isinstance(person, Response):
            return person
        typed = (await form(request))["code"]
        if not typed.strip():
            return await self._show(request, person, {"code": "set_up_mfa.error_code_missing"})
        return await self._answer(request, person, Secret(typed))

    async def _answer(self, request: Request, person: Person, typed: Secret) -> Response:
        outcome = await self.apps.confirm(person, _draft(request), typed)
        match outcome:
            case BoundNow():
                return await self.ending.after(request, person, outcome)
            case WrongCode():
                return await self._show(request, person, {"code": "set_up_mfa.error_app_code"})
            case Full():
                return see_other(HOME)  # which says that there is no room for another
            case NotShown():
                return self.door.show_again(request, back=HOME)
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)


def _draft(request: Request) -> str:
    return str(request.scope["path_params"]["draft"])
