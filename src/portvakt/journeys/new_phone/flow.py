"""Asking people to stand up for somebody with a new phone, and going on when they have."""

from dataclasses import dataclass, replace

from portvakt.core.assurance import still_bound
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.first_registration import Basis
from portvakt.core.ids import AuthenticatorId, FlowId
from portvakt.core.new_phone import (
    BINDS,
    Closed,
    Facts,
    Policy,
    Progress,
    ask,
    closed,
    progress_of,
    shows_password,
    with_word,
    word_of_people,
)
from portvakt.core.new_phone_events import (
    NewPhoneAsked,
    NewPhoneOpened,
    NewPhoneRefused,
    NewPhoneWithdrawn,
)
from portvakt.core.reset_steps import Reset
from portvakt.core.sign_in import AskEnrolment, SignIn
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.core.vouchers import Sort, sort_of, sorts_open
from portvakt.crypto.randomness import Random
from portvakt.mail import Notice, What
from portvakt.proving.after_new_password import tell_everywhere
from portvakt.proving.finish import Finisher, Opened
from portvakt.proving.held import allowed, held
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit, said, visitor
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Bound, Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What this journey is built from."""

    records: Records
    rules: Rules
    finisher: Finisher
    notices: Notices
    random: Random
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A sign-in in which the password was shown, and whom its owner has asked."""

    state: SignIn
    standing: Standing
    attempt: Reset | None
    sorts: frozenset[Sort]
    closed: Closed | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class GoOn:
    """The page says what is next."""


@dataclass(frozen=True, slots=True)
class Often:
    """Asked as often as anybody may in a day."""


@dataclass(frozen=True, slots=True)
class Gone:
    """No such sign-in in this browser, or no password was shown in it."""


class _LostError(Exception):
    """Somebody was first, or a notice was answered meanwhile: the act is undone."""


