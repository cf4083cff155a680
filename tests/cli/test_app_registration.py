"""Tokens with which apps register themselves, and what an operator does with such apps."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.registration import Registered
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_program import AppsByProgram
from portvakt.records import open_records
from tests.cli.box import Box

ENTRY = {"client_name": "Enkäten", "redirect_uris": ["https://survey.example/cb"]}


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    box = Box.make(tmp_path, sqlite_url)
    box.good("apply", box.write("region.toml", '[[groups]]\nid = "alla"\n'))
    return box


def registered(box: Box, token: str) -> str | None:
    """Register an app with a token; return its id, or None where the token does not count."""

    async def act() -> Any:
        records = await open_records(box.url, clock=lambda: datetime.now(UTC))
        try:
            return await AppsByProgram(records, SystemRandom()).register(token, ENTRY, box.now)
        finally:
            await records.close()

    made = asyncio.run(act())
    return str(made.app.client_id) if isinstance(made, Registered) else None


def token_of(box: Box, *words: str) -> str:
    said = box.good("app", "registration-token", "--json", *words).json
    assert said["address"].endswith("/oidc/register")
    return str(said["token"])


def test_a_token_is_printed_once_and_lets_so_many_apps_register(box: Box) -> None:
    token = token_of(box, "--uses", "2", "--note", "enkäter")
    assert registered(box, token)
    assert registered(box, token)
    assert registered(box, token) is None


def test_without_words_it_is_for_one_app_and_a_week(box: Box) -> None:
    out = str(box.good("app", "registration-token").out)
    assert "for 1 app(s) within 7 days" in out
    assert registered(box, out.splitlines()[0])


def test_tokens_that_count_are_listed_and_one_is_withdrawn(box: Box) -> None:
    kept = token_of(box, "--uses", "2", "--note", "enkäter")
    lost = token_of(box, "--note", "borttappad", "--days", "3")
    registered(box, kept)
    listed = {each["note"]: each for each in box.good("app", "registration-tokens", "--json").json}
    # Both were made at one moment of the box's clock, so their order is chance.
    first, second = listed["enkäter"], listed["borttappad"]
    assert first["uses_left"] == 1
    assert second["until"] == "2026-11-25T12:00:00+00:00"
    table = str(box.good("app", "registration-tokens").out)
    assert first["id"] in table
    assert "2026-11-25 12:00Z" in table
    assert kept not in table
    said = box.good("app", "withdraw-registration-token", second["id"]).out
    assert "the apps that registered with it stand" in said
    assert registered(box, lost) is None
    assert registered(box, kept)
    assert box.good("app", "registration-tokens", "--json").json == []
    [event] = [each for each in box.events() if each.detail.get("kind") == "registration token"]
    assert (event.detail["id"], event.detail["change"]) == (second["id"], "removed")
    assert event.actor.startswith("cli:")
    again = box.run("app", "withdraw-registration-token", second["id"])
    assert (again.status, "there is no registration token" in again.err) == (1, True)


def test_a_token_that_has_ended_is_not_listed(box: Box) -> None:
    token_of(box, "--days", "1")
    box.move(days=1)
    assert box.good("app", "registration-tokens", "--json").json == []


@pytest.mark.parametrize("words", [("--uses", "0"), ("--days", "91"), ("--uses", "many")])
def test_a_token_for_ever_or_for_everybody_is_not_to_be_had(
    box: Box, words: tuple[str, str]
) -> None:
    assert box.run("app", "registration-token", *words).status == 2


def test_an_app_that_registered_itself_is_listed_opened_and_removed(box: Box) -> None:
    client_id = registered(box, token_of(box))
    assert client_id is not None
    [line] = box.good("app", "list", "--json").json
    assert (line["client_id"], line["owner"], line["groups"]) == (client_id, "registered", [])
    assert "alla" in str(box.good("app", "open", client_id, "--group", "alla").out)
    [line] = box.good("app", "list", "--json").json
    assert line["groups"] == ["alla"]
    box.good("app", "remove", client_id)
    assert box.good("app", "list", "--json").json == []


def test_opening_needs_a_group_that_there_is(box: Box) -> None:
    client_id = registered(box, token_of(box))
    assert client_id is not None
    assert box.run("app", "open", client_id).status == 2
    assert "there is no group" in str(box.run("app", "open", client_id, "--group", "borta").err)


def test_a_file_may_take_it_over(box: Box) -> None:
    client_id = registered(box, token_of(box))
    assert client_id is not None
    assert client_id in str(box.good("app", "hand-over", client_id).out)
    [line] = box.good("app", "list", "--json").json
    assert line["owner"] == "apply"
