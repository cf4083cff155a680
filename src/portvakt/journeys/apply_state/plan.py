"""What would change in all but people: stored rows against a file's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from portvakt.core.ids import GroupId
from portvakt.core.method_rules import MethodEntry
from portvakt.core.policy import Network, Rule
from portvakt.core.portal import Collection, Link
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.apply_state.checks import Judged
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.methods import entry_of
from portvakt.journeys.apply_state.rules import rules_of
from portvakt.journeys.apply_state.wanted import (
    app_of,
    collection_of,
    link_of,
    network_of,
)
from portvakt.records import Configuration
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path

OWNER = "apply"
"""Whose rows these are; `apply` changes no others."""

R = TypeVar("R")
_SECRET = frozenset({"secret_hash", "old_secret_hash", "old_secret_until"})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the difference: which thing, what happens to it, and which fields differ."""

    kind: str
    """"group", "network", "rule", "app", "link", "collection", "methods" or "person"."""
    id: str
    change: str
    """"created", "changed", "removed", "disabled", "enabled", "password" or "totp"."""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part(Generic[R]):
    """What happens to one kind of thing."""

    put: tuple[R, ...]
    steps: tuple[Step, ...]
    absent: tuple[str, ...]
    """What files own and this file lacks: removed with `--prune`, else left."""
    emptied: bool
    """The file has none of this kind, and there are some: more likely a broken file."""


@dataclass(frozen=True, slots=True)
class ConfigurationPlan:
    """Every kind."""

    groups: Part[GroupId]
    networks: Part[Network]
    rules: Part[Rule]
    apps: Part[RelyingParty]
    links: Part[Link]
    collections: Part[Collection]
    methods: Part[MethodEntry]

    @property
    def parts(self) -> Mapping[str, Part[Any]]:
        """Give the parts by the name of their kind."""
        return {
            "group": self.groups,
            "network": self.networks,
            "rule": self.rules,
            "app": self.apps,
            "link": self.links,
            "collection": self.collections,
            "methods": self.methods,
        }


def plan_configuration(
    state: State, judged: Judged, stored: Configuration, problems: Problems
) -> ConfigurationPlan:
    """Compare, and note what belongs to somebody else."""
    groups = {each.id: GroupId(each.id) for each in state.groups}
    networks = {each.id: network_of(each) for each in state.networks}
    rules = {str(each.id): each for each in rules_of(state, stored.rules)}
    apps = {each.client_id: app_of(each, judged, stored.app(each.client_id)) for each in state.apps}
    links = {each.id: link_of(each, judged) for each in state.links}
    collections = {each.id: collection_of(each, at) for at, each in enumerate(state.collections)}
    methods = {each.id: entry_of(each) for each in state.methods}
    for kind, section, key, ids in (
        ("network", "networks", "id", networks),
        ("rule", "rules", "id", rules),
        ("app", "apps", "client_id", apps),
        ("link", "links", "id", links),
        ("collection", "collections", "id", collections),
        ("methods", "methods", "id", methods),
    ):
        _foreign(kind, [(section, at, key) for at in range(len(ids))], ids, stored, problems)
    return ConfigurationPlan(
        groups=_part("group", groups, {each: each for each in stored.groups}, stored),
        networks=_part("network", networks, {each.id: each for each in stored.networks}, stored),
        rules=_part("rule", rules, {each.id: each for each in stored.rules}, stored),
        apps=_part("app", apps, {each.client_id: each for each in stored.apps}, stored),
        links=_part("link", links, {each.id: each for each in stored.links}, stored),
        collections=_part(
            "collection", collections, {each.id: each for each in stored.collections}, stored
        ),
        methods=_part("methods", methods, {each.id: each for each in stored.methods}, stored),
    )


def _foreign(
    kind: str, paths: Sequence[Path], ids: Iterable[str], stored: Configuration, problems: Problems
) -> None:
    for path, id_ in zip(paths, ids, strict=True):
        owner = stored.owners.get((kind, id_), OWNER)
        if owner != OWNER:
            problems.add(path, f"“{id_}” belongs to {owner}; files change only what they made")


def _part(
    kind: str, wanted: Mapping[str, R], stored: Mapping[Any, R], all_stored: Configuration
) -> Part[R]:
    mine = {id_ for id_ in stored if all_stored.owners.get((kind, id_)) == OWNER}
    put: list[R] = []
    steps: list[Step] = []
    for id_, row in wanted.items():
        if id_ not in stored:
            put.append(row)
            steps.append(Step(kind, id_, "created"))
        elif id_ in mine and stored[id_] != row:
            put.append(row)
            steps.append(Step(kind, id_, "changed", _differing(stored[id_], row)))
    absent = tuple(sorted(mine - wanted.keys()))
    return Part(tuple(put), tuple(steps), absent, emptied=bool(absent) and not wanted)


def _differing(before: Any, after: Any) -> tuple[str, ...]:
    """Name the fields that differ; a secret is called what the file calls it."""
    names = (
        each.name
        for each in fields(before)
        if getattr(before, each.name) != getattr(after, each.name)
    )
    return tuple(dict.fromkeys("client_secret" if name in _SECRET else name for name in names))
