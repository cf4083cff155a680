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
)
from portvakt.core.events import WelcomeWindowUsed
from portvakt.core.first_registration import Basis
from portvakt.core.ids import AuthenticatorId
from portvakt.core.throttle import Familiarity, Kind
from portvakt.crypto.randomness import Random
from portvakt.journeys.set_up_mfa.acting import Person, full, still_enters
from portvakt.journeys.set_up_mfa.drafts import Detail
from portvakt.journeys.set_up_mfa.outcomes import BoundNow, Full, NotShown, Over
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.proving.after_binding import Grown, SessionLostError, Strengthener
from portvakt.proving.finish import FirstPolicy
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
        self, person: Person, kind: AuthenticatorType, *, detail: str = "", id_: str = ""
    ) -> Authenticator:
        """Describe an authenticator that is not bound yet."""
        return Authenticator(
            id=AuthenticatorId(id_ or self.random.id()),
            account_id=person.account.id,
            type=kind,
            state=AuthenticatorState.ACTIVE,
            label="",
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
    ) -> BoundNow | Full | NotShown | Over:
        """Bind what was proved. Part of the act that used the draft up.

        Raises `SessionLostError`, which undoes the act.
        """
        await unit.turn(f"methods:{person.account.id}")
        standing = await unit.people.load(person.account.id, person.visit.browser)
        if standing is None or not standing.account.usable:
            raise SessionLostError
        basis = await self.ground(unit, person, standing, draft.created_at)
        if basis is None:
            return NotShown()
        detail = Detail.of(draft)
        old = _replaced(standing, detail)
        most = full(standing, proved.type)
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
        return BoundNow(
            authenticator=proved,
            begun=draft.created_at,
            grown=await self._grown(unit, person, standing, proved),
            replaced=old,
            then_number=then,
        )

    async def ground(
        self, unit: Unit, person: Person, standing: Standing, begun: datetime
    ) -> Basis | None:
        """Say on what ground this may be bound, by what is stored now, or None where on none.

        The welcome window is used up here and not when it lets somebody in: who closes the page too
        early may come back.
        """
        freezing = await unit.freezes.of(person.account.id)
        now = person.with_standing(standing, freezing)
        basis = still_enters(now, self.policy, begun)
        if basis is Basis.WELCOME_WINDOW:
            if not await unit.people.welcome_used(person.account.id, person.now):
                return None
            await unit.audit.write(WelcomeWindowUsed(**person.said()))
        return basis

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
        self, unit: Unit, person: Person, before: Standing, proved: Authenticator
    ) -> Grown | None:
        """Let the session grow by what was proved, where that is the first it could show.

        Somebody who showed a method of their own to come here gains nothing: otherwise each new
        method would make the proof that let it in look fresh again.
        """
        first = not usable_second_factors(before.authenticators, person.now)
        if not (first or person.registering):
            return None
        shown = Evidence(proved.type, proved.id, person.now, METHODS)
        return await self.strengthener.grow(
            unit, person.session.id, shown, before, person.configuration, person.visit
        )


def _replaced(standing: Standing, detail: Detail) -> Authenticator | None:
    if not detail.replaces:
        return None
    found = (each for each in standing.authenticators if each.id == detail.replaces)
    return next(found, None)
