"""Where a sign-in leads, read from the local path that it will go on to."""

from urllib.parse import parse_qs, urlsplit

from portvakt.core.relying_parties import RelyingParty
from portvakt.records.configuration import Configuration

AUTHORIZE = "/oidc/authorize"


def app_of(to: str, configuration: Configuration) -> RelyingParty | None:
    """Return the app that a local path opens, or None for our own pages and unknown apps.

    Rules are evaluated again when the app is really opened, so this decides only what is asked for
    on the way.
    """
    parts = urlsplit(to)
    if parts.path != AUTHORIZE:
        return None
    asked = parse_qs(parts.query).get("client_id", [])
    return configuration.app(asked[0]) if len(asked) == 1 else None


def login_hint_of(to: str) -> str:
    """Return the name that an app expects to sign in (OpenID Connect Core section 3.1.2.1), or "".

    It fills in the field for the person to change, and decides nothing.
    """
    parts = urlsplit(to)
    asked = parse_qs(parts.query).get("login_hint", []) if parts.path == AUTHORIZE else []
    return asked[0] if len(asked) == 1 and asked[0].isprintable() else ""
