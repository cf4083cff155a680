"""A tiny service that holds phones to docs/developers/phone-protocol.md, for tests of a phone.

It shares nothing with ours and nothing with the phone: signatures are checked by joserfc, the
screen lock by the webauthn package. It keeps one account, and is asked by ASGI.
"""

import base64
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import webauthn
from joserfc import jws
from joserfc.jwk import ECKey

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ORIGIN = "https://auth.region.example"
CODE = "AAECAwQFBgcICQoLDA0ODw"
SHORT = "MFRGGZDF"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
START = 1_795_348_800_000
ALWAYS = {"v", "aud", "act", "iat"}
FIELDS = {
    "pair": {"code", "short", "account", "name"},
    "fetch": set(),
    "opened": {"request"},
    "answer": {"request", "shown", "decision", "number"},
    "lock_account": set(),
    "subscribe": {"endpoint", "p256dh", "auth"},
    "screen_lock": {"sign_in"},
    "transfer": set(),
    "rename": {"name"},
    "retire": set(),
    "stream": set(),
}
STATUS = {"signature": 401, "clock": 401, "gone": 410, "lock": 403, "wrong": 403, "used": 403}


class RefusedError(Exception):
    def __init__(self, word: str, status: int = 0) -> None:
        super().__init__(word)
        self.word = word
        self.status = status or STATUS.get(word, 400)


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    id: bytes
    key: bytes


