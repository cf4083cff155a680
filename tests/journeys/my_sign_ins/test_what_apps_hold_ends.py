"""What apps were given in a sign-in ends with it; an app tries to refresh afterwards."""

from pathlib import Path

import pytest

from tests.protocols.refreshing import opened
from tests.protocols.relying_party import OAuthAnswerError
from tests.world import INSIDE

ONLINE = "openid profile email"
OFFLINE = f"{ONLINE} offline_access"
HERE = "/my-sign-ins"


async def test_ending_others_ends_what_apps_hold_there_but_not_here_or_offline(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        opened(tmp_path, database_url) as (region, here),
        region.world.browser(INSIDE) as there,
    ):
        await there.sign_in()
        mine, _ = await region.tokens(here, region.ledger, scope=ONLINE)
        theirs, _ = await region.tokens(there, region.ledger, scope=ONLINE)
        offline, _ = await region.tokens(there, region.ledger, scope=OFFLINE)
        await here.get(HERE)
        await here.post(f"{HERE}/others/end", {})
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.ledger.refresh(theirs["refresh_token"])
        for each in (mine, offline):
            assert await region.ledger.refresh(each["refresh_token"])


async def test_one_sign_in_that_is_ended_takes_its_apps_with_it(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        opened(tmp_path, database_url) as (region, here),
        region.world.browser(INSIDE) as there,
    ):
        await there.sign_in()
        theirs, _ = await region.tokens(there, region.ledger, scope=ONLINE)
        session = (there.cookie("session") or "").partition(".")[0]
        await here.get(HERE)
        await here.post(f"{HERE}/one/{session}/end", {})
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.ledger.refresh(theirs["refresh_token"])


async def test_signing_out_everywhere_ends_what_is_held_offline_too(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, here):
        offline, _ = await region.tokens(here, region.ledger, scope=OFFLINE)
        await here.get(HERE)
        await here.post(f"{HERE}/all/end", {})
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.ledger.refresh(offline["refresh_token"])
