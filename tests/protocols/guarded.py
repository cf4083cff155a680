"""Two apps behind proxies that ask us, and browsers that open them, all in this process.

`AtHost` is a browser and the proxy of one host between them: it sends what the recipes send.
"""

import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.relying_parties import RelyingParty
from tests import make
from tests.protocols.stage import Stage, stage
from tests.world import ORIGIN, OUTSIDE, PROXY, Browser, World

WIKI, PLANS, BOARD = "wiki.region.example", "plans.region.example", "board.region.example"
PAGE = {"accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
DATA = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
GUARDED, BINDING = "__Host-portvakt", "__Host-portvakt-binding"


def guarded_app(host: str, **more: Any) -> RelyingParty:
    """An app that is reached through its proxy alone."""
    name = host.partition(".")[0]
    fields: dict[str, Any] = {
        "client_id": ClientId(name),
        "client_name": name.capitalize(),
        "redirect_uris": (),
        "forward_auth_hosts": (host,),
        "groups": frozenset({make.STAFF}),
    }
    return RelyingParty(**(fields | more))


APPS = (
    guarded_app(WIKI),
    guarded_app(PLANS),
    guarded_app(BOARD, groups=frozenset({GroupId("styrelsen")})),
)


@dataclass
class AtHost:
    """A browser at the host of an app. Its cookies there are its own."""

    world: World
    host: str = WIKI
    address: str = OUTSIDE
    peer: str = PROXY
    cookies: dict[str, str] = field(default_factory=dict)
    home: str = ORIGIN
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    """Another way to the service than in this process."""

    def said(self, uri: str, method: str = "GET") -> list[tuple[str, str]]:
        """What the proxy says of a request to the app."""
        return [
            ("x-forwarded-for", self.address),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", self.host),
            ("x-forwarded-method", method),
            ("x-forwarded-uri", uri),
        ]

    async def send(
        self, path: str, headers: list[tuple[str, str]], *, method: str = "GET"
    ) -> httpx.Response:
        """Send a request as the proxy does, and keep the cookies that come back."""
        inside = httpx.ASGITransport(app=self.world.house.asgi, client=(self.peer, 4000))
        transport = self.transport() if self.transport else inside
        carried = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = [*headers, ("cookie", carried)] if carried else headers
        sent = [(name.encode(), value.encode("latin-1")) for name, value in told]
        async with httpx.AsyncClient(transport=transport, base_url=self.home) as client:
            answer = await client.request(method, path, headers=sent)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            assert name.startswith("__Host-")
            assert "; Path=/" in line
            assert "; Secure; HttpOnly; SameSite=Lax" in line
            assert "domain" not in line.lower()
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    async def check(
        self,
        uri: str = "/",
        method: str = "GET",
        *,
        at: str = "check",
        browser: dict[str, str] = PAGE,
    ) -> httpx.Response:
        """Ask for a page of the app: the proxy asks us."""
        return await self.send(f"/.portvakt/{at}", [*self.said(uri, method), *browser.items()])

    async def passed_on(self, location: str, *, method: str = "GET") -> httpx.Response:
        """Open one of our own addresses at the host."""
        where = urlsplit(location)
        assert where.scheme == "https"
        assert where.netloc == self.host
        path = f"{where.path}?{where.query}"
        return await self.send(path, [*self.said(path), *PAGE.items()], method=method)

    async def begin(self, uri: str = "/") -> str:
        """Open a page as a stranger, and go as far as our own sign-in begins; return where."""
        stopped = await self.check(uri)
        assert stopped.status_code == 302
        started = await self.passed_on(stopped.headers["location"])
        assert started.status_code == 303
        return started.headers["location"]

    async def ticket(self, browser: Browser, uri: str = "/") -> str:
        """Go on until a ticket is given; return the address that carries it."""
        given = await browser.get(_path(await self.begin(uri)))
        assert given.status == 303, given.text
        return given.response.headers["location"]

    async def enter(self, browser: Browser, uri: str = "/") -> str:
        """Open a page of the app in a browser that is signed in; return where it ends."""
        traded = await self.passed_on(await self.ticket(browser, uri))
        assert traded.status_code == 303
        return traded.headers["location"]


async def signs_in(region: Stage, browser: Browser) -> str:
    """Sign Anna in on the page that is shown; return where the page after it leads in the end."""
    await region.sign_in(browser)
    onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', browser.page.html)
    assert onward is not None, browser.page.text
    given = await browser.get(html.unescape(onward[1]))
    assert given.status == 303
    location: str = given.response.headers["location"]
    return location


def _path(url: str) -> str:
    assert url.startswith(f"{ORIGIN}/forward-auth/")
    return url.removeprefix(ORIGIN)


@asynccontextmanager
async def guarded(folder: Path, database_url: str) -> AsyncIterator[Stage]:
    """Set the stage of the OpenID Connect tests, with the apps that are guarded beside."""
    async with stage(folder, database_url) as region:
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})], networks=[make.network()], apps=APPS
        )
        yield region


async def assertion(region: Stage, answer: httpx.Response, host: str) -> dict[str, Any]:
    """Believe the signed assertion as an app would, and return its claims."""
    keys: KeySet = await region.shop.keys()
    token = jwt.decode(answer.headers["remote-assertion"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "forward-auth+jwt"
    jwt.JWTClaimsRegistry(
        now=int(region.world.clock().timestamp()),
        iss={"essential": True, "value": ORIGIN},
        aud={"essential": True, "value": host},
        exp={"essential": True},
    ).validate(token.claims)
    return dict(token.claims)
