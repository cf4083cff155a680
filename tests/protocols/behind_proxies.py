"""The product over TLS, an app that shows what reaches it, and the real proxies of the recipes.

All of it on the loopback of this machine. The service runs in a thread with a loop of its own, so
that proxies and browsers can be driven from plain tests.
"""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.app import opened
from portvakt.core.people import Account
from portvakt.settings.structs import Proxies
from portvakt.web.server import UVICORN_OPTIONS
from tests.bad_days.processes import PATIENCE, free_port
from tests.browser.real_service import WallClock
from tests.protocols.guarded import guarded_app
from tests.servers.authority import Authority
from tests.servers.nginx import nginx
from tests.world import World, settings

RECIPES = Path(__file__).parents[2] / "docs/operators/examples/forward-auth"
T = TypeVar("T")


class App:
    """An app behind a proxy: it shows what it got, and remembers it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
        self.seen.append({"method": scope["method"], "path": scope["path"], "headers": headers})
        page = scope["path"].endswith(".html")
        body = _page(dict(headers)) if page else json.dumps(self.seen[-1]).encode()
        kind = b"text/html; charset=utf-8" if page else b"application/json"
        told = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": body})


def _page(headers: dict[str, str]) -> bytes:
    """What a person sees of the app."""
    out = '<p><a href="/.portvakt/sign-out">Logga ut</a></p>'
    return f"<!doctype html><title>Appen</title><h1>{headers['remote-user']}</h1>{out}".encode()


class Reached:
    """The product, which may be away for a while."""

    def __init__(self) -> None:
        self.inner: ASGIApp | None = None
        self.away = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.inner is not None
        if self.away and scope["path"].startswith("/.portvakt/"):
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"away"})
            return
        await self.inner(scope, receive, send)


@dataclass
class Service:
    """What runs in the thread, and how tests reach it."""

    folder: Path
    authority: Authority
    loop: asyncio.AbstractEventLoop
    world: World
    anna: Account
    home: str
    """`public_url`."""
    reached: Reached
    app: App
    app_port: int
    asked_at: str = ""
    """Where proxies of apps find it, where that is a proxy of its own."""

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Run something where the service runs."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(PATIENCE)


@dataclass
class Started:
    """One proxy with one app behind it."""

    service: Service
    host: str
    """With its port, as browsers write it."""
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path

    @property
    def origin(self) -> str:
        return f"https://{self.host}"


@contextmanager
def service(folder: Path, database_url: str) -> Iterator[Service]:
    """Serve the product and the app."""
    ready: list[Service] = []
    told, over = threading.Event(), threading.Event()

    def run() -> None:
        try:
            asyncio.run(_serve(folder, database_url, ready, told, over))
        finally:
            told.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert told.wait(PATIENCE)
        assert ready, "the service did not start"
        yield ready[0]
    finally:
        over.set()
        thread.join(PATIENCE)


async def _serve(
    folder: Path,
    database_url: str,
    ready: list[Service],
    told: threading.Event,
    over: threading.Event,
) -> None:
    port, app_port = free_port(), free_port()
    authority = Authority(folder / "authority")
    home = f"https://localhost:{port}"
    chosen = msgspec.structs.replace(
        settings(folder, database_url),
        public_url=home,
        proxies=Proxies(trusted=("127.0.0.1/32",)),
    )
    reached, app = Reached(), App()
    async with opened(chosen, clock=WallClock()) as house:
        reached.inner = house.asgi
        world = World(house, WallClock())
        anna = await world.person()
        certificate = authority.certificate("localhost")
        files = {
            "ssl_certfile": str(certificate.certificate),
            "ssl_keyfile": str(certificate.key),
        }
        running = [
            await _listening(reached, port, files),
            await _listening(app, app_port, {}),
        ]
        loop = asyncio.get_running_loop()
        ready.append(Service(folder, authority, loop, world, anna, home, reached, app, app_port))
        told.set()
        await asyncio.to_thread(over.wait)
        for server, task in running:
            server.should_exit = server.force_exit = True
            await task


async def _listening(
    app: Callable[[Scope, Receive, Send], Awaitable[None]], port: int, files: dict[str, str]
) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    options: dict[str, Any] = {**UVICORN_OPTIONS, **files, "lifespan": "off", "log_config": None}
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options))
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done()
        await asyncio.sleep(0.02)
    return server, task


def configure(where: Service, hosts: Sequence[str], **more: Any) -> None:
    """Say which hosts are guarded: one app for each."""
    apps = [guarded_app(host) for host in hosts]
    where.do(where.world.configure(apps=apps, **more))


@contextmanager
def proxy(where: Service, kind: str, name: str = "wiki") -> Iterator[Started]:
    """Start one of the real proxies with its recipe; only hosts, ports and files are others."""
    folder = where.folder / f"{kind}-{name}"
    folder.mkdir()
    port = free_port()
    host = f"{name}.localhost:{port}"
    command = _RECIPE_OF[kind](where, folder, name, port)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    try:
        _wait_for(port, process, log)
        yield Started(where, host, process, log)
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def front(where: Service, allowed: str) -> Iterator[Service]:
    """Put the example's nginx before the service, with the place that the page about proxies adds.

    `allowed` is the address of apps' proxies. What is yielded is the service as it is reached so.
    """
    folder, port = where.folder / f"front-{allowed}", free_port()
    folder.mkdir()
    behind = where.home.removeprefix("https://")
    certificate = where.authority.certificate("localhost")
    page = (RECIPES.parents[1] / "forward-auth.md").read_text(encoding="utf-8")
    added = re.search(r"```nginx\n(.*?)```", page, re.DOTALL)
    assert added is not None
    place = added[1].replace("allow 10.0.1.20;", f"allow {allowed};")
    place = place.replace("http://portvakt;", "https://portvakt;").replace("$host;", f"{behind};")
    site = folder / "front.conf"
    site.write_text(
        f"upstream portvakt {{\nserver {behind};\n}}\n"
        f"server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {certificate.certificate};\n"
        f"ssl_certificate_key {certificate.key};\n{place}}}\n",
        encoding="utf-8",
    )
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(nginx(folder, str(site)), stdout=out, stderr=out)
    try:
        _wait_for(port, process, log)
        yield replace(where, asked_at=f"localhost:{port}")
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the proxy does not listen")


def _adapted(where: Service, text: str, name: str, port: int, more: dict[str, str]) -> str:
    """Put the names, ports and files of this machine in the place of the recipe's."""
    authority = where.home.removeprefix("https://")
    certificate = where.authority.certificate(f"{name}.localhost")
    changes = more | {
        "127.0.0.1:3000": f"127.0.0.1:{where.app_port}",
        "/etc/ssl/certs/ca-certificates.crt": str(where.authority.ca_file),
        "/etc/ssl/wiki/fullchain.pem": str(certificate.certificate),
        "/etc/ssl/wiki/privkey.pem": str(certificate.key),
        "id.region.example": authority,
        "wiki.region.example": f"{name}.localhost:{port}",
    }
    for old, new in changes.items():
        assert old in text or old.startswith("/etc/ssl/"), f"the recipe has no {old}"
        text = text.replace(old, new)
    return text


