"""Holds other rules against the sign-ins of the last days, as the audit trail tells them.

One pass over the trail, some thousand events at a time: what is kept meanwhile grows with people
and not with sign-ins. Places, apps and devices are as they were; groups, roles and units are those
of today, for the question is what the draft would do to the people of today (ADR 54).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from portvakt.core.assurance import Requirement
from portvakt.core.facts import BLOCK, asked, read_facts
from portvakt.core.ids import AccountId, ClientId
from portvakt.core.policy import Decision, networks_of
from portvakt.core.replaying import Change, Tally, Then, change_of, enough, proofs
from portvakt.core.signals import ClientKind, Signals
from portvakt.proving.destination import asks_itself
from portvakt.proving.rules import decide, kind_of
from portvakt.records.configuration import Configuration
from portvakt.records.past_sign_ins import PastPerson, PastSignIn
from portvakt.records.unit import Records

STRETCH: Final = 5_000
"""Events in one read: some tens of milliseconds."""
_JUST: Final = timedelta(minutes=5)
"""How long after a session began for an app its opening is the same act of a person."""
_REMEMBERED: Final = 20_000
"""Sign-ins that are remembered for that."""


@dataclass(slots=True, kw_only=True)
class Replay:
    """One draft, or one rule of it, held against what happened."""

    records: Records
    draft: Configuration
    stored: Configuration
    """What stands now: for sign-ins from before what was asked was kept."""
    now: datetime
    alone: bool = False
    """Whether the draft is one rule whose own doing is wanted, whatever others asked."""
    people: dict[AccountId, PastPerson | None] = field(default_factory=dict)
    _tally: Tally = field(default_factory=Tally)
    _begun: OrderedDict[tuple[str, ClientId | None], datetime] = field(default_factory=OrderedDict)
    _apps: dict[ClientId | None, tuple[ClientKind | None, Requirement]] = field(
        default_factory=dict
    )
    _countries: dict[str | None, str | None] = field(default_factory=dict)
    _facts: dict[tuple[tuple[str, ...], ClientKind | None], dict[str, Any]] = field(
        default_factory=dict
    )

    async def run(self, since: datetime, progress: Callable[[int, int], None]) -> Tally:
        """Go through everything since then. Raises RecordsUnavailable."""
        first, newest = await self.records.read(lambda unit: unit.past_sign_ins.span(since))
        for start in range(first, newest + 1, STRETCH):
            end = min(start + STRETCH - 1, newest)
            page = await self._page(start, end, since)
            await self._meet(page)
            for each in page:
                self._take(each)
            progress(end - first + 1, newest - first + 1)
        return self._tally

    async def _page(self, start: int, end: int, since: datetime) -> list[PastSignIn]:
        return await self.records.read(lambda unit: unit.past_sign_ins.page(start, end, since))

    async def _meet(self, page: list[PastSignIn]) -> None:
        """Read who they are that are new here."""
        new = {each.account_id for each in page if each.account_id is not None}
        new -= self.people.keys()
        if new:
            found = await self.records.read(lambda unit: unit.past_sign_ins.people(new, self.now))
            self.people |= dict.fromkeys(new) | {each.id: each for each in found}

    def _take(self, past: PastSignIn) -> None:
        if self._is_same_act(past):
            return
        tally = self._tally
        tally.sign_ins += 1
        person = None if past.account_id is None else self.people[past.account_id]
        if person is None:
            tally.erased += past.account_id is None
            tally.gone += past.account_id is not None
            return
        tally.people.add(person.id)
        kind, more = self._app(past.app)
        decision = decide(self.draft, self._signals(past, person, self.draft, kind))
        then = Then(past.at, past.blocked, past.methods, past.aal, self._then(past, person, kind))
        change = change_of(then, decision, more)
        if change is not None and not (self.alone and past.blocked):
            self._count(past, person, change, decision)

    def _count(
        self, past: PastSignIn, person: PastPerson, change: Change, decision: Decision
    ) -> None:
        has = proofs(tuple(sorted(person.methods)))
        lacking = change is Change.ASKED and not enough(has, decision.requirement)
        self._tally.count(person.id, change, past.at, decision.reasons, without_method=lacking)

    def _then(
        self, past: PastSignIn, person: PastPerson, kind: ClientKind | None
    ) -> frozenset[str]:
        """Say what rules asked then, or would ask today where that was not kept."""
        if past.asked is not None:
            return frozenset() if self.alone else frozenset(past.asked)
        self._tally.older += 1
        if self.alone:
            return frozenset()
        decision = decide(self.stored, self._signals(past, person, self.stored, kind))
        return frozenset(asked(decision)) - {BLOCK}

    def _signals(
        self,
        past: PastSignIn,
        person: PastPerson,
        configuration: Configuration,
        kind: ClientKind | None,
    ) -> Signals:
        facts = self._facts.get((past.facts, kind))
        if facts is None:
            facts = {"client_kind": kind} | read_facts(past.facts)
            self._facts[past.facts, kind] = facts
        if "country" not in facts and configuration.rule_set.looks_at_countries:
            # no rule asked then: the place is the same, and so is what tells its country
            facts = facts | {"country": self._country(past.address, configuration)}
        return Signals(
            account_id=person.id,
            groups=person.groups,
            app=past.app,
            networks=networks_of(past.address, configuration.networks),
            address_known=past.address is not None,
            at=past.at,
            roles=person.roles,
            **facts,
        )

    def _country(self, address: str | None, configuration: Configuration) -> str | None:
        if address not in self._countries:
            if len(self._countries) >= _REMEMBERED:
                self._countries.clear()
            self._countries[address] = configuration.country_of(address)
        return self._countries[address]

    def _app(self, client_id: ClientId | None) -> tuple[ClientKind | None, Requirement]:
        """Return in what way an app asks and what it asks for itself, both by its entry."""
        found = self._apps.get(client_id)
        if found is None:
            entry = None if client_id is None else self.draft.app(client_id)
            if entry is not None:
                found = kind_of(entry), asks_itself(entry)
            else:
                found = ClientKind.BROWSER if client_id is None else None, Requirement()
            self._apps[client_id] = found
        return found

    def _is_same_act(self, past: PastSignIn) -> bool:
        """Say whether an app was opened right after the sign-in that was for it."""
        if past.session is None:
            return False
        key = past.session, past.app
        if past.opens:
            begun = self._begun.pop(key, None)
            return begun is not None and past.at - begun <= _JUST
        self._begun[key] = past.at
        if len(self._begun) > _REMEMBERED:
            self._begun.popitem(last=False)
        return False
