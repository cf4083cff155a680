"""An attempt: begun with a name, and led from proof to proof. What is next, the core says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from portvakt.common_passwords import PasswordJudge
from portvakt.core.freezing import Freezing
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.networks import network_name
from portvakt.core.password_reset import (
    LIVES,
    AskAnother,
    AskPassword,
    AskProof,
    AwaitPeople,
    Closed,
    Goal,
    Offer,
    Reset,
    Way,
    closed,
    name,
)
from portvakt.core.people import canonical_identifier
from portvakt.core.push_approval import (
    FINISH_WITHIN,
    RESET,
    Approval,
    RequestStanding,
    standing_of_request,
)
from portvakt.core.reset_events import (
    PrivilegedResetTried,
    ResetStarted,
)
from portvakt.core.signals import Action
from portvakt.core.vouchers import sorts_open
from portvakt.crypto.randomness import Random
from portvakt.journeys.reset_password.elsewhere import (
    ask_for_people,
    begin_slow_way,
    count_asking,
)
from portvakt.journeys.reset_password.outcomes import (
    TEXTS,
    Gone,
    GoOn,
    Later,
    NoTexts,
    Outcome,
    Policy,
    Scene,
    Showing,
    facts_of,
)
from portvakt.proving.answer import Judge
from portvakt.proving.ask import APART, CodeSender
from portvakt.proving.held import held_at_reset
from portvakt.proving.keys import KeyQuestions
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import Homes
from portvakt.proving.phone_requests import NotNow, PhoneRequests
from portvakt.proving.rules import Rules, judge
from portvakt.proving.text_limits import NotYet
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

LONGEST_WAIT: Final = 25.0
"""Seconds that a waiting page's question is held: less than proxies do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the reset journey is built from."""

    records: Records
    rules: Rules
    judge: Judge
    sender: CodeSender
    requests: PhoneRequests
    keys: KeyQuestions
    notices: Notices
    random: Random
    password_judge: PasswordJudge
    homes: Homes
    policy: Policy


async def scene_of(unit: Unit, flow: FlowId, parts: Parts, visit: Visit) -> Scene | None:
    """Read an attempt, whose it is and what is left of its budget; None where there is none."""
    found = await unit.resets.load(flow, visit.binding, visit.now, visit.browser)
    if found is None:
        return None
    rules = await parts.rules.within(unit, visit.now)
    state, standing = found[0], held_at_reset(found[1], rules)
    policy = parts.policy
    freezing = await freezing_of(unit, standing)
    scene = Scene(
        state=state,
        standing=standing,
        facts=facts_of(standing, policy, freezing, shut=shut_by_rule(rules, standing, visit)),
        ways=policy.ways,
        spent_until=None,
        visit=visit,
    )
    if state.evidence and scene.facts is not None and Way.PEOPLE in policy.ways:
        account = scene.facts.account
        others = await unit.vouches.could_stand_up(account.id)
        scene = replace(scene, facts=replace(scene.facts, sorts=sorts_open(account, others)))
    count = await unit.attempts.peek(*scene.tally)
    until = None if count is None else count.stopped_until
    return replace(scene, spent_until=until if until is not None and until > visit.now else None)


async def freezing_of(unit: Unit, standing: Standing | None) -> Freezing:
    """Read what makes somebody stand still; asked for a name that nobody has, too (A011)."""
    return await unit.freezes.of(AccountId("") if standing is None else standing.account.id)


def shut_by_rule(configuration: Configuration, standing: Standing | None, visit: Visit) -> bool:
    """Say whether a rule about resetting shuts it to this person, from here, now.

    Two kinds of proof are what it takes anyhow; what asks for more than that shuts it.
    """
    if standing is None:
        return False
    account, address = standing.account, visit.address
    verdict = judge(
        configuration, account, None, address, visit.now, visit.seen, action=Action.RESET
    )
    need = verdict.decision.requirement
    return verdict.decision.blocked or need.phishing_resistant or bool(need.any_of)


