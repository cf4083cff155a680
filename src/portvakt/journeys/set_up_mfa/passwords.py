"""The first password: chosen once, after a start code."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from portvakt.common_passwords import PasswordJudge
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.enrolment import (
    LimitReached,
    MayChange,
    NeedsFreshProof,
    NeedsProof,
    NotTheirs,
    may_add,
)
from portvakt.core.first_registration import Basis
from portvakt.core.password_rules import Finding, prepare
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.journeys.set_up_mfa.acting import Person, by_pass, facts, lacks_password
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.freezing import is_frozen
from portvakt.records import Records, Unit

PASSWORD = AuthenticatorType.PASSWORD


class Chosen(Enum):
    """What came of it."""

    DONE = "done"
    NOT_NOW = "not_now"
    """There is a password, nothing that lets one be chosen, or a change was disowned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """Binds a first local password."""

    records: Records
    hasher: PasswordHasher
    judge: PasswordJudge
    policy: FirstPolicy
    binder: Binder
    teller: Teller

    async def choose(self, person: Person, typed: Secret) -> Chosen | tuple[Finding, ...]:
        """Take a password, or say everything that is wrong with it.

        Raises `portvakt.crypto.passwords.Busy`.
        """
        if not self._may(person):
            return Chosen.NOT_NOW
        password = typed.open()
        wrong = await asyncio.to_thread(self.judge.review, password, person.account)
        prepared = prepare(password)
        if wrong or prepared is None:
            return wrong
        verifier = await self.hasher.hash(Secret(prepared))

        async def act(unit: Unit) -> Chosen:
            await unit.turn(f"methods:{person.account.id}")
            if await is_frozen(unit, person.account.id):
                return Chosen.NOT_NOW
            if not by_pass(person, person.standing, PASSWORD):
                return Chosen.NOT_NOW
            bound = self.binder.pending(person, PASSWORD)
            if not await unit.authenticators.bind(bound, verifier=verifier):
                return Chosen.NOT_NOW
            await self.teller.password_chosen(unit, person, Basis.START_CODE)
            return Chosen.DONE

        return await self.records.write(act)

    def _may(self, person: Person) -> bool:
        if not self.binder.by_rules(person, person.standing, person.now):
            return False
        verdict = may_add(
            PASSWORD,
            person.standing.authenticators,
            person.session.evidence,
            facts(person, self.policy),
            person.now,
            registering=person.registering,
        )
        match verdict:
            case MayChange():
                return lacks_password(person)
            case NeedsProof() | NeedsFreshProof() | LimitReached() | NotTheirs():
                return False
            case _:
                assert_never(verdict)
