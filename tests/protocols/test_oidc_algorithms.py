"""Each app gets its tokens signed as its entry says, and goes on while keys are replaced."""

import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import KeySet

from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.open_app.keys import READ_AGAIN, rotate
from tests.protocols.refreshing import REFRESHING_SHOP, opened
from tests.protocols.test_oidc_token import kid_of

ALGORITHMS = ("ES256", "RS256", "EdDSA")


def believed(token: str, keys: KeySet, alg: str) -> str:
    """Verify with keys that were fetched before, and return whose the token is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA
        return str(jwt.decode(token, keys, algorithms=[alg]).claims["sub"])


@pytest.mark.parametrize("alg", ALGORITHMS)
async def test_a134_an_app_that_keeps_the_published_keys_goes_on_after_they_were_replaced(
    tmp_path: Path, database_url: str, alg: str
) -> None:
    shop = replace(REFRESHING_SHOP, id_token_signed_response_alg=alg)
    async with opened(tmp_path, database_url, shop) as (region, browser):
        code, attempt = await region.code(browser, region.shop)
        held = await region.shop.exchange(code, attempt)
        kept = await region.shop.keys()
        who = believed(held["id_token"], kept, alg)
        house, clock = region.world.house, region.world.clock
        await rotate(house.records, house.sealer, SystemRandom(), clock(), actor="cli:test")
        clock.move(seconds=READ_AGAIN.total_seconds())
        again = await region.shop.refresh(held["refresh_token"])
        assert kid_of(again["id_token"]) != kid_of(held["id_token"]), "another key signs now"
        assert believed(again["id_token"], kept, alg) == who, "it was published before"
        fresh = await region.shop.keys()
        for each in (held, again):
            assert believed(each["id_token"], fresh, alg) == who
            assert await region.shop.userinfo(each["access_token"])
