"""A region in which an app may refresh, and its refreshing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from portvakt.core.relying_parties import AUTHORIZATION_CODE, OFFLINE_ACCESS, REFRESH_TOKEN
from tests import make
from tests.protocols.relying_party import Client, OAuthAnswerError
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.world import INSIDE, Browser

OFFLINE = f"openid profile email groups {OFFLINE_ACCESS}"


@asynccontextmanager
async def region_that_refreshes(folder: Path, url: str) -> AsyncIterator[tuple[Stage, Browser]]:
    """Open the stage with an app that may refresh, and one that may not; Anna is signed in."""
    async with stage(folder, url) as region, region.world.browser(INSIDE) as browser:
        scope = (*LEDGER.scope, OFFLINE_ACCESS)
        ledger = replace(LEDGER, grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN), scope=scope)
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[SHOP, ledger],
        )
        await browser.sign_in()
        yield region, browser


async def refreshed(client: Client, token: str) -> dict[str, Any]:
    """Refresh. Raises `OAuthAnswerError`."""
    answer = await client.post({"grant_type": "refresh_token", "refresh_token": token})
    said: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise OAuthAnswerError(answer.status_code, said)
    return said