@dataclass
class Wanted:
    """A request as the service keeps it."""

    number: str
    shown: dict[str, Any]

    @property
    def bytes(self) -> bytes:
        return json.dumps(self.shown, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass
class Service:
    """One account, the phones that it knows, and what a test may change."""

    origin: str = ORIGIN
    now: int = START
    code: str | None = CODE
    phones: dict[str, ECKey] = field(default_factory=dict)
    name: str = ""
    state: str = "proving"
    sign_in: bool = False
    credential: Credential | None = None
    waiting: dict[str, Wanted] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The acts that came, in order."""
    seen: list[tuple[str, ...]] = field(default_factory=list)
    """What phones told."""
    answers: list[tuple[int, bytes, str]] = field(default_factory=list)
    """What to answer instead, first to last: status, body, media type."""
    stream: list[bytes] = field(default_factory=list)
    """What a stream holds; otherwise one `state`."""
    totp: bool = True

    def request(self, number: str = "42", **more: Any) -> str:
        """Let a request wait, and return its id."""
        name = f"r{len(self.asked)}-{len(self.waiting)}"
        shown = {
            "v": 1,
            "request": name,
            "account": "anna.berg@region.example",
            "purpose": "sign_in",
            "app": "Lön",
            "network": "",
            "address": "203.0.113.7",
            "browser": "Chrome, Windows",
            "known_browser": True,
            "quiet": False,
            "at": self.now,
            "session": b64u(sha256(b"session").digest()),
            "digits": len(number),
            "lock": False,
        }
        self.waiting[name] = Wanted(number, shown | more)
        return name

    def fetched(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "name": self.name,
            "sign_in": self.sign_in,
            "screen_lock": None if self.credential is None else b64u(self.credential.id),
            "account": {
                "name": "Anna Berg",
                "user_name": "anna.berg",
                "organisation": "Region Exempel",
                "colour": "#005ea5",
                "support_phone": "026-15 40 00",
            },
            "vapid": None,
            "requests": [
                {
                    "id": name,
                    "shown": b64u(each.bytes),
                    "expires_at": each.shown["at"] + 90_000,
                }
                for name, each in self.waiting.items()
            ],
            "now": self.now,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        if self.answers:
            status, content, kind = self.answers.pop(0)
            await _send(send, status, content, kind)
            return
        try:
            if scope["path"].endswith("/stream"):
                self._opened_by(scope)
                events = self.stream or [event("state", self.fetched())]
                await _send(send, 200, b"".join(events), "text/event-stream")
                return
            answer = {"now": self.now} | self.asked_for(scope, body)
            await _send(send, 200, json.dumps(answer).encode())
        except RefusedError as no:
            error = {"error": no.word, "now": self.now}
            await _send(send, no.status, json.dumps(error).encode())

    def _opened_by(self, scope: Scope) -> None:
        assert scope["method"] == "GET"
        scheme, _, compact = dict(scope["headers"])[b"authorization"].decode().partition(" ")
        assert scheme == "PortvaktPhone"
        self._signed("stream", compact)

    def asked_for(self, scope: Scope, body: bytes) -> dict[str, Any]:
        headers = dict(scope["headers"])
        assert scope["method"] == "POST"
        assert headers[b"content-type"] == b"application/json"
        assert b"cookie" not in headers
        assert len(body) <= 16_384
        act = scope["path"].removeprefix("/authenticator/api/v1/")
        said = json.loads(body)
        compact = said.pop("jws")
        payload = self._signed(act, compact)
        answer: dict[str, Any] = getattr(self, f"_{act}")(payload, said, _part(compact, 1))
        assert not said, "members that the act does not have"
        return answer

    def _signed(self, act: str, compact: str) -> dict[str, Any]:
        self.asked.append(act)
        header, payload = json.loads(_part(compact, 0)), json.loads(_part(compact, 1))
        assert header.pop("alg") == "ES256"
        assert header.pop("typ") == "portvakt-phone+jwt"
        if act == "pair":
            key = ECKey.import_key(header.pop("jwk"))
        elif (phone := header.pop("kid")) in self.phones:
            key = self.phones[phone]
        else:
            raise RefusedError("gone")
        assert not header, "the header holds more"
        jws.deserialize_compact(compact, key, ["ES256"])
        assert set(payload) == ALWAYS | FIELDS[act]
        assert payload["v"] == 1
        if (payload["aud"], payload["act"]) != (self.origin, act):
            raise RefusedError("signature")
        if abs(payload["iat"] - self.now) > 60_000:
            raise RefusedError("clock")
        self.by = key
        return {name: payload[name] for name in payload if name not in ALWAYS}

    def _pair(self, asked: dict[str, Any], *_: Any) -> dict[str, Any]:
        assert (asked["code"] == "") != (asked["short"] == "")
        assert (asked["short"] == "") == (asked["account"] == "")
        assert 1 <= len(asked["name"]) <= 40
        if self.code is None:
            raise RefusedError("used")
        if asked["code"] != self.code and (asked["short"], asked["account"]) != (SHORT, "anna"):
            raise RefusedError("wrong")
        self.code, self.name = None, asked["name"]
        phone = f"phone-{len(self.phones) + 1}"
        self.phones = {phone: self.by}
        totp = {"secret": SECRET, "digits": 6, "period": 30, "algorithm": "SHA1"}
        return self.fetched() | {"phone": phone, "totp": totp if self.totp else None}

    def _fetch(self, *_: Any) -> dict[str, Any]:
        return self.fetched()

    def _opened(self, asked: dict[str, Any], *_: Any) -> dict[str, Any]:
        self.seen.append(("opened", asked["request"]))
        return {}

    def _answer(self, asked: dict[str, Any], beside: Any, payload: bytes) -> dict[str, Any]:
        wanted = self.waiting.get(asked["request"])
        if wanted is None:
            return {"result": "ended"}
        assert asked["shown"] == b64u(sha256(wanted.bytes).digest())
        decision = asked["decision"]
        assert (decision == "approve") == (asked["number"] != "")
        if decision == "approve" and wanted.shown["lock"]:
            self._unlocked(beside, payload)
        del self.waiting[asked["request"]]
        self.seen.append((decision, asked["request"]))
        if decision == "not_me":
            self.waiting.clear()
        if decision != "approve":
            return {"result": "denied"}
        right = asked["number"] == wanted.number
        self.state = "active" if right else self.state
        return {"result": "approved" if right else "wrong_number"}

    def _lock_account(self, *_: Any) -> dict[str, Any]:
        self.seen.append(("lock_account",))
        return {}

    def _subscribe(self, asked: dict[str, Any], *_: Any) -> dict[str, Any]:
        self.seen.append(("subscribe", *asked.values()))
        return {}

    def _screen_lock(self, asked: dict[str, Any], beside: Any, payload: bytes) -> dict[str, Any]:
        if self.credential is None:
            self._attested(beside.pop("attestation"), payload)
        elif asked["sign_in"]:
            self._unlocked(beside, payload)
        self.sign_in = asked["sign_in"]
        return self.fetched()

    def _transfer(self, _: Any, beside: Any, payload: bytes) -> dict[str, Any]:
        self._unlocked(beside, payload)
        self.code = CODE[::-1]
        return {
            "code": self.code,
            "url": f"{self.origin}/authenticator/#pair={self.code}",
            "expires_at": self.now + 600_000,
        }

    def _rename(self, asked: dict[str, Any], *_: Any) -> dict[str, Any]:
        self.name = asked["name"]
        return self.fetched()

    def _retire(self, *_: Any) -> dict[str, Any]:
        self.phones = {}
        return {}

    @property
    def _host(self) -> str:
        return self.origin.partition("//")[2].partition(":")[0]

    def _attested(self, said: dict[str, str], payload: bytes) -> None:
        assert set(said) == {"id", "client_data", "attestation_object"}
        found = webauthn.verify_registration_response(
            credential={
                "id": said["id"],
                "rawId": said["id"],
                "type": "public-key",
                "response": {
                    "clientDataJSON": said["client_data"],
                    "attestationObject": said["attestation_object"],
                },
            },
            expected_challenge=sha256(payload).digest(),
            expected_origin=self.origin,
            expected_rp_id=self._host,
            require_user_verification=True,
        )
        assert found.fmt == "none"
        self.credential = Credential(found.credential_id, found.credential_public_key)

    def _unlocked(self, beside: dict[str, dict[str, str]], payload: bytes) -> None:
        if self.credential is None or "assertion" not in beside:
            raise RefusedError("lock")
        said = beside.pop("assertion")
        assert set(said) == {"id", "client_data", "authenticator_data", "signature"}
        if from_b64u(said["id"]) != self.credential.id:
            raise RefusedError("lock")
        webauthn.verify_authentication_response(
            credential={
                "id": said["id"],
                "rawId": said["id"],
                "type": "public-key",
                "response": {
                    "clientDataJSON": said["client_data"],
                    "authenticatorData": said["authenticator_data"],
                    "signature": said["signature"],
                },
            },
            expected_challenge=sha256(payload).digest(),
            expected_origin=self.origin,
            expected_rp_id=self._host,
            credential_public_key=self.credential.key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )


def _part(compact: str, at: int) -> bytes:
    return from_b64u(compact.split(".")[at])


def event(name: str, data: dict[str, Any]) -> bytes:
    """Write one server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _send(send: Send, status: int, body: bytes, kind: str = "application/json") -> None:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
