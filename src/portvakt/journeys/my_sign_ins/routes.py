"""`/my-sign-ins`. One factor is enough here, so that whoever is worried can act at once (A065)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import SessionId
from portvakt.core.messages import MessageId
from portvakt.core.networks import is_shared
from portvakt.core.sessions import is_live
from portvakt.journeys.my_sign_ins.flow import end_all, end_one, end_others, look
from portvakt.journeys.my_sign_ins.pages import MySignInsPage
from portvakt.journeys.my_sign_ins.words import Teller
from portvakt.proving.gate import Gate
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.cookies import drop_session
from portvakt.web.forms import query
from portvakt.web.request import context
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route

SHOWN = 50
_HERE = "/my-sign-ins"
_DONE = {
    "one": MessageId("my_sign_ins.ended_one"),
    "none": MessageId("my_sign_ins.ended_none"),
    "others": MessageId("my_sign_ins.ended_others"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MySignIns:
    """See where one is signed in, and end what should not be."""

    gate: Gate
    rules: Rules
    records: Records

    def routes(self) -> list[Route]:
        """Return the addresses of this journey."""
        post = ("POST",)
        return [
            route(_HERE, self.show, who=Who.SIGNED_IN),
            route(f"{_HERE}/others/end", self.others, methods=post, who=Who.SIGNED_IN),
            route(f"{_HERE}/all/end", self.everywhere, methods=post, who=Who.SIGNED_IN),
            route(f"{_HERE}/one/{{session}}/end", self.one, methods=post, who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """List sessions and events."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        visit, account = await self.gate.visit(request), current.standing.account
        found = await look(self.records, account.id)
        networks = (configuration := await self.rules.current(visit.now)).networks
        live = [
            each
            for each in found.sessions
            if is_live(each, visit.now, account.roles, shared=is_shared(each.address, networks))
        ]
        teller = Teller(
            configuration,
            context(request).site.organisation.name,
            visit.language,
        )
        view = MySignInsPage(
            open=teller.sessions(live, current.session.id),
            past=teller.events(found.events, SHOWN),
            done=_DONE.get(query(request)["done"]),
        )
        return page(request, view)

    async def one(self, request: Request) -> Response:
        """End one session; ending this very one is signing out."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=_HERE)
        session = SessionId(request.scope["path_params"]["session"])
        visit, account = await self.gate.visit(request), current.standing.account
        ended = await end_one(self.records, account.id, session, visit)
        if session == current.session.id:
            return _signed_out()
        return see_other(f"{_HERE}?done={'one' if ended else 'none'}")

    async def others(self, request: Request) -> Response:
        """End every other session."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=_HERE)
        visit, account = await self.gate.visit(request), current.standing.account
        await end_others(self.records, account.id, current.session.id, visit)
        return see_other(f"{_HERE}?done=others")

    async def everywhere(self, request: Request) -> Response:
        """End every session, this one too."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=_HERE)
        visit = await self.gate.visit(request)
        await end_all(self.records, current.standing.account.id, visit)
        return _signed_out()


def _signed_out() -> Response:
    response = see_other("/signed-out")
    drop_session(response)
    return response
