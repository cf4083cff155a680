"""What a file asks for, in the types of the core."""

from dataclasses import replace

import orjson

from portvakt.core.directory_diff import PersonFacts
from portvakt.core.ids import ClientId, GroupId, NetworkId
from portvakt.core.policy import Network
from portvakt.core.portal import Collection, Link
from portvakt.core.relying_parties import BY_SECRET, RelyingParty
from portvakt.crypto.client_certificates import NAMES
from portvakt.crypto.digests import lookup_hash
from portvakt.journeys.apply_state import document
from portvakt.journeys.apply_state.checks import Judged


def facts_of(person: document.Person, judged: Judged) -> PersonFacts:
    """Return a person of the file."""
    return PersonFacts(
        external_id=person.id,
        user_name=person.user_name,
        email=person.email,
        given_name=person.given_name,
        family_name=person.family_name,
        title=person.title,
        unit=person.unit,
        manager=person.manager,
        protected=person.protected,
        active=person.state == "active",
        start_date=person.start_date,
        work_mobile=judged.phones.get(person.id),
        groups=frozenset(GroupId(each) for each in person.groups),
    )


def network_of(network: document.Network) -> Network:
    """Return a network of the file."""
    id_, shared = NetworkId(network.id), network.shared
    return Network(id_, network.name, network.addresses, shared=shared)


BINDING_FIELDS = (
    *(f"tls_client_auth_{kind}" for kind in NAMES),
    "tls_client_certificate_bound_access_tokens",
    "dpop_bound_access_tokens",
)


def app_of(app: document.App, judged: Judged, stored: RelyingParty | None) -> RelyingParty:
    """Return an app of the file. One that names no secret file keeps the secret it has."""
    wanted = RelyingParty(
        client_id=ClientId(app.client_id),
        client_name=app.client_name,
        redirect_uris=app.redirect_uris,
        token_endpoint_auth_method=app.token_endpoint_auth_method,
        grant_types=app.grant_types,
        scope=tuple(app.scope.split()),
        jwks=None if app.jwks is None else orjson.dumps(app.jwks).decode(),
        jwks_uri=app.jwks_uri,
        post_logout_redirect_uris=app.post_logout_redirect_uris,
        backchannel_logout_uri=app.backchannel_logout_uri,
        require_pushed_authorization_requests=app.require_pushed_authorization_requests,
        require_signed_request_object=app.require_signed_request_object,
        default_max_age=app.default_max_age,
        default_acr_values=app.default_acr_values,
        access_token=app.access_token,
        **{name: getattr(app, name) for name in BINDING_FIELDS},
        consent=app.consent,
        told_groups=app.told_groups,
        forward_auth_hosts=app.forward_auth_hosts,
        client_uri=app.client_uri,
        initiate_login_uri=app.initiate_login_uri,
        logo_uri=app.logo_uri,
        icon=_mark(app.icon, judged),
        groups=frozenset(GroupId(each) for each in app.groups),
        subject_type=app.subject_type,
        id_token_signed_response_alg=app.id_token_signed_response_alg,
        userinfo_signed_response_alg=app.userinfo_signed_response_alg,
        introspection_signed_response_alg=app.introspection_signed_response_alg,
        resources=app.resources,
        serves=app.serves,
        exchange_for=app.exchange_for,
        exchange_as=app.exchange_as,
        profile=app.profile,
        application_type=app.application_type,
    )
    secret = judged.client_secrets.get(app.client_id)
    hashed = None if secret is None else lookup_hash(secret.open())
    if stored is None or app.token_endpoint_auth_method not in BY_SECRET:
        return replace(wanted, secret_hash=hashed)
    if hashed not in {None, stored.secret_hash}:
        return replace(wanted, secret_hash=hashed)  # the one before it ends at once
    return replace(
        wanted,
        secret_hash=stored.secret_hash,
        old_secret_hash=stored.old_secret_hash,
        old_secret_until=stored.old_secret_until,
    )


def link_of(link: document.Link, judged: Judged) -> Link:
    """Return a link of the file."""
    return Link(
        id=ClientId(link.id),
        name=link.name,
        address=link.address,
        groups=frozenset(GroupId(each) for each in link.groups),
        icon=_mark(link.icon, judged),
    )


def collection_of(collection: document.Collection, place: int) -> Collection:
    """Return a collection of the file, which is the one at this place there."""
    return Collection(
        id=collection.id,
        name={"sv": collection.name.sv, "en": collection.name.en},
        apps=tuple(ClientId(each) for each in collection.apps),
        place=place,
    )


def _mark(named: str | None, judged: Judged) -> str | None:
    """Return what a picture is kept under; a broken one is a problem already."""
    icon = None if named is None else judged.icons.get(named)
    return None if icon is None else icon.mark
