"""Addresses of a phone half set up: its code, and the number to type in it."""

from dataclasses import dataclass, replace
from typing import assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.push_approval import RequestStanding
from portvakt.journeys.set_up_mfa.acting import HOME, Person, offered
from portvakt.journeys.set_up_mfa.app_key import pairing_key
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.outcomes import (
    BoundNow,
    Full,
    NotShown,
    NotYetApproved,
    Over,
    PhoneAsked,
    PhoneAwaited,
    PhoneCame,
    PhoneDraft,
    Started,
)
from portvakt.journeys.set_up_mfa.phone_flow import (
    AWAITED,
    TOLD,
    UNANSWERED,
    PhoneSetUp,
    awaited_topic,
    patience,
    stage,
    told,
)
from portvakt.journeys.set_up_mfa.phone_pages import (
    PhoneEndedPage,
    PhoneFoundPage,
    PhoneNumberPage,
    PhoneScanPage,
)
from portvakt.records import Records
from portvakt.web.forms import form, query
from portvakt.web.request import context, held_back
from portvakt.web.responses import Page, page, see_other
from portvakt.web.routing import Route, Who, route

TOO_MANY = 429
WRONG = 422
PHONE = f"{HOME}/phone"
WAITS = 25.0
"""Seconds that `/state` holds its answer back: less than a proxy's usual patience of 30."""
_WHY = {
    RequestStanding.DENIED: "denied",
    RequestStanding.WRONG_NUMBER: "wrong_number",
    RequestStanding.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRoutes:
    """One address that shows what comes next for the phone, whatever was pressed or reloaded."""

    door: Door
    ending: Ending
    phones: PhoneSetUp
    records: Records

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, one = Who.SIGNED_IN, f"{PHONE}/{{draft}}"
        return [
            route(one, self.show, who=who),
            route(one, self.go_on, methods=("POST",), who=who),
            route(f"{one}/state", self.state, who=who),
        ]

    async def show(self, request: Request) -> Response:
        """Show what comes next."""
        person = await self.door.go_on(request)
        return person if isinstance(person, Response) else await self._show(request, person)

    async def _show(
        self,
        request: Request,
        person: Person,
        note: str = "",
    ) -> Response:
        at = await self.phones.show(person, _draft(request))
        if isinstance(at, Over):
            return self.ending.over(request)
        return page(request, _page_of(request, person, at, note))

    async def state(self, request: Request) -> Response:
        """Answer when there is something else to tell than what was `seen`, or after a while.

        `changed` says that there is another page to show; until then `told` says how far it is.
        """
        person = await self.door.go_on(request, act=False)
        if isinstance(person, Response):
            return person
        id_, seen = _draft(request), query(request)["seen"]
        await self.records.listen()  # before it is looked, so that no ring is lost in between
        at = await self.phones.show(person, id_)
        if not isinstance(at, Over) and stage(at) == seen:
            with held_back(request) as held:
                rung = self.records.wait(awaited_topic(at), patience(at, person.now, WAITS))
                await held.wait(rung)
            if held.crowded:
                return _json({"error": "too_many"}, TOO_MANY)
            later = replace(person, visit=await self.door.gate.visit(request))
            at = await self.phones.show(later, id_)
        now = stage(at)
        if now not in TOLD:
            return _json({"changed": now != AWAITED or seen != AWAITED})
        said = context(request).site.texts.say(person.visit.language, f"set_up_mfa.pair_told_{now}")
        return _json({"changed": False, "seen": now, "told": said})

    async def go_on(self, request: Request) -> Response:
        """Take «Fortsätt» of whichever step was shown."""
        person = await self.door.go_on(request)
        if isinstance(person, Response):
            return person
        sent = await form(request)
        match sent["step"]:
            case "number":
                return await self._confirm(request, person)
            case "not_mine":
                return await self._disown(request, person)
            case _:
                return await self._ask(request, person)

    async def _ask(self, request: Request, person: Person) -> Response:
        outcome = await self.phones.ask(person, _draft(request))
        match outcome:
            case Started():
                return self._here(request)
            case PhoneAwaited():
                return await self._show(request, person, "set_up_mfa.no_phone_yet")
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)

    async def _disown(self, request: Request, person: Person) -> Response:
        outcome = await self.phones.disown(person, _draft(request))
        if isinstance(outcome, Over):
            return self.ending.over(request)
        return see_other(f"{PHONE}/{outcome.draft}")

    async def _confirm(self, request: Request, person: Person) -> Response:
        outcome = await self.phones.confirm(person, _draft(request))
        match outcome:
            case BoundNow():
                return await self.ending.after(request, person, outcome)
            case NotYetApproved():
                return await self._not_yet(request, person)
            case Full():
                return see_other(HOME)  # which says that there is no room for another
            case NotShown():
                return self.door.show_again(request, back=HOME)
            case Over():
                return self.ending.over(request)
            case _:
                assert_never(outcome)

    async def _not_yet(self, request: Request, person: Person) -> Response:
        """Say that the phone has not answered, unless there is something else to say."""
        at = await self.phones.show(person, _draft(request))
        if isinstance(at, PhoneAsked) and at.standing is RequestStanding.WAITING:
            return await self._show(request, person, "set_up_mfa.no_answer_yet")
        return self._here(request)

    def _here(self, request: Request) -> Response:
        return see_other(f"{PHONE}/{_draft(request)}")


def _page_of(request: Request, person: Person, at: PhoneDraft, note: str) -> Page:
    match at:
        case PhoneAwaited(id=id_, code=code, expires=expires):
            account = person.account.email or person.account.user_name
            key = pairing_key(code, app_origin=context(request).site.app_origin, account=account)
            return PhoneScanPage(
                draft=id_,
                key=key,
                expires=expires,
                state=stage(at),
                note=note,
                other_app=AuthenticatorType.TOTP in offered(person),
            )
        case PhoneCame(phone=phone):
            return PhoneFoundPage(name=phone.name)
        case PhoneAsked(id=id_, phone=phone, approval=approval) if at.standing in UNANSWERED:
            left = int((approval.expires_at - person.now).total_seconds())
            return PhoneNumberPage(
                draft=id_,
                name=phone.name,
                number=approval.number,
                told=told(at),
                seconds_left=max(left, 0),
                state=stage(at),
                note=note,
            )
        case PhoneAsked(phone=phone, standing=standing):
            return PhoneEndedPage(name=phone.name, why=_WHY.get(standing, "ended"))
        case _:
            assert_never(at)


def _json(told: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")


def _draft(request: Request) -> str:
    return str(request.scope["path_params"]["draft"])
