"""What every text-message gateway must do. A new one is found by itself and asks for its rig."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.sms import Refused, Sent, SmsGateway, TextMessage, Unknown
from tests.conformance.operator import (
    Behave,
    Operator,
    answers,
    closes,
    drips,
    hangs,
    operator,
    writes,
)
from tests.conformance.tools import tools

PACKAGE = "portvakt.sms"
TEXT = "Region Exempel: 012345 är din kod.\n\n@login.region.example #012345 & to=+46701740699"
MESSAGE = TextMessage("+46701740605", Secret(TEXT), "key-1")

Settings = Callable[[str], dict[str, Any]]
RIGS: dict[str, Settings] = {
    "http_form": lambda url: {"url": url, "body": "to={to}&text={text}"},
}
"""For each gateway that reaches out: its settings for an operator at a URL."""
AT_HOME = {"console"}
"""Gateways that reach nothing."""


def opened(name: str, settings: dict[str, Any]) -> SmsGateway:
    config = plugins.fill(PACKAGE, name, settings)
    gateway: SmsGateway = config.open(tools(config.destinations()))
    return gateway


async def sent(name: str, behave: Behave) -> tuple[Sent | Refused | Unknown, Operator]:
    async with operator(behave) as there:
        return await opened(name, RIGS[name](there.url)).send(MESSAGE), there


def test_every_gateway_has_its_rig() -> None:
    assert set(plugins.names(PACKAGE)) == set(RIGS) | AT_HOME


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a_text_that_is_accepted_is_sent_once_and_whole(name: str) -> None:
    outcome, there = await sent(name, answers(200, b"OK"))
    assert isinstance(outcome, Sent)
    assert len(there.requests) == 1


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 302, 307])
async def test_a_plain_no_is_refused_for_good_and_redirects_are_not_followed(
    name: str, status: int
) -> None:
    async with operator(answers(200)) as elsewhere:
        outcome, there = await sent(name, answers(status, b"", f"Location: {elsewhere.url}"))
        assert outcome == Refused(f"status {status}", retry=False)
        assert len(there.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("status", [429, 503])
async def test_not_now_is_refused_and_may_be_tried_again(name: str, status: int) -> None:
    outcome, _ = await sent(name, answers(status))
    assert outcome == Refused(f"status {status}", retry=True)


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_nobody_there_is_refused_and_may_be_tried_again(name: str) -> None:
    async with operator(answers(200)) as there:
        gateway = opened(name, RIGS[name](there.url))
    outcome = await gateway.send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.retry


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize(
    "behave",
    [
        hangs,
        closes,
        drips,
        answers(500),
        answers(502),
        writes(b"\x00\xff garbage \r\n\r\n"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        answers(200, b"x" * 70_000),
    ],
    ids=["hangs", "closes", "drips", "500", "502", "garbage", "short", "huge"],
)
async def test_what_is_neither_yes_nor_no_is_unknown(name: str, behave: Behave) -> None:
    outcome, there = await sent(name, behave)
    assert isinstance(outcome, Unknown)
    assert len(there.requests) == 1


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_no_outcome_shows_the_number_the_text_or_the_code(name: str) -> None:
    for behave in (answers(400, TEXT.encode()), hangs, closes, writes(TEXT.encode())):
        outcome, _ = await sent(name, behave)
        shown = repr(outcome)
        assert not any(secret in shown for secret in ("012345", "46701740605", "din kod"))
    assert "012345" not in repr(MESSAGE)
    assert "46701740605" not in repr(MESSAGE)


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a_hundred_texts_leave_no_connection_open(name: str) -> None:
    async with operator(answers(200)) as there:
        gateway = opened(name, RIGS[name](there.url))
        for _ in range(100):
            assert isinstance(await gateway.send(MESSAGE), Sent)
        assert len(there.requests) == 100


async def test_the_console_prints_each_text_as_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert await opened("console", {}).send(MESSAGE) == Sent("key-1")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"to": "+46701740605", "text": TEXT, "key": "key-1"}
    file = tmp_path / "texts"
    gateway = opened("console", {"file": str(file)})
    assert isinstance(await gateway.send(MESSAGE), Sent)
    assert isinstance(await gateway.send(MESSAGE), Sent)
    assert [json.loads(line)["text"] for line in file.read_text().splitlines()] == [TEXT, TEXT]


async def test_the_console_refuses_where_its_file_cannot_be_written(tmp_path: Path) -> None:
    outcome = await opened("console", {"file": str(tmp_path / "no" / "file")}).send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.retry
