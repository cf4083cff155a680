"""Addresses of registration: the sheet, the guide, and what leads on from them.

All that knows HTTP is in the files here whose names end in `routes`.
"""

from dataclasses import dataclass
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.set_up_mfa.acting import HOME, offered, work_phone
from portvakt.journeys.set_up_mfa.app_routes import AppRoutes
from portvakt.journeys.set_up_mfa.asked_routes import AskedRoutes
from portvakt.journeys.set_up_mfa.change_routes import ChangeMethods
from portvakt.journeys.set_up_mfa.door_routes import Door, Entered
from portvakt.journeys.set_up_mfa.end_routes import Ending
from portvakt.journeys.set_up_mfa.forms import (
    Numbers,
    Wants,
    WantsApp,
    WantsNumber,
    WantsWorkPhone,
    read_sheet,
    why_not,
)
from portvakt.journeys.set_up_mfa.key_routes import KeyRoutes
from portvakt.journeys.set_up_mfa.number_routes import NumberRoutes
from portvakt.journeys.set_up_mfa.outcomes import Full, Started
from portvakt.journeys.set_up_mfa.pages import AlonePage, GuidePage
from portvakt.journeys.set_up_mfa.parts import Acts, Parts, acts_of
from portvakt.journeys.set_up_mfa.password_routes import ChoosePassword
from portvakt.journeys.set_up_mfa.phone_routes import PHONE, PhoneRoutes
from portvakt.journeys.set_up_mfa.show import Errors, has_card, home_of, sheet_of
from portvakt.journeys.set_up_mfa.thaw_routes import ThawRoutes
from portvakt.journeys.set_up_mfa.token_routes import TokenRoutes
from portvakt.phone_numbers import written_for_people
from portvakt.proving.gate import Gate
from portvakt.proving.password_meter import PasswordMeter
from portvakt.web.forms import Invalid, form, query
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

WRONG = 422
DONE = frozenset(
    {
        *("renamed", "preferred", "removed", "added", "replaced", "phone_added", "thawed"),
        *("vouched", "new_phone_added"),
    }
)
"""What the list may say was just done: `?done=…`, a word and never a sentence."""


