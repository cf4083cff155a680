"""Refresh tokens: each counts once, and everything that ends a sign-in ends them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.ids import GroupId
from portvakt.records.unit import Unit
from tests.protocols.refreshing import (
    REFRESHING_LEDGER,
    REFRESHING_SHOP,
    opened,
    put,
    tokens,
)
from tests.protocols.relying_party import Attempt, Client, OAuthAnswerError
from tests.protocols.stage import APP_SERVER, Stage
from tests.protocols.test_oidc_token import disable, sign_out
from tests.world import Browser

NO = r"400.*invalid_grant"
NEW_REDIRECT = "https://shop.region.example/cb"
NO_ATTEMPT = Attempt("", "", "", "")


async def test_a_refresh_gives_new_tokens_of_the_same_sign_in(
    tmp_path: Path, database_url: str
) -> None:
    """OpenID Connect Core section 12.2: same subject and `auth_time`, no nonce."""
    async with opened(tmp_path, database_url) as (region, browser):
        first, claims = await region.tokens(browser, region.shop)
        region.world.clock.move(minutes=20)
        second = await region.shop.refresh(first["refresh_token"])
        assert set(second) == set(first)
        assert second["scope"] == first["scope"]
        assert second["refresh_token"] != first["refresh_token"]
        again = await region.shop.believe(second["id_token"], NO_ATTEMPT, refreshed=True)
        changed = {"iat", "exp", "nonce"}
        assert {k: v for k, v in again.items() if k not in changed} == {
            k: v for k, v in claims.items() if k not in changed
        }
        assert again["iat"] == claims["iat"] + 20 * 60
        assert (await region.shop.userinfo(second["access_token"]))["sub"] == claims["sub"]
        third = await region.shop.refresh(second["refresh_token"])
        assert await region.shop.userinfo(third["access_token"])


async def test_only_an_app_whose_entry_says_so_gets_a_refresh_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    plain = replace(REFRESHING_SHOP, grant_types=("authorization_code",))
    async with opened(tmp_path, sqlite_url, plain, REFRESHING_LEDGER) as (region, browser):
        found = await tokens(region, browser, region.shop, scope="openid offline_access")
        assert "refresh_token" not in found
        assert found["scope"] == "openid"
        await put(region, REFRESHING_SHOP)
        found = await tokens(region, browser, region.shop)
        await put(region, plain)
        with pytest.raises(OAuthAnswerError, match=r"400.*unauthorized_client"):
            await region.shop.refresh(found["refresh_token"])


async def test_a_scope_may_be_narrowed_for_one_refresh_and_never_widened(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 6749 section 6: what is left out once is still of the grant."""
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.shop, scope="openid email profile")
        for wider in ("openid groups", "openid unknown", 'openid "'):
            with pytest.raises(OAuthAnswerError, match=r"400.*invalid_scope"):
                await region.shop.refresh(held["refresh_token"], scope=wider)
        narrow = await region.shop.refresh(held["refresh_token"], scope="email openid")
        assert narrow["scope"] == "openid email"
        assert set(await region.shop.userinfo(narrow["access_token"])) == {
            "sub",
            "email",
            "email_verified",
        }
        whole = await region.shop.refresh(narrow["refresh_token"])
        assert whole["scope"] == "openid profile email"


async def test_without_openid_in_its_scope_a_refresh_gives_no_id_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        found = await region.shop.refresh(held["refresh_token"], scope="email")
        assert "id_token" not in found
        with pytest.raises(OAuthAnswerError, match=r"403.*insufficient_scope"):
            await region.shop.userinfo(found["access_token"])


