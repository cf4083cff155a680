"""Demobutiken and its like: apps that let people in by OpenID Connect and show what they are told.

It is an ordinary client, written from the specifications, and imports nothing of Portvakt: code
flow (OpenID Connect Core section 3.1) with PKCE (RFC 7636), `state`, `nonce` and `iss` (RFC 9207).
"""

import base64
import hashlib
import secrets
import ssl
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from joserfc import jwk, jwt
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

_FOLDER = Path(__file__).parent
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_MOST_VISITORS = 1000
_MOST_ATTEMPTS = 5
_LEEWAY = 5  # seconds that two clocks may differ
_ALGORITHMS = ["ES256", "RS256"]

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that this browser has begun."""

    nonce: str
    verifier: str


@dataclass(slots=True)
class Visitor:
    """One browser: what it has begun, and who it turned out to be."""

    attempts: OrderedDict[str, Attempt] = field(default_factory=OrderedDict)
    claims: dict[str, Any] | None = None


class ShopError(Exception):
    """The sign-in did not hold; the text says what was wrong with it."""


class Shop:
    """The whole app; visitors are kept in memory."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        url: str,
        trust: ssl.SSLContext,
        clock: Clock,
        name: str = "Demobutiken",
    ) -> None:
        """Take the issuer to ask, our own name with it, our own address, and whom TLS believes."""
        self._name = name
        self._cookie = f"demo_{client_id}"
        self._issuer = issuer
        self._client_id = client_id
        self._url = url
        self._clock = clock
        self._http = httpx.AsyncClient(verify=trust, trust_env=False, timeout=5)
        self._visitors: OrderedDict[str, Visitor] = OrderedDict()
        self._metadata: dict[str, Any] | None = None

    def app(self, *beside: BaseRoute) -> Starlette:
        """Return the app; `beside` stands at the same address."""
        return Starlette(
            routes=[
                Route("/", self.show),
                Route("/sign-in", self.sign_in),
                Route("/callback", self.callback),
                Route("/sign-out", self.sign_out, methods=["POST"]),
                Route("/style.css", self.style),
                *beside,
            ],
            exception_handlers={ShopError: self.failed, httpx.HTTPError: self.failed},
        )

    async def close(self) -> None:
        """Drop the connections to the issuer."""
        await self._http.aclose()

    async def style(self, _: Request) -> Response:
        """Return the style sheet."""
        body = (_FOLDER / "style.css").read_bytes()
        return Response(body, media_type="text/css", headers=_HEADERS)

    async def show(self, request: Request) -> Response:
        """Greet whoever is signed in, with what the issuer said; else offer to sign in."""
        claims = self._visitor(request)[1].claims
        return self._page(claims=claims, since=_moment(claims), error=None)

    async def failed(self, _: Request, error: Exception) -> Response:
        """Say what was wrong; nobody is signed in by it."""
        said = str(error) or type(error).__name__
        return self._page(status=400, claims=None, since=None, error=said)

    async def sign_in(self, request: Request) -> Response:
        """Send the browser to the issuer (OpenID Connect Core section 3.1.2.1).

        Also where the portal sends people who opened us from there (section 4 of Third-Party
        Initiated Login), then with the issuer's own name, which must be the one we know.
        """
        if request.query_params.get("iss", self._issuer) != self._issuer:
            raise ShopError("somebody else's issuer asked us to sign in")
        key, visitor = self._visitor(request)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        visitor.attempts[state] = Attempt(nonce, verifier)
        while len(visitor.attempts) > _MOST_ATTEMPTS:
            visitor.attempts.popitem(last=False)
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": f"{self._url}/callback",
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        where = (await self._discovered())["authorization_endpoint"]
        answer = RedirectResponse(f"{where}?{urlencode(asked)}", 303, headers=_HEADERS)
        answer.set_cookie(self._cookie, key, httponly=True, samesite="lax")
        return answer

    async def callback(self, request: Request) -> Response:
        """Take the issuer's answer, check it, and fetch who it is."""
        said = request.query_params
        visitor = self._visitor(request)[1]
        attempt = visitor.attempts.pop(said.get("state", ""), None)
        if attempt is None:
            raise ShopError("this browser did not begin this sign-in")
        if said.get("iss") != self._issuer:
            raise ShopError("the answer names another issuer")
        if "error" in said:
            raise ShopError(f"{said['error']}: {said.get('error_description', '')}")
        tokens = await self._redeem(said.get("code", ""), attempt)
        claims = await self._checked(tokens["id_token"], attempt.nonce)
        visitor.claims = {**await self._person(tokens["access_token"], claims["sub"]), **claims}
        return RedirectResponse(f"{self._url}/", 303, headers=_HEADERS)

    async def sign_out(self, request: Request) -> Response:
        """Forget this browser, here only."""
        self._visitors.pop(request.cookies.get(self._cookie, ""), None)
        answer = RedirectResponse(f"{self._url}/", 303, headers=_HEADERS)
        answer.delete_cookie(self._cookie)
        return answer

    def _page(self, status: int = 200, **values: object) -> Response:
        shown = {"name": self._name, "url": self._url, **values}
        html = _PAGES.get_template("shop.html").render(shown)
        return HTMLResponse(html, status_code=status, headers=_HEADERS)

    def _visitor(self, request: Request) -> tuple[str, Visitor]:
        """Find the browser behind the cookie, or make one that is kept once it begins something."""
        key = request.cookies.get(self._cookie, "")
        visitor = self._visitors.get(key)
        if visitor is None:
            key, visitor = secrets.token_urlsafe(32), Visitor()
            if request.url.path.endswith("/sign-in"):
                self._visitors[key] = visitor
            while len(self._visitors) > _MOST_VISITORS:
                self._visitors.popitem(last=False)
        return key, visitor

    async def _discovered(self) -> dict[str, Any]:
        """Return the issuer's own description (OpenID Connect Discovery section 4)."""
        if self._metadata is None:
            found = await self._http.get(f"{self._issuer}/.well-known/openid-configuration")
            found.raise_for_status()
            metadata: dict[str, Any] = found.json()
            if metadata["issuer"] != self._issuer:
                raise ShopError("the issuer calls itself something else")
            self._metadata = metadata
        return self._metadata

    async def _redeem(self, code: str, attempt: Attempt) -> dict[str, Any]:
        """Trade the code for tokens (OpenID Connect Core section 3.1.3)."""
        answer = await self._http.post(
            (await self._discovered())["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": f"{self._url}/callback",
                "client_id": self._client_id,
                "code_verifier": attempt.verifier,
            },
        )
        tokens: dict[str, Any] = answer.json()
        if answer.is_error:
            raise ShopError(f"{tokens.get('error')}: {tokens.get('error_description', '')}")
        return tokens

    async def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an ID token that holds (OpenID Connect Core section 3.1.3.7)."""
        published = await self._http.get((await self._discovered())["jwks_uri"])
        published.raise_for_status()
        keys = jwk.KeySet.import_key_set(published.json())
        rules = jwt.JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            token = jwt.decode(id_token, keys, algorithms=_ALGORITHMS)
            rules.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise ShopError(f"the ID token does not hold: {error}") from error
        return token.claims

    async def _person(self, access_token: str, sub: str) -> dict[str, Any]:
        """Ask who it is (OpenID Connect Core section 5.3); it must be the one in the ID token."""
        answer = await self._http.get(
            (await self._discovered())["userinfo_endpoint"],
            headers={"authorization": f"Bearer {access_token}"},
        )
        answer.raise_for_status()
        person: dict[str, Any] = answer.json()
        if person.get("sub") != sub:
            raise ShopError("userinfo is about somebody else")
        return person


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _moment(claims: dict[str, Any] | None) -> str | None:
    """When the person last showed who they are, as a clock on the wall here says it."""
    if claims is None or "auth_time" not in claims:
        return None
    return f"{datetime.fromtimestamp(claims['auth_time']).astimezone():%Y-%m-%d %H:%M:%S}"
