"""Where a sign-in leads, and what is asked for there, read from the local path it will go on to.

Whatever is read here is judged again when the app is really opened, so it decides only what is
asked for on the way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from portvakt.core.assurance import AAL1, AAL2, Requirement
from portvakt.core.device_grant import PATH as DEVICE
from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.signals import ClientKind
from portvakt.records.configuration import Configuration

AUTHORIZE = "/oidc/authorize"
GUARDED = "/forward-auth/start"
"""Where a browser comes from the host of an app whose proxy asks us (ADR 43)."""
NEED = "need"
"""The parameter in which the authorization endpoint says what it still misses."""
_WAYS = {GUARDED: ClientKind.PROXY, DEVICE: ClientKind.DEVICE}
_TWO_FACTORS = "mfa"
_SOMEBODY_ELSE = "person"


@dataclass(frozen=True, slots=True)
class Needs:
    """What an app asks for beyond the rules."""

    two_factors: bool = False
    somebody_else: bool = False
    """It expects another person than the one who is signed in here."""

    @property
    def requirement(self) -> Requirement:
        """What of it can be shown, to be added to what the rules ask."""
        return Requirement(multifactor=self.two_factors)

    def text(self) -> str:
        """Return it as the value of `NEED`; empty for nothing."""
        words = ((self.two_factors, _TWO_FACTORS), (self.somebody_else, _SOMEBODY_ELSE))
        return ".".join(word for needed, word in words if needed)


def asks_itself(app: RelyingParty) -> Requirement:
    """Return what an app's entry demands where its request says nothing else.

    OpenID Connect Dynamic Client Registration 1.0 section 2: `default_acr_values` and
    `default_max_age`.
    """
    levels, age = frozenset(app.default_acr_values), app.default_max_age
    return Requirement(
        multifactor=AAL2 in levels and AAL1 not in levels,
        max_age=None if age is None else timedelta(seconds=age),
    )


def app_of(to: str, configuration: Configuration) -> RelyingParty | None:
    """Return the app that a local path opens, or None for our own pages and unknown apps."""
    host = _only(to, "host", GUARDED)
    if host is not None:
        return configuration.by_host.get(host)
    named = _only(to, "client_id")
    return None if named is None else configuration.app(ClientId(named))


def way_of(to: str) -> ClientKind | None:
    """Return in what way an app is opened at a local path, where the path tells."""
    return _WAYS.get(to.partition("?")[0])


def login_hint_of(to: str) -> str:
    """Return the name that an app expects to sign in (OpenID Connect Core section 3.1.2.1), or "".

    It fills in the field for the person to change.
    """
    hint = _only(to, "login_hint") or ""
    return hint if hint.isprintable() else ""


def needs_of(to: str) -> Needs:
    """Return what the authorization endpoint said that it misses."""
    words: Iterable[str] = (_only(to, NEED) or "").split(".")
    return Needs(two_factors=_TWO_FACTORS in words, somebody_else=_SOMEBODY_ELSE in words)


def _only(to: str, name: str, path: str = AUTHORIZE) -> str | None:
    """Return a parameter of `to`, where it leads to this path and names the parameter once."""
    parts = urlsplit(to)
    values = parse_qs(parts.query).get(name, []) if parts.path == path else []
    return values[0] if len(values) == 1 else None