def _nginx(where: Service, folder: Path, name: str, port: int) -> list[str]:
    authority = where.home.removeprefix("https://")
    recipe = (RECIPES / "nginx.conf").read_text(encoding="utf-8")
    more = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "id.region.example:443": where.asked_at or authority,
        "proxy_ssl_name                id.region.example": "proxy_ssl_name localhost",
        "server_name wiki.region.example": f"server_name {name}.localhost",
    }
    site = folder / "site.conf"
    site.write_text(_adapted(where, recipe, name, port, more), encoding="utf-8")
    return nginx(folder, str(site))


def _caddy(where: Service, folder: Path, name: str, port: int) -> list[str]:
    recipe = (RECIPES / "Caddyfile").read_text(encoding="utf-8")
    site = folder / "Caddyfile"
    text = _adapted(where, recipe, name, port, {})
    own = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {folder}\n}}\n"
    # Caddy trusts the authorities of the machine, which the tests' own is not one of.
    site.write_text(own + text, encoding="utf-8")
    found = shutil.which("caddy")
    assert found is not None, "caddy is missing: ./test installs it"
    trusts = f"SSL_CERT_FILE={where.authority.ca_file}"
    return ["env", trusts, found, "run", "--config", str(site), "--adapter", "caddyfile"]


MODULES = (
    "mpm_event",
    "authz_core",
    "headers",
    "lua",
    "proxy",
    "proxy_http",
    "proxy_wstunnel",
    "ssl",
)


def _apache(where: Service, folder: Path, name: str, port: int) -> list[str]:
    found = shutil.which("apache2", path="/usr/sbin:/usr/bin")
    assert found is not None, "apache2 is missing: ./test installs it"
    recipe = (RECIPES / "apache.conf").read_text(encoding="utf-8")
    script = folder / "portvakt-wiki.lua"
    more = {
        "<VirtualHost *:443>": f"<VirtualHost 127.0.0.1:{port}>",
        "ServerName wiki.region.example": f"ServerName {name}.localhost",
        "/etc/apache2/portvakt-wiki.lua": str(script),
    }
    site = folder / "site.conf"
    site.write_text(_adapted(where, recipe, name, port, more), encoding="utf-8")
    ours = (RECIPES / "apache.lua").read_text(encoding="utf-8")
    home = where.home.removeprefix("https://").partition(":")
    for old, new in {
        '"id.region.example", 443': f'"localhost", {home[2]}',
        'Host: " .. PORTVAKT': f'Host: " .. PORTVAKT .. ":{home[2]}"',
        '"wiki.region.example"': f'"{name}.localhost:{port}"',
        "/etc/ssl/certs/ca-certificates.crt": str(where.authority.ca_file),
    }.items():
        assert old in ours
        ours = ours.replace(old, new)
    script.write_text(ours, encoding="utf-8")
    loads = "".join(
        f"LoadModule {each}_module /usr/lib/apache2/modules/mod_{each}.so\n" for each in MODULES
    )
    main = folder / "apache2.conf"
    main.write_text(
        f"ServerRoot {folder}\nPidFile {folder}/pid\nErrorLog {folder}/error.log\n"
        f"Mutex file:{folder}\nDefaultRuntimeDir {folder}\nServerName localhost\n{loads}"
        f"Listen 127.0.0.1:{port}\nUser www-data\nGroup www-data\n"
        "StartServers 1\nThreadsPerChild 8\nServerLimit 1\nMaxRequestWorkers 8\n"
        f"Include {site}\n"
    )
    return [found, "-f", str(main), "-D", "FOREGROUND"]


_RECIPE_OF: dict[str, Callable[[Service, Path, str, int], list[str]]] = {
    "nginx": _nginx,
    "caddy": _caddy,
    "apache": _apache,
}
