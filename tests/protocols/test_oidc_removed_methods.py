"""What was shown with a method that is gone opens nothing any more, in no app (rule R2)."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.records.unit import Unit
from tests.protocols.guarded import DATA, guarded
from tests.protocols.stage import Stage, stage
from tests.protocols.test_forward_auth import LETS_IN, STOPS, let_in
from tests.world import OUTSIDE

Away = Callable[[Stage, AuthenticatorId], Awaitable[object]]


async def remove(region: Stage, id_: AuthenticatorId) -> object:
    return await region.world.house.records.write(
        lambda unit: unit.authenticators.remove(id_, region.anna.id)
    )


async def suspend(region: Stage, id_: AuthenticatorId) -> object:
    async def act(unit: Unit) -> object:
        now = region.world.clock()
        return await unit.authenticators.set_state(id_, AuthenticatorState.SUSPENDED, now)

    return await region.world.house.records.write(act)


async def the_app(region: Stage) -> AuthenticatorId:
    """Find the method that gave Anna's second factor."""
    standing = await region.world.standing(region.anna)
    (found,) = standing.active(AuthenticatorType.TOTP)
    return found.authenticator.id


@pytest.mark.parametrize("away", [remove, suspend])
async def test_an_app_that_needs_two_factors_asks_again_when_one_is_gone(
    tmp_path: Path, database_url: str, away: Away
) -> None:
    """A stolen phone is removed elsewhere: the thief's browser is signed in, and opens nothing."""
    async with stage(tmp_path, database_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser)
        _, claims = await region.tokens(browser, region.ledger)
        assert claims["acr"] == "urn:portvakt:aal2"
        await away(region, await the_app(region))
        response = await region.open(browser, region.ledger.begin())
        assert browser.page.path.startswith("/sign-in")
        assert "location" not in response.headers
        attempt = region.ledger.begin(prompt="none")
        response = await region.open(browser, attempt)
        answer = region.ledger.read_answer(response.headers["location"], attempt)
        assert answer["error"] == "login_required"


async def test_a_guarded_app_stops_at_the_next_request_when_a_factor_is_gone(
    tmp_path: Path, database_url: str
) -> None:
    async with guarded(tmp_path, database_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        assert (await at.check(browser=DATA)).status_code == LETS_IN
        await remove(region, await the_app(region))
        assert (await at.check(browser=DATA)).status_code == STOPS


async def test_a_session_in_which_nothing_counts_any_more_is_asked_for_a_name_and_a_password(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser)
        for each in (await region.world.standing(region.anna)).authenticators:
            await remove(region, each.id)
        for path in ("/apps", "/security-info", "/my-sign-ins", "/device"):
            page = await browser.get(path)
            assert (page.status, page.path.partition("?")[0]) == (200, "/sign-in"), path
