"""What an operator of the service sees of texts, and a real one that is followed."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portvakt.core.ids import AccountId
from portvakt.core.text_fates import ReceiptState
from portvakt.journeys.text_receipts.flow import Receipts
from portvakt.records import Message, Unit, open_records
from portvakt.settings import load_settings
from portvakt.wire.outcomes import Receipt
from portvakt.worker import system_clock, work
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.conformance.operator import Behave, Request, answers, closes, operator

NUMBER = "+46701740605"
SMS = """
[[sms]]
gateway = "http_form"
url = "{url}"
body = "to={{to}}&text={{text}}"
receipt_field = "id"
"""
ANNA = Row(mobile="070-174 06 05")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA)))
    return box


def put(box: Box, key: str, account_id: AccountId | None = None, **more: object) -> None:
    """Put a message in the outbox, and have it claimed."""
    given: dict[str, object] = {
        "id": key,
        "channel": "sms",
        "to": NUMBER,
        "body": b"sealed",
        "purpose": "sign_in",
        "account_id": account_id,
        "created_at": box.now,
        "not_after": box.now + timedelta(minutes=5),
        "idempotency_key": key,
    }
    message = Message(**(given | more))  # type: ignore[arg-type] # the fields above and the given

    async def act(unit: Unit) -> None:
        await unit.outbox.put(message)
        await unit.outbox.claim(message.channel, box.now, 100, timedelta(seconds=25))

    box.do(act)


def texts(box: Box) -> None:
    """One that arrived, one that nobody can say of, one that surely was not sent, and a mail."""
    anna = box.person("000017").account.id
    put(box, "m1", anna)
    box.do(lambda u: u.outbox.handed_over("m1", box.now + timedelta(seconds=1), "op-1", "first"))
    arrived = box.now + timedelta(seconds=3)
    box.do(lambda unit: unit.outbox.receipted("first", "op-1", "delivered", arrived))
    box.move(minutes=1)
    put(box, "m2")
    box.do(lambda u: u.outbox.dropped("m2", box.now, "no answer", taken=True, gateway="second"))
    box.move(minutes=1)
    put(box, "m3")
    box.do(lambda unit: unit.outbox.dropped("m3", box.now, "status 400", taken=False))
    box.move(minutes=1)
    put(box, "m4", channel="mail", to="anna.berg@region.example", purpose="notice")


def listed(box: Box, *words: str) -> list[str]:
    return [each["id"] for each in box.good("messages", "--json", *words).json]


def test_messages_are_listed_with_what_became_of_them(box: Box) -> None:
    texts(box)
    found = box.good("messages", "--json").json
    assert [(each["id"], each["state"], each["gateway"]) for each in found] == [
        ("m4", "queued", ""),
        ("m3", "failed", ""),
        ("m2", "unknown", "second"),
        ("m1", "delivered", "first"),
    ]
    assert (found[3]["handed_over_seconds"], found[3]["receipt_seconds"]) == (1.0, 2.0)
    assert found[1]["why"] == "status 400"


def test_whose_messages_they_are_is_partly_hidden(box: Box) -> None:
    texts(box)
    for said in (box.good("messages").out, box.good("messages", "--json").out):
        assert "••• 05" in said
        assert "a•••@region.example" in said
        assert NUMBER[:8] not in said
        assert "anna.berg" not in said


def test_messages_can_be_picked_out(box: Box) -> None:
    texts(box)
    assert listed(box, "--state", "unknown") == ["m2"]
    assert listed(box, "--gateway", "first") == ["m1"]
    assert listed(box, "--channel", "mail") == ["m4"]
    assert listed(box, "--person", "anna.berg") == ["m1"]
    assert listed(box, "--last", "2") == ["m4", "m3"]
    assert listed(box, "--since", "1m") == ["m4", "m3"]


def test_a_rare_state_is_found_far_back(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portvakt.commands.messages._PART", 2)
    texts(box)
    assert listed(box, "--state", "delivered") == ["m1"]


@pytest.mark.parametrize("span", ["", "1", "h", "0h", "1w", "-1h", "99999d"])
def test_a_span_that_means_nothing_is_refused(box: Box, span: str) -> None:
    answer = box.run("messages", f"--since={span}")
    assert answer.status == 1
    assert "--since" in answer.err


# ---- a real one, followed ----


@contextmanager
def working(box: Box, behave: Callable[[Box], Behave]) -> Iterator[None]:
    """Run an operator and the background work, in a thread of their own."""
    ready, over = threading.Event(), threading.Event()

    async def both() -> None:
        async with operator(behave(box)) as there:
            text = box.config.read_text(encoding="utf-8")
            box.config.write_text(text + SMS.format(url=there.url), encoding="utf-8")
            ready.set()
            running = asyncio.create_task(work(load_settings(box.config, {})))
            while not over.is_set():  # noqa: ASYNC110 - it is another thread's work
                await asyncio.sleep(0.02)
            running.cancel()
            await asyncio.wait([running])

    with capture_logs():  # of the thread, which would stand in what the command says
        thread = threading.Thread(target=lambda: asyncio.run(both()))
        thread.start()
        try:
            assert ready.wait(30)
            box.now = datetime.now(UTC)
            yield
        finally:
            over.set()
            thread.join(30)


def with_receipt(state: ReceiptState) -> Callable[[Box], Behave]:
    """Take a text, and say a moment later what became of it."""

    def of(box: Box) -> Behave:
        async def behave(request: Request, out: asyncio.StreamWriter) -> None:
            await answers(200, json.dumps({"id": "op-1"}).encode())(request, out)
            out.close()
            records = await open_records(box.url, clock=system_clock)
            try:
                receipts = Receipts(records=records, clock=system_clock)
                await receipts.note("http_form", Receipt("op-1", state))
            finally:
                await records.close()

        return behave

    return of


def always(behave: Behave) -> Callable[[Box], Behave]:
    return lambda _box: behave


@pytest.mark.slow
def test_a_real_text_is_followed_to_its_receipt(box: Box) -> None:
    with working(box, with_receipt("delivered")):
        answer = box.good("doctor", "messages", "--to", "070-174 06 05", "--json").json
    assert answer["ok"] is True
    assert answer["to"] == "••• 05"
    assert answer["steps"][-1]["stage"] == "delivered"
    assert answer["steps"][-1]["gateway"] == "http_form"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (with_receipt("failed"), "not delivered, says the operator"),
        (always(answers(400)), "surely not sent (status 400)"),
        (always(closes), "nobody can say whether it was sent"),
    ],
)
def test_a_real_text_that_does_not_arrive_is_told_as_it_is(
    box: Box, behave: Callable[[Box], Behave], said: str
) -> None:
    with working(box, behave):
        answer = box.run("doctor", "messages", "--to", "0701740605")
    assert answer.status == 1
    assert said in answer.out


@pytest.mark.slow
def test_a_gateway_without_receipts_is_followed_to_the_hand_over(box: Box) -> None:
    with working(box, always(answers(200))):
        answer = box.good("doctor", "messages", "--to", "0701740605")
    assert "taken by http_form" in answer.out


def test_where_nobody_works_in_the_background_that_is_said(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portvakt.commands.doctor_messages._NOBODY", 0.3)
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text + SMS.format(url="http://127.0.0.1:9/"), encoding="utf-8")
    answer = box.run("doctor", "messages", "--to", "0701740605")
    assert answer.status == 1
    assert "is `portvakt work` running" in answer.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("messages",), 2, "needs --to"),
        (("--to", "0701740605"), 2, "needs --to"),
        (("messages", "--to", "0701740605"), 1, "no [[sms]]"),
    ],
)
def test_doctor_messages_asks_for_what_it_needs(
    box: Box, words: tuple[str, ...], status: int, said: str
) -> None:
    answer = box.run("doctor", *words)
    assert answer.status == status
    assert said in answer.err


def test_a_real_text_goes_only_to_numbers_that_texts_may_go_to(box: Box) -> None:
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text + SMS.format(url="http://127.0.0.1:9/"), encoding="utf-8")
    answer = box.run("doctor", "messages", "--to", "+881612345678")
    assert answer.status == 1
    assert "no text goes to that number" in answer.err
