"""Addresses of a key half set up. Its page needs a script, for nothing else can talk to a key."""

from dataclasses import dataclass
from typing import assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.secret import Secret
from portvakt.journeys.set_up_mfa.acting import HOME, Person
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.key_flow import KeySetUp
from portvakt.journeys.set_up_mfa.key_words import accepts_of
from portvakt.journeys.set_up_mfa.outcomes import (
    BadName,
    BoundNow,
    Full,
    NotAKey,
    NotShown,
    Over,
    Started,
)
from portvakt.journeys.set_up_mfa.pages import KeyPage
from portvakt.journeys.set_up_mfa.show import Errors
from portvakt.web.forms import form
from portvakt.web.request import context
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route

KEY = f"{HOME}/key"
WRONG = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRoutes:
    """«Lägg till en nyckel»."""

    door: Door
    ending: Ending
    keys: KeySetUp

    def routes(self) -> list[Route]:
        """List the addresses."""
        one = f"{KEY}/{{draft}}"
        return [
            route(KEY, self.begin, methods=("POST",), who=Who.SIGNED_IN),
            route(one, self.show, who=Who.SIGNED_IN),
            route(one, self.confirm, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def begin(self, request: Request) -> Response:
        """Ask for a key; `kind` says whether for one that stands beside the password."""
        entered = await self.door.enter(request)
        if isinstance(entered, Response):
            return entered
        beside = (await form(request))["kind"] == "beside"
        began = await self.keys.begin(entered.person, beside=beside)
        if isinstance(began, Started):
            return see_other(f"{KEY}/{began.draft}")
        return see_other(HOME)  # which says that there is no room for another

    async def show(self, request: Request) -> Response:
        """Show the page whose script has the key made."""
        person = await self.door.go_on(request)
        return person if isinstance(person, Response) else await self._show(request, person)

    async def _show(
        self, request: Request, person: Person, name: str = "", errors: Errors | None = None
    ) -> Response:
        organisation = context(request).site.organisation.name
        draft = await self.keys.show(person, _draft(request), organisation=organisation)
        if isinstance(draft, Over):
            return self.ending.over(request)
        view = KeyPage(
            beside=draft.beside,
            accepts=accepts_of(draft.demands, self.keys.models),
            options=orjson.dumps(draft.options).decode(),
            label=name,
            errors=errors or {},
        )
        return page(request, view, WRONG if errors else 200)

    async def confirm(self, request: Request) -> Response:
        """Take the key that was made."""
        person = await self.door.go_on(request)
        if isinstance(person, Response):
            return person
        sent = await form(request)
        key, label = Secret(sent["key"]), sent["label"]
        outcome = await self.keys.confirm(person, _draft(request), key, label)
        if isinstance(outcome, BoundNow):
            return await self.ending.after(request, person, outcome)
        return await self._not_bound(request, person, outcome, label)

    async def _not_bound(
        self,
        request: Request,
        person: Person,
        outcome: BadName | NotAKey | Full | NotShown | Over,
        label: str,
    ) -> Response:
        match outcome:
            case BadName():
                errors: Errors = {"label": f"set_up_mfa.error_{outcome.value}"}
                return await self._show(request, person, label, errors)
            case NotAKey(why):
                errors = {"": "set_up_mfa.error_key" + (f"_{why}" if why else "")}
                return await self._show(request, person, label, errors)
            case Full():
                return see_other(HOME)
            case NotShown():
                return self.door.show_again(request, back=HOME)
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)


def _draft(request: Request) -> str:
    return str(request.scope["path_params"]["draft"])
