"""`/my-sign-ins`. One factor is enough here, so that whoever is worried can act at once (A065)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import KnownBrowserId, SessionId
from portvakt.core.messages import MessageId
from portvakt.core.networks import is_shared
from portvakt.core.sessions import is_live
from portvakt.journeys.my_sign_ins.disowning import Disowning
from portvakt.journeys.my_sign_ins.flow import end_all, end_one, end_others, forget_browser, look
from portvakt.journeys.my_sign_ins.pages import FrozenPage, MySignInsPage, NotMePage, OlderPage
from portvakt.journeys.my_sign_ins.words import NAMES, Teller
from portvakt.proving.gate import Gate
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.cookies import drop_session
from portvakt.web.forms import query
from portvakt.web.request import context
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route

NOT_FOUND = 404
_MOST_DIGITS = 18
_HERE = "/my-sign-ins"
_DONE = {
    "one": MessageId("my_sign_ins.ended_one"),
    "none": MessageId("my_sign_ins.ended_none"),
    "others": MessageId("my_sign_ins.ended_others"),
    "forgotten": MessageId("my_sign_ins.forgotten"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MySignIns:
    """See where one is signed in, and end what should not be."""

    gate: Gate
    rules: Rules
    records: Records
    disowning: Disowning

    def routes(self) -> list[Route]:
        """Return the addresses of this journey."""
        post, known = ("POST",), f"{_HERE}/known"
        return [
            route(_HERE, self.show, who=Who.SIGNED_IN),
            route(f"{_HERE}/others/end", self.others, methods=post, who=Who.SIGNED_IN),
            route(f"{_HERE}/all/end", self.everywhere, methods=post, who=Who.SIGNED_IN),
            route(f"{_HERE}/row/{{row}}/not-me", self.ask, who=Who.SIGNED_IN),
            route(f"{_HERE}/row/{{row}}/not-me", self.disown, methods=post, who=Who.SIGNED_IN),
            route(f"{known}/{{browser}}/forget", self.forget, methods=post, who=Who.SIGNED_IN),
            route(f"{_HERE}/one/{{session}}/end", self.one, methods=post, who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """List sessions and events, or only the events before a row."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        before, account = row_of(query(request)["before"]), current.standing.account
        teller, now = await self._teller(request), self.gate.now()
        known = now if teller.configuration.rule_set.knows_browsers else None
        found = await look(self.records, account.id, NAMES, before, known)
        if before is not None:
            past = teller.events(found.events)
            return page(request, OlderPage(past=past, older=found.older))
        live = [
            each
            for each in found.sessions
            if is_live(
                each,
                now,
                account.roles,
                shared=is_shared(each.address, teller.configuration.networks),
            )
        ]
        view = MySignInsPage(
            open=teller.sessions(live, current.session.id),
            unasked=teller.browsers(found.browsers),
            past=teller.events(found.events, found.sessions),
            older=found.older,
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

    async def forget(self, request: Request) -> Response:
        """Ask again in one browser."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=_HERE)
        browser = KnownBrowserId(request.scope["path_params"]["browser"])
        visit, account = await self.gate.visit(request), current.standing.account
        await forget_browser(self.records, account.id, browser, visit)
        return see_other(f"{_HERE}?done=forgotten")

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

    async def ask(self, request: Request) -> Response:
        """Show what would follow if this was somebody else. Nothing has happened yet."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        found = await self.disowning.look(current, _row(request), self.gate.now())
        told = None if found is None else (await self._teller(request)).event(found.event)
        if found is None or told is None:
            return problem(request, "not_found", NOT_FOUND)
        return page(request, NotMePage(row=told, since=found.since))

    async def disown(self, request: Request) -> Response:
        """Freeze and end everything, this session too; the answer has the number for support.

        One factor is enough, and nothing is asked anew: whoever is worried acts at once.
        """
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=_HERE)
        visit = await self.gate.visit(request)
        if not await self.disowning.disown(current, _row(request), visit):
            return problem(request, "not_found", NOT_FOUND)
        context(request).shared = None  # it is nobody's session any more
        response = page(request, FrozenPage(case=visit.request_id))
        drop_session(response)
        return response

    async def _teller(self, request: Request) -> Teller:
        here = context(request)
        configuration = await self.rules.current(self.gate.now())
        return Teller(configuration, here.site.organisation.name, here.here.language)


def _row(request: Request) -> int:
    """Return the row that the address names; 0, which none has, for what is no number."""
    return row_of(str(request.scope["path_params"]["row"])) or 0


def row_of(text: str) -> int | None:
    """Read the number of a row; None for what is none."""
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    return int(text)


def _signed_out() -> Response:
    response = see_other("/signed-out")
    drop_session(response)
    return response
