"""Apps that refresh, on the stage of the code flow: shared by the tests of what they hold."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from portvakt.core.policy import Network, Rule
from portvakt.core.relying_parties import (
    ASSIGNED,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    OFFLINE_ACCESS,
    REFRESH_TOKEN,
    RelyingParty,
)
from portvakt.records.unit import Unit
from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, Browser

GRANT_TYPES = (AUTHORIZATION_CODE, REFRESH_TOKEN)
SCOPE = (*ASSIGNED, OFFLINE_ACCESS)
REFRESHING_SHOP = replace(SHOP, grant_types=GRANT_TYPES, scope=SCOPE)
REFRESHING_LEDGER = replace(
    LEDGER, grant_types=(*GRANT_TYPES, CLIENT_CREDENTIALS), scope=(*SCOPE, "invoices:read")
)
OUTSIDE_TWO = (make.rule(networks_not={make.LAN}),)
"""Two factors outside, and inside the password alone."""


@asynccontextmanager
async def opened(
    folder: Path,
    url: str,
    *apps: RelyingParty,
    address: str = INSIDE,
    rules: Sequence[Rule] = OUTSIDE_TWO,
) -> AsyncIterator[tuple[Stage, Browser]]:
    """Set the stage with apps that refresh, and a browser where Anna is signed in."""
    async with stage(folder, url) as region, region.world.browser(address) as browser:
        await put(region, *apps, rules=rules)
        await signed_in(region, browser)
        yield region, browser


async def put(
    region: Stage,
    *apps: RelyingParty,
    rules: Sequence[Rule] = OUTSIDE_TWO,
    networks: Sequence[Network] = (),
) -> None:
    """Change the apps' entries, the rules and the networks beside our own."""

    async def clear(unit: Unit) -> None:
        stored = (await unit.configuration.load()).rules
        await unit.configuration.remove_rules([each.id for each in stored], "apply")

    await region.world.house.records.write(clear)
    await region.world.configure(
        rules=rules,
        networks=[make.network(), *networks],
        apps=apps or (REFRESHING_SHOP, REFRESHING_LEDGER),
    )


async def tokens(region: Stage, browser: Browser, client: Client, **more: str) -> dict[str, Any]:
    """Open an app and return what it holds from then on."""
    found, _ = await region.tokens(browser, client, **more)
    return found
