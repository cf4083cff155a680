"""The one act that binds what was proved, with everything that follows from it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from portvakt.core.assurance import METHODS, Evidence
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.best_shown import measure, shows_best
from portvakt.core.events import WelcomeWindowUsed
from portvakt.core.first_registration import Basis
from portvakt.core.ids import AuthenticatorId
from portvakt.core.passes import vouched_by
from portvakt.core.throttle import Familiarity, Kind
from portvakt.crypto.randomness import Random
from portvakt.journeys.set_up_mfa.acting import Person, by_pass, full, registers, still_enters
from portvakt.journeys.set_up_mfa.drafts import Detail
from portvakt.journeys.set_up_mfa.outcomes import BoundNow, Full, NotShown, Over
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.proving.after_binding import Grown, SessionLostError, Strengthener
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.held import held
from portvakt.proving.registering import rules_let_bind
from portvakt.records import Draft, Records, Standing, Unit

TURNS = 3
"""How often an act is begun again when another tab of the same session was first."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binder:
    """Binds, takes away what is replaced, tells, and lets the session grow: all or nothing."""

    records: Records
    random: Random
    teller: Teller
    strengthener: Strengthener
    policy: FirstPolicy

    def pending(
        self,
        person: Person,
        kind: AuthenticatorType,
        *,
        detail: str = "",
        id_: str = "",
        label: str = "",
    ) -> Authenticator:
        """Describe an authenticator that is not bound yet."""
        return Authenticator(
            id=AuthenticatorId(id_ or self.random.id()),
            account_id=person.account.id,
            type=kind,
            state=AuthenticatorState.ACTIVE,
            label=label,
            source="self",
            detail=detail,
            preferred=False,
            created_at=person.now,
            changed_at=person.now,
        )

    async def in_turn(self, act: Callable[[Unit], Coroutine[Any, Any, T]]) -> T | Over:
        """Run a binding act; where another tab was first, once more on what it left."""
        for _ in range(TURNS):
            try:
                return await self.records.write(act)
            except SessionLostError:
                continue
        return Over()

    async def bind(
        self,
        unit: Unit,
        person: Person,
        draft: Draft,
        proved: Authenticator,
        *,
        sealed: bytes | None = None,
        last_step: int | None = None,
        shown: Evidence | None = None,
    ) -> BoundNow | Full | NotShown | Over:
        """Bind what was proved. Part of the act that used the draft up.

        `shown` is the proof that it gave, where that says more than its type.
        Raises `SessionLostError`, which undoes the act.
        """
        await unit.turn(f"methods:{person.account.id}")
        stored = await unit.people.load(person.account.id, person.visit.browser)
        standing = held(stored, person.configuration)
        if standing is None or not standing.account.usable:
            raise SessionLostError
        if not registers(replace(person, standing=standing), proved.type):
            return Full(proved.type, 0)
        basis = await self.ground(unit, person, standing, draft.created_at, proved.type)
        if basis is None:
            return NotShown()
        detail = Detail.of(draft)
        old = _replaced(standing, detail)
        most = full(replace(person, standing=standing), proved.type)
        if most is not None and old is None:
            return Full(proved.type, most)
        proved = await self._clear_way(unit, standing, proved, person)
        if not await unit.authenticators.bind(proved, sealed=sealed, last_step=last_step):
            return Over()
        if old is not None:
            await unit.authenticators.remove(old.id, old.account_id)
            await self.teller.removed(unit, person, old, mail=False)
        if detail.preferred or (old is not None and old.preferred):
            await unit.authenticators.set_preferred(person.account.id, proved.id)
        await self.teller.added(unit, person, standing, proved, basis, replaced=old)
        then = "" if proved.type is AuthenticatorType.SMS_CODE else detail.number
        shown = shown or Evidence(proved.type, proved.id, person.now, METHODS)
        return BoundNow(
            authenticator=proved,
            begun=draft.created_at,
            grown=await self._grown(unit, person, standing, proved, shown),
            replaced=old,
            then_number=then,
        )

    async def ground(
        self,
        unit: Unit,
        person: Person,
        standing: Standing,
        begun: datetime,
        kind: AuthenticatorType,
    ) -> Basis | None:
        """Say on what ground this may be bound, by what is stored now, or None where on none.

        The welcome window is used up here and not when it lets somebody in: who closes the page too
        early may come back.
        """
        if not by_pass(person, standing, kind) or not self.by_rules(person, standing, begun):
            return None
        freezing = await unit.freezes.of(person.account.id)
        now = person.with_standing(standing, freezing)
        basis = still_enters(now, self.policy, begun)
        if basis is Basis.VOUCHED and not await self._spend_word(unit, person, standing):
            return None
        if basis is Basis.WELCOME_WINDOW:
            if not await unit.people.welcome_used(person.account.id, person.now):
                return None
            await unit.audit.write(WelcomeWindowUsed(**person.said()))
        return basis

    @staticmethod
    def by_rules(person: Person, standing: Standing, begun: datetime) -> bool:
        """Say whether rules let anything be bound here and now (`proving.registering`)."""
        bound, session = standing.authenticators, person.session
        return rules_let_bind(
            person.configuration, standing.account, bound, session, person.visit, begun
        )

    @staticmethod
    async def _spend_word(unit: Unit, person: Person, standing: Standing) -> bool:
        """Use up what people said, in the one statement that takes it away: it binds one thing."""
        word = vouched_by(person.session.evidence, standing.authenticators)
        return word is not None and await unit.authenticators.remove(word.id, word.account_id)

    async def _clear_way(
        self, unit: Unit, standing: Standing, proved: Authenticator, person: Person
    ) -> Authenticator:
        """Let something that was switched off be bound anew (SP 800-63B-4 section 3.2.2).

        Its count of wrong answers belongs to the account, so it starts over with the new binding.
        A number stays whose it was: a work phone is still one when its owner has proved it again.
        """
        off = [
            each
            for each in standing.authenticators
            if each.type is proved.type and each.state is not AuthenticatorState.ACTIVE
        ]
        for each in off:
            if each.detail == proved.detail and proved.type is AuthenticatorType.SMS_CODE:
                await unit.authenticators.remove(each.id, each.account_id)
                proved = replace(proved, source=each.source, label=each.label)
        if any(each.state is AuthenticatorState.DISABLED for each in off):
            key = (person.account.id, Kind(proved.type.value), Familiarity.ANY)
            await unit.attempts.give_back([key], person.now)
        return proved

    async def _grown(
        self,
        unit: Unit,
        person: Person,
        before: Standing,
        proved: Authenticator,
        shown: Evidence | None,
    ) -> Grown | None:
        """Let the session grow by what was proved, where it is the first, or better than before.

        What is better than all that was shown is asked for from now on, so whoever has just proved
        it goes on. Anybody else gains nothing: otherwise each new method would make the proof that
        let it in look fresh again.
        """
        second = usable_second_factors(before.authenticators, person.now)
        withdrawn = withdrawn_second_factors(before.authenticators, person.now)
        kept = measure(person.session.evidence, (*second, proved), withdrawn)
        better = not shows_best(person.session.evidence, kept)
        if second and not (person.registering or better):
            return None
        shown = shown or Evidence(proved.type, proved.id, person.now, METHODS)
        return await self.strengthener.grow(
            unit, person.session.id, shown, before, person.configuration, person.visit
        )


def _replaced(standing: Standing, detail: Detail) -> Authenticator | None:
    if not detail.replaces:
        return None
    found = (each for each in standing.authenticators if each.id == detail.replaces)
    return next(found, None)
