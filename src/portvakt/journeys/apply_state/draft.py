"""A state file as if it were applied, for whoever wants to know what its rules would do."""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from portvakt.core.ids import ClientId, GroupId
from portvakt.journeys.apply_state.checks import Judged, Surroundings, check
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.flow import LARGEST
from portvakt.journeys.apply_state.methods import entry_of
from portvakt.journeys.apply_state.rules import rules_of
from portvakt.journeys.apply_state.wanted import app_of, network_of
from portvakt.records import Configuration, Unit
from portvakt.records.rule_rows import people_in
from portvakt.strict_toml import BrokenDocumentError, Problem, fill, read


@dataclass(frozen=True, slots=True)
class Draft:
    """What would stand, and what the file says that is unwise."""

    configuration: Configuration
    warnings: tuple[Problem, ...]


async def load_draft(unit: Unit, file: Path) -> tuple[Configuration, Draft]:
    """Return what is stored, and what would stand; see `read_draft`."""
    stored = await unit.configuration.load()
    draft = read_draft(file, stored)
    rules = draft.configuration.rules
    people = await unit.configuration.whose(people_in(rules))
    return stored, replace(draft, configuration=replace(draft.configuration, people=people))


def read_draft(file: Path, stored: Configuration) -> Draft:
    """Put the rules of a file in the place of those that are stored.

    So it does with methods by group, where it has any. Its networks stand beside the stored ones,
    over those of the same name; groups and apps that it brings are known. People and what else is
    in it are not looked at, nor are other files opened: a rule that names somebody who is not
    stored is broken, and counts.
    Raises `BrokenDocumentError` with every problem of its rules and networks.
    """
    table, problems = read(file, LARGEST)
    if problems.found:
        raise BrokenDocumentError(str(file), problems.errors)
    state = fill(State, table, problems) or State()
    problems.settle()
    apps = {each.client_id: each for each in stored.apps}
    for each in state.apps:
        apps[ClientId(each.client_id)] = app_of(each, Judged(), stored.app(each.client_id))
    around = Surroundings(
        folder=file.parent,
        allowed_prefixes=(),
        country="",
        groups=stored.groups,
        networks=stored.known_networks,
        apps=apps,
        rules=stored.rules,
    )
    only = msgspec.structs.replace(state, people=(), apps=(), links=(), collections=())
    check(only, around, problems)
    if problems.errors:
        raise BrokenDocumentError(str(file), problems.errors)
    networks = {each.id: each for each in stored.networks}
    networks |= {each.id: each for each in map(network_of, state.networks)}
    configuration = replace(
        stored,
        groups=stored.groups | {GroupId(each.id) for each in state.groups},
        networks=tuple(networks.values()),
        apps=tuple(apps.values()),
        rules=tuple(rules_of(state, stored.rules)),
        methods=tuple(map(entry_of, state.methods)) or stored.methods,
    )
    return Draft(configuration, problems.warnings)
