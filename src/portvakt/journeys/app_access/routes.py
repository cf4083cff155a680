"""`/app-access`. One factor is enough here: whoever is worried can act at once (ASVS 10.7.3)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import ClientId
from portvakt.core.messages import MessageId
from portvakt.journeys.app_access.flow import Tell, look, take_back
from portvakt.journeys.app_access.pages import AppAccessPage
from portvakt.journeys.app_access.words import told
from portvakt.proving.gate import Gate
from portvakt.proving.rules import Rules
from portvakt.proving.visit import visitor
from portvakt.records.unit import Records
from portvakt.web.forms import form, query
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route

_HERE = "/app-access"
_DONE = {
    "taken": MessageId("app_access.taken_back"),
    "none": MessageId("app_access.held_nothing"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppAccess:
    """See what apps may learn, and take it back."""

    gate: Gate
    rules: Rules
    records: Records
    tell: Tell

    def routes(self) -> list[Route]:
        """Return the addresses of this journey."""
        return [
            route(_HERE, self.show, who=Who.SIGNED_IN),
            route(_HERE, self.take_back, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """List the apps."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        now, account_id = self.gate.now(), current.standing.account.id
        found = await self.records.read(lambda unit: look(unit, account_id, now))
        apps = told(found, await self.rules.current(now))
        return page(request, AppAccessPage(apps=apps, done=_DONE.get(query(request)["done"])))

    async def take_back(self, request: Request) -> Response:
        """Take back what one app was given."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        app, account_id = ClientId((await form(request))["app"]), current.standing.account.id
        doer = visitor(await self.gate.visit(request))
        taken = await self.records.write(
            lambda unit: take_back(unit, account_id, app, doer, self.tell)
        )
        return see_other(f"{_HERE}?done={'taken' if taken else 'none'}")
