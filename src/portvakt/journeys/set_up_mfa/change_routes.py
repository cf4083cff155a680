"""Addresses of one method: its name, its place in the order, another number, its end."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.authenticators import Authenticator, AuthenticatorType, is_work_phone
from portvakt.core.first_registration import Basis
from portvakt.journeys.set_up_mfa.acting import HOME, Person, mine, second_factors
from portvakt.journeys.set_up_mfa.changes import Change
from portvakt.journeys.set_up_mfa.door_routes import Door, Entered
from portvakt.journeys.set_up_mfa.forms import Numbers, why_not
from portvakt.journeys.set_up_mfa.outcomes import Started
from portvakt.journeys.set_up_mfa.pages import MethodPage, NumberPage, RemovePage, Way
from portvakt.journeys.set_up_mfa.parts import Acts
from portvakt.journeys.set_up_mfa.show import Errors, way_of
from portvakt.web.forms import Valid, form
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route

WRONG = 422


@dataclass(frozen=True, slots=True)
class Chosen:
    """Somebody who may change this method of theirs."""

    entered: Entered
    method: Authenticator

    @property
    def person(self) -> Person:
        """Whose it is."""
        return self.entered.person

    @property
    def way(self) -> Way:
        """The method as its owner sees it."""
        return way_of(self.method, self.person.standing.authenticators)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMethods:
    """The pages of one method. Each asks for fresh proof first (A026, A042, A043)."""

    acts: Acts
    door: Door
    numbers: Numbers

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, post, one = Who.SIGNED_IN, ("POST",), f"{HOME}/methods/{{method}}"
        return [
            route(one, self.show, who=who),
            route(one, self.rename, methods=post, who=who),
            route(f"{one}/prefer", self.prefer, methods=post, who=who),
            route(f"{one}/number", self.number, who=who),
            route(f"{one}/number", self.replace, methods=post, who=who),
            route(f"{one}/remove", self.ask, who=who),
            route(f"{one}/remove", self.remove, methods=post, who=who),
        ]

    async def show(self, request: Request) -> Response:
        """Show one method."""
        chosen = await self._chosen(request)
        if isinstance(chosen, Response):
            return chosen
        typed = await self.door.typed_before(request, chosen.person)
        return page(request, _page_of(chosen, typed.get("label")))

    async def rename(self, request: Request) -> Response:
        """Give it a name."""
        typed = (await form(request))["label"]
        chosen = await self._chosen(request, typed={"label": typed})
        if isinstance(chosen, Response):
            return chosen
        outcome = await self.acts.changes.rename(chosen.person, chosen.method, typed)
        if outcome in (Change.NAME_TOO_LONG, Change.NAME_UNREADABLE):
            errors: Errors = {"label": f"set_up_mfa.error_{outcome.value}"}
            return page(request, _page_of(chosen, typed, errors), WRONG)
        return see_other(f"{HOME}?done=renamed")

    async def prefer(self, request: Request) -> Response:
        """Ask for it first from now on: «Använd helst»."""
        chosen = await self._chosen(request)
        if isinstance(chosen, Response):
            return chosen
        await self.acts.changes.prefer(chosen.person, chosen.method)
        return see_other(f"{HOME}?done=preferred")

    async def number(self, request: Request) -> Response:
        """Ask for the number that replaces this one."""
        chosen = await self._phone(request)
        if isinstance(chosen, Response):
            return chosen
        number = (await self.door.typed_before(request, chosen.person)).get("number", "")
        return page(request, NumberPage(number=number, replaces=way_of(chosen.method)))

    async def replace(self, request: Request) -> Response:
        """Send a code to the new number; the old one goes when it has come back (A026)."""
        typed = (await form(request))["number"]
        chosen = await self._phone(request, typed={"number": typed})
        if isinstance(chosen, Response):
            return chosen
        read = self.numbers.read(typed)
        if isinstance(read, Valid):
            began = await self.acts.numbers.begin(
                chosen.person, read.value, replaces=chosen.method.id
            )
            if isinstance(began, Started):
                return see_other(f"{HOME}/number/{began.draft}")
            errors: Errors = {"number": why_not(began)}
        else:
            errors = read.errors
        view = NumberPage(number=typed, replaces=way_of(chosen.method), errors=errors)
        return page(request, view, WRONG)

    async def ask(self, request: Request) -> Response:
        """Ask whether it shall go, unless it must stay."""
        chosen = await self._chosen(request, off_too=True)
        if isinstance(chosen, Response):
            return chosen
        return self._removal(
            request, chosen, self.acts.changes.may_remove(chosen.person, chosen.method)
        )

    async def remove(self, request: Request) -> Response:
        """Take it away."""
        chosen = await self._chosen(request, off_too=True)
        if isinstance(chosen, Response):
            return chosen
        outcome = await self.acts.changes.remove(chosen.person, chosen.method)
        if outcome in (Change.DONE, Change.GONE):
            return see_other(f"{HOME}?done=removed")
        return self._removal(request, chosen, outcome)

    def _removal(self, request: Request, chosen: Chosen, verdict: Change) -> Response:
        way = chosen.way
        match verdict:
            case Change.DONE:
                return page(request, RemovePage(way=way))
            case Change.KEPT_BY_RULE:
                errors: Errors = {"": "set_up_mfa.error_last"}
            case Change.NOT_THEIRS:
                errors = {"": "set_up_mfa.error_not_yours"}
            case Change.FROZEN:
                errors = {"": "set_up_mfa.error_frozen"}
            case _:
                # a registration session, or proof that grew old between two reads
                return self.door.show_again(request, back=f"{HOME}/methods/{way.id}/remove")
        return page(request, RemovePage(way=way, kept=True, errors=errors), WRONG)

    async def _chosen(
        self, request: Request, *, off_too: bool = False, typed: Mapping[str, str] | None = None
    ) -> Chosen | Response:
        """Return the method of the address; `off_too` takes what is switched off as well."""
        id_ = str(request.scope["path_params"]["method"])
        back = str(request.scope["path"]).removesuffix("/prefer")  # which is no page
        entered = await self.door.enter(request, back=back, typed=typed)
        if isinstance(entered, Response):
            return entered
        if entered.basis is Basis.VOUCHED:  # people let somebody add, and change nothing else
            return self.door.show_again(request, back=back)
        standing = entered.person.standing
        method = mine(standing, id_)
        if method is None and off_too:
            method = next((each for each in second_factors(standing) if each.id == id_), None)
        if method is None:
            return problem(request, "not_found", 404)
        return Chosen(entered, method)

    async def _phone(
        self, request: Request, *, typed: Mapping[str, str] | None = None
    ) -> Chosen | Response:
        """Return a number that its owner registered: only such a one can be replaced here."""
        chosen = await self._chosen(request, typed=typed)
        if isinstance(chosen, Response):
            return chosen
        if chosen.method.type is not AuthenticatorType.SMS_CODE or is_work_phone(chosen.method):
            return problem(request, "not_found", 404)
        return chosen


def _page_of(chosen: Chosen, label: str | None = None, errors: Errors | None = None) -> MethodPage:
    kept = chosen.method.label if label is None else label
    return MethodPage(way=chosen.way, label=kept, errors=errors or {})
