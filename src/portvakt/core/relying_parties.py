"""Apps: what is known of each, where its answers may be sent, and what it calls a person."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from portvakt.core.ids import AccountId, ClientId, GroupId

BY_SECRET = frozenset({"client_secret_basic", "client_secret_post"})
"""The ways of showing that it is the app that need a shared secret."""
AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105  # a grant type
BY_ISSUER = "tls_client_auth"
"""By a certificate with the app's name, from an issuer that we trust (RFC 8705 section 2.1)."""
BY_KEY = "self_signed_tls_client_auth"
"""By a certificate of a key that the entry holds (section 2.2)."""
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628 section 3.4."""
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  # a grant type
"""RFC 8693 section 2.1."""
OFF_UNLESS_NAMED = frozenset({DEVICE_CODE, TOKEN_EXCHANGE})
"""What is not done for any app whose entry does not say so: to all others it is unknown (A105)."""
SWEDEN_CONNECT = "sweden-connect"
OFFLINE_ACCESS = "offline_access"
ASSIGNED = ("openid", "profile", "email", "groups")
"""What an app may ask for whose entry names nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """An app, with the field names of RFC 7591 section 2."""

    client_id: ClientId
    client_name: str
    redirect_uris: tuple[str, ...]
    token_endpoint_auth_method: str = "none"  # noqa: S105  # the name of a way, not a secret
    """"none", "client_secret_basic", "client_secret_post" or "private_key_jwt"."""
    grant_types: tuple[str, ...] = (AUTHORIZATION_CODE,)
    """With what it may come to the token endpoint."""
    scope: tuple[str, ...] = ASSIGNED
    """What it may ask for; the rest of what it asks for is not given."""
    jwks: str | None = None
    """Its public keys as a JWK set in JSON, for what it signs; or `jwks_uri`, where they are."""
    jwks_uri: str | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where a browser may go after signing out (RP-Initiated Logout 1.0 section 3.1)."""
    backchannel_logout_uri: str | None = None
    """Where it is told that a session has ended (Back-Channel Logout 1.0 section 2.2)."""
    default_max_age: int | None = None
    """Seconds since somebody showed who they are, where the request does not say."""
    default_acr_values: tuple[str, ...] = ()
    access_token: str = "jwt"  # noqa: S105  # a form
    """"jwt" (RFC 9068), which others can read, or "opaque"."""
    tls_client_auth_subject_dn: str | None = None
    """The one name that its certificate must carry (RFC 8705 section 2.1.2): this, or one of…"""
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    """Whether its tokens need the certificate that they were asked for with (section 3.4)."""
    dpop_bound_access_tokens: bool = False
    """Whether its tokens always need a proof of its key (RFC 9449 section 5.2)."""
    consent: bool = False
    """Whether people are asked before it is told of them: it is not the organisation's own."""
    told_groups: tuple[str, ...] = ()
    """Which groups it is told of, each a name, or with a star how names begin; empty is all."""
    require_pushed_authorization_requests: bool = False
    """Whether it must push its requests (RFC 9126 section 6)."""
    require_signed_request_object: bool = False
    """Whether it must sign them (RFC 9101 section 10.5)."""
    client_uri: str | None = None
    initiate_login_uri: str | None = None
    logo_uri: str | None = None
    icon: str | None = None
    """Under which mark the picture on its tile is kept."""
    forward_auth_hosts: tuple[str, ...] = ()
    """The hosts, each with a port where it is not 443, whose proxy asks us before every request."""
    groups: frozenset[GroupId] = frozenset()
    """Who may open it. Empty is nobody."""
    subject_type: str = "public"
    """"public" or "pairwise" (OpenID Connect Core section 8)."""
    id_token_signed_response_alg: str = "RS256"  # noqa: S105  # an algorithm
    userinfo_signed_response_alg: str | None = None
    """Whether userinfo is signed, and how; None where it is plain JSON."""
    introspection_signed_response_alg: str = "RS256"
    """How answers about tokens are signed where they are asked for signed (RFC 9701 section 6)."""
    resources: tuple[str, ...] = ()
    """For which services, beside our own, it may get access tokens (RFC 8707)."""
    serves: tuple[str, ...] = ()
    """As which of such services it may ask about the tokens that it is handed."""
    exchange_for: tuple[str, ...] = ()
    """For which services it may trade the tokens that it is handed (RFC 8693)."""
    exchange_as: str = "delegation"
    """"delegation", where the new token says who acts, or "impersonation", where it does not."""
    profile: str | None = None
    """"sweden-connect" for an app of that federation; None for the organisation's usual ones."""
    application_type: str = "web"
    """"web" or "native" (OpenID Connect Dynamic Client Registration section 2)."""
    secret_hash: bytes | None = None
    """SHA-256 of the client secret, which is random; None for a public client."""
    old_secret_hash: bytes | None = None
    """SHA-256 of the secret before, which counts beside it for a while (ADR 42)."""
    old_secret_until: int = 0
    """Until when, in seconds since 1970."""

    def secret_hashes(self, now: datetime) -> tuple[bytes, bytes]:
        """Return the hashes of the secrets that count now; what does not count is no hash at all.

        There are always two, so that as much is compared whichever was sent.
        """
        counts = now.timestamp() < self.old_secret_until
        return self.secret_hash or b"", (self.old_secret_hash or b"") if counts else b""


