"""Rules, networks and methods by group as they stood after each change, and the way back.

A version is written in the transaction of the change that it comes of. Going back is a change like
any other: judged as a file is, told by events, and a version of its own (ADR 54).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from portvakt.core.events import ConfigurationChanged, ProtectionLowered, RulesVersionMade
from portvakt.core.ids import NetworkId, RuleId
from portvakt.journeys.apply_state.checks import Surroundings, check
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.export import network_entry
from portvakt.journeys.apply_state.methods import methods_entry
from portvakt.journeys.apply_state.plan import OWNER, Step, plan_configuration
from portvakt.journeys.apply_state.rule_entries import rule_entry, strength_entries
from portvakt.journeys.apply_state.rules import people_in
from portvakt.journeys.apply_state.weaker import weaker
from portvakt.records import Configuration, Records, Unit
from portvakt.records.rule_versions import RuleVersion
from portvakt.records.values import to_json
from portvakt.strict_toml import BrokenDocumentError, Problems, fill

Document = dict[str, list[dict[str, Any]]]
"""Networks, rules and methods by group in the form of a state file."""
KINDS: Final = {
    "networks": "network",
    "strengths": "strength",
    "rules": "rule",
    "methods": "methods",
}
_READ: Final = msgspec.json.Decoder(Document)
_ORDER: Final = ("id", "name", "addresses", "state", "when", "require", "reason")


@dataclass(frozen=True, slots=True)
class Difference:
    """How one rule or network of two documents differs."""

    kind: str
    id: str
    change: str
    """"created", "changed" or "removed"."""
    fields: tuple[tuple[str, Any, Any], ...] = ()
    """Name, before and after; None where a field says nothing."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What going back did, or would have done where `weaker` stopped it."""

    number: int | None
    """The new version; None where nothing was changed."""
    to: int
    steps: tuple[Step, ...]
    weaker: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoVersion:
    """There is no such version, or none before the newest."""

    number: int | None


def document_of(configuration: Configuration) -> Document:
    """Write networks, rules and methods by group of a snapshot as a state file would."""
    strengths = strength_entries(configuration.rules)
    methods = [methods_entry(each) for each in configuration.methods]
    more = {"strengths": strengths, "methods": methods}
    return {
        "networks": [network_entry(each) for each in configuration.networks],
        "rules": [rule_entry(each) for each in configuration.rules],
    } | {section: entries for section, entries in more.items() if entries}


def read_document(version: RuleVersion) -> Document:
    """Read what a version holds, each entry in the order in which people write it."""
    return {
        section: [dict(sorted(entry.items(), key=_place)) for entry in entries]
        for section, entries in _READ.decode(version.doc).items()
    }


def _place(field: tuple[str, Any]) -> int:
    name = field[0]
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """Say what differs, networks first, each kind by name."""
    found: list[Difference] = []
    for section, kind in KINDS.items():
        old = {each["id"]: each for each in before.get(section, [])}
        new = {each["id"]: each for each in after.get(section, [])}
        for id_ in sorted(old.keys() | new.keys()):
            if id_ not in old:
                found.append(Difference(kind, id_, "created", _fields({}, new[id_])))
            elif id_ not in new:
                found.append(Difference(kind, id_, "removed"))
            elif old[id_] != new[id_]:
                found.append(Difference(kind, id_, "changed", _fields(old[id_], new[id_])))
    return tuple(found)


def _fields(old: dict[str, Any], new: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    names = [name for name in {**old, **new} if name != "id"]
    return tuple(
        (name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    )


async def keep_version(
    unit: Unit,
    before: Configuration,
    after: Configuration,
    *,
    now: datetime,
    actor: str,
    reason: str,
    returned_to: int | None = None,
) -> int | None:
    """Store what stands now as a version, with its event; None where nothing of it changed.

    What stood before there were versions becomes the first one, so that there is a way back to it.
    """
    old, new = document_of(before), document_of(after)
    if old == new:
        return None
    rows = unit.rule_versions
    if not await rows.latest(1) and any(old.values()):
        await rows.add(to_json(old), at=now, actor="", reason="")
    number = await rows.add(
        to_json(new), at=now, actor=actor, reason=reason, returned_to=returned_to
    )
    made = RulesVersionMade(
        at=now, actor=actor, version=number, reason=reason, returned_to=returned_to
    )
    await unit.audit.write(made)
    return number


def change_events(
    steps: Iterable[Step], now: datetime, actor: str
) -> Iterator[ConfigurationChanged]:
    """Give the event of each line of a difference."""
    for step in steps:
        yield ConfigurationChanged(
            at=now,
            actor=actor,
            kind=step.kind,
            id=step.id,
            change=step.change,
            fields=step.fields,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRules:
    """Puts back the networks, rules and methods of a former version, in one transaction."""

    records: Records
    actor: str
    reason: str
    allow_weaker: bool = False

    async def run(self, number: int | None, now: datetime) -> Returned | NoVersion:
        """Go back to a version; without a number to the one before the newest.

        Raises `BrokenDocumentError` where it names what is not there any more.
        """

        async def act(unit: Unit) -> Returned | NoVersion:
            await unit.turn("apply")
            newest = await unit.rule_versions.latest(2)
            former = newest[-1] if len(newest) > 1 else None
            if number is not None:
                former = await unit.rule_versions.one(number)
            return NoVersion(number) if former is None else await self._put_back(unit, former, now)

        return await self.records.write(act)

    async def _put_back(self, unit: Unit, version: RuleVersion, now: datetime) -> Returned:
        stored = await unit.configuration.load()
        problems = Problems()
        state = fill(State, read_document(version), problems) or State()
        around = Surroundings(
            folder=Path(),
            allowed_prefixes=(),
            country="",
            groups=stored.groups,
            apps=stored.known_apps,
            people=await unit.configuration.whose(people_in(state)),
        )
        judged = check(state, around, problems)
        plan = plan_configuration(state, judged, stored, problems)
        if problems.errors:
            raise BrokenDocumentError(f"version {version.number}", problems.errors)
        steps = [*plan.networks.steps, *plan.rules.steps, *plan.methods.steps]
        steps += [Step("methods", id_, "removed") for id_ in plan.methods.absent]
        steps += [Step("rule", id_, "removed") for id_ in plan.rules.absent]
        steps += [Step("network", id_, "removed") for id_ in plan.networks.absent]
        less = weaker(stored, plan, prune=True)
        outcome = Returned(None, version.number, tuple(steps), less)
        if not steps or (less and not self.allow_weaker):
            return outcome
        rows = unit.configuration
        await rows.put_networks(plan.networks.put, OWNER)
        await rows.put_rules(plan.rules.put, OWNER)
        await rows.put_methods(plan.methods.put, OWNER)
        await rows.remove_methods(plan.methods.absent, OWNER)
        await rows.remove_rules([RuleId(each) for each in plan.rules.absent], OWNER)
        await rows.remove_networks([NetworkId(each) for each in plan.networks.absent], OWNER)
        await unit.audit.write_many(change_events(steps, now, self.actor))
        if less:
            await unit.audit.write(ProtectionLowered(at=now, actor=self.actor, what=less))
        made = await keep_version(
            unit,
            stored,
            await unit.configuration.load(),
            now=now,
            actor=self.actor,
            reason=self.reason,
            returned_to=version.number,
        )
        return replace(outcome, number=made)