def set_up_mfa_routes(
    parts: Parts, *, gate: Gate, numbers: Numbers, meter: PasswordMeter
) -> list[Route]:
    """Build the journey and list its addresses."""
    acts = acts_of(parts)
    door = Door(
        gate=gate,
        records=parts.records,
        teller=acts.teller,
        policy=parts.policy,
        typed=acts.typed,
    )
    ending = Ending(door=door, cards=acts.cards, numbers=acts.numbers)
    rules = parts.password_judge.rules
    return [
        *SetUpMfa(acts=acts, door=door, numbers=numbers).routes(),
        *AppRoutes(door=door, ending=ending, apps=acts.apps).routes(),
        *TokenRoutes(door=door, ending=ending, tokens=acts.tokens).routes(),
        *KeyRoutes(door=door, ending=ending, keys=acts.keys).routes(),
        *PhoneRoutes(door=door, ending=ending, phones=acts.phones, records=parts.records).routes(),
        *NumberRoutes(door=door, ending=ending, acts=acts.numbers, numbers=numbers).routes(),
        *ending.routes(),
        *ChangeMethods(acts=acts, door=door, numbers=numbers).routes(),
        *AskedRoutes(door=door, records=parts.records).routes(),
        *ThawRoutes(door=door, thawing=acts.thawing).routes(),
        *ChoosePassword(door=door, passwords=acts.passwords, rules=rules, meter=meter).routes(),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpMfa:
    """The sheet and the guide."""

    acts: Acts
    door: Door
    numbers: Numbers

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, post = Who.SIGNED_IN, ("POST",)
        return [
            route(HOME, self.home, who=who),
            route(HOME, self.sheet, methods=post, who=who),
            route(f"{HOME}/guide", self.guide, who=who),
            route(f"{HOME}/guide", self.guided, methods=post, who=who),
            route(PHONE, self.phone, methods=post, who=who),
            route(f"{HOME}/app", self.app, methods=post, who=who),
            route(f"{HOME}/no-smartphone", self.alone, who=who),
        ]

    async def home(self, request: Request) -> Response:
        """Show the sheet, and above it what is bound."""
        entered = await self.door.enter(request)
        if isinstance(entered, Response):
            return entered
        done = query(request)["done"]
        said = f"set_up_mfa.flash_{done}" if done in DONE else ""
        typed = await self.door.typed_before(request, entered.person)
        option, number = typed.get("option", ""), typed.get("number", "")
        return await self._home(request, entered, option=option, number=number, done=said)

    async def _home(
        self,
        request: Request,
        entered: Entered,
        *,
        option: str = "",
        number: str = "",
        errors: Errors | None = None,
        done: str = "",
    ) -> Response:
        person = entered.person
        left = await self.acts.cards.left(person) if has_card(person) else 0
        sheet = sheet_of(person, option=option, number=number)
        keys = await self.acts.keys.of(person)
        models = self.acts.keys.models
        view = home_of(
            person, left, sheet=sheet, keys=keys, models=models, errors=errors, done=done
        )
        return page(request, view, WRONG if errors else 200)

    async def sheet(self, request: Request) -> Response:
        """Take the sheet: «Spara»."""
        sent = await form(request)
        typed = {name: sent[name] for name in ("option", "number")}
        entered = await self.door.enter(request, typed=typed)
        if isinstance(entered, Response):
            return entered
        known = work_phone(entered.person.standing)
        read = read_sheet(sent, self.numbers, has_work_phone=known is not None)
        if isinstance(read, Invalid):
            return await self._home(
                request,
                entered,
                option=sent["option"],
                number=sent["number"],
                errors=read.errors,
            )
        return await self._wanted(request, entered, read.value)

    async def _wanted(self, request: Request, entered: Entered, wants: Wants) -> Response:
        """Begin what was chosen in the list: what is proved is asked for first from then on."""
        person = entered.person
        match wants:
            case WantsApp(number):
                began = await self.acts.phones.begin(person, number=number, preferred=True)
                return await self._began(request, entered, began, PHONE)
            case WantsNumber(number):
                sent = await self.acts.numbers.begin(person, number, preferred=True)
                if isinstance(sent, Started):
                    return see_other(f"{HOME}/number/{sent.draft}")
                written = written_for_people(number, self.numbers.country)
                # where there is no room for another, there is no field to point at either
                errors: Errors = {"" if isinstance(sent, Full) else "number": why_not(sent)}
                return await self._home(
                    request, entered, option="sms", number=written, errors=errors
                )
            case WantsWorkPhone():
                phone = work_phone(person.standing)
                if phone is not None:
                    await self.acts.changes.prefer(person, phone)
                return see_other(f"{HOME}?done=preferred")
            case _:
                assert_never(wants)

    async def phone(self, request: Request) -> Response:
        """Make a code that brings our app: «Konfigurera Authenticator-appen»."""
        entered = await self.door.enter(request)
        if isinstance(entered, Response):
            return entered
        began = await self.acts.phones.begin(entered.person)
        return await self._began(request, entered, began, PHONE)

    async def app(self, request: Request) -> Response:
        """Make a key for another app, with what was typed on the sheet before."""
        entered = await self.door.enter(request)
        if isinstance(entered, Response):
            return entered
        person, draft = entered.person, (await form(request))["draft"]
        number, preferred = await self.acts.phones.typed_beside(person, draft)
        began = await self.acts.apps.begin(person, number=number, preferred=preferred)
        return await self._began(request, entered, began, f"{HOME}/app")

    async def _began(
        self, request: Request, entered: Entered, began: Started | Full, where: str
    ) -> Response:
        if isinstance(began, Started):
            return see_other(f"{where}/{began.draft}")
        errors: Errors = {"": Message(f"set_up_mfa.limit_{began.type}", {"limit": began.most})}
        return await self._home(request, entered, errors=errors)

    async def guide(self, request: Request) -> Response:
        """Ask the guide's first question."""
        entered = await self.door.enter(request, back=f"{HOME}/guide")
        if isinstance(entered, Response):
            return entered
        way = (await self.door.typed_before(request, entered.person)).get("way", "")
        return page(request, GuidePage(way=way, offered=offered(entered.person)))

    async def guided(self, request: Request) -> Response:
        """Take its answer."""
        way = (await form(request))["way"]
        entered = await self.door.enter(request, back=f"{HOME}/guide", typed={"way": way})
        if isinstance(entered, Response):
            return entered
        match way:
            case "app":
                began = await self.acts.phones.begin(entered.person)
                return await self._began(request, entered, began, PHONE)
            case "sms":
                return see_other(f"{HOME}/number")
            case _:
                errors: Errors = {"way": "set_up_mfa.error_choose_way"}
                ways = offered(entered.person)
                return page(request, GuidePage(offered=ways, errors=errors), WRONG)

    async def alone(self, request: Request) -> Response:
        """List what there is without a smartphone."""
        entered = await self.door.enter(request, back=f"{HOME}/no-smartphone")
        if isinstance(entered, Response):
            return entered
        person = entered.person
        return page(request, AlonePage(codes_made=has_card(person), offered=offered(person)))
