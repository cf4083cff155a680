"""The service as a phone sees it, with whatever it should say: for what only the app decides.

It serves the app's real files under the real headers, checks every signature, and has no rules.
"""

import asyncio
import json
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portvakt.journeys.approve_push.files import AppFiles
from portvakt.web.headers import security_headers, with_security
from tests.web.serving import served

PHONE = "6f3c9a0e5b7d41828c1f0a2b3c4d5e6f"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CODE = "AAECAwQFBgcICQoLDA0ODw"
LIVES = 90_000  # ms


def now() -> int:
    return time.time_ns() // 1_000_000


def unpadded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def padded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SmallService:
    """What it knows and says next; tests change it, the app meets it."""

    def __init__(self) -> None:
        self.address = ""
        self.state: dict[str, Any] = {
            "state": "active",
            "name": "Min telefon",
            "sign_in": False,
            "screen_lock": None,
            "account": {
                "name": "Anna Berg",
                "user_name": "anna.berg@region.example",
                "organisation": "Region Exempel",
                "colour": "#005ea5",
                "support_phone": "026-15 40 00",
            },
            "vapid": None,
            "requests": [],
        }
        self.result = "approved"
        self.refuses: tuple[str, int] | None = None
        self.gone = False
        self.clock_ahead = 0
        self.seen: list[dict[str, Any]] = []
        self._key: ec.EllipticCurvePublicKey | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def acts(self) -> list[str]:
        return [each["act"] for each in self.seen]

    def changed(self) -> None:
        """Tell the streams that something is new."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._changed.set)

    def end(self) -> None:
        """Let open streams end."""
        self.gone = True
        self._changed.set()

    def ask(self, name: str, *, lives: int = LIVES, **fields: Any) -> None:
        """Let a request wait."""
        shown = {
            "v": 1,
            "request": name,
            "account": "anna.berg@region.example",
            "purpose": "sign_in",
            "app": "Lön & tid",
            "network": "",
            "address": "203.0.113.7",
            "browser": "Chrome, Windows",
            "known_browser": True,
            "quiet": False,
            "at": self.now(),
            "session": unpadded(b"session"),
            "digits": 2,
            "lock": False,
        } | fields
        raw = json.dumps(shown, ensure_ascii=False).encode()
        waiting = {"id": name, "shown": unpadded(raw), "expires_at": self.now() + lives}
        self.state["requests"] = [*self.state["requests"], waiting]
        self.changed()

    def now(self) -> int:
        return now() + self.clock_ahead

    # ---- the wire ----

    def app(self, public_url: str) -> ASGIApp:
        self.address = public_url
        files = [Route(each.path, each.endpoint) for each in AppFiles().routes()]
        api = "/authenticator/api/v1"
        inner = Starlette(
            routes=[
                Route(f"{api}/stream", self.stream),
                Route(f"{api}/{{act}}", self.act, methods=["POST"]),
                *files,
            ]
        )

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    security = security_headers(https=False, app=True)
                    message["headers"] = with_security(message["headers"], security)
                await send(message)

            await inner(scope, receive, sending)

        return guarded

    def _payload(self, jws: str) -> dict[str, Any]:
        """Return what was signed; the signature must be the phone's."""
        head, body, signature = jws.split(".")
        jwk = json.loads(padded(head)).get("jwk")
        if jwk is not None:
            x, y = (int.from_bytes(padded(jwk[name])) for name in ("x", "y"))
            self._key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        assert self._key is not None
        raw = padded(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        self._key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
        payload: dict[str, Any] = json.loads(padded(body))
        assert (payload["v"], payload["aud"]) == (1, self.address)
        return payload

    def _refusal(self, payload: dict[str, Any]) -> Response | None:
        refuses = self.refuses
        if abs(payload["iat"] - self.now()) > 60_000:
            refuses = ("clock", 401)
        elif self.gone:
            refuses = ("gone", 410)
        if refuses is None:
            return None
        return JSONResponse({"error": refuses[0], "now": self.now()}, refuses[1])

    async def act(self, request: Request) -> Response:
        body = await request.json()
        payload = self._payload(body["jws"])
        assert payload["act"] == request.path_params["act"]
        self.seen.append(payload | {"beside": sorted(set(body) - {"jws"})})
        return self._refusal(payload) or JSONResponse(
            self._answer(payload, body) | {"now": self.now()}
        )

    def _answer(self, payload: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        match payload["act"]:
            case "pair":
                self.state["name"] = payload["name"]
                totp = {"secret": SECRET, "digits": 6, "period": 30, "algorithm": "SHA1"}
                return self.state | {"phone": PHONE, "totp": totp}
            case "answer":
                left = [one for one in self.state["requests"] if one["id"] != payload["request"]]
                self.state["requests"] = [] if payload["decision"] == "not_me" else left
                approving = payload["decision"] == "approve"
                return {"result": self.result if approving else "denied"}
            case "screen_lock":
                self.state["sign_in"] = payload["sign_in"]
                if "attestation" in body:
                    self.state["screen_lock"] = body["attestation"]["id"]
            case "transfer":
                url = f"{self.address}/authenticator/#pair={CODE}"
                return {"code": CODE, "url": url, "expires_at": self.now() + 600_000}
            case "rename":
                self.state["name"] = payload["name"]
            case "opened" | "subscribe" | "retire" | "lock_account":
                return {}
            case _:
                pass  # `fetch`
        return self.state

    async def stream(self, request: Request) -> Response:
        self._loop = asyncio.get_running_loop()
        kind, jws = request.headers["authorization"].split(" ")
        assert kind == "PortvaktPhone"
        payload = self._payload(jws)
        self.seen.append(payload)
        refusal = self._refusal(payload)
        return refusal or StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[str]:
        while not self.gone:
            yield f"event: state\ndata: {json.dumps(self.state | {'now': self.now()})}\n\n"
            self._changed.clear()
            await self._changed.wait()
        yield "event: gone\ndata: {}\n\n"


@contextmanager
def small_service() -> Iterator[SmallService]:
    """Run it beside the test: Playwright keeps this thread's loop to itself."""
    service, ready, over = SmallService(), threading.Event(), threading.Event()

    async def run() -> None:
        async with served(service.app):
            ready.set()
            await asyncio.to_thread(over.wait)
            service.end()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield service
    finally:
        over.set()
        thread.join(20)


def with_screen_lock(page: Page) -> None:
    """Give the phone a screen lock that is shown at once, whenever it is asked for."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
