"""The stage's server: one port of this machine behind every name of the installation."""

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import socket
from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.guide.errors import GuideError
from portvakt.guide.stage_settings import PROXY
from portvakt.web.server import UVICORN_OPTIONS

_MOMENT = 0.01
_APP = """<!doctype html>
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
body {{ font: 18px system-ui; margin: 0; color: #16202b; background: #f6f7f9 }}
main {{ max-width: 28rem; margin: 96px auto; padding: 0 20px }}
h1 {{ font-size: 28px }}
</style>
<main><h1>{name}</h1></main>
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that nobody signed, its key, and how a browser is told to trust just it."""

    file: Path
    key: Path
    mark: str
    """SHA-256 of its public key, in base64."""


class Front:
    """What answers on the port: it says where the browser is, as a trusted proxy does.

    One house at a time stands behind it; none between two scenes. In the place of an app that a
    tile leads to it shows its name: the app is elsewhere, and elsewhere does not exist here.
    """

    def __init__(self, tiles: Mapping[str, str]) -> None:
        """Take the names of apps by the origin that they have."""
        self._apps = {urlsplit(origin).netloc: name for origin, name in tiles.items()}
        self._inner: ASGIApp | None = None
        self._address = ""

    def show(self, inner: ASGIApp | None, address: str = "") -> None:
        """Put this house behind it, for people at `address`."""
        self._inner, self._address = inner, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._inner is None:
            raise GuideError("nothing is on the stage")
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if host in self._apps:
            await HTMLResponse(_APP.format(name=escape(self._apps[host])))(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if not _says_where(pair[0])]
        # in place: the protocol looks at this very scope afterwards
        scope["headers"] = [*headers, (b"x-forwarded-for", self._address.encode())]
        scope["client"] = (PROXY, 1)
        await self._inner(scope, receive, send)


def _says_where(name: bytes) -> bool:
    return name in {b"forwarded", b"x-real-ip"} or name.startswith(b"x-forwarded-")


class _Server(uvicorn.Server):
    """Leaves the signals to whoever makes the guide."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def serving(front: Front, certificate: Certificate | None) -> AsyncIterator[int]:
    """Answer on a free port of the loopback, and yield the port."""
    with socket.socket() as listening:
        listening.bind((PROXY, 0))
        options: dict[str, Any] = {
            **UVICORN_OPTIONS,
            "loop": "asyncio",
            "lifespan": "off",
            "log_config": None,
            "log_level": "error",
        }
        if certificate is not None:
            options |= {"ssl_certfile": certificate.file, "ssl_keyfile": certificate.key}
        server = _Server(uvicorn.Config(front, **options))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started and not running.done():  # noqa: ASYNC110 - a flag, no event
                await asyncio.sleep(_MOMENT)
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            server.force_exit = True  # nobody looks any more
            await running


def make_certificate(folder: Path, names: Iterable[str], now: dt.datetime) -> Certificate:
    """Write a certificate for these names, and its key, into `folder`; it holds for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portvakt guide")])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "stage.pem", folder / "stage.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    mark = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return Certificate(file, key_file, mark)
