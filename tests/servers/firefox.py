"""Firefox with a profile of its own, driven by WebDriver BiDi (W3C), and its push service.

No driver program is needed: Firefox speaks BiDi by itself on a websocket.
"""

import asyncio
import base64
import json
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection

from tests.conformance.operator import Operator, Request, answers, operator
from tests.servers.push_service import verified

SECONDS = 40
"""Until a start, a page or an answer is hopeless."""


@dataclass
class Autopush:
    """Mozilla's push service in small: a line to each browser, an address for each subscription."""

    line_port: int = 0
    there: Operator | None = None
    channels: dict[str, tuple[ServerConnection, str, str]] = field(default_factory=dict)
    """By the last part of an address: the line, the channel and the key it was asked for."""
    acknowledged: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where messages are handed in: the setting that allows it."""
        assert self.there is not None
        return f"http://127.0.0.1:{self.there.port}"

    async def line(self, browser: ServerConnection) -> None:
        """Answer one browser, as Mozilla's does."""
        with suppress(websockets.ConnectionClosedError):  # browsers end without a word
            async for said in browser:
                await self._answer(browser, json.loads(said))

    async def _answer(self, browser: ServerConnection, told: dict[str, Any]) -> None:
        match told.get("messageType"):
            case None:
                reply: dict[str, Any] = {}
            case "hello":
                reply = {"uaid": secrets.token_hex(16), "status": 200, "use_webpush": True}
            case "register":
                name = secrets.token_urlsafe(24)
                self.channels[name] = (browser, told["channelID"], told["key"])
                reply = {"status": 200, "pushEndpoint": f"{self.url}/wpush/v2/{name}"}
            case "ack":
                self.acknowledged += [each["version"] for each in told["updates"]]
                return
            case _:
                reply = {"status": 200}
        kept = {key: told[key] for key in ("messageType", "channelID") if key in told}
        await browser.send(json.dumps(kept | reply))

    async def hand_in(self, request: Request, out: asyncio.StreamWriter) -> None:
        """Take a message from whoever the subscription was made for (RFC 8292 section 4.2)."""
        found = self.channels.get(request.target.rpartition("/")[2])
        if found is None:
            await answers(410)(request, out)
            return
        browser, channel, key = found
        known = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
        if verified(request, datetime.now(UTC))["key"] != known:
            await answers(403)(request, out)
            return
        message = {
            "messageType": "notification",
            "channelID": channel,
            "version": secrets.token_hex(16),
            "ttl": int(request.headers["ttl"]),
            "data": base64.urlsafe_b64encode(request.body).rstrip(b"=").decode(),
            "headers": {"encoding": request.headers["content-encoding"]},
        }
        await browser.send(json.dumps(message))
        await answers(201)(request, out)


@asynccontextmanager
async def autopush() -> AsyncIterator[Autopush]:
    """Run it on free ports."""
    found = Autopush()
    async with (
        operator(found.hand_in) as there,
        websockets.serve(found.line, "127.0.0.1", 0) as lines,
    ):
        found.there = there
        found.line_port = next(iter(lines.sockets)).getsockname()[1]
        yield found


class Firefox:
    """One session."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._asked = 0

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Give one command, and return its result."""
        self._asked += 1
        asked = self._asked
        command = {"id": asked, "method": method, "params": params}
        await self._line.send(json.dumps(command))
        async with asyncio.timeout(SECONDS):
            while True:
                told = json.loads(await self._line.recv())
                if told.get("id") == asked:
                    assert told["type"] == "success", told
                    result: dict[str, Any] = told["result"]
                    return result

    async def open(self, url: str) -> str:
        """Open a tab with a page, and return the tab."""
        tab: str = (await self.do("browsingContext.create", type="tab"))["context"]
        await self.do("browsingContext.navigate", context=tab, url=url, wait="complete")
        return tab

    async def run(self, tab: str, script: str) -> Any:
        """Run an expression in a tab, as if a person had just clicked; wait for a promise."""
        told = await self.do(
            "script.evaluate",
            expression=script,
            target={"context": tab},
            awaitPromise=True,
            userActivation=True,
        )
        assert told["type"] == "success", told
        return told["result"].get("value")

    async def allow(self, permission: str, origin: str) -> None:
        """Say yes to what a page will ask."""
        await self.do(
            "permissions.setPermission",
            descriptor={"name": permission},
            state="granted",
            origin=origin,
        )


def preferences(push: Autopush) -> dict[str, Any]:
    """A browser that talks to nobody but us, and stops a service worker soon when it is idle."""
    return {
        "dom.push.serverURL": f"ws://127.0.0.1:{push.line_port}/",
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.connection.enabled": True,
        "dom.serviceWorkers.idle_timeout": 500,
        "dom.serviceWorkers.idle_extended_timeout": 500,
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.page": 0,
        "browser.newtabpage.enabled": False,
        "browser.safebrowsing.downloads.enabled": False,
        "browser.safebrowsing.malware.enabled": False,
        "browser.safebrowsing.phishing.enabled": False,
        "app.update.enabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": "http://127.0.0.1:9/",
        "intl.accept_languages": "sv-SE,sv",
    }


@asynccontextmanager
async def firefox(profile: Path, push: Autopush) -> AsyncIterator[Firefox]:
    """Run Firefox with a new profile in this folder."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    assert path is not None, "Firefox is missing; ./test installs it"
    _make(profile, preferences(push))
    with (profile.parent / "firefox.txt").open("w") as said:
        running = await asyncio.create_subprocess_exec(
            path,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port",
            "0",
            stdout=said,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        port = await _port(profile / "WebDriverBiDiServer.json", running)
        async with websockets.connect(f"ws://127.0.0.1:{port}/session", max_size=None) as line:
            browser = Firefox(line)
            await browser.do("session.new", capabilities={})
            yield browser
    finally:
        with suppress(ProcessLookupError):
            running.terminate()
        await _ended(running)


def _make(profile: Path, wanted: dict[str, Any]) -> None:
    profile.mkdir()
    lines = [f'user_pref("{name}", {json.dumps(value)});' for name, value in wanted.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")


async def _port(file: Path, running: asyncio.subprocess.Process) -> int:
    """Wait until Firefox has written where it listens."""
    async with asyncio.timeout(SECONDS):
        while True:
            assert running.returncode is None, "Firefox has ended"
            with suppress(FileNotFoundError, json.JSONDecodeError):
                told = json.loads(await asyncio.to_thread(file.read_text, encoding="utf-8"))
                return int(told["ws_port"])
            await asyncio.sleep(0.05)


async def _ended(running: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(10):
            await running.wait()
    except TimeoutError:
        running.kill()
        await running.wait()
