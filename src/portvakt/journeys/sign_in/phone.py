"""The phone in a sign-in: asking it, and telling the waiting page what has come of it.

A request is made by a form and never by looking at a page. The page learns of the answer by waiting
for the records' bell, so a thousand waiting pages ask the database nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import FlowId
from portvakt.core.networks import network_name
from portvakt.core.push_approval import (
    FINISH_WITHIN,
    Approval,
    RequestStanding,
    standing_of_request,
)
from portvakt.core.sign_in import AskAuthenticator, AskPhone, SignIn, Step
from portvakt.core.throttle import Familiarity, Kind
from portvakt.journeys.sign_in.outcomes import (
    AddressStopped,
    Gone,
    GoOn,
    Later,
    Outcome,
    PhoneShown,
)
from portvakt.journeys.sign_in.tries import count_visit
from portvakt.proving.finish import Finisher
from portvakt.proving.held import held
from portvakt.proving.phone_requests import Asked, NotNow, PhoneRequests, tally
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

LONGEST_WAIT: Final = 25.0
"""Seconds that a waiting page's question is held: less than proxies do."""
SLOW: Final = timedelta(seconds=20)
"""After so long without a sign from any phone, the page says that there are other ways."""
_SHORTEST_WAIT: Final = 0.05
Until = Callable[[Coroutine[Any, Any, bool]], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A sign-in as it was read in this act, and what is around it."""

    state: SignIn
    step: Step
    standing: Standing | None
    configuration: Configuration
    visit: Visit

    @property
    def kind(self) -> AuthenticatorType | None:
        """What a phone is to show here, or None where no phone is asked."""
        return phone_kind(self.step)

    @property
    def person(self) -> Standing | None:
        """The person, if the account may be used; nobody otherwise."""
        standing = self.standing
        return standing if standing is not None and standing.account.usable else None

    @property
    def network_name(self) -> str:
        """The organisation's network that this browser is on, or nothing."""
        return network_name(self.visit.address, self.configuration.networks)

    @property
    def app_name(self) -> str:
        """The app that is to be opened, or nothing for our own pages."""
        app = None if self.state.app is None else self.configuration.app(self.state.app)
        return "" if app is None else app.client_name

    @property
    def tally(self) -> tuple[str, Kind, Familiarity]:
        """By what requests of this step are counted."""
        kind = Kind.PUSH if self.kind is AuthenticatorType.PUSH else Kind.PUSH_FIRST
        return tally(self.person, self.state.claimed, kind, inside=bool(self.network_name))


def phone_kind(step: Step) -> AuthenticatorType | None:
    """Say what a phone is to show at this step, or None where no phone is asked."""
    if isinstance(step, AskPhone):
        return AuthenticatorType.PHONE_SIGN_IN
    if isinstance(step, AskAuthenticator) and step.chosen is AuthenticatorType.PUSH:
        return AuthenticatorType.PUSH
    return None


class PhoneSteps:
    """Asks phones within a sign-in."""

    def __init__(
        self, *, records: Records, rules: Rules, finisher: Finisher, requests: PhoneRequests
    ) -> None:
        self._records = records
        self._rules = rules
        self._finisher = finisher
        self._requests = requests

    async def ask(self, unit: Unit, scene: Scene) -> Asked | NotNow | None:
        """Ask the phones where this step is theirs. Part of the caller's act."""
        if scene.kind is None:
            return None
        return await self._requests.ask(
            unit,
            flow=scene.state.id,
            purpose=scene.state.purpose,
            standing=scene.person,
            claimed=scene.state.claimed,
            app_name=scene.app_name,
            network_name=scene.network_name,
            visit=scene.visit,
            lock=scene.kind is AuthenticatorType.PHONE_SIGN_IN,
            password_proved=scene.kind is AuthenticatorType.PUSH,
        )

    async def ask_anew(self, unit: Unit, scene: Scene) -> Outcome:
        """Ask once more, unless a request waits already: then its page is shown."""
        newest = await unit.approvals.newest(scene.state.id, scene.state.purpose)
        if newest is not None and _waits(newest, scene.visit.now):
            return GoOn(scene.state.id)
        return await self.ask_counted(unit, scene)

    async def ask_counted(self, unit: Unit, scene: Scene) -> Outcome:
        """Ask; before any password, also count against the address, as for a password."""
        strange = scene.kind is AuthenticatorType.PHONE_SIGN_IN and is_strange(
            scene.state, scene.standing
        )
        if strange:
            tried = await count_visit(unit, scene.visit, inside=bool(scene.network_name))
            if not tried.count.allowed:
                return AddressStopped(tried.count.stopped_until or scene.visit.now)
        asked = await self.ask(unit, scene)
        return Later(asked.until) if isinstance(asked, NotNow) else GoOn(scene.state.id)

    async def close(self, unit: Unit, scene: Scene) -> None:
        """End what was asked, because the person takes another way."""
        if scene.kind is not None:
            state = scene.state
            await self._requests.close(unit, state.id, state.purpose, scene.visit.now)

    async def shown(self, unit: Unit, scene: Scene) -> PhoneShown | None:
        """Read what the page of this step tells; None where no phone is asked."""
        if scene.kind is None:
            return None
        newest = await unit.approvals.newest(scene.state.id, scene.state.purpose)
        if newest is not None and newest.lock is not (
            scene.kind is AuthenticatorType.PHONE_SIGN_IN
        ):
            newest = None  # of an earlier step of the same sign-in
        held = None
        if newest is None or not _waits(newest, scene.visit.now):
            held = await self._requests.stopped(unit, scene.tally, scene.visit.now)
        return PhoneShown(asked=newest, held=held)

    async def wait(
        self, flow: FlowId, seen: str, visits: Callable[[], Visit], until: Until
    ) -> PhoneShown | Gone | None:
        """Hold a waiting page's question until there is something new to tell it, or 25 s.

        `seen` is what it showed last; `until` waits for a ring, and says False where the answer
        has to be given at once. None where no phone is asked any more: the page has to go
        on. Asks the database when it begins and when the bell rings, and not in between.
        """
        clock = asyncio.get_running_loop().time
        ends = clock() + LONGEST_WAIT
        while True:
            visit = visits()
            found = await self._look(flow, visit)
            if not isinstance(found, PhoneShown) or found.asked is None:
                return found
            left = min(ends - clock(), _until_told(found.asked, visit.now))
            if seen_of(found.asked, visit.now) != seen or ends - clock() <= 0:
                return found
            topic = f"approval:{found.asked.id}"
            if not await until(self._records.wait(topic, max(left, _SHORTEST_WAIT))):
                return found

    async def _look(self, flow: FlowId, visit: Visit) -> PhoneShown | Gone | None:
        configuration = await self._rules.current(visit.now)

        async def act(unit: Unit) -> PhoneShown | Gone | None:
            found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
            if found is None:
                return Gone()
            state, standing = found[0], held(found[1], configuration)
            at = await self._finisher.see(unit, state, standing, configuration, visit)
            scene = Scene(
                state=state,
                step=at.step,
                standing=standing,
                configuration=configuration,
                visit=visit,
            )
            return await self.shown(unit, scene)

        return await self._records.read(act)


def is_strange(state: SignIn, standing: Standing | None) -> bool:
    """Whether somebody asks who has proved nothing, in a browser that the account never used."""
    known = standing is not None and standing.known_browser
    return state.session_id is None and not known


def choosing_phone(state: SignIn) -> SignIn:
    """Take the phone in place of the password."""
    return replace(state, chosen=AuthenticatorType.PHONE_SIGN_IN)


def seen_of(asked: Approval, now: datetime) -> str:
    """Write in one word all that the page tells of a request."""
    marks = (
        ("s", asked.sent_at is not None),
        ("d", told_delivered(asked)),
        ("o", told_opened(asked)),
        ("l", is_slow(asked, now)),
    )
    return standing_of_request(asked, now).value + "-" + "".join(m for m, on in marks if on)


def told_delivered(asked: Approval) -> bool:
    """Whether the page may tell that it arrived: a stranger must not learn who has a phone."""
    return asked.delivered_at is not None and not asked.quiet


def told_opened(asked: Approval) -> bool:
    """Whether the page may tell that somebody looks at it."""
    return asked.opened_at is not None and not asked.quiet


def is_slow(asked: Approval, now: datetime) -> bool:
    """Whether it is time to say that no phone has answered."""
    return now - asked.created_at >= SLOW and not told_opened(asked)


def _waits(asked: Approval, now: datetime) -> bool:
    return standing_of_request(asked, now) in (RequestStanding.WAITING, RequestStanding.APPROVED)


def _until_told(asked: Approval, now: datetime) -> float:
    """Return in how many seconds time alone changes what is told."""
    changes = [asked.expires_at, asked.created_at + SLOW]
    if asked.answered_at is not None:
        changes.append(asked.answered_at + FINISH_WITHIN)
    later = [(each - now).total_seconds() for each in changes if each > now]
    return min(later, default=LONGEST_WAIT)
