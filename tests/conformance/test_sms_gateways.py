"""What every text-message gateway must do. A new one is found by itself and asks for its rig."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.sms import Receipt, Refused, Sent, SmsGateway, TextMessage, Unknown
from tests.conformance.sms_rigs import (
    AT_HOME,
    PACKAGE,
    RIGS,
    Fate,
    Manner,
    Rig,
    settings_for_nobody,
)
from tests.conformance.tools import tools

TEXT = "Region Exempel: 012345 är din kod.\n\n@login.region.example #012345 & to=+46701740699"
MESSAGE = TextMessage("+46701740605", Secret(TEXT), "key-1")
LONG = TextMessage("+46701740605", Secret(TEXT * 4), "key-2")

Rigged = Callable[[], AbstractAsyncContextManager[Rig]]


@pytest.fixture(
    params=[
        pytest.param(each, id=each, marks=[pytest.mark.slow] if name == "smpp" else [])
        for each, (name, _) in RIGS.items()
    ]
)
def rigged(request: pytest.FixtureRequest, tmp_path: Path) -> Rigged:
    """How to open a gateway with its operator."""
    name, opening = RIGS[request.param]
    centre = request.getfixturevalue("message_centre") if name == "smpp" else None
    return lambda: opening(tmp_path, centre)


def test_every_gateway_has_its_rig() -> None:
    assert set(plugins.names(PACKAGE)) == {name for name, _ in RIGS.values()} | AT_HOME


async def test_a_text_that_is_accepted_is_sent_once_and_whole(rigged: Rigged) -> None:
    async with rigged() as rig:
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Sent)
        assert outcome.receipt
        assert rig.texts() == [("46701740605", TEXT)]


async def test_a_long_text_arrives_whole(rigged: Rigged) -> None:
    async with rigged() as rig:
        assert isinstance(await rig.gateway.send(LONG), Sent)
        assert rig.texts() == [("46701740605", TEXT * 4)]


async def test_a_plain_no_is_refused_for_good(rigged: Rigged) -> None:
    async with rigged() as rig:
        rig.behave("refuses")
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Refused)
        assert not outcome.retry
        assert len(rig.texts()) == 1


async def test_not_now_is_refused_and_may_be_tried_again(rigged: Rigged) -> None:
    async with rigged() as rig:
        rig.behave("is busy")
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Refused)
        assert outcome.retry
        rig.behave("takes")
        assert isinstance(await rig.gateway.send(MESSAGE), Sent)


@pytest.mark.parametrize("name", sorted({name for name, _ in RIGS.values()}))
async def test_nobody_there_is_refused_and_may_be_tried_again(name: str, tmp_path: Path) -> None:
    config = plugins.fill(PACKAGE, name, settings_for_nobody(name, tmp_path))
    gateway: SmsGateway = config.open(tools(config.destinations()))
    for _ in range(2):
        outcome = await gateway.send(MESSAGE)
        assert isinstance(outcome, Refused)
        assert outcome.retry
    await gateway.close()


@pytest.mark.parametrize("manner", ["says nothing", "says garbage", "hangs up"])
async def test_what_is_neither_yes_nor_no_is_unknown(rigged: Rigged, manner: Manner) -> None:
    async with rigged() as rig:
        rig.behave(manner)
        assert isinstance(await rig.gateway.send(MESSAGE), Unknown)
        assert len(rig.texts()) == 1


async def test_no_outcome_shows_the_number_the_text_or_the_code(
    rigged: Rigged, capsys: pytest.CaptureFixture[str]
) -> None:
    manners: tuple[Manner, ...] = ("takes", "refuses", "hangs up")
    shown = repr(MESSAGE)
    async with rigged() as rig:
        for manner in manners:
            rig.behave(manner)
            shown += repr(await rig.gateway.send(MESSAGE))
    said = capsys.readouterr()
    for secret in ("012345", "46701740605", "din kod", "simpw"):
        assert secret not in shown + said.out + said.err


async def test_many_texts_at_once_are_each_sent_once(rigged: Rigged) -> None:
    many = [TextMessage(f"+4670174{n:04}", Secret(TEXT), f"key-{n}") for n in range(100)]
    async with rigged() as rig:
        limit = asyncio.Semaphore(16)

        async def one(message: TextMessage) -> object:
            async with limit:
                return await rig.gateway.send(message)

        outcomes = await asyncio.gather(*map(one, many))
        assert all(isinstance(each, Sent) for each in outcomes)
        assert sorted(to for to, _ in rig.texts()) == [each.to[1:] for each in many]


async def test_the_same_text_again_carries_the_same_mark(rigged: Rigged) -> None:
    async with rigged() as rig:
        for _ in range(2):
            assert isinstance(await rig.gateway.send(LONG), Sent)
        assert len(set(rig.marks())) == 1
        assert len(rig.marks()) >= 2


@pytest.mark.parametrize("fate", ["delivered", "failed"])
async def test_a_receipt_says_what_became_of_the_text(rigged: Rigged, fate: Fate) -> None:
    async with rigged() as rig:
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Sent)
        for _ in range(2):  # an operator that heard no answer says it again
            found = await rig.tell(outcome.receipt, fate)
            assert found is not None
            assert (found.receipt, found.state) == (outcome.receipt, fate)


async def test_what_is_on_its_way_is_no_receipt(rigged: Rigged) -> None:
    async with rigged() as rig:
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Sent)
        assert await rig.tell(outcome.receipt, "buffered") is None


async def test_a_receipt_of_a_text_that_nobody_sent_goes_by_its_own_name(rigged: Rigged) -> None:
    async with rigged() as rig:
        assert isinstance(await rig.gateway.send(MESSAGE), Sent)
        assert await rig.tell("no-such", "delivered") == Receipt("no-such", "delivered")


async def test_a028_a_forged_receipt_is_none(rigged: Rigged) -> None:
    """On a line that only the centre can write on, there is nobody to forge one."""
    async with rigged() as rig:
        outcome = await rig.gateway.send(MESSAGE)
        assert isinstance(outcome, Sent)
        if rig.forge is not None:
            assert await rig.forge(outcome.receipt, "delivered") is None


async def test_the_console_prints_each_text_as_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gateway: SmsGateway = plugins.open_adapter(PACKAGE, "console", {}, tools())
    assert await gateway.send(MESSAGE) == Sent("key-1")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"to": "+46701740605", "text": TEXT, "key": "key-1"}
    file = tmp_path / "texts"
    gateway = plugins.open_adapter(PACKAGE, "console", {"file": str(file)}, tools())
    assert isinstance(await gateway.send(MESSAGE), Sent)
    assert isinstance(await gateway.send(MESSAGE), Sent)
    assert [json.loads(line)["text"] for line in file.read_text().splitlines()] == [TEXT, TEXT]
    await gateway.close()


async def test_the_console_refuses_where_its_file_cannot_be_written(tmp_path: Path) -> None:
    file = str(tmp_path / "no" / "file")
    gateway: SmsGateway = plugins.open_adapter(PACKAGE, "console", {"file": file}, tools())
    outcome = await gateway.send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.retry
