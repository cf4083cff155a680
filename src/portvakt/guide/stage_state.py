"""What stands on the stage: the installation's groups, networks, rules and apps, but nobody of it.

`portvakt export` wrote it. People are left out, and so is every rule for named people.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import tomli_w

from portvakt.crypto.randomness import SystemRandom
from portvakt.guide.cast import Cast
from portvakt.guide.errors import GuideError

OUTSIDE: Final = ("203.0.113.7", "198.51.100.7", "192.0.2.7")
"""Addresses that are kept free for documents (RFC 5737): one of them is in no network of ours."""
_KEPT: Final = (
    "groups",
    "networks",
    "apps",
    "links",
    "collections",
    "strengths",
    "rules",
    "methods",
)
_SECRET: Final = 52
"""Letters: 260 bits."""
_WAYS_BY_SECRET: Final = {"client_secret_basic", "client_secret_post"}

Table = dict[str, Any]


def write_state(
    folder: Path,
    state: Mapping[str, Any] | None,
    cast: Cast,
    hashes: Mapping[str, str],
    *,
    groups: tuple[str, ...],
    today: date,
) -> Path:
    """Write what `apply` reads into `folder`; `hashes` are those of the cast's passwords, by id.

    The cast is in `groups`, or, where none is named, in the group that most tiles are for.
    """
    table = without_people(state or {})
    for app in table.get("apps", []):
        _give_a_secret(app, folder)
    chosen = groups or usual_group(table)
    table["groups"] = [{"id": id_} for id_ in sorted({*_named_groups(table), *chosen})]
    table["people"] = [
        each.entry(password_hash=hashes[each.id], groups=chosen, today=today)
        for each in cast.everybody()
    ]
    file = folder / "stage.toml"
    file.write_text(tomli_w.dumps(table), encoding="utf-8")
    return file


def without_people(state: Mapping[str, Any]) -> Table:
    """Return what is applied of an export: nothing in it names a person."""
    table: Table = {name: list(state[name]) for name in _KEPT if state.get(name)}
    table["rules"] = [
        _for_everybody(rule) for rule in table.get("rules", []) if not _when(rule).get("people")
    ]
    for kind in ("apps", "links"):
        table[kind] = [_with_own_icon(entry) for entry in table.get(kind, [])]
    return {name: rows for name, rows in table.items() if rows}


def place_of(state: Mapping[str, Any] | None, *, outside: bool) -> str:
    """Return an address outside all networks of the installation, or one inside.

    Raises `GuideError` where there is no such place.
    """
    blocks = [
        ipaddress.ip_network(block, strict=False)
        for network in (state or {}).get("networks", [])
        for block in network["addresses"]
    ]
    if outside:
        for text in OUTSIDE:
            if not any(ipaddress.ip_address(text) in block for block in blocks):
                return text
        raise GuideError("every address is inside the networks of the state; nobody is outside")
    for block in blocks:
        if block.version == 4:  # noqa: PLR2004 - the Internet Protocol's number
            return str(block[block.num_addresses // 2])
    raise GuideError("the state has no network, so nobody can be shown inside")


def _when(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    when: Mapping[str, Any] = rule.get("when", {})
    return when


def _for_everybody(rule: Mapping[str, Any]) -> Table:
    """Return a rule without its exceptions for named people, who are not on the stage."""
    when = {name: value for name, value in _when(rule).items() if name != "people_not"}
    return {**rule, "when": when}


def _with_own_icon(entry: Mapping[str, Any]) -> Table:
    """Return a tile with its picture where that stands in the export itself."""
    icon = str(entry.get("icon", ""))
    if icon.startswith("data:"):
        return dict(entry)
    return {name: value for name, value in entry.items() if name != "icon"}


def _give_a_secret(app: Table, folder: Path) -> None:
    """Give an app a secret of the stage's own: an export has none."""
    way = app.get("token_endpoint_auth_method", "client_secret_basic")
    app.pop("client_secret_file", None)
    if way in _WAYS_BY_SECRET:
        file = folder / "app-secret"
        file.write_text(SystemRandom().base32(_SECRET), encoding="ascii")
        app["client_secret_file"] = file.name


def _named_groups(table: Table) -> Iterable[str]:
    """Name every group that something stands for; a directory's are in no export by themselves."""
    for each in table.get("groups", []):
        yield each["id"]
    for kind in ("apps", "links", "methods"):
        for each in table.get(kind, []):
            yield from (
                *each.get("groups", ()),
                *each.get("groups_not", ()),
                *each.get("told_groups", ()),
            )
    for rule in table.get("rules", []):
        yield from (*_when(rule).get("groups", ()), *_when(rule).get("groups_not", ()))


def usual_group(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the group that most tiles of a state are for; none where there are no tiles."""
    tiles = [*table.get("apps", []), *table.get("links", [])]
    counted = Counter(group for each in tiles for group in each.get("groups", ()))
    return tuple(name for name, _ in counted.most_common(1))
