"""Writes what files own as such a file, without secrets. Applying it changes nothing."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import tomli_w

from portvakt.core.people import AccountState
from portvakt.core.policy import Network
from portvakt.core.portal import Collection, Link
from portvakt.core.relying_parties import ASSIGNED, AUTHORIZATION_CODE, RelyingParty
from portvakt.journeys.apply_state.methods import methods_entry
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.journeys.apply_state.rule_entries import rule_entry, strength_entries
from portvakt.phone_numbers import written_for_people
from portvakt.records import Configuration, Records, StoredPerson, Unit
from portvakt.records.icons import Icon

_HEAD = """\
# Written by `portvakt export`. What files own and nothing else: no people of HR, no password
# hashes, no authenticator apps, no client secrets. Those stay as they are stored.
"""
_ABSENT = "# People with protected identity are left out, so do not apply this with --prune.\n"


NO_ICONS: Final[Mapping[str, Icon]] = {}


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of the file, and how many in it have protected identity."""

    text: str
    protected: int
    left_out: int


async def export_state(records: Records, *, include_protected: bool, country: str) -> Exported:
    """Return everything that files own, as a state file."""

    async def act(unit: Unit) -> tuple[Configuration, list[StoredPerson], dict[str, Icon]]:
        people = await unit.people.all_of_source(OWNER)
        return await unit.configuration.load(), people, await unit.icons.all()

    configuration, people, icons = await records.read(act)
    protected = sum(1 for each in people if each.protected)
    shown = [each for each in people if include_protected or not each.protected]
    table = _table(configuration, shown, icons, country)
    left_out = 0 if include_protected else protected
    head = _HEAD + (_ABSENT if left_out else "")
    text = f"{head}\n{tomli_w.dumps(table)}"
    return Exported(text, protected if include_protected else 0, left_out)


def _table(
    configuration: Configuration,
    people: Iterable[StoredPerson],
    icons: Mapping[str, Icon],
    country: str,
) -> dict[str, Any]:
    def mine(kind: str, id_: str) -> bool:
        return configuration.owners.get((kind, id_)) == OWNER

    collections = sorted(configuration.collections, key=lambda each: (each.place, each.id))
    rules = [each for each in configuration.rules if mine("rule", each.id)]
    table = {
        "groups": [{"id": id_} for id_ in sorted(configuration.groups) if mine("group", id_)],
        "people": [_person(each, country) for each in people],
        "networks": [
            network_entry(each) for each in configuration.networks if mine("network", each.id)
        ],
        "apps": [
            entry_of(each, icons) for each in configuration.apps if mine("app", each.client_id)
        ],
        "links": [_link(each, icons) for each in configuration.links if mine("link", each.id)],
        "collections": [_collection(each) for each in collections if mine("collection", each.id)],
        "strengths": strength_entries(rules),
        "rules": [rule_entry(each) for each in rules],
        "methods": [
            methods_entry(each) for each in configuration.methods if mine("methods", each.id)
        ],
    }
    return {section: rows for section, rows in table.items() if rows}


def _person(person: StoredPerson, country: str) -> dict[str, Any]:
    return _said(
        {
            "id": person.external_id,
            "user_name": person.user_name,
            "email": person.email,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "title": person.title,
            "unit": person.unit,
            "manager": person.manager,
            "protected": person.protected,
            "state": "" if person.state is AccountState.ACTIVE else person.state.value,
            "start_date": person.start_date,
            "groups": sorted(person.groups),
            "work_mobile": person.phone and written_for_people(person.phone, country),
        }
    )


def network_entry(network: Network) -> dict[str, Any]:
    """Return the entry of a network."""
    return _said(
        {
            "id": network.id,
            "name": network.name,
            "addresses": list(network.addresses),
            "shared": network.shared,
        }
    )


def entry_of(app: RelyingParty, icons: Mapping[str, Icon] = NO_ICONS) -> dict[str, Any]:
    """Return the entry that describes an app, without its secret; `icons` are all pictures."""
    return _said(
        {
            "client_id": app.client_id,
            "client_name": app.client_name,
            "redirect_uris": list(app.redirect_uris),
            "token_endpoint_auth_method": app.token_endpoint_auth_method,
            "grant_types": _unless(list(app.grant_types), [AUTHORIZATION_CODE]),
            "scope": _unless(" ".join(app.scope), " ".join(ASSIGNED)),
            "jwks": None if app.jwks is None else orjson.loads(app.jwks),
            "jwks_uri": app.jwks_uri,
            "post_logout_redirect_uris": list(app.post_logout_redirect_uris),
            "backchannel_logout_uri": app.backchannel_logout_uri,
            "require_pushed_authorization_requests": app.require_pushed_authorization_requests,
            "require_signed_request_object": app.require_signed_request_object,
            "default_max_age": app.default_max_age,
            "default_acr_values": list(app.default_acr_values),
            "access_token": _unless(app.access_token, "jwt"),
            "tls_client_auth_subject_dn": app.tls_client_auth_subject_dn,
            "tls_client_auth_san_dns": app.tls_client_auth_san_dns,
            "tls_client_auth_san_uri": app.tls_client_auth_san_uri,
            "tls_client_auth_san_ip": app.tls_client_auth_san_ip,
            "tls_client_auth_san_email": app.tls_client_auth_san_email,
            "tls_client_certificate_bound_access_tokens": (
                app.tls_client_certificate_bound_access_tokens
            ),
            "dpop_bound_access_tokens": app.dpop_bound_access_tokens,
            "consent": app.consent,
            "told_groups": list(app.told_groups),
            "forward_auth_hosts": list(app.forward_auth_hosts),
            "client_uri": app.client_uri,
            "initiate_login_uri": app.initiate_login_uri,
            "logo_uri": app.logo_uri,
            "icon": _icon(app.icon, icons),
            "application_type": app.application_type,
            "subject_type": app.subject_type,
            "id_token_signed_response_alg": app.id_token_signed_response_alg,
            "userinfo_signed_response_alg": app.userinfo_signed_response_alg,
            "introspection_signed_response_alg": _unless(
                app.introspection_signed_response_alg, "RS256"
            ),
            "resources": list(app.resources),
            "serves": list(app.serves),
            "exchange_for": list(app.exchange_for),
            "exchange_as": _unless(app.exchange_as, "delegation"),
            "profile": app.profile,
            "groups": sorted(app.groups),
        }
    )


def _link(link: Link, icons: Mapping[str, Icon]) -> dict[str, Any]:
    return _said(
        {
            "id": link.id,
            "name": link.name,
            "address": link.address,
            "icon": _icon(link.icon, icons),
            "groups": sorted(link.groups),
        }
    )


def _collection(collection: Collection) -> dict[str, Any]:
    return {
        "id": collection.id,
        "name": dict(collection.name),
        "apps": list(collection.apps),
    }


def _icon(mark: str | None, icons: Mapping[str, Icon]) -> str | None:
    """Write a picture as an address that holds it, so that the file needs none beside it."""
    icon = None if mark is None else icons.get(mark)
    if icon is None:
        return None
    return f"data:{icon.media_type};base64,{base64.b64encode(icon.content).decode()}"


def _unless(value: Any, usual: Any) -> Any:
    """Leave out what an entry says by saying nothing."""
    return None if value == usual else value


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing, as people do."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {}, False)}