def answers_are_opaque(app: RelyingParty) -> bool:
    """Say whether its access tokens are for nobody else to read.

    Sweden Connect's profile section 2.3.2: they reveal nothing of the person or the sign-in.
    """
    return app.access_token == "opaque" or app.profile == SWEDEN_CONNECT  # noqa: S105 - a form


def userinfo_algorithm(app: RelyingParty) -> str | None:
    """Return how userinfo is signed for an app, or None where it is not.

    The Swedish profile section 4.3 wants it signed.
    """
    if app.userinfo_signed_response_alg is None and app.profile == SWEDEN_CONNECT:
        return app.id_token_signed_response_alg
    return app.userinfo_signed_response_alg


def told_of(app: RelyingParty, groups: Iterable[GroupId]) -> tuple[GroupId, ...]:
    """Return those of somebody's groups that the app is told of, in their order."""
    wanted = app.told_groups
    return tuple(
        sorted(
            group
            for group in groups
            if not wanted or any(_is_meant(each, group) for each in wanted)
        )
    )


def _is_meant(pattern: str, group: GroupId) -> bool:
    if pattern.endswith("*"):
        return group.startswith(pattern[:-1])
    return group == pattern


_LOOPBACK = ("127.0.0.1", "[::1]")


def redirect_matches(app: RelyingParty, asked: str) -> bool:
    """Whether an answer may be sent to this `redirect_uri`.

    Character for character the same as a registered one (RFC 9700 section 2.1), with the one
    exception of RFC 8252 section 7.3: a native app that registered a loopback IP literal over
    http may come back on any port. `localhost` is a name and gets no exception.
    """
    if asked in app.redirect_uris:
        return True
    if app.application_type != "native":
        return False
    without_port = _loopback_without_port(asked)
    if without_port is None:
        return False
    return any(_loopback_without_port(each) == without_port for each in app.redirect_uris)


def _loopback_without_port(uri: str) -> str | None:
    """`http://127.0.0.1:8123/cb` without its port; None for anything that is not just so.

    Taken apart by hand: a URL library repairs what it is given, and what is repaired here would
    be read otherwise by the browser.
    """
    for host in _LOOPBACK:
        start = f"http://{host}"
        if not uri.startswith(start):
            continue
        authority_end = uri.find("/", len(start))
        if authority_end < 0:
            return None
        port = uri[len(start) : authority_end]
        if port and not _is_port(port):
            return None
        path = uri[authority_end:]
        if not path.isascii() or not path.isprintable() or " " in path or "\\" in path:
            return None
        return start + path
    return None


_MAX_PORT = 65535


def _is_port(text: str) -> bool:
    """Whether this is ":" and a port number, with no leading nought and nothing else."""
    digits = text[1:]
    if text[0] != ":" or not digits.isascii() or not digits.isdigit() or digits[0] == "0":
        return False
    return len(digits) <= len(str(_MAX_PORT)) and int(digits) <= _MAX_PORT


def browser_origins(app: RelyingParty) -> frozenset[str]:
    """Return the origins of an app that runs wholly in the browser, as browsers write them.

    Only such an app calls us from a page. What keeps a secret has a server of its own to do so.
    """
    secret = app.token_endpoint_auth_method != "none"  # noqa: S105  # the name of a way
    if secret or app.application_type != "web":
        return frozenset()
    return frozenset(_origin(each) for each in app.redirect_uris)


_USUAL_PORTS = {"http": 80, "https": 443}


def _origin(uri: str) -> str:
    """Write the origin of an address (RFC 6454 section 6.2)."""
    parts = urlsplit(uri)
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    usual = parts.port in {None, _USUAL_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{name}" + ("" if usual else f":{parts.port}")


def sector_of(app: RelyingParty) -> str:
    """Find the host that pairwise names are made for (OpenID Connect Core section 8.1).

    An app with several redirect hosts is a sector of its own, named by its client id; and so is one
    whose host is everybody's (this very machine), or that has none (a scheme of its own).
    """
    hosts = {urlsplit(each).hostname or "" for each in app.redirect_uris}
    host = hosts.pop() if len(hosts) == 1 else ""
    return app.client_id if host == "" or _is_everybodys(host) else host


def _is_everybodys(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def subject(account: AccountId, app: RelyingParty, key: bytes) -> str:
    """Name a person towards one app: stable, and never the account's own id.

    `key` is the installation's secret key for subjects, at least 32 bytes. Public names are the
    same towards all apps; pairwise ones differ from sector to sector and cannot be compared.
    """
    about = f"pairwise\0{sector_of(app)}" if app.subject_type == "pairwise" else "public"
    digest = hmac.digest(key, f"{about}\0{account}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode("ascii")
