"""What `apply` decides: groups, networks, rules, methods, apps and tiles, with their owners."""

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec

from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId, RuleId
from portvakt.core.method_rules import MethodEntry, MethodRules
from portvakt.core.networks import networks_of
from portvakt.core.policy import Known, Network, Rule, RuleSet
from portvakt.core.portal import Collection as TileCollection
from portvakt.core.portal import Link
from portvakt.core.relying_parties import RelyingParty, browser_origins
from portvakt.core.text_budget import Room
from portvakt.records.driver import Run
from portvakt.records.rule_rows import people_in, row_of, rule_of, whose
from portvakt.records.statements import Statement
from portvakt.records.values import to_json
from portvakt.zones import zone_of

_APP: Final = msgspec.json.Decoder(RelyingParty)
_LINK: Final = msgspec.json.Decoder(Link)
_COLLECTION: Final = msgspec.json.Decoder(TileCollection)
_METHODS: Final = msgspec.json.Decoder(MethodEntry)


class _Shared(msgspec.Struct, frozen=True):
    """How the addresses of a network are written whose computers many people share."""

    blocks: tuple[str, ...]
    shared: bool


_ADDRESSES: Final = msgspec.json.Decoder(tuple[str, ...] | _Shared)

_LOAD: Final = Statement(
    """
    SELECT 'group', id, owner, '', '', '', '' FROM groups
    UNION ALL SELECT 'network', id, owner, name, addresses, '', '' FROM networks
    UNION ALL SELECT 'rule', id, owner, state, condition, require, reason FROM rules
    UNION ALL SELECT 'app', client_id, owner, doc, '', '', '' FROM apps
    UNION ALL SELECT 'link', id, owner, doc, '', '', '' FROM links
    UNION ALL SELECT 'collection', id, owner, doc, '', '', '' FROM collections
    UNION ALL SELECT 'methods', id, owner, doc, '', '', '' FROM method_entries
    """
)
_VERSION: Final = Statement("SELECT value FROM meta WHERE name = 'configuration'")
NEW_VERSION: Final = Statement(
    """
    INSERT INTO meta (name, value) VALUES ('configuration', {random})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    """
)
"""Written with whatever `load` would read differently afterwards. It is drawn and not counted up,
so that a database that has forgotten the last of its commits says another one."""
_PUT_GROUPS: Final = Statement(
    """
    INSERT INTO groups (id, owner) SELECT value, :owner FROM ({items:ids}) AS named
    WHERE TRUE ON CONFLICT DO NOTHING
    """
)
_PUT_NETWORKS: Final = Statement(
    """
    INSERT INTO networks (id, name, addresses, owner)
    SELECT id, name, addresses, :owner FROM {records:put id TEXT, name TEXT, addresses TEXT}
    WHERE TRUE ON CONFLICT (id) DO UPDATE SET name = excluded.name, addresses = excluded.addresses
        WHERE networks.owner = excluded.owner
    """
)
_PUT_RULES: Final = Statement(
    """
    INSERT INTO rules (id, state, condition, require, reason, owner)
    SELECT id, state, condition, require, reason, :owner
    FROM {records:put id TEXT, state TEXT, condition TEXT, require TEXT, reason TEXT}
    WHERE TRUE ON CONFLICT (id) DO UPDATE SET state = excluded.state,
        condition = excluded.condition, require = excluded.require, reason = excluded.reason
        WHERE rules.owner = excluded.owner
    """
)
_PUT_APPS: Final = Statement(
    """
    INSERT INTO apps (client_id, doc, owner)
    SELECT client_id, doc, :owner FROM {records:put client_id TEXT, doc TEXT}
    WHERE TRUE ON CONFLICT (client_id) DO UPDATE SET doc = excluded.doc
        WHERE apps.owner = excluded.owner
    """
)
_PUT_DOCUMENTS: Final = {
    table: Statement(
        """
        INSERT INTO {table} (id, doc, owner)
        SELECT id, doc, :owner FROM {records:put id TEXT, doc TEXT}
        WHERE TRUE ON CONFLICT (id) DO UPDATE SET doc = excluded.doc
            WHERE {table}.owner = excluded.owner
        """,
        table=table,
    )
    for table in ("links", "collections", "method_entries")
}
_REMOVE: Final = {
    table: Statement(
        "DELETE FROM {table} WHERE owner = :owner AND {key} {among:ids}", table=table, key=key
    )
    for table, key in {
        "groups": "id",
        "networks": "id",
        "rules": "id",
        "apps": "client_id",
        "links": "id",
        "collections": "id",
        "method_entries": "id",
    }.items()
}


CountryOf = Callable[[str | None], str | None]
"""Finds the country of a client address; None where nobody knows."""


def no_country(_: str | None) -> str | None:
    """Know no country."""
    return None


