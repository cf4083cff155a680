"""Changing what is bound: its name, its place in the order, its end."""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.enrolment import (
    KeptByRule,
    MayChange,
    NeedsFreshProof,
    NeedsProof,
    NotTheirs,
    may_remove,
)
from portvakt.journeys.set_up_mfa.acting import Person, facts, may_remove_now, mine
from portvakt.journeys.set_up_mfa.names import read_name
from portvakt.journeys.set_up_mfa.outcomes import BadName
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.held import held
from portvakt.proving.phone_removal import close_unanswerable
from portvakt.records import Records, Unit


class Change(Enum):
    """What came of it."""

    DONE = "done"
    GONE = "gone"
    """There is no such method any more: another tab was first."""
    NAME_TOO_LONG = "name_too_long"
    NAME_UNREADABLE = "name_unreadable"
    KEPT_BY_RULE = "kept_by_rule"
    NOT_THEIRS = "not_theirs"
    NOT_FRESH = "not_fresh"
    FROZEN = "frozen"
    """The password was reset less than a day ago, or a change was disowned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes the methods of the person who is acting."""

    records: Records
    teller: Teller
    policy: FirstPolicy

    async def rename(self, person: Person, method: Authenticator, typed: str) -> Change:
        """Call it something else; an empty name is no name."""
        label = read_name(typed)
        if isinstance(label, BadName):
            return Change(label.value)
        if label == method.label:
            return Change.DONE

        async def act(unit: Unit) -> Change:
            if not await unit.authenticators.rename(method.id, person.account.id, label):
                return Change.GONE
            await self.teller.renamed(unit, person, method, label)
            return Change.DONE

        return await self.records.write(act)

    async def prefer(self, person: Person, method: Authenticator) -> Change:
        """Ask for it first from now on."""
        if method.preferred:
            return Change.DONE

        async def act(unit: Unit) -> Change:
            stored = await unit.people.load(person.account.id)
            standing = held(stored, person.configuration)
            if standing is None or mine(standing, method.id) is None:
                return Change.GONE
            await unit.authenticators.set_preferred(person.account.id, method.id)
            await self.teller.preferred(unit, person, method)
            return Change.DONE

        return await self.records.write(act)

    def may_remove(self, person: Person, method: Authenticator) -> Change:
        """Say whether it may go, by what was read for this request."""
        if not may_remove_now(person):
            return Change.FROZEN
        verdict = may_remove(
            method,
            person.standing.authenticators,
            person.session.evidence,
            facts(person, self.policy),
            person.now,
            second_factor_required=person.configuration.rule_set.may_require_more(
                person.account.id, person.account.groups, person.account.roles
            ),
        )
        match verdict:
            case MayChange():
                return Change.DONE
            case KeptByRule():
                return Change.KEPT_BY_RULE
            case NotTheirs():
                return Change.NOT_THEIRS
            case NeedsProof() | NeedsFreshProof():
                return Change.NOT_FRESH
            case _:
                assert_never(verdict)

    async def remove(self, person: Person, method: Authenticator) -> Change:
        """Take it away, a phone with all that is in it (A034).

        Judged once more on what is stored when it goes (A043).
        """

        async def act(unit: Unit) -> Change:
            await unit.turn(f"methods:{person.account.id}")
            standing = await unit.people.load(person.account.id)
            if standing is None:
                return Change.GONE
            freezing = await unit.freezes.of(person.account.id)
            allowed = self.may_remove(person.with_standing(standing, freezing), method)
            if allowed is not Change.DONE:
                return allowed
            if not await unit.authenticators.remove(method.id, person.account.id):
                return Change.GONE
            if method.type is AuthenticatorType.PUSH:
                await close_unanswerable(unit, person.account.id, person.now)
            await self.teller.removed(unit, person, method)
            return Change.DONE

        return await self.records.write(act)
