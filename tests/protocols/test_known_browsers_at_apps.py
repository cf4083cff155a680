"""A browser that is forgotten, or too old for a rule, bites when an app calls by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.people import Account
from tests.journeys.sign_in.knowing import anna, known, known_rule, leave, remembered
from tests.protocols.refreshing import GRANT_TYPES, put
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import Stage, stage
from tests.protocols.test_oidc_resources import CARE, let_in
from tests.protocols.test_oidc_token_exchange import ASKING
from tests.world import OUTSIDE

NO = r"400.*invalid_grant"
SHOP = replace(ASKING, grant_types=GRANT_TYPES)


@dataclass
class Opened:
    """The shop, opened at home by name and password in a browser that is known."""

    region: Stage
    account: Account
    held: dict[str, Any]

    async def refresh(self) -> None:
        self.held = await self.region.shop.refresh(self.held["refresh_token"])


@asynccontextmanager
async def at_home(folder: Path, url: str, days: int) -> AsyncIterator[Opened]:
    async with stage(folder, url) as region, region.world.browser(OUTSIDE) as browser:
        account = await anna(region.world)
        await put(region, SHOP, rules=[known_rule(days)])
        await remembered(region.world, browser)
        leave(browser)
        region.world.clock.move(hours=23)
        await browser.sign_in()
        assert browser.page.path == "/apps"
        code, attempt = await let_in(region, browser, CARE)
        yield Opened(region, account, await region.shop.exchange(code, attempt))


async def test_an_app_is_renewed_while_the_browser_is_known(
    tmp_path: Path, database_url: str
) -> None:
    async with at_home(tmp_path, database_url, 1) as at:
        at.region.world.clock.move(minutes=58)
        await at.refresh()
        at.region.world.clock.move(minutes=2)
        with pytest.raises(OAuthAnswerError, match=NO):
            await at.refresh()


async def test_an_app_is_renewed_no_more_when_the_browser_is_forgotten(
    tmp_path: Path, database_url: str
) -> None:
    async with at_home(tmp_path, database_url, 14) as at:
        await at.refresh()
        (mine,) = await known(at.region.world, at.account)
        await at.region.world.house.records.write(
            lambda unit: unit.known_browsers.forget(mine.id, at.account.id)
        )
        with pytest.raises(OAuthAnswerError, match=NO):
            await at.refresh()
