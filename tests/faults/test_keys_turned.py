"""Both kinds of key are turned while a hundred things are half-way: all come to their end."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from portvakt.crypto.sealing import key_id_of, read_master_keys
from tests.bad_days.conftest import Open
from tests.bad_days.processes import ROOT
from tests.bad_days.site import SHOP, Site, app_code
from tests.journeys.set_up_mfa.people import HOME, key_on
from tests.protocols.relying_party import Attempt, Client
from tests.world import ORIGIN, Browser

pytestmark = pytest.mark.slow

CODES = 80
TEXTS = 10
APPS = 10
WHICH = (("signing", "--at-once"), ("sealing",))
SEALED = "SELECT sealed FROM authenticators WHERE type = 'totp'"


async def rotated(here: Site) -> None:
    """Turn each kind, each time by a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    for which in WHICH:
        words = ["rotate-keys", *which, "--config", str(here.config)]
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "portvakt", *words],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@dataclass
class Shop:
    """An app whose links somebody who is signed in follows, with the codes it has not redeemed."""

    client: Client
    browser: Browser

    @classmethod
    async def at(cls, browser: Browser) -> "Shop":
        client = Client(
            ORIGIN, "shop", SHOP, browser.client, lambda: datetime.now(UTC), alg="RS256"
        )
        await client.discover()
        return cls(client, browser)

    async def begun(self) -> tuple[str, Attempt]:
        attempt = self.client.begin()
        page = await self.browser.get(attempt.url.removeprefix(ORIGIN))
        answer = self.client.read_answer(page.response.headers["location"], attempt)
        return answer["code"], attempt

    async def finished(self, code: str, attempt: Attempt) -> dict[str, Any]:
        """Redeem a code, and believe the token by what is published at this moment."""
        tokens = await self.client.exchange(code, attempt)
        claims = await self.client.believe(tokens["id_token"], attempt)
        assert (await self.client.userinfo(tokens["access_token"]))["sub"] == claims["sub"]
        return claims


async def asked_by_text(here: Site, browser: Browser, at: int) -> str:
    """Come to the question for a code that was sent; return the code."""
    number = f"+467017406{at + 20:02}"
    account = await here.person_with_phone(f"text.{at}", number)
    await browser.sign_in(account.user_name)
    return await here.code_to(number)


async def shown_a_key(here: Site, browser: Browser, at: int) -> str:
    """Come to the page that shows the key of a new app; return what the app shows then."""
    account = await here.person(f"app.{at}")
    browser.address = f"10.20.8.{at + 1}"
    await browser.sign_in(account.user_name, to=HOME)
    return app_code(1, key_on(await browser.post(f"{HOME}/app", {})))


async def test_f51_keys_are_turned_under_a_hundred_open_flows_and_all_of_them_finish(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), AsyncExitStack() as opened:
        browsers = await opened.enter_async_context(here.browsers(1 + TEXTS + APPS))
        home, texts, apps = browsers[0], browsers[1 : 1 + TEXTS], browsers[1 + TEXTS :]
        await here.person()
        home.address = "10.20.8.99"
        assert (await home.sign_in()).path == "/apps"
        shop = await Shop.at(home)
        flows = [await shop.begun() for _ in range(CODES)]
        sent = [await asked_by_text(here, each, at) for at, each in enumerate(texts)]
        shown = [await shown_a_key(here, each, at) for at, each in enumerate(apps)]

        turning = asyncio.create_task(rotated(here))
        claims = []
        for at, flow in enumerate(flows):  # some before, some meanwhile, some after
            if at == CODES * 2 // 3:
                await turning
            claims.append(await shop.finished(*flow))
            if at % 8 == 0:
                pages = [
                    await each.submit({"code": code})
                    for each, code in ((texts.pop(), sent.pop()), (apps.pop(), shown.pop()))
                ]
                assert pages[0].path == "/apps", pages[0].text
                assert pages[1].title == "Vilket mobilnummer har du?", pages[1].text
        assert not texts
        assert not apps
        assert len({each["sub"] for each in claims}) == 1
        assert (await home.get("/apps")).path == "/apps"
        keys = read_master_keys(here.folder / "master.key")
        assert len(keys.keys) == 2
        opened_by = {key_id_of(sealed) for (sealed,) in await here.rows(SEALED)}
        assert opened_by <= set(keys.keys)
