"""What real sign-ins store, and what rules make of that."""

import asyncio
from pathlib import Path

from portvakt.core.policy import Require
from tests import make
from tests.cli.box import Box
from tests.protocols.stage import stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, OUTSIDE


async def test_what_a_real_sign_in_stores_is_enough_to_try_rules_on_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        async with region.world.browser(INSIDE) as browser:
            await signed_in(region, browser)
            await region.tokens(browser, region.shop)
        [signed_in_event] = await region.events("authentication.succeeded")
        assert "client_kind browser" in signed_in_event.detail["facts"]
        [opening] = await region.events("app.opened")
        assert opening.detail["methods"] == ["password"]
        assert (opening.detail["asked"], signed_in_event.detail["asked"]) == ([], [])
        now = region.world.clock.at
    folder = tmp_path / "cli"
    folder.mkdir()
    box = Box.make(folder, sqlite_url)
    box.now = now
    draft = box.write(
        "draft.toml",
        '[[rules]]\nid = "all"\nrequire = "multifactor"\nreason = {sv = "x", en = "x"}\n',
    )
    answer = await asyncio.to_thread(box.good, "rules", "replay", draft, "--json")
    assert answer.json["changes"]["asked"] == answer.json["sign_ins"] > 0


async def test_the_rules_that_stood_change_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        outside = make.rule(networks_not={make.LAN})
        await region.world.configure(rules=[outside], networks=[make.network()])
        for address in (INSIDE, OUTSIDE):
            async with region.world.browser(address) as browser:
                await region.open(browser, region.shop.begin())
                await region.sign_in(browser, code=address == OUTSIDE)
        events = await region.events("authentication.succeeded")
        assert [each.detail["asked"] for each in events] == [["multifactor"], []]
        now = region.world.clock.at
    folder = tmp_path / "cli"
    folder.mkdir()
    box = Box.make(folder, sqlite_url)
    box.now = now
    exported = box.write("same.toml", (await asyncio.to_thread(box.good, "export")).out)
    found = (await asyncio.to_thread(box.good, "rules", "replay", exported, "--json")).json
    assert found["sign_ins"] == 2
    assert set(found["changes"].values()) == {0}


async def test_what_rules_refused_says_so_in_its_event(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        no = make.rule(Require.BLOCK, networks_not={make.LAN}, apps={make.SHOP})
        await region.world.configure(rules=[no], networks=[make.network()])
        async with region.world.browser(OUTSIDE) as browser:
            await region.open(browser, region.shop.begin())
            await region.sign_in(browser)
            [refused] = await region.events("authentication.refused")
        async with region.world.browser(INSIDE) as browser:
            await signed_in(region, browser)
            browser.address = OUTSIDE
            await region.open(browser, region.shop.begin())
            [closed] = await region.events("app.refused")
        for event in (refused, closed):
            assert event.detail["asked"] == ["block"]
            assert "client_kind browser" in event.detail["facts"]
