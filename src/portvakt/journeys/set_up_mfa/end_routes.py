"""How registration ends: the card of recovery codes, «Klart!», and one button onwards."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.authenticators import AuthenticatorType
from portvakt.crypto.passwords import Busy
from portvakt.journeys.set_up_mfa.acting import HOME, Person, by_people, offered
from portvakt.journeys.set_up_mfa.cards import Cards
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.flow import NumberSetUp
from portvakt.journeys.set_up_mfa.outcomes import BoundNow, NotShown, Over, Started
from portvakt.journeys.set_up_mfa.pages import ExpiredPage
from portvakt.journeys.set_up_mfa.show import card_of, has_card, has_number
from portvakt.records import Bound, RecordsUnavailable
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route

GONE = 410
APPS = frozenset({AuthenticatorType.PUSH, AuthenticatorType.TOTP})
"""After one of these a number is asked for, in case the telephone itself is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Leads on after something was bound, and hands out the card."""

    door: Door
    cards: Cards
    numbers: NumberSetUp

    def routes(self) -> list[Route]:
        """List the addresses."""
        who, cards = Who.SIGNED_IN, f"{HOME}/recovery-codes"
        return [
            route(f"{HOME}/finish", self.finish, methods=("POST",), who=who),
            route(cards, self.make, methods=("POST",), who=who),
            route(f"{cards}/{{draft}}", self.show, who=who),
        ]

    async def after(self, request: Request, person: Person, bound: BoundNow) -> Response:
        """Go to what comes next, with the cookie of a session that grew.

        Whatever goes wrong after the binding was committed, that cookie is handed out: the old one
        is worth nothing any more.
        """
        grown = _with(person, bound)
        try:
            where = await self._next(grown, bound)
        except (Busy, RecordsUnavailable):
            where = f"{HOME}?done=added"  # the codes can be made from there, when there is time
        response = see_other(where)
        if bound.grown is not None:
            self.door.gate.hand_out(request, response, bound.grown.opened)
        return response

    async def _next(self, person: Person, bound: BoundNow) -> str:
        ways = offered(person)
        texts = AuthenticatorType.SMS_CODE in ways
        if bound.authenticator.type in APPS and texts and not has_number(person):
            if not bound.then_number:
                return f"{HOME}/number"
            began = await self.numbers.begin(person, bound.then_number)
            if isinstance(began, Started):
                return f"{HOME}/number/{began.draft}"
            return f"{HOME}/number"
        if has_card(person) or AuthenticatorType.RECOVERY_CODE not in ways:
            said = "new_phone_added" if by_people(person) else _said(bound)
            return f"{HOME}?done={said}"
        made = await self.cards.make(person, begun=bound.begun)
        return _card_at(made) or f"{HOME}?done=added"

    async def finish(self, request: Request) -> Response:
        """End without a number: «Inte nu»."""
        entered = await self.door.enter(request)
        if isinstance(entered, Response):
            return entered
        if has_card(entered.person):
            return see_other(HOME)
        return await self._made(entered.person)

    async def make(self, request: Request) -> Response:
        """Make a new card; the old one is void."""
        entered = await self.door.enter(request)
        return entered if isinstance(entered, Response) else await self._made(entered.person)

    async def _made(self, person: Person) -> Response:
        return see_other(_card_at(await self.cards.make(person)) or HOME)

    async def show(self, request: Request) -> Response:
        """Show a card that was just made."""
        person = await self.door.who(request)
        if isinstance(person, Response):
            return person
        card = await self.cards.show(person, str(request.scope["path_params"]["draft"]))
        return (
            self.over(request) if isinstance(card, Over) else page(request, card_of(person, card))
        )

    def over(self, request: Request) -> Response:
        """Say that a step is over."""
        return page(request, ExpiredPage(), GONE)


def _said(bound: BoundNow) -> str:
    """Say what was done, as one word."""
    if bound.authenticator.type is AuthenticatorType.PUSH:
        return "phone_added"
    return "replaced" if bound.replaced else "added"


def _card_at(made: Started | NotShown | Over) -> str | None:
    """Return where a card is shown that was made just now; None where none was."""
    return f"{HOME}/recovery-codes/{made.draft}" if isinstance(made, Started) else None


def _with(person: Person, bound: BoundNow) -> Person:
    """Return the person as they stand now that the method is bound."""
    standing = person.standing
    gone = None if bound.replaced is None else bound.replaced.id
    kept = tuple(each for each in standing.bound if each.authenticator.id != gone)
    now = replace(standing, bound=(*kept, Bound(bound.authenticator)))
    session = person.session if bound.grown is None else bound.grown.session
    return replace(person, standing=now, session=session)
