"""The page's example for Kannel, against Kannel: by HTTP to it, by SMPP from it, and back."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.secret import Secret
from portvakt.plugins import Tools
from portvakt.sms import Forged, NoReceipt, Receipt, ReceiptRequest, Refused, Sent, TextMessage
from portvakt.wire.http import HttpClient
from tests.conformance.operator import Operator, answers, operator
from tests.conformance.operators_page import blocks, config
from tests.conformance.sms_rigs import whole
from tests.conformance.tools import tools
from tests.servers.kannel import SENDSMS_PASSWORD, Kannel
from tests.servers.message_centre import MessageCentre

pytestmark = pytest.mark.slow

PUBLIC = "https://login.region.example"
TEXT = "Region Exempel: 012345 är din kod för Åsa. {[€]}\n\n@login.region.example #012345"


@pytest.fixture(scope="module")
def kannel(
    message_centre: MessageCentre, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kannel]:
    message_centre.fresh()
    server = Kannel(tmp_path_factory.mktemp("kannel"), message_centre.port)
    asyncio.run(message_centre.until("bind"))
    yield server
    server.close()


def patient(settings: Any) -> Tools:
    """As patient as the product: Kannel answers when its other half has."""
    return replace(tools(), http=HttpClient(settings.destinations()))


async def exchange(
    kannel: Kannel, folder: Path, key: str, text: str = TEXT, to: str = "+46701740605"
) -> tuple[object, list[Receipt | NoReceipt | Forged]]:
    """Hand a text in, and wait for what Kannel says about it."""
    query = blocks()["kannel"]["query"]
    async with operator(answers(200)) as public:
        here = f"http://127.0.0.1:{public.port}"
        settings = config(
            "kannel", folder, url=kannel.url, query=query.replace(PUBLIC, here), private=True
        )
        (folder / "kannel-password").write_text(SENDSMS_PASSWORD)
        gateway = settings.open(patient(settings))
        outcome = await gateway.send(TextMessage(to, Secret(text), key))
        if not isinstance(outcome, Sent):
            return outcome, []
        calls = await last_call(public)
        reader = settings.receipts()
        return outcome, [
            reader.read(ReceiptRequest(method, PUBLIC + target, {}, b""))
            for method, target in calls
        ]


async def last_call(public: Operator) -> list[tuple[str, str]]:
    """Wait until the last of Kannel's calls says how it ended: 1 is delivered, 2 failed."""
    async with asyncio.timeout(20):
        while not any(each.query["state"] in (["1"], ["2"]) for each in public.requests):  # noqa: ASYNC110 - Kannel decides when it calls
            await asyncio.sleep(0.02)
    return [(each.method, each.target) for each in public.requests]


async def test_a_text_goes_through_kannel_and_its_receipt_comes_back(
    kannel: Kannel, message_centre: MessageCentre, tmp_path: Path
) -> None:
    message_centre.fresh(state="DELIVRD")
    outcome, found = await exchange(kannel, tmp_path, "key-1")
    assert outcome == Sent("key-1")
    assert Receipt("key-1", "delivered") in found
    assert not any(isinstance(each, Forged) for each in found)
    assert [text for _, text in whole(message_centre.texts)] == [TEXT]


async def test_a_text_that_the_network_gives_up_is_failed(
    kannel: Kannel, message_centre: MessageCentre, tmp_path: Path
) -> None:
    message_centre.fresh(state="UNDELIV")
    _, found = await exchange(kannel, tmp_path, "key-2")
    assert [each.state for each in found if isinstance(each, Receipt)] == ["failed"]


async def test_a_long_text_goes_through_kannel_whole(
    kannel: Kannel, message_centre: MessageCentre, tmp_path: Path
) -> None:
    message_centre.fresh(state="DELIVRD")
    await exchange(kannel, tmp_path, "key-3", "x" * 200)
    assert whole(message_centre.texts) == [("46701740605", "x" * 200)]


async def test_a_wrong_password_is_refused_for_good(kannel: Kannel, tmp_path: Path) -> None:
    settings = config("kannel", tmp_path, url=kannel.url)
    outcome = await settings.open(patient(settings)).send(
        TextMessage("+46701740605", Secret(TEXT), "key-4")
    )
    assert outcome == Refused("status 403", retry=False)
