"""A small OpenID Connect client that shares no code with the product.

It does what a careful client does: discovery with a check of the issuer, PKCE, state, nonce, `iss`
in the answer (RFC 9207), and an ID token checked by joserfc against the published keys.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

WELL_KNOWN = "/.well-known/openid-configuration"


class AnswerRefusedError(AssertionError):
    """The client would not believe this answer."""


class OAuthAnswerError(Exception):
    """The server said no, in the words of the specification."""

    def __init__(self, status: int, answer: dict[str, str]) -> None:
        super().__init__(f"{status} {answer}")
        self.status = status
        self.code = answer.get("error")


@dataclass
class Attempt:
    """One request of the client: what it must remember until the answer comes."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass
class Client:
    """An app, as the other side of the protocol."""

    issuer: str
    client_id: str
    redirect_uri: str
    http: httpx.AsyncClient
    clock: Callable[[], datetime]
    secret: str | None = None
    secret_in: str = "basic"
    alg: str = "ES256"
    scope: str = "openid profile email groups"
    metadata: dict[str, Any] = field(default_factory=dict)

    async def discover(self) -> dict[str, Any]:
        answer = await self.http.get(self.issuer + WELL_KNOWN)
        assert answer.status_code == 200
        self.metadata = answer.json()
        if self.metadata["issuer"] != self.issuer:
            raise AnswerRefusedError("discovery names another issuer")
        return self.metadata

    def begin(self, **more: str | None) -> Attempt:
        """Make a request; `more` adds parameters, or takes one away where it is None."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        asked |= more
        sent = {name: value for name, value in asked.items() if value is not None}
        url = f"{self.metadata['authorization_endpoint']}?{urlencode(sent)}"
        return Attempt(url, sent.get("state", ""), sent.get("nonce", ""), verifier)

    def read_answer(self, location: str, attempt: Attempt) -> dict[str, str]:
        """Check that the answer is for this request and from this issuer."""
        parts = urlsplit(location)
        if not location.startswith(self.redirect_uri) or parts.fragment:
            raise AnswerRefusedError(f"not our address: {location}")
        pairs = parse_qsl(parts.query, strict_parsing=True)
        answer = dict(pairs)
        if len(pairs) != len(answer):
            raise AnswerRefusedError("a parameter came twice")
        if answer.get("state", "") != attempt.state:
            raise AnswerRefusedError("another state")
        if answer.get("iss") != self.issuer:
            raise AnswerRefusedError("another issuer")
        return answer

    async def post(
        self, sent: dict[str, str], *, to: str = "token_endpoint", **options: Any
    ) -> httpx.Response:
        """Post to the token endpoint, or another, with the client's own authentication."""
        headers = httpx.Headers(options.pop("headers", None))
        if self.secret is None:
            sent = {"client_id": self.client_id} | sent
        elif self.secret_in == "post":
            sent = {"client_id": self.client_id, "client_secret": self.secret} | sent
        else:
            both = f"{_form(self.client_id)}:{_form(self.secret)}".encode()
            headers.setdefault("authorization", f"Basic {base64.b64encode(both).decode()}")
        return await self.http.post(self.metadata[to], data=sent, headers=headers, **options)

    async def exchange(self, code: str, attempt: Attempt, /, **more: str) -> dict[str, Any]:
        """Trade the code for tokens. Raises `OAuthAnswerError`."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer = await self.post({k: v for k, v in (sent | more).items() if v})
        return _said(answer)

    async def refresh(self, token: str, **more: str) -> dict[str, Any]:
        """Trade a refresh token for the next and for new tokens. Raises `OAuthAnswerError`."""
        sent = {"grant_type": "refresh_token", "refresh_token": token}
        return _said(await self.post(sent | more))

    async def introspect(self, token: str, **more: str) -> dict[str, Any]:
        """Ask whether a token counts. Raises `OAuthAnswerError`."""
        return _said(await self.post({"token": token} | more, to="introspection_endpoint"))

    async def revoke(self, token: str, **more: str) -> httpx.Response:
        """Give a token back."""
        return await self.post({"token": token} | more, to="revocation_endpoint")

    async def keys(self) -> KeySet:
        answer = await self.http.get(self.metadata["jwks_uri"])
        assert answer.status_code == 200
        return KeySet.import_key_set(answer.json())

    async def believe(
        self, id_token: str, attempt: Attempt, *, refreshed: bool = False
    ) -> dict[str, Any]:
        """Check an ID token as OpenID Connect Core section 3.1.3.7 says, and return its claims.

        One that was `refreshed` has no nonce (section 12.2).
        """
        token = jwt.decode(id_token, await self.keys(), algorithms=[self.alg])
        registry = jwt.JWTClaimsRegistry(
            now=int(self.clock().timestamp()),
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": not refreshed, "value": attempt.nonce},
        )
        registry.validate(token.claims)
        return dict(token.claims)

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        """Ask who it is. Raises `OAuthAnswerError`."""
        headers = {"authorization": f"Bearer {access_token}"}
        answer = await self.http.get(self.metadata["userinfo_endpoint"], headers=headers)
        return _said(answer)


def _form(text: str) -> str:
    return urlencode({"": text})[1:]


def _said(answer: httpx.Response) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise OAuthAnswerError(answer.status_code, said)
    return said
