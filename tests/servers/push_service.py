"""The other two sides of Web Push on loopback: a push service, and a phone that can be woken."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwk, jwt

from portvakt.core.phones import Subscription
from tests.conformance.operator import Behave, Operator, Request, answers, operator


@dataclass(frozen=True)
class WakeablePhone:
    """What a phone keeps of its subscription: the private key and the secret."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    name: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def subscription(self, url: str) -> Subscription:
        """What it tells the sign-in service."""
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return Subscription(endpoint=f"{url}/{self.name}", p256dh=point, auth=self.auth)

    def opened(self, body: bytes) -> bytes:
        """What it was told (RFC 8291). Raises where it is not meant for this phone."""
        told: bytes = http_ece.decrypt(
            body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"
        )
        return told


@asynccontextmanager
async def push_service(behave: Behave | None = None, port: int = 0) -> AsyncIterator[Operator]:
    """Run a push service that takes everything, or behaves as it is told."""
    async with operator(behave or answers(201, b"", "Location: /message/1"), port=port) as there:
        yield there


def at(there: Operator) -> str:
    """The setting that allows a push service on loopback."""
    return f"http://127.0.0.1:{there.port}"


def verified(request: Request, now: datetime) -> dict[str, Any]:
    """Check who asks, as RFC 8292 section 4 has it, and return the claims."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    point = base64.urlsafe_b64decode(given["k"] + "=")
    assert len(point) == 65
    x, y = (base64.urlsafe_b64encode(half).decode() for half in (point[1:33], point[33:]))
    key = jwk.ECKey.import_key(
        {"kty": "EC", "crv": "P-256", "x": x.rstrip("="), "y": y.rstrip("=")}
    )
    token = jwt.decode(given["t"], key, algorithms=["ES256"])
    assert token.header == {"typ": "JWT", "alg": "ES256"}
    left = token.claims["exp"] - now.timestamp()
    assert 0 < left <= 12 * 3600
    return {**token.claims, "key": point}


def in_turn(*behaviours: Behave) -> Behave:
    """Behave differently each time; the last one from then on."""
    left = list(behaviours)

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, out)

    return behave
