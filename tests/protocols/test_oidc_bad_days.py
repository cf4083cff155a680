"""The database fails in the middle of giving tokens: an honest no, and nothing is lost by it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.protocols.refreshing import opened, tokens
from tests.protocols.relying_party import OAuthAnswerError


@contextmanager
def without_keys(url: str) -> Iterator[None]:
    """Have nobody read the keys that sign, though all else can be read and written."""
    file = url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE signing_keys RENAME TO away")
    try:
        yield
    finally:
        with sqlite3.connect(file) as connection:
            connection.execute("ALTER TABLE away RENAME TO signing_keys")
    connection.close()


@contextmanager
def held_by_another(url: str) -> Iterator[None]:
    """Have somebody else hold the file for writing, for longer than anybody waits."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def test_a_refresh_that_cannot_be_answered_can_be_asked_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Else the next try would look like a stolen token, and end the sign-in."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        region.world.clock.move(seconds=11)  # the keys are to be read anew
        with without_keys(sqlite_url), pytest.raises(OAuthAnswerError, match="500"):
            await region.shop.refresh(held["refresh_token"])
        with held_by_another(sqlite_url), pytest.raises(OAuthAnswerError) as away:
            await region.shop.refresh(held["refresh_token"])
        assert away.value.status == 503
        again = await region.shop.refresh(held["refresh_token"])
        assert await region.shop.userinfo(again["access_token"])
        assert not await region.events("app.refresh_reused")


async def test_a_code_that_cannot_be_answered_can_be_brought_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        await tokens(region, browser, region.shop)
        region.world.clock.move(seconds=11)
        code, attempt = await region.code(browser, region.shop)
        with without_keys(sqlite_url), pytest.raises(OAuthAnswerError, match="500"):
            await region.shop.exchange(code, attempt)
        with held_by_another(sqlite_url), pytest.raises(OAuthAnswerError) as away:
            await region.shop.exchange(code, attempt)
        assert away.value.status == 503
        found = await region.shop.exchange(code, attempt)
        assert await region.shop.userinfo(found["access_token"])
        assert not await region.events("app.code_reused")
