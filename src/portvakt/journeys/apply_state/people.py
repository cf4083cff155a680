"""What would change in people: fields that files own, groups, and what they can sign in with.

A person of the file whom HR has under the same id and the same name is the same person. HR owns
their fields then; the file only adds groups and moves a password or an authenticator app in.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from portvakt.core.directory_diff import (
    Brake,
    Change,
    ChangeKind,
    brake_on,
    difference,
)
from portvakt.core.ids import AccountId, GroupId
from portvakt.core.people import AccountState, canonical_identifier
from portvakt.core.secret import Secret
from portvakt.journeys.apply_state.checks import Judged
from portvakt.journeys.apply_state.document import Person, State
from portvakt.journeys.apply_state.plan import OWNER, Step
from portvakt.journeys.apply_state.wanted import facts_of
from portvakt.records import StoredPerson, Unit
from portvakt.strict_toml import Problems

HR = "hr"
_LEDGER = "apply."
"""In `unit.meta`, what was moved in for whom: a file that says the same again changes nothing,
not even for somebody who has chosen another password since."""


@dataclass(frozen=True, slots=True)
class StoredPeople:
    """What is stored of the people that a file may concern."""

    mine: Mapping[str, StoredPerson]
    """Everybody whom files own, by external id."""
    merged: Mapping[str, StoredPerson]
    """Those of the file whom HR owns, by external id."""
    given: Mapping[AccountId, frozenset[GroupId]]
    """Groups that files have put those in."""
    ledger: Mapping[str, str]
    names: Mapping[str, tuple[str, str]]
    """Who has the names that the file gives: source and external id, by canonical name."""

    def account(self, external_id: str) -> StoredPerson | None:
        """Find whom the file means."""
        return self.merged.get(external_id) or self.mine.get(external_id)


@dataclass(frozen=True, slots=True)
class Credential:
    """A password hash or an authenticator app to move in."""

    external_id: str
    kind: str
    """"password" or "totp"."""
    value: Secret
    mark: str
    """What the ledger keeps."""


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """What happens to people."""

    changes: tuple[Change, ...]
    groups: Mapping[AccountId, frozenset[GroupId]]
    """New groups of people whom HR owns."""
    credentials: tuple[Credential, ...]
    absent: tuple[StoredPerson, ...]
    """Active people whom files own and this file lacks."""
    steps: tuple[Step, ...]
    brake: Brake | None
    unchanged: int
    notes: tuple[str, ...] = field(default=())


async def read_people(unit: Unit, state: State) -> StoredPeople:
    """Read everything that a file's people are compared with."""
    mine = {each.external_id: each for each in await unit.people.all_of_source(OWNER)}
    unknown = [each for each in state.people if each.id not in mine]
    hr = await unit.people.some_of_source(HR, [each.id for each in unknown])
    theirs = {each.external_id: each for each in hr}
    merged = {
        each.id: theirs[each.id]
        for each in unknown
        if each.id in theirs and _names(each) & _names(theirs[each.id])
    }
    names = {name for each in state.people if each.id not in merged for name in _names(each)}
    return StoredPeople(
        mine=mine,
        merged=merged,
        given=await unit.people.groups_given([each.id for each in merged.values()], OWNER),
        ledger=await unit.meta.starting(_LEDGER),
        names={
            each.name: (each.source, each.external_id)
            for each in await unit.people.holders_of_names(names)
        },
    )


def plan_people(
    state: State,
    judged: Judged,
    stored: StoredPeople,
    problems: Problems,
    *,
    prune: bool,
    brake_least: int,
    brake_per_cent: float,
) -> PeoplePlan:
    """Compare, and note names that belong to somebody else."""
    _taken(state, stored, problems, prune=prune)
    before = {key: each.facts for key, each in stored.mine.items()}
    own = [each for each in state.people if each.id not in stored.merged]
    seen = {each.id: facts_of(each, judged) for each in own}  # a repeated id is a problem already
    found = difference(before, seen.values(), vanished_stay=not prune)
    going = sum(1 for each in found.changes if each.kind is ChangeKind.DISABLED)
    active = sum(1 for each in before.values() if each.active)
    groups = _groups(state, stored)
    credentials = _credentials(judged, stored)
    steps = [Step("person", each.after.external_id, *_said(each)) for each in found.changes]
    of_account = {each.id: key for key, each in stored.merged.items()}
    steps += [Step("person", of_account[id_], "changed", ("groups",)) for id_ in groups]
    steps += [Step("person", each.external_id, each.kind) for each in credentials]
    return PeoplePlan(
        changes=found.changes,
        groups=groups,
        credentials=credentials,
        absent=tuple(
            each
            for key, each in sorted(stored.mine.items())
            if key not in seen and each.state is AccountState.ACTIVE
        ),
        steps=tuple(sorted(steps, key=lambda each: (each.id, each.change))),
        brake=brake_on(
            going,
            active,
            nobody_seen=not state.people,
            least=brake_least,
            per_cent=brake_per_cent,
        ),
        unchanged=found.unchanged,
        notes=_notes(state, stored),
    )


def mark_name(kind: str, account_id: AccountId) -> str:
    """Name the ledger's line for what was moved in for somebody."""
    return f"{_LEDGER}{kind}.{account_id}"


def _mark(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _credentials(judged: Judged, stored: StoredPeople) -> tuple[Credential, ...]:
    """List what was not moved in before. The same again is nothing, and a change is news."""
    found = []
    wanted = [("password", key, Secret(phc)) for key, phc in judged.passwords.items()]
    wanted += [("totp", key, secret) for key, secret in judged.totp.items()]
    for kind, external_id, secret in wanted:
        mark = _mark(secret.open())
        account = stored.account(external_id)
        known = None if account is None else stored.ledger.get(mark_name(kind, account.id))
        if known is None or known.partition(":")[0] != mark:
            found.append(Credential(external_id, kind, secret, mark))
    return tuple(found)


def _groups(state: State, stored: StoredPeople) -> dict[AccountId, frozenset[GroupId]]:
    changed = {}
    for person in state.people:
        account = stored.merged.get(person.id)
        if account is not None:
            wanted = frozenset(GroupId(each) for each in person.groups) - account.groups
            if wanted != stored.given.get(account.id, frozenset()):
                changed[account.id] = wanted
    return changed


def _notes(state: State, stored: StoredPeople) -> tuple[str, ...]:
    if not stored.merged:
        return ()
    count = sum(1 for each in state.people if each.id in stored.merged)
    return (f"{count} of the file's people come from HR, which owns their fields",)


def _taken(state: State, stored: StoredPeople, problems: Problems, *, prune: bool) -> None:
    """Note names that somebody else has: with two of them, neither could sign in."""
    listed = {each.id for each in state.people}
    for at, person in enumerate(state.people):
        if person.id in stored.merged:
            continue
        for key in ("user_name", "email"):
            name = canonical_identifier(getattr(person, key))
            holder = stored.names.get(name) if name is not None else None
            if holder is None or holder == (OWNER, person.id):
                continue
            source, external_id = holder
            leaves = source == OWNER and (external_id in listed or prune)
            if not leaves:
                problems.add(
                    ("people", at, key), f"is the name of {external_id}, who comes from {source}"
                )


def _said(change: Change) -> tuple[str, tuple[str, ...]]:
    fields = change.fields if change.kind is ChangeKind.CHANGED else ()
    return change.kind.value, fields


def _names(person: Person | StoredPerson) -> set[str]:
    written = (person.user_name, person.email)
    return {name for each in written if (name := canonical_identifier(each)) is not None}
