"""The door of registration: who is this, and have they shown enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import METHODS
from portvakt.core.first_registration import Basis
from portvakt.core.freezing import Disowned, could_set_free
from portvakt.journeys.set_up_mfa.acting import (
    HOME,
    AskFresh,
    AskOlder,
    AskPassword,
    Closed,
    Enter,
    Entry,
    Frozen,
    Person,
    enter,
)
from portvakt.journeys.set_up_mfa.pages import DisownedPage, FrozenPage, KeysAlonePage
from portvakt.journeys.set_up_mfa.show import closed_of
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.journeys.set_up_mfa.typed import Typed
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.gate import Gate
from portvakt.records import Records
from portvakt.web.forms import query
from portvakt.web.responses import page, see_other

SIGN_IN_AGAIN = f"/sign-in?to={HOME}"
SHOW_MORE = f"{SIGN_IN_AGAIN}&for={METHODS}"
FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who may change how they sign in, and on what ground."""

    person: Person
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Lets people in, or sends them to show more and back to where they were."""

    gate: Gate
    records: Records
    teller: Teller
    policy: FirstPolicy
    typed: Typed

    async def enter(
        self, request: Request, *, back: str = HOME, typed: Mapping[str, str] | None = None
    ) -> Entered | Response:
        """Ask for fresh proof (at most five minutes old) unless it was given; `back` is a GET.

        What was `typed`, without secrets, stands on that page again (`typed_before`).
        """
        person = await self.who(request, back=back)
        if isinstance(person, Response):
            return person
        entry = enter(person, self.policy)
        if isinstance(entry, AskFresh) and typed and any(typed.values()):
            back = f"{back}?typed={await self.typed.keep(person, typed)}"
        return await self._answer(request, person, entry, back)

    async def typed_before(self, request: Request, person: Person) -> dict[str, str]:
        """Return what was typed before fresh proof was asked for."""
        return await self.typed.back(person, query(request)["typed"])

    async def go_on(
        self, request: Request, *, back: str = HOME, act: bool = True
    ) -> Person | Response:
        """Let somebody come back to what they were let in to begin; it is bound to the session.

        Whether it may be finished is judged when it is, on what is stored then. `act=False` is for
        what a page asks by itself, which keeps no session alive.
        """
        person = await self.who(request, back=back, act=act)
        if isinstance(person, Response):
            return person
        entry = enter(person, self.policy)
        if isinstance(entry, Enter | AskFresh):
            return person
        answer = await self._answer(request, person, entry, back)
        return person if isinstance(answer, Entered) else answer

    def show_again(self, request: Request, *, back: str) -> Response:
        """Ask for fresh proof, and come back."""
        return self.gate.sign_in(request, purpose=METHODS, to=back)

    async def _answer(
        self, request: Request, person: Person, entry: Entry, back: str
    ) -> Entered | Response:
        match entry:
            case Enter(basis):
                return Entered(person, basis)
            case AskFresh():
                return self.show_again(request, back=back)
            case AskPassword():
                return see_other(f"{HOME}/password")
            case Closed(options):
                await self.records.write(lambda unit: self.teller.refused(unit, person, options))
                return page(request, closed_of(person, options, SIGN_IN_AGAIN), FORBIDDEN)
            case Frozen(until):
                return page(request, FrozenPage(until=until, again=SHOW_MORE), FORBIDDEN)
            case AskOlder(disowned, may_thaw):
                return page(request, _disowned(person, disowned, may_thaw=may_thaw), FORBIDDEN)
            case _:
                assert_never(entry)

    async def who(
        self, request: Request, *, back: str = HOME, act: bool = True
    ) -> Person | Response:
        """Return who is signed in here, or send them to sign in."""
        current = await self.gate.current(request, act=act)
        if current is None:
            return self.gate.sign_in(request, purpose=METHODS, to=back)
        verdict = await self.gate.decide(request, current, None)
        if verdict.decision.blocked:
            return self.gate.sign_in(request, purpose=METHODS, to=back)
        if current.standing.account.break_glass:
            return page(request, KeysAlonePage(), FORBIDDEN)
        account_id = current.standing.account.id
        return Person(
            session=current.session,
            standing=current.standing,
            configuration=verdict.configuration,
            inside=verdict.inside,
            visit=await self.gate.visit(request),
            freezing=await self.records.read(lambda unit: unit.freezes.of(account_id)),
        )


def _disowned(person: Person, disowned: Disowned, *, may_thaw: bool) -> DisownedPage:
    could = could_set_free(disowned, person.standing.authenticators, person.now)
    return DisownedPage(
        change=disowned.change,
        since=disowned.since,
        may_thaw=may_thaw,
        again=SHOW_MORE if could else "",
    )
