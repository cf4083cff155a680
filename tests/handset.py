"""A small phone for tests: a key, a software screen lock, and every way to get something wrong.

Made from docs/developers/phone-protocol.md alone, with none of the product's own code.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import cbor2
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

API = "/authenticator/api/v1/"
UP, UV, AT = 0x01, 0x04, 0x40  # WebAuthn Level 3 section 6.1


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def public(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    point = key.public_key().public_numbers()
    x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    return {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}


def jws(key: ec.EllipticCurvePrivateKey, header: object, payload: bytes) -> str:
    signed = f"{b64u(compact(header))}.{b64u(payload)}"
    return f"{signed}.{b64u(sign(key, signed.encode()))}"


@dataclass
class ScreenLock:
    """A platform authenticator in software (WebAuthn Level 3 section 6)."""

    origin: str
    id: bytes = b"credential-of-a-test-phone"
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    count: int = 0
    flags: int = UP | UV
    rp_id: str = ""
    counts: bool = True

    def made(self, challenge: bytes, /, **said: Any) -> dict[str, str]:
        """Make the credential, attested by nobody."""
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        about = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._data(self.flags | AT) + about
        attested = {"fmt": "none", "attStmt": {}, "authData": data}
        client = self._client("webauthn.create", challenge, said)
        return {
            "id": b64u(self.id),
            "client_data": b64u(client),
            "attestation_object": b64u(cbor2.dumps(attested)),
        }

    def used(self, challenge: bytes, /, **said: Any) -> dict[str, str]:
        """Use the credential, once the lock was opened."""
        if self.counts:
            self.count += 1
        data = self._data(self.flags)
        client = self._client("webauthn.get", challenge, said)
        signed = data + hashlib.sha256(client).digest()
        return {
            "id": b64u(self.id),
            "client_data": b64u(client),
            "authenticator_data": b64u(data),
            "signature": b64u(self.key.sign(signed, ec.ECDSA(SHA256()))),
        }

    def _data(self, flags: int) -> bytes:
        host = self.rp_id or urlsplit(self.origin).hostname or ""
        digest = hashlib.sha256(host.encode()).digest()
        return digest + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: bytes, said: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": b64u(challenge), "origin": self.origin}
        return compact(told | {"crossOrigin": False} | said)


@dataclass
class Handset:
    """One phone. `clock` is its own, which may be wrong."""

    client: httpx.AsyncClient
    origin: str
    clock: Callable[[], datetime]
    address: str = "203.0.113.7"
    id: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    lock: ScreenLock = field(init=False)
    totp: str = ""
    sent: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = ScreenLock(self.origin)

    def payload(self, act: str, /, **fields: Any) -> bytes:
        always = {"v": 1, "aud": self.origin, "act": act, "iat": milliseconds(self.clock())}
        return compact(always | fields)

    def header(self, act: str) -> dict[str, Any]:
        head: dict[str, Any] = {"alg": "ES256", "typ": "portvakt-phone+jwt"}
        return head | ({"jwk": public(self.key)} if act == "pair" else {"kid": self.id})

    def signed(self, act: str, /, **fields: Any) -> str:
        return jws(self.key, self.header(act), self.payload(act, **fields))

    async def post(self, act: str, body: object) -> httpx.Response:
        """Post a body as it is."""
        content = body if isinstance(body, bytes) else compact(body)
        headers = {"content-type": "application/json", "x-forwarded-for": self.address}
        return await self.client.post(self.origin + API + act, content=content, headers=headers)

    async def act(
        self, act: str, /, *, proof: str = "", said: dict[str, Any] | None = None, **fields: Any
    ) -> httpx.Response:
        """Sign an act and send it; `proof` is "assertion" or "attestation", made for it."""
        payload = self.payload(act, **fields)
        body: dict[str, Any] = {"jws": jws(self.key, self.header(act), payload)}
        challenge = hashlib.sha256(payload).digest()
        if proof == "assertion":
            body["assertion"] = self.lock.used(challenge, **(said or {}))
        elif proof == "attestation":
            body["attestation"] = self.lock.made(challenge, **(said or {}))
        self.sent.append(body)
        return await self.post(act, body)

    async def pair(
        self, code: str = "", *, short: str = "", account: str = "", name: str = "Annas Pixel"
    ) -> httpx.Response:
        """Bring a code; where it is right, remember who this phone is from now on."""
        answer = await self.act("pair", code=code, short=short, account=account, name=name)
        if answer.status_code == 200:
            self.id = answer.json()["phone"]
            self.totp = answer.json()["totp"]["secret"]
        return answer

    async def requests(self) -> list[dict[str, Any]]:
        """Ask what waits."""
        answer = await self.act("fetch")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["requests"]
        return found

    async def answer(
        self, request: dict[str, Any], decision: str, number: str = "", **more: Any
    ) -> httpx.Response:
        """Answer what was shown."""
        digest = b64u(hashlib.sha256(unb64u(request["shown"])).digest())
        fields = {"request": request["id"], "shown": digest} | more.pop("fields", {})
        return await self.act("answer", decision=decision, number=number, **fields, **more)

    async def result(self, request: dict[str, Any], decision: str, number: str = "") -> str:
        """Answer, and return what came of it."""
        shown = json.loads(unb64u(request["shown"]))
        locked = "assertion" if shown["lock"] and decision == "approve" else ""
        answer = await self.answer(request, decision, number, proof=locked)
        assert answer.status_code == 200, answer.text
        result: str = answer.json()["result"]
        return result

    @property
    def authorization(self) -> str:
        return f"PortvaktPhone {self.signed('stream')}"


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Read a stream of events (HTML Living Standard section 9.2.6); heartbeats have no name."""
    name, data = "", ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif line.startswith(":"):
            yield "", {}
        elif not line and name:
            yield name, json.loads(data)
            name, data = "", ""