class ResetFlow:
    """Begins attempts, shows where they stand, and asks for proof."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def begin(self, typed: str, goal: Goal, visit: Visit) -> FlowId | None:
        """Begin with a name; the same for every name. None for what nobody can be called."""
        claimed = canonical_identifier(typed)
        if claimed is None:
            return None
        records = self._parts.records

        async def look(unit: Unit) -> tuple[Standing | None, Freezing, bool]:
            rules = await self._parts.rules.within(unit, visit.now)
            standing = held_at_reset(await unit.people.find(claimed, visit.browser), rules)
            shut = shut_by_rule(rules, standing, visit)
            return standing, await freezing_of(unit, standing), shut

        standing, freezing, by_rule = await records.read(look)
        facts = facts_of(standing, self._parts.policy, freezing, shut=by_rule)
        shut = Closed.UNUSABLE if facts is None else closed(facts, visit.now)
        account_id = None if standing is None else standing.account.id
        empty = Reset(
            id=FlowId(self._parts.random.id()),
            created_at=visit.now,
            expires_at=visit.now + LIVES,
        )
        state = name(empty, claimed, account_id, goal)
        told = said(visit, account_id)
        event: PrivilegedResetTried | ResetStarted
        if shut is Closed.PRIVILEGED:
            event = PrivilegedResetTried(**told, goal=goal)
        else:
            why = "unknown" if facts is None else "" if shut is None else shut.value
            event = ResetStarted(**told, goal=goal, closed=why)

        async def act(unit: Unit) -> None:
            await unit.resets.start(state, visit.binding)
            await unit.audit.write(event)

        await records.write(act)
        return state.id

    async def show(self, flow: FlowId, visit: Visit) -> Showing | Gone:
        """Return what the page of an attempt shows now."""

        async def act(unit: Unit) -> Showing | Gone:
            scene = await scene_of(unit, flow, self._parts, visit)
            if scene is None:
                return Gone()
            return await self._showing(unit, scene)

        showing = await self._parts.records.read(act)
        if isinstance(showing, Gone) or not isinstance(showing.scene.step, AskPassword):
            return showing
        return replace(showing, least=await self._least(showing.scene))

    async def _least(self, scene: Scene) -> int:
        home = None if scene.standing is None else self._parts.homes.of(scene.standing)
        asked = 0 if home is None else await home.least()
        return self._parts.password_judge.asking(asked).minimum

    async def _showing(self, unit: Unit, scene: Scene) -> Showing:
        state, step = scene.state, scene.step
        chosen = step.chosen if isinstance(step, AskProof | AskAnother) else None
        asked = sent = fate = None
        left = 0
        if chosen is Way.PHONE:
            asked = await unit.approvals.newest(state.id, RESET)
        if chosen in TEXTS and isinstance(step, AskAnother):
            sent = await unit.codes.newest(state.id, RESET)
            fate = None if sent is None else await unit.outbox.fate(sent.id)
        if isinstance(step, AskAnother) and scene.standing is not None:
            left = await unit.authenticators.recovery_left(scene.standing.account.id)
        return Showing(scene=scene, asked=asked, sent=sent, fate=fate, left=left)

    async def choose(self, flow: FlowId, wanted: str, visit: Visit) -> Outcome:
        """Take a way, and send what it needs; nothing known leads back to the list of ways."""
        way, _, number = wanted.partition(":")
        network = await self._network(visit)

        async def act(unit: Unit) -> Outcome:
            scene = await scene_of(unit, flow, self._parts, visit)
            if scene is None:
                return Gone()
            step = scene.step
            if not isinstance(step, AskProof | AskAnother | AwaitPeople):
                return GoOn(flow)
            if way == Way.PEOPLE and isinstance(step, AskAnother):
                return await ask_for_people(unit, scene, self._parts.notices)
            if way == Way.LATER and scene.state.slow_since is None:
                return await begin_slow_way(unit, scene, self._parts.notices)
            chosen = next((each for each in offered_by(step) if each == way), None)
            if scene.state.chosen is not chosen:
                state = replace(scene.state, chosen=chosen)
                if not await unit.resets.save(state):
                    return GoOn(flow)
                if scene.state.chosen is Way.PHONE:
                    await self._parts.requests.close(unit, flow, RESET, visit.now)
                scene = replace(scene, state=replace(state, version=state.version + 1))
            return await self._ask(unit, scene, AuthenticatorId(number), network=network)

        return await self._parts.records.write(act)

    async def waiting(self, visit: Visit) -> FlowId | None:
        """Find the attempt of this browser that waits out its day; None where there is none."""
        if Way.LATER not in self._parts.policy.ways:
            return None
        records = self._parts.records
        return await records.read(lambda unit: unit.resets.waiting(visit.binding, visit.now))

    async def again(self, flow: FlowId, visit: Visit) -> Outcome:
        """Send a new text, or ask the phone anew."""
        network = await self._network(visit)

        async def act(unit: Unit) -> Outcome:
            scene = await scene_of(unit, flow, self._parts, visit)
            if scene is None:
                return Gone()
            return await self._ask(unit, scene, AuthenticatorId(""), network=network)

        return await self._parts.records.write(act)

    async def _network(self, visit: Visit) -> str:
        """Name the organisation's network that this browser is on, or nothing."""
        networks = (await self._parts.rules.current(visit.now)).networks
        return network_name(visit.address, networks)

    async def _ask(
        self, unit: Unit, scene: Scene, number: AuthenticatorId, *, network: str
    ) -> Outcome:
        """Send what the chosen way needs, within a budget of its own (A082)."""
        state, visit = scene.state, scene.visit
        step = scene.step
        chosen = step.chosen if isinstance(step, AskProof | AskAnother) else None
        if chosen is Way.PHONE:
            newest = await unit.approvals.newest(state.id, RESET)
            if newest is not None and _waits(newest, visit.now):
                return GoOn(state.id)
        elif chosen in TEXTS:
            sent = await unit.codes.newest(state.id, RESET)
            if sent is not None and visit.now < sent.created_at + APART:
                return GoOn(state.id) if not number else Later(sent.created_at + APART)
        else:
            return GoOn(state.id)
        later = await count_asking(unit, scene)
        if later is not None:
            return later
        if chosen is Way.PHONE:
            return await self._phone(unit, scene, network=network)
        return await self._text(unit, scene, chosen, number)

    async def _phone(self, unit: Unit, scene: Scene, *, network: str) -> Outcome:
        """Ask every phone that would do; for a name without one, do as if."""
        state = scene.state
        asked = await self._parts.requests.ask(
            unit,
            flow=state.id,
            purpose=RESET,
            standing=scene.person(Way.PHONE),
            claimed=state.claimed,
            app_name="",
            network_name=network,
            visit=scene.visit,
            lock=False,
            password_proved=scene.proved,
        )
        if isinstance(asked, NotNow):
            return Later(asked.until or scene.visit.now)
        return GoOn(state.id)

    async def _text(self, unit: Unit, scene: Scene, way: Way, number: AuthenticatorId) -> Outcome:
        """Send a text to one of the numbers that may be used; for a name without one, do as if.

        Before a proof nobody is told of any number, so a text that is asked for again goes to the
        next of them.
        """
        state, visit = scene.state, scene.visit
        phones = {each.id: each for each in scene.answering(way)}
        if not phones or scene.standing is None:
            await self._parts.sender.pretend(unit, flow=state.id, purpose=RESET, visit=visit)
            return GoOn(state.id)
        newest = await unit.codes.newest(state.id, RESET)
        last = None if newest is None else newest.authenticator_id
        order = [*phones]
        if number in phones:
            to = number
        elif last in phones and not scene.proved:
            to = order[(order.index(last) + 1) % len(order)]
        else:
            to = last if last in phones else order[0]
        sent = await self._parts.sender.send(
            unit,
            flow=state.id,
            purpose=RESET,
            standing=scene.standing,
            authenticator=phones[to],
            visit=visit,
            proven=scene.proved,
        )
        if isinstance(sent, NotYet) and scene.proved:
            return NoTexts() if sent.why == "day" else Later(sent.at)
        return GoOn(state.id)

    async def wait(self, flow: FlowId, seen: str, visits: Callable[[], Visit]) -> Showing | Gone:
        """Hold a waiting page's question until its request has moved from `seen`, or 25 s."""
        clock = asyncio.get_running_loop().time
        ends = clock() + LONGEST_WAIT
        while True:
            visit = visits()
            found = await self._look(flow, visit)
            if isinstance(found, Gone) or found.asked is None:
                return found
            left = min(ends - clock(), _until_moved(found.asked, visit.now))
            if seen_of(found.asked, visit.now) != seen or ends - clock() <= 0:
                return found
            await self._parts.records.wait(f"approval:{found.asked.id}", max(left, 0.05))

    def _look(self, flow: FlowId, visit: Visit) -> Awaitable[Showing | Gone]:
        async def act(unit: Unit) -> Showing | Gone:
            scene = await scene_of(unit, flow, self._parts, visit)
            return Gone() if scene is None else await self._showing(unit, scene)

        return self._parts.records.read(act)


def offered_by(step: AskProof | AskAnother | AwaitPeople) -> tuple[Way, ...]:
    """List the ways that a step leaves open."""
    if isinstance(step, AwaitPeople):
        return ()
    if isinstance(step, AskProof):
        return step.ways
    return tuple(each.way for each in step.offered)


def offer_of(step: AskAnother, way: Way) -> Offer | None:
    """Give what of the account would do in this way."""
    return next((each for each in step.offered if each.way is way), None)


def seen_of(asked: Approval, now: datetime) -> str:
    """Write in one word where a request stands."""
    return standing_of_request(asked, now).value


def _waits(asked: Approval, now: datetime) -> bool:
    return standing_of_request(asked, now) in (RequestStanding.WAITING, RequestStanding.APPROVED)


def _until_moved(asked: Approval, now: datetime) -> float:
    """Return in how many seconds time alone moves a request."""
    ends = [asked.expires_at]
    if asked.answered_at is not None:
        ends.append(asked.answered_at + FINISH_WITHIN)
    later = [(each - now).total_seconds() for each in ends if each > now]
    return min(later, default=LONGEST_WAIT)