async def test_a100_an_old_refresh_token_ends_the_whole_family_and_the_person_is_told(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        first = await tokens(region, browser, region.shop)
        other = await tokens(region, browser, region.shop)
        second = await region.shop.refresh(first["refresh_token"])
        third = await region.shop.refresh(second["refresh_token"])
        for _ in range(2):
            with pytest.raises(OAuthAnswerError, match=NO):
                await region.shop.refresh(first["refresh_token"])
        for each in (first, second, third):
            with pytest.raises(OAuthAnswerError, match="invalid_token"):
                await region.shop.userinfo(each["access_token"])
            with pytest.raises(OAuthAnswerError, match=NO):
                await region.shop.refresh(each["refresh_token"])
        assert await region.shop.refresh(other["refresh_token"]), "another sign-in is another grant"
        [event] = await region.events("app.refresh_reused")
        assert (event.account_id, event.detail["app"]) == (region.anna.id, "shop")
        assert event.address == APP_SERVER
        [(to, letter)] = await region.world.outbox("mail")
        assert to == region.anna.email
        assert "En app är utloggad från ditt konto" in letter
        assert "Demobutiken" in letter
        assert APP_SERVER in letter


async def test_a100_there_is_no_grace_in_which_the_token_before_counts(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        first = await tokens(region, browser, region.shop)
        second = await region.shop.refresh(first["refresh_token"])
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(first["refresh_token"])
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(second["refresh_token"])


async def test_a100_of_eight_who_bring_one_refresh_token_at_once_one_wins_and_all_ends(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        answers = await asyncio.gather(
            *(region.shop.refresh(held["refresh_token"]) for _ in range(8)), return_exceptions=True
        )
        [won] = [each for each in answers if isinstance(each, dict)]
        assert {each.code for each in answers if isinstance(each, OAuthAnswerError)} == {
            "invalid_grant"
        }
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(won["refresh_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(won["access_token"])
        assert len(await region.events("app.refresh_reused")) == 1
        assert len(await region.world.outbox("mail")) == 1


async def test_a_refresh_token_in_another_apps_hands_ends_what_it_is_of(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.ledger.refresh(held["refresh_token"])
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(held["refresh_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(held["access_token"])
        [event] = await region.events("app.refresh_reused")
        assert (event.actor, event.detail["app"]) == ("app:ledger", "shop")
        [(_, letter)] = await region.world.outbox("mail")
        assert "Demobutiken" in letter, "the app that was signed out, not the one that asked"


def said_in(token: str) -> set[str]:
    """Name the claims of a token."""
    body = token.split(".")[1]
    return set(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def test_claims_asked_for_by_name_are_narrowed_with_the_scope(
    tmp_path: Path, sqlite_url: str
) -> None:
    """OpenID Connect Core section 5.5: beside the scope; an app that gives some up means it."""
    wanted = {part: {"email": None, "given_name": None} for part in ("userinfo", "id_token")}
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(
            region, browser, region.shop, scope="openid profile", claims=json.dumps(wanted)
        )
        whole = await region.shop.refresh(held["refresh_token"])
        for found in (held, whole):
            assert {"email", "given_name"} <= set(await region.shop.userinfo(found["access_token"]))
            assert {"email", "given_name"} <= said_in(found["id_token"])
        narrow = await region.shop.refresh(whole["refresh_token"], scope="openid")
        assert set(await region.shop.userinfo(narrow["access_token"])) == {"sub"}
        assert not {"email", "given_name"} & said_in(narrow["id_token"])
        again = await region.shop.refresh(narrow["refresh_token"])
        assert "email" in await region.shop.userinfo(again["access_token"]), "for that token alone"


async def test_an_app_with_a_secret_needs_it_to_refresh_too(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.ledger)
        for secret in (None, "wrong"):
            other = Client(**(vars(region.ledger) | {"secret": secret}))
            with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
                await other.refresh(held["refresh_token"])
        assert await region.ledger.refresh(held["refresh_token"]), "nothing was used up"


@pytest.mark.parametrize("wrong", ["", "x", "x" * 86, "ö" * 86, "x" * 85 + "=", "x" * 5000])
async def test_a_token_that_we_never_wrote_gets_no_answer_and_ends_nothing(
    tmp_path: Path, sqlite_url: str, wrong: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, _):
        with pytest.raises(OAuthAnswerError) as refused:
            await region.shop.refresh(wrong)
        assert refused.value.status == 400
        assert refused.value.code == ("invalid_grant" if wrong else "invalid_request")
        assert not await region.events("app.refresh_reused")


async def test_half_a_token_is_none_and_a_guess_at_its_other_half_ends_the_family(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Who knows the family's secret without the token's has it from a token of before."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        token = (await tokens(region, browser, region.shop))["refresh_token"]
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh("A" * 43 + token[43:])
        assert not await region.events("app.refresh_reused")
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(token[:43] + "A" * 43)
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(token)


async def lose_group(region: Stage, _browser: Browser) -> None:
    await put(region, replace(REFRESHING_SHOP, groups=frozenset({GroupId("styrelsen")})))


async def remove_app(region: Stage, _browser: Browser) -> None:
    async def act(unit: Unit) -> None:
        await unit.configuration.remove_apps([REFRESHING_SHOP.client_id], "apply")

    await region.world.house.records.write(act)
    region.world.clock.move(seconds=1)


@pytest.mark.parametrize("end", [sign_out, lose_group, remove_app, disable])
@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
async def test_what_ends_a_sign_in_ends_its_refresh_token(
    tmp_path: Path,
    database_url: str,
    end: Callable[[Stage, Browser], Awaitable[None]],
    scope: str,
) -> None:
    """Of `offline_access` the browser's session alone is no part."""
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.shop, scope=scope)
        await end(region, browser)
        if end is sign_out and "offline_access" in scope:
            assert await region.shop.refresh(held["refresh_token"])
            return
        error = r"401.*invalid_client" if end is remove_app else NO
        with pytest.raises(OAuthAnswerError, match=error):
            await region.shop.refresh(held["refresh_token"])
        assert not await region.events("app.refresh_reused")


async def test_what_was_lost_for_a_while_is_not_given_back_by_an_old_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Nobody who was taken out of a group comes back with a token from before."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        await lose_group(region, browser)
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(held["refresh_token"])
        await put(region, REFRESHING_SHOP)
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(held["refresh_token"])


async def test_a_changed_entry_counts_at_the_next_refresh(tmp_path: Path, sqlite_url: str) -> None:
    """The scope that is no longer assigned is not given, and tokens are as the entry says now."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop, scope="openid email groups")
        changed = replace(
            REFRESHING_SHOP,
            redirect_uris=(NEW_REDIRECT,),
            scope=("openid", "email"),
            access_token="opaque",
            id_token_signed_response_alg="EdDSA",
        )
        await put(region, changed)
        found = await region.shop.refresh(held["refresh_token"])
        assert found["scope"] == "openid email"
        assert found["access_token"].startswith("pvat_")
        assert "groups" not in await region.shop.userinfo(found["access_token"])


@pytest.mark.parametrize(
    ("application_type", "scope", "lives"),
    [
        ("web", "openid", timedelta(hours=12)),
        ("web", "openid offline_access", timedelta(hours=12)),
        ("native", "openid offline_access", timedelta(days=30)),
    ],
)
async def test_refreshing_ends_at_a_fixed_time_however_often_it_was_done(
    tmp_path: Path, sqlite_url: str, application_type: str, scope: str, lives: timedelta
) -> None:
    """ASVS 10.4.8."""
    shop = replace(REFRESHING_SHOP, application_type=application_type)
    apps = (shop, REFRESHING_LEDGER)
    async with opened(tmp_path, sqlite_url, *apps, rules=()) as (region, browser):
        held = await tokens(region, browser, region.shop, scope=scope)
        for _ in range(3):
            region.world.clock.move(seconds=lives.total_seconds() / 3 - 1)
            held = await region.shop.refresh(held["refresh_token"])
        region.world.clock.move(seconds=4)
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(held["refresh_token"])


async def test_offline_access_outlives_the_session_that_is_swept_away(
    tmp_path: Path, database_url: str
) -> None:
    apps = (replace(REFRESHING_SHOP, application_type="native"), REFRESHING_LEDGER)
    async with opened(tmp_path, database_url, *apps, rules=()) as (region, browser):
        held = await tokens(region, browser, region.shop, scope="openid offline_access")
        plain = await tokens(region, browser, region.shop)
        for _ in range(2):
            region.world.clock.move(days=4)
            now = region.world.clock()
            await region.world.house.records.write(lambda unit, at=now: unit.expired.sweep(at))
        assert await region.shop.refresh(held["refresh_token"])
        with pytest.raises(OAuthAnswerError, match=NO):
            await region.shop.refresh(plain["refresh_token"])


async def test_a_refresh_leaves_no_event_and_one_row(tmp_path: Path, sqlite_url: str) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        before = await region.world.events()
        for _ in range(5):
            held = await region.shop.refresh(held["refresh_token"])
        assert await region.world.events() == before
