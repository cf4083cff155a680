"""Asked to register something after signing in: now, or another day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.campaigns import Asked
from portvakt.journeys.set_up_mfa.acting import HOME, Person
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.pages import AskedPage, OnwardsPage
from portvakt.proving.campaigns import ASKED, asked_now
from portvakt.proving.held import allowed
from portvakt.records import Records
from portvakt.web.forms import form, query
from portvakt.web.paths import local_path
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRoutes:
    """One page with two ways on; where it cannot wait any more, one."""

    door: Door
    records: Records

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [
            route(ASKED, self.show, who=Who.SIGNED_IN),
            route(ASKED, self.later, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """Ask; whoever has it meanwhile goes on."""
        person = await self.door.who(request)
        if isinstance(person, Response):
            return person
        to, asked = local_path(query(request)["to"]), _asked(person)
        if asked is None:
            return page(request, OnwardsPage(to=to))
        why = allowed(person.standing, person.configuration).reason(person.visit.language)
        view = AskedPage(
            method=asked.register,
            home=HOME,
            to=to,
            reason=why,
            last_day=_noon(asked.last_day),
            must=asked.must,
            days=asked.snooze_days,
        )
        return page(request, view)

    async def later(self, request: Request) -> Response:
        """Wait, where that is possible, and go on."""
        person = await self.door.who(request)
        if isinstance(person, Response):
            return person
        to, asked = local_path((await form(request))["to"]), _asked(person)
        if asked is not None and asked.must:
            return see_other(HOME)
        if asked is not None:
            ends = person.now + timedelta(days=asked.snooze_days)
            await self.records.write_one(lambda unit: unit.snoozes.put(person.account.id, ends))
        return page(request, OnwardsPage(to=to))  # an app is reached from a page, not from a form


def _noon(day: date | None) -> datetime | None:
    """Return a time of a day, which is written as that day in every zone near."""
    return None if day is None else datetime.combine(day, time(12), tzinfo=UTC)


def _asked(person: Person) -> Asked | None:
    return asked_now(person.standing, person.configuration, person.now)