@dataclass(frozen=True)
class Configuration:
    """One snapshot of what `apply` decides."""

    groups: frozenset[GroupId]
    networks: tuple[Network, ...]
    rules: tuple[Rule, ...]
    apps: tuple[RelyingParty, ...]
    owners: Mapping[tuple[str, str], str]
    """Whose a row is, by its kind in one word, and its id."""
    texts: Room = Room.PLENTY
    """How many text messages are left today; `apply` has no say in it."""
    links: tuple[Link, ...] = ()
    collections: tuple[TileCollection, ...] = ()
    methods: tuple[MethodEntry, ...] = ()
    people: Mapping[str, AccountId] = field(default_factory=dict)
    """Whose each name is that a rule names."""
    country_of: CountryOf = field(default=no_country, compare=False)
    """`apply` has no say in it either."""
    break_glass_at: tuple[Network, ...] = ()
    """From where alone break-glass accounts may be used; empty for from everywhere. Nor in this."""

    def is_fenced(self, address: str | None) -> bool:
        """Say whether no break-glass account may be used at an address."""
        at = self.break_glass_at
        return bool(at) and not networks_of(address, at)

    def with_texts(self, texts: Room) -> "Configuration":
        """Return it with another number of texts left, and all that was made of the rest."""
        made = copy(self)
        object.__setattr__(made, "texts", texts)
        return made

    @cached_property
    def rule_set(self) -> RuleSet:
        """The rules, made ready once for all who ask."""
        known = Known(
            groups=self.groups,
            networks=self.known_networks,
            apps=self.known_apps,
            people=self.people,
            zone_of=zone_of,
        )
        return RuleSet(self.rules, known)

    @cached_property
    def method_rules(self) -> MethodRules:
        """Which methods people may register and use, made ready once for all who ask."""
        return MethodRules(self.methods)

    @cached_property
    def by_client_id(self) -> Mapping[str, RelyingParty]:
        """Every app by its id: there may be ten thousand, and each request asks for one."""
        return {each.client_id: each for each in self.apps}

    @cached_property
    def known_apps(self) -> frozenset[ClientId]:
        """The ids that a rule may name."""
        return frozenset(each.client_id for each in self.apps)

    @cached_property
    def browser_origins(self) -> frozenset[str]:
        """The origins of apps that run wholly in the browser."""
        return frozenset().union(*(browser_origins(each) for each in self.apps))

    @cached_property
    def known_networks(self) -> frozenset[NetworkId]:
        """The networks that a rule may name."""
        return frozenset(each.id for each in self.networks)

    @cached_property
    def apps_in_rules(self) -> frozenset[ClientId]:
        """The apps that some rule names; all others fare alike."""
        both = (each.when.apps | each.when.apps_not for each in self.rules)
        return frozenset[ClientId]().union(*both)

    @cached_property
    def by_host(self) -> Mapping[str, RelyingParty]:
        """The apps by the hosts that we guard for them."""
        return {host: each for each in self.apps for host in each.forward_auth_hosts}

    @cached_property
    def by_service(self) -> Mapping[str, tuple[RelyingParty, ...]]:
        """The apps by the services that their entries say they are (RFC 8707)."""
        found: dict[str, list[RelyingParty]] = {}
        for each in self.apps:
            for service in each.serves:
                found.setdefault(service, []).append(each)
        return {service: tuple(its) for service, its in found.items()}

    @cached_property
    def _by_group(self) -> Mapping[GroupId, tuple[RelyingParty, ...]]:
        found: dict[GroupId, list[RelyingParty]] = {}
        for each in self.apps:
            for group in each.groups:
                found.setdefault(group, []).append(each)
        return {group: tuple(its) for group, its in found.items()}

    def apps_for(self, groups: Iterable[GroupId]) -> Collection[RelyingParty]:
        """Pick the apps of these groups, each once, without looking at the others."""
        its = (each for group in groups for each in self._by_group.get(group, ()))
        return {each.client_id: each for each in its}.values()

    def app(self, client_id: str) -> RelyingParty | None:
        """Find an app."""
        return self.by_client_id.get(client_id)


