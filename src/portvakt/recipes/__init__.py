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
from portvakt.journeys.open_app.oidc.discovery import DISCOVERY, discovery_document

NOTE: Final = "note"
_STRONGER: Final = "urn:portvakt:aal2"
_PART: Final = re.compile(r"^--- (.+)$\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is known of a product: where it takes answers, under the address that people open."""

    name: str
    callbacks: tuple[str, ...]
    """Paths of redirect addresses; the first is the one that its settings name."""
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
    url = app.client_uri or _origin(app.redirect_uris[0])
    served = discovery_document(side.issuer)
    signed_out = app.post_logout_redirect_uris[0] if app.post_logout_redirect_uris else ""
    end_session = str(served.get("end_session_endpoint", ""))
    back = {"client_id": app.client_id, "post_logout_redirect_uri": signed_out}
    scopes = [each for each in app.scope if each != OFFLINE_ACCESS]
    text = _TEMPLATES.get_template(f"{kind}.txt").render(
        issuer=side.issuer,
        discovery=side.issuer + DISCOVERY,
        authorize=served["authorization_endpoint"],
        token=served["token_endpoint"],
        userinfo=served["userinfo_endpoint"],
        jwks=served["jwks_uri"],
        end_session=end_session,
        signed_out=signed_out if end_session else "",
        sign_out_address=f"{end_session}?{urlencode(back)}",
        organisation=" ".join(side.organisation.split()),
        client_id=app.client_id,
        secret=side.secret,
        drawn=side.drawn,
        redirect_uri=app.redirect_uris[0],
        url=url.rstrip("/"),
        path=urlsplit(url).path or "/",
        scope=" ".join(scopes),
        scopes=scopes,
        alg=app.id_token_signed_response_alg,
        stronger=_STRONGER,
    )
    pieces = _PART.split(text)[1:]
    return tuple(_part(head, body) for head, body in zip(pieces[::2], pieces[1::2], strict=True))


def _part(head: str, body: str) -> Part:
    where, _, language = head.partition(" | ")
    return Part(where, language, body.strip("\n"))


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