class NewPhone:
    """Shows where an asking stands, and moves it on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, flow: FlowId, visit: Visit) -> Scene | Gone:
        """Return what the page shows now."""
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> Scene | Gone:
            return await self._scene(unit, flow, configuration, visit) or Gone()

        return await self._parts.records.read(act)

    async def ask(self, flow: FlowId, visit: Visit) -> GoOn | Often | Gone:
        """Ask people, and tell everything that the person has; nothing where it is not open."""
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> GoOn | Often | Gone:
            scene = await self._scene(unit, flow, configuration, visit)
            if scene is None:
                return Gone()
            told = said(visit, scene.standing.account.id)
            if scene.closed is not None:
                await unit.audit.write(NewPhoneRefused(**told, why=scene.closed))
                return GoOn()
            if scene.progress is not None:
                return GoOn()
            kind = Kind.NEW_PHONE_ASKED
            subject = scene.standing.account.id
            count = await unit.attempts.count(
                subject, kind, Familiarity.ANY, LIMITS[kind], visit.now
            )
            if not count.allowed:
                await unit.audit.write(NewPhoneRefused(**told, why="often"))
                return Often()
            await self._begin(unit, scene, visit)
            return GoOn()

        return await self._parts.records.write(act)

    async def _begin(self, unit: Unit, scene: Scene, visit: Visit) -> None:
        before, standing = scene.attempt, scene.standing
        if before is not None:  # what was said to an earlier asking is gone with it
            await unit.resets.close(before.id, before.version)
        await unit.resets.start(ask(scene.state, visit.now), visit.binding)
        account, notices = standing.account, self._parts.notices
        event = NewPhoneAsked(**said(visit, account.id), sorts=tuple(sorted(scene.sorts)))
        await unit.audit.write(event)
        await tell_everywhere(
            unit, notices, standing, Notice.NEW_PHONE, "new_phone", visitor(visit)
        )
        for each in await unit.vouches.could_stand_up(account.id):
            if sort_of(account, each) is Sort.MANAGER:
                await notices.tell(unit, each, What(notice=Notice.VOUCH_ASKED), visit)

    async def withdraw(self, flow: FlowId, visit: Visit) -> GoOn | Gone:
        """Ask nobody any more; whoever has said yes said it for nothing."""
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> GoOn | Gone:
            scene = await self._scene(unit, flow, configuration, visit)
            if scene is None:
                return Gone()
            attempt = scene.attempt
            if attempt is not None and await unit.resets.close(attempt.id, attempt.version):
                await unit.audit.write(NewPhoneWithdrawn(**said(visit, attempt.account_id)))
            return GoOn()

        return await self._parts.records.write(act)

    async def finish(self, flow: FlowId, visit: Visit) -> Opened | GoOn | Gone:
        """Open the session that binds the phone, once enough people have said yes.

        All of it is one act on what is stored now, and the asking is spent by it.
        """
        configuration = await self._parts.rules.current(visit.now)

        async def act(unit: Unit) -> Opened | GoOn | Gone:
            scene = await self._scene(unit, flow, configuration, visit)
            if scene is None:
                return Gone()
            ready = scene.closed is None and scene.progress is not None and scene.progress.complete
            if scene.attempt is None or not ready:
                return GoOn()
            return await self._open(unit, scene, scene.attempt, configuration, visit)

        try:
            return await self._parts.records.write(act)
        except _LostError:
            return GoOn()

    async def _open(
        self,
        unit: Unit,
        scene: Scene,
        attempt: Reset,
        configuration: Configuration,
        visit: Visit,
    ) -> Opened:
        state, account = scene.state, scene.standing.account
        await unit.turn(f"methods:{account.id}")
        spent = await unit.resets.close(attempt.id, attempt.version)
        if not spent or not await unit.flows.close(state.id, state.version):
            raise _LostError
        # as with every start code, the newest is the only one
        await unit.authenticators.remove_type(account.id, AuthenticatorType.START_CODE)
        word = word_of_people(AuthenticatorId(self._parts.random.id()), account, visit.now)
        if not await unit.authenticators.bind(word):
            raise _LostError
        standing = held(await unit.people.load(account.id, visit.browser), configuration)
        at = self._parts.finisher.look(
            with_word(state, word, visit.now), standing, configuration, visit
        )
        opened = await self._parts.finisher.conclude(unit, at, standing, visit)
        if not isinstance(opened, Opened):
            raise _LostError
        vouchers = tuple(each.person for each in attempt.vouches)
        await unit.audit.write(NewPhoneOpened(**said(visit, account.id), vouchers=vouchers))
        return opened

    async def _scene(
        self, unit: Unit, flow: FlowId, configuration: Configuration, visit: Visit
    ) -> Scene | None:
        """Read everything afresh; None where there is nobody who has shown a password."""
        found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
        if found is None:
            return None
        state, standing = found[0], held(found[1], configuration)
        if standing is None or not standing.account.usable:
            return None
        shown = still_bound(state.evidence, standing.authenticators, visit.now)
        if not shows_password(shown):
            return None
        account = standing.account
        kept = await unit.resets.load(flow, visit.binding, visit.now, new_phone=True)
        attempt = None if kept is None else kept[0]
        others = await unit.vouches.could_stand_up(account.id)
        facts = Facts(
            account=account,
            bound=standing.authenticators,
            freezing=await unit.freezes.of(account.id),
            sorts=sorts_open(account, others),
            by_rules=self._would_open(state, standing, configuration, visit),
        )
        return Scene(
            state=state,
            standing=standing,
            attempt=attempt,
            sorts=facts.sorts,
            closed=closed(facts, self._parts.policy, visit.now),
            progress=progress_of(attempt, visit.now),
        )

    def _would_open(
        self, state: SignIn, standing: Standing, configuration: Configuration, visit: Visit
    ) -> bool:
        """Ask the machine of signing in what it would say, had people stood up already.

        And whether such people may register what they would be let in for.
        """
        may = allowed(standing, configuration)
        if not any(map(may.registers, BINDS)):
            return False
        word = word_of_people(AuthenticatorId("word"), standing.account, visit.now)
        with_it = replace(standing, bound=(*standing.bound, Bound(word)))
        at = self._parts.finisher.look(
            with_word(state, word, visit.now), with_it, configuration, visit
        )
        return isinstance(at.step, AskEnrolment) and at.step.basis is Basis.VOUCHED
