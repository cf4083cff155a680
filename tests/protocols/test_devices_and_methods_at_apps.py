"""A device that is no longer ours, and a method that is gone, bite when an app calls by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from portvakt.core.signals import Device
from tests import make
from tests.journeys.know_device.desktop import (
    ISSUER,
    PC,
    Desktop,
    House,
    house_of,
    knowing,
)
from tests.protocols.refreshing import GRANT_TYPES, opened, put, tokens
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import Stage, stage
from tests.protocols.test_oidc_removed_methods import remove, the_app
from tests.protocols.test_oidc_resources import CARE, let_in
from tests.protocols.test_oidc_token_exchange import ASKING, SERVICE, ready, trade
from tests.servers.device_authority import Computer
from tests.world import OUTSIDE, START

OK, REFUSED = 200, 400
NO = r"400.*invalid_grant"
PRIVATE_OUTSIDE = make.rule(
    id="private-outside", networks_not={make.LAN}, devices_not={Device.OURS}
)
SHOP = replace(ASKING, grant_types=GRANT_TYPES)
SHORT = ISSUER.computer("short", ends=START + timedelta(hours=2))


@dataclass
class Opened:
    """The shop, opened outside by name and password on a device of ours."""

    region: Stage
    house: House
    held: dict[str, Any]

    async def refresh(self) -> None:
        self.held = await self.region.shop.refresh(self.held["refresh_token"])

    async def why(self) -> list[object]:
        return [each.detail["why"] for each in await self.region.events("app.refused")]


@asynccontextmanager
async def on_our_device(folder: Path, url: str, computer: Computer = PC) -> AsyncIterator[Opened]:
    devices = msgspec.structs.replace(knowing(folder), lists_count_for="3h")
    async with (
        stage(folder, url, devices=devices) as region,
        region.world.browser(OUTSIDE) as browser,
    ):
        house = await house_of(region.world, devices)
        await put(region, SHOP, SERVICE, rules=[PRIVATE_OUTSIDE])
        assert await Desktop(region.world, browser, computer).sign_in() == "Dina appar"
        code, attempt = await let_in(region, browser, CARE)
        yield Opened(region, house, await region.shop.exchange(code, attempt))


async def lost(at: Opened) -> None:
    await at.house.revoke(PC)


async def too_long_unread(at: Opened) -> None:
    """Nobody has read the list for longer than it counts: then no device is ours (A055)."""
    at.region.world.clock.move(hours=2, minutes=59)
    await at.refresh()
    at.region.world.clock.move(minutes=1)


async def ended(at: Opened) -> None:
    at.region.world.clock.move(minutes=119)
    await at.refresh()
    at.region.world.clock.move(minutes=1)


async def test_a_device_is_ours_at_a_refresh_however_long_ago_it_was_shown(
    tmp_path: Path, database_url: str
) -> None:
    """An app cannot show the certificate again; whether it counts is asked each time."""
    async with on_our_device(tmp_path, database_url) as at:
        for _ in range(4):
            at.region.world.clock.move(hours=2)
            await at.house.reader.look()
            await at.refresh()
        assert await at.why() == []


@pytest.mark.parametrize(
    ("computer", "happens"), [(PC, lost), (PC, too_long_unread), (SHORT, ended)]
)
async def test_a_refresh_asks_whose_the_device_is_today(
    tmp_path: Path,
    database_url: str,
    computer: Computer,
    happens: Callable[[Opened], Awaitable[None]],
) -> None:
    async with on_our_device(tmp_path, database_url, computer) as at:
        await happens(at)
        with pytest.raises(OAuthAnswerError, match=NO):
            await at.refresh()
        assert await at.why() == ["asks_more"]


async def test_a_trade_asks_whose_the_device_is_today(tmp_path: Path, database_url: str) -> None:
    async with on_our_device(tmp_path, database_url) as at:
        assert (await trade(at.region, at.held["access_token"]))[0] == OK
        await at.house.revoke(PC)
        status, said = await trade(at.region, at.held["access_token"])
        assert (status, said["error"]) == (REFUSED, "invalid_target")
        [event] = await at.region.events("app.exchange_refused")
        assert event.detail["why"] == "too_weak"


async def test_what_was_shown_with_a_method_that_is_gone_refreshes_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """Rule R2: a stolen phone is removed elsewhere, and the app in the thief's hands asks again."""
    async with opened(tmp_path, database_url, address=OUTSIDE) as (region, browser):
        held = await tokens(region, browser, region.shop, scope="openid offline_access")
        held = await region.shop.refresh(held["refresh_token"])
        await remove(region, await the_app(region))
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(held["refresh_token"])
        [event] = await region.events("app.refused")
        assert event.detail["why"] == "asks_more"


async def test_what_was_shown_with_a_method_that_is_gone_trades_nothing(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as (region, _, token):
        await remove(region, await the_app(region))
        status, said = await trade(region, token)
        assert (status, said["error"]) == (REFUSED, "invalid_target")
        [event] = await region.events("app.exchange_refused")
        assert event.detail["why"] == "too_weak"
