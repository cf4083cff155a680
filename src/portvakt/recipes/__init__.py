"""What to paste on the other side: for each product its settings, one template a product.

A template has parts, each under a line `--- WHERE | LANGUAGE`; a part called `note` is prose. All
addresses come from the discovery document, so what is printed is what is served.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portvakt.core.relying_parties import OFFLINE_ACCESS, RelyingParty
from portvakt.journeys.open_app.oidc.discovery import discovery_document
from portvakt.journeys.open_app.oidc.places import DISCOVERY

NOTE: Final = "note"
_STRONGER: Final = "urn:portvakt:aal2"
_PART: Final = re.compile(r"^--- (.+)$\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is known of a product: where it takes answers, under the address that people open."""

    name: str
    callbacks: tuple[str, ...] = ()
    """Paths of redirect addresses; the first is the one that its settings name. Without any, its
    proxy asks us before every request, and it speaks no protocol of ours."""
    signed_out: str | None = None
    """Where it wants people after signing out."""
    told: str | None = None
    """Where it is told that a session has ended."""
    refreshes: bool = True
    """Whether it knows what to do with a refresh token."""


PRODUCTS: Final[Mapping[str, Product]] = {
    "apache": Product(
        name="Apache (mod_auth_openidc)",
        callbacks=("/oidc-callback",),
        signed_out="/",
        told="/oidc-callback?logout=backchannel",
    ),
    "jupyterhub": Product(
        name="JupyterHub", callbacks=("/hub/oauth_callback",), signed_out="/hub/login"
    ),
    "grafana": Product(name="Grafana", callbacks=("/login/generic_oauth",), signed_out="/login"),
    "nextcloud": Product(
        name="Nextcloud",
        callbacks=("/apps/user_oidc/code", "/index.php/apps/user_oidc/code"),
        signed_out="/",
        told="/apps/user_oidc/backchannel-logout/portvakt",
    ),
    "gitlab": Product(
        name="GitLab", callbacks=("/users/auth/openid_connect/callback",), refreshes=False
    ),
    "nginx": Product(name="nginx, before an app that speaks no sign-in protocol", refreshes=False),
    "generic": Product(name="Any app", callbacks=("/callback",), signed_out="/", refreshes=False),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to paste, and where; prose where `where` is `note`."""

    where: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What an app's settings say of our side, and what is secret in them."""

    issuer: str
    """`public_url`."""
    organisation: str
    secret: str
    """"" for an app that has none, and words where it is shown elsewhere."""
    drawn: str
    """64 random hexadecimal digits, for products that seal something with a key of their own."""


def serves_sign_out(issuer: str) -> bool:
    """Whether apps can send people here to sign out."""
    return "end_session_endpoint" in discovery_document(issuer)


def tells_of_sign_out(issuer: str) -> bool:
    """Whether apps are told that a session has ended."""
    return discovery_document(issuer).get("backchannel_logout_supported") is True


def addresses(product: Product, url: str, issuer: str) -> dict[str, object]:
    """Return the address fields of an entry for an app that people open at `url` (RFC 7591)."""
    base = url.rstrip("/")
    if not product.callbacks:
        return {"client_uri": url, "forward_auth_hosts": (_guarded(url),)}
    found: dict[str, object] = {
        "client_uri": url,
        "redirect_uris": tuple(base + each for each in product.callbacks),
    }
    if product.signed_out is not None and serves_sign_out(issuer):
        found["post_logout_redirect_uris"] = (base + product.signed_out,)
    if product.told is not None and tells_of_sign_out(issuer):
        found["backchannel_logout_uri"] = base + product.told
    return found


def paste(kind: str, app: RelyingParty, side: Side) -> tuple[Part, ...]:
    """Render the settings of a product (a key of `PRODUCTS`) for an app that is registered here."""
    values = _ours(side) | _theirs(app) | {"secret": side.secret, "drawn": side.drawn}
    signed_out = app.post_logout_redirect_uris[0] if app.post_logout_redirect_uris else ""
    if not values["end_session"]:
        signed_out = ""
    back = {"client_id": app.client_id, "post_logout_redirect_uri": signed_out}
    text = _TEMPLATES.get_template(f"{kind}.txt").render(
        values,
        signed_out=signed_out,
        sign_out_address=f"{values['end_session']}?{urlencode(back)}",
    )
    pieces = _PART.split(text)[1:]
    return tuple(_part(head, body) for head, body in zip(pieces[::2], pieces[1::2], strict=True))


def _ours(side: Side) -> dict[str, object]:
    """Return what is ours, from the document that clients read."""
    served, parts = discovery_document(side.issuer), urlsplit(side.issuer)
    return {
        "issuer": side.issuer,
        "discovery": side.issuer + DISCOVERY,
        "authorize": served["authorization_endpoint"],
        "token": served["token_endpoint"],
        "userinfo": served["userinfo_endpoint"],
        "jwks": served["jwks_uri"],
        "end_session": served.get("end_session_endpoint", ""),
        "our_authority": parts.netloc,
        "our_host": parts.hostname or "",
        "our_port": parts.port or 443,
        "organisation": " ".join(side.organisation.split()),
        "stronger": _STRONGER,
    }


def _theirs(app: RelyingParty) -> dict[str, object]:
    """Return what is the app's."""
    guarded = app.forward_auth_hosts[0] if app.forward_auth_hosts else ""
    back = app.redirect_uris[0] if app.redirect_uris else f"https://{guarded}"
    url = app.client_uri or _origin(back)
    host, _, port = guarded.partition(":")
    scopes = [each for each in app.scope if each != OFFLINE_ACCESS]
    return {
        "client_id": app.client_id,
        "word": re.sub(r"[^a-z0-9]", "_", app.client_id.lower()),
        "redirect_uri": back,
        "url": url.rstrip("/"),
        "path": urlsplit(url).path or "/",
        "guarded": guarded,
        "their_host": host,
        "their_port": port or "443",
        "scope": " ".join(scopes),
        "scopes": scopes,
        "alg": app.id_token_signed_response_alg,
    }


def _part(head: str, body: str) -> Part:
    where, _, language = head.partition(" | ")
    return Part(where, language, body.strip("\n"))


def _guarded(url: str) -> str:
    """Return the host of an address as browsers write it: with a port where it is not 443."""
    return urlsplit(url).netloc.lower().removesuffix(":443")


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _python(value: object) -> str:
    """Quote for Python, which reads what JSON writes of texts and lists of them."""
    return json.dumps(value, ensure_ascii=False)


def _ruby(text: str) -> str:
    """Quote for Ruby so that nothing in it is code: single quotes know two escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _ini(text: str) -> str:
    """Write as it is, or in back quotes where a part of it would be read as a comment."""
    return text if not set(text) & set("#;\"'`") else f"`{text.replace('`', '')}`"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - settings of programs, each value quoted for its language
        keep_trailing_newline=True,
    )
    made.filters |= {"python": _python, "ruby": _ruby, "shell": shlex.quote, "ini": _ini}
    return made


_TEMPLATES: Final = _environment()
