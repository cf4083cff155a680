"""A region with a rule, a network, three apps and Anna, ready to be asked."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.totp import code_at, step_of
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.crypto.signing import SigningKey, with_first_keys
from portvakt.journeys.open_app.keys import ALGORITHMS
from portvakt.records.audit import StoredEvent
from portvakt.records.signing_keys import KeyState, StoredKey
from portvakt.records.unit import Unit
from portvakt.settings.structs import Devices, Outgoing
from tests import make
from tests.protocols.relying_party import Attempt, Client
from tests.world import NOWHERE_INSIDE, ORIGIN, PROXY, Browser, World, world

TOTP_SECRET = b"0123456789abcdefghij"
APP_SERVER = "198.51.100.20"
LEDGER_SECRET = "a-long-random-secret-of-the-ledger-0123456789"

SHOP = make.app(id_token_signed_response_alg="ES256")
LEDGER = RelyingParty(
    client_id=ClientId("ledger"),
    client_name="Ekonomi",
    redirect_uris=("https://ledger.example/cb?tenant=1", "https://ledger.example/other"),
    token_endpoint_auth_method="client_secret_basic",
    secret_hash=hashlib.sha256(LEDGER_SECRET.encode()).digest(),
    groups=frozenset({make.STAFF}),
    subject_type="pairwise",
    id_token_signed_response_alg="RS256",
)
SECRETS = RelyingParty(
    client_id=ClientId("board"),
    client_name="Styrelsens rum",
    redirect_uris=("https://board.example/cb",),
    groups=frozenset({GroupId("styrelsen")}),
)


@cache
def signing_keys() -> tuple[SigningKey, ...]:
    """Keys for every stage of this run: making RSA keys takes seconds."""
    return with_first_keys((), ALGORITHMS, SystemRandom().id, make.NOW)


@dataclass
class Stage:
    """The product with people and apps in it, and the apps themselves."""

    world: World
    anna: Account
    shop: Client
    ledger: Client

    async def open(self, browser: Browser, attempt: Attempt) -> httpx.Response:
        """Follow an app's link as far as our own pages go."""
        return (await browser.get(_path(attempt.url))).response

    async def sign_in(self, browser: Browser, *, code: bool | None = None) -> None:
        """Give name and password on the page that is shown, and a code where one is asked for."""
        page = await browser.submit({"name": "anna.berg", "password": "Vinterdäck i augusti"})
        if code is not False and page.path.startswith("/sign-in/"):
            await self.give_code(browser)

    async def give_code(self, browser: Browser) -> None:
        """Type what the app on Anna's phone shows, in a step that was not used before."""
        self.world.clock.move(seconds=30)
        now = self.world.clock()
        await browser.submit({"code": code_at(TOTP_SECRET, step_of(now))})

    async def code(
        self, browser: Browser, client: Client, **more: str | None
    ) -> tuple[str, Attempt]:
        """Open an app in a browser that is signed in, and take its code."""
        attempt = client.begin(**more)
        response = await self.open(browser, attempt)
        answer = client.read_answer(response.headers["location"], attempt)
        return answer["code"], attempt

    async def tokens(
        self, browser: Browser, client: Client, **more: str | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Open an app; return its tokens, and the claims of the ID token that it has checked."""
        code, attempt = await self.code(browser, client, **more)
        tokens = await client.exchange(code, attempt)
        return tokens, await client.believe(tokens["id_token"], attempt)

    async def events(self, name: str) -> list[StoredEvent]:
        """Read the newest events of a kind."""

        async def act(unit: Unit) -> list[StoredEvent]:
            return await unit.audit.latest(200)

        return [each for each in await self.world.house.records.read(act) if each.name == name]


@asynccontextmanager
async def stage(
    folder: Path,
    database_url: str,
    outgoing: Outgoing = NOWHERE_INSIDE,
    devices: Devices | None = None,
) -> AsyncIterator[Stage]:
    """Set the stage: a second factor is asked for outside the region's network."""
    async with world(folder, database_url, outgoing=outgoing, devices=devices) as found:
        await _put_keys(found)
        anna = await found.person(totp=TOTP_SECRET)
        await found.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[SHOP, LEDGER, SECRETS],
        )
        transport = httpx.ASGITransport(app=found.house.asgi, client=(PROXY, 5000))
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"x-forwarded-for": APP_SERVER}
        ) as http:
            shop = Client(ORIGIN, "shop", SHOP.redirect_uris[0], http, found.clock)
            ledger = Client(
                ORIGIN,
                "ledger",
                LEDGER.redirect_uris[0],
                http,
                found.clock,
                secret=LEDGER_SECRET,
                alg="RS256",
            )
            await shop.discover()
            await ledger.discover()
            yield Stage(found, anna, shop, ledger)


async def _put_keys(found: World) -> None:
    await found.house.records.write(lambda unit: put_keys(unit, found.house.sealer))


async def put_keys(unit: Unit, sealer: Sealer) -> None:
    """Store the keys of this run, as an installation has made them for itself."""
    for key in signing_keys():
        place = {"table": "signing_keys", "column": "sealed", "row": key.kid}
        await unit.signing_keys.put(
            StoredKey(
                kid=key.kid,
                alg=key.alg,
                sealed=sealer.seal(key.export(), **place),
                state=KeyState(key.state.value),
                created_at=key.created_at,
                changed_at=key.changed_at,
            )
        )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
