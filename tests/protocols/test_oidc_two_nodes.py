"""What counts once counts once, though two processes are asked at the same moment."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import DEVICE_CODE
from tests import make
from tests.bad_days.processes import HOST, PATIENCE, Front
from tests.bad_days.site import Site, app_code, site
from tests.protocols.assertions import ROBOT, TYPE, claims, signed
from tests.protocols.proofs import Prover
from tests.protocols.refreshing import REFRESHING_LEDGER, REFRESHING_SHOP
from tests.protocols.relying_party import Attempt, Client, OAuthAnswerError
from tests.protocols.stage import LEDGER_SECRET
from tests.protocols.test_oidc_device import begin
from tests.world import ORIGIN, Browser

pytestmark = pytest.mark.slow

AT_ONCE = 6
TELEVISION = replace(REFRESHING_SHOP, client_id=ClientId("tv"), grant_types=(DEVICE_CODE,))


@dataclass(frozen=True, slots=True)
class Nodes:
    """Some `serve` on one database, a browser that is signed in, and an app."""

    site: Site
    browser: Browser
    shop: Client

    async def code(self) -> tuple[str, Attempt]:
        attempt = self.shop.begin()
        page = await self.browser.get(attempt.url.removeprefix(ORIGIN))
        return self.shop.read_answer(page.response.headers["location"], attempt)["code"], attempt

    async def tokens(self) -> dict[str, Any]:
        code, attempt = await self.code()
        return await self.shop.exchange(code, attempt)

    async def events(self, name: str) -> int:
        return (await self.site.world.events()).count(name)


async def at_once(act: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Do the same at both nodes at the same moment; return the one answer, and see all others."""
    answers = await asyncio.gather(*(act() for _ in range(AT_ONCE)), return_exceptions=True)
    [won] = [each for each in answers if isinstance(each, dict)]
    lost = [each for each in answers if isinstance(each, OAuthAnswerError)]
    assert len(lost) == AT_ONCE - 1, answers
    return won


def said(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise OAuthAnswerError(answer.status_code, found)
    return found


@asynccontextmanager
async def nodes_of(folder: Path, url: str, number: int = 2) -> AsyncIterator[Nodes]:
    async with site(folder, url) as here:
        await here.world.configure(
            [make.rule(networks_not={make.LAN})],
            [make.network()],
            [REFRESHING_SHOP, REFRESHING_LEDGER, ROBOT, TELEVISION],
        )
        async with (
            here.serving(number),
            here.browser() as browser,
            httpx.AsyncClient(
                transport=Front(*here.nodes), base_url=ORIGIN, timeout=PATIENCE, trust_env=False
            ) as http,
        ):
            await here.person_with_app()
            await browser.sign_in()
            assert (await browser.submit({"code": app_code()})).path == "/apps"
            shop = Client(ORIGIN, "shop", REFRESHING_SHOP.redirect_uris[0], http, here.house.clock)
            await shop.discover()
            yield Nodes(here, browser, shop)


async def test_f49_of_many_at_two_nodes_one_wins_and_what_is_used_twice_ends(
    tmp_path: Path, database_url: str
) -> None:
    """Codes, tokens, proofs, assertions, devices: one wins, and families die (A098, A100)."""
    async with nodes_of(tmp_path, database_url) as nodes:
        shop = nodes.shop

        code, attempt = await nodes.code()
        won = await at_once(lambda: shop.exchange(code, attempt))
        assert await nodes.events("app.code_reused") >= 1
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await shop.userinfo(won["access_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await shop.refresh(won["refresh_token"])

        held = await nodes.tokens()
        won = await at_once(lambda: shop.refresh(held["refresh_token"]))
        assert await nodes.events("app.refresh_reused") == 1
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await shop.userinfo(won["access_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await shop.refresh(won["refresh_token"])

        prover = Prover(replace(shop, client_id="ledger", secret=LEDGER_SECRET))
        proof = prover.proof("POST", shop.metadata["token_endpoint"])

        async def proven() -> dict[str, Any]:
            return said(await prover.post({"grant_type": "client_credentials"}, proof))

        assert (await at_once(proven))["token_type"] == "DPoP"

        once = signed(claims(datetime.now(UTC), ORIGIN))

        async def assertion() -> dict[str, Any]:
            sent = {
                "grant_type": "client_credentials",
                "client_assertion_type": TYPE,
                "client_assertion": once,
            }
            return said(await shop.http.post(shop.metadata["token_endpoint"], data=sent))

        assert (await at_once(assertion))["access_token"]

        device = await begin(replace(shop, client_id="tv"))
        await nodes.browser.get("/device")
        await nodes.browser.submit({"code": device.said["user_code"]})
        assert (await nodes.browser.submit({"answer": "yes"})).title == "Klart!"

        async def polled() -> dict[str, Any]:
            status, answer = await device.poll()
            if status != HTTPStatus.OK:
                raise OAuthAnswerError(status, answer)
            return answer

        assert (await at_once(polled))["access_token"]


async def test_f11_a_node_that_dies_under_a_refresh_leaves_one_token_that_counts(
    tmp_path: Path, database_url: str
) -> None:
    """The written rule: whoever did not get the answer brings the old token.

    Either nothing happened, and it counts; or the next one counts, which nobody has, and the old
    one ends it, so that the person signs in again. There are never two that count.
    """
    async with nodes_of(tmp_path, database_url, 1) as nodes:
        [node] = nodes.site.nodes
        held = await nodes.tokens()
        old = held["refresh_token"]
        body = f"grant_type=refresh_token&client_id=shop&refresh_token={old}"
        asked = (
            f"POST /oidc/token HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )
        _, writer = await asyncio.open_connection("127.0.0.1", node.port)
        with contextlib.closing(writer):
            writer.write(asked.encode("ascii"))
            await writer.drain()
            node.kill()
        await node.restart()
        answer = await nodes.shop.post({"grant_type": "refresh_token", "refresh_token": old})
        if answer.status_code == 200:
            await nodes.shop.refresh(answer.json()["refresh_token"])
        assert answer.status_code == 200 or answer.json()["error"] == "invalid_grant"
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await nodes.shop.refresh(old)
        assert await nodes.events("app.refresh_reused") == 1
