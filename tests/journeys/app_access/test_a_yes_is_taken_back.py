"""A yes that was said to an app of others is taken back: the app is cut off, and must ask again."""

from pathlib import Path

import pytest

from tests.journeys.app_access.test_taking_back import apps, take_back
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.test_oidc_consent import answered, asked, foreign

HERE = "/app-access"


async def test_who_takes_a_yes_back_is_asked_again(tmp_path: Path, database_url: str) -> None:
    async with foreign(tmp_path, database_url) as (region, browser):
        attempt = await asked(region, browser, scope="openid email offline_access")
        response = await answered(browser, "yes")
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        [row] = apps(await browser.get(HERE))
        assert "vem du är, din e-postadress" in row
        assert "Gäller också när du inte är inloggad." in row
        assert "Du sa ja 22 november 2026" in row
        await take_back(browser, "shop")
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.shop.refresh(tokens["refresh_token"])
        await asked(region, browser, scope="openid email")
        [told] = await region.events("app.access_taken_back")
        assert told.detail == {"app": "shop", "grants": 1, "consent": True}