class ConfigurationRecords:
    """`unit.configuration`. What another owner has stays as it is."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def version(self) -> str:
        """Return what changes whenever `load` would read something else."""
        row = await self._run.row(_VERSION)
        return "" if row is None else str(row[0])

    async def load(self) -> Configuration:
        """Read all of it, in one statement; where rules name people, in one or two more."""
        groups: set[GroupId] = set()
        networks: list[Network] = []
        rules: list[Rule] = []
        apps: list[RelyingParty] = []
        links: list[Link] = []
        collections: list[TileCollection] = []
        methods: list[MethodEntry] = []
        owners: dict[tuple[str, str], str] = {}
        rows = await self._run.rows(_LOAD)
        for kind, id_, owner, one, two, three, four in sorted(rows, key=lambda row: row[:2]):
            owners[kind, id_] = owner
            match kind:
                case "group":
                    groups.add(GroupId(id_))
                case "network":
                    networks.append(_network(id_, one, two))
                case "rule":
                    rules.append(rule_of(id_, one, two, three, four))
                case "link":
                    links.append(_LINK.decode(one))
                case "collection":
                    collections.append(_COLLECTION.decode(one))
                case "methods":
                    methods.append(_METHODS.decode(one))
                case _:
                    apps.append(_APP.decode(one))
        return Configuration(
            groups=frozenset(groups),
            networks=tuple(networks),
            rules=tuple(rules),
            apps=tuple(apps),
            owners=owners,
            links=tuple(links),
            collections=tuple(collections),
            methods=tuple(methods),
            people=await whose(self._run, people_in(rules)),
        )

    async def whose(self, names: Iterable[str]) -> Mapping[str, AccountId]:
        """Find the account behind each name of a person; a name of nobody, or of two, is absent."""
        return await whose(self._run, names)

    async def put_groups(self, groups: Iterable[GroupId], owner: str) -> None:
        """Make the groups that are missing."""
        await self._change(_PUT_GROUPS, ids=to_json(sorted(groups)), owner=owner)

    async def put_networks(self, networks: Iterable[Network], owner: str) -> None:
        """Make or change networks."""
        put = [
            {"id": each.id, "name": each.name, "addresses": _addresses(each)} for each in networks
        ]
        await self._change(_PUT_NETWORKS, put=to_json(put), owner=owner)

    async def put_rules(self, rules: Iterable[Rule], owner: str) -> None:
        """Make or change rules."""
        await self._change(_PUT_RULES, put=to_json([row_of(each) for each in rules]), owner=owner)

    async def put_apps(self, apps: Iterable[RelyingParty], owner: str) -> None:
        """Make or change apps."""
        put = [{"client_id": each.client_id, "doc": to_json(each)} for each in apps]
        await self._change(_PUT_APPS, put=to_json(put), owner=owner)

    async def put_links(self, links: Iterable[Link], owner: str) -> None:
        """Make or change links."""
        await self._put("links", [(each.id, to_json(each)) for each in links], owner)

    async def put_collections(self, collections: Iterable[TileCollection], owner: str) -> None:
        """Make or change collections of tiles."""
        await self._put("collections", [(each.id, to_json(each)) for each in collections], owner)

    async def put_methods(self, entries: Iterable[MethodEntry], owner: str) -> None:
        """Make or change entries of methods by group."""
        documents = [(each.id, to_json(each)) for each in entries]
        await self._put("method_entries", documents, owner)

    async def _put(self, table: str, documents: Iterable[tuple[str, str]], owner: str) -> None:
        put = [{"id": id_, "doc": doc} for id_, doc in documents]
        await self._change(_PUT_DOCUMENTS[table], put=to_json(put), owner=owner)

    async def remove_groups(self, ids: Collection[GroupId], owner: str) -> int:
        """Remove groups of this owner, with who was in them; returns how many that were."""
        return await self._remove("groups", ids, owner)

    async def remove_networks(self, ids: Collection[NetworkId], owner: str) -> int:
        """Remove networks of this owner; returns how many that were."""
        return await self._remove("networks", ids, owner)

    async def remove_rules(self, ids: Collection[RuleId], owner: str) -> int:
        """Remove rules of this owner; returns how many that were."""
        return await self._remove("rules", ids, owner)

    async def remove_apps(self, ids: Collection[ClientId], owner: str) -> int:
        """Remove apps of this owner; returns how many that were."""
        return await self._remove("apps", ids, owner)

    async def remove_links(self, ids: Collection[ClientId], owner: str) -> int:
        """Remove links of this owner; returns how many that were."""
        return await self._remove("links", ids, owner)

    async def remove_collections(self, ids: Collection[str], owner: str) -> int:
        """Remove collections of tiles of this owner; returns how many that were."""
        return await self._remove("collections", ids, owner)

    async def remove_methods(self, ids: Collection[str], owner: str) -> int:
        """Remove entries of methods by group of this owner; returns how many that were."""
        return await self._remove("method_entries", ids, owner)

    async def _remove(self, table: str, ids: Collection[str], owner: str) -> int:
        return await self._change(_REMOVE[table], ids=to_json(sorted(ids)), owner=owner)

    async def _change(self, statement: Statement, **values: str) -> int:
        changed = await self._run.changed(statement, **values)
        if changed:
            await self._run.changed(NEW_VERSION)
        return changed


def _addresses(network: Network) -> str:
    """Write the blocks of a network, with the mark of one whose computers are shared."""
    if not network.shared:
        return to_json(network.addresses)
    return to_json({"blocks": network.addresses, "shared": True})


def _network(id_: str, name: str, addresses: str) -> Network:
    written = _ADDRESSES.decode(addresses)
    if isinstance(written, _Shared):
        return Network(NetworkId(id_), name, written.blocks, shared=written.shared)
    return Network(NetworkId(id_), name, written)
