"""What the gateway for message centres promises beyond what every gateway does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.sms import Receipt, Refused, Sent, SmsGateway, TextMessage, Unknown
from tests.conformance.sms_rigs import PACKAGE, settings_for_nobody, smpp_settings, whole
from tests.conformance.tools import tools
from tests.servers.message_centre import MessageCentre

pytestmark = pytest.mark.slow

TEXT = "Region Exempel: 012345 är din kod."
MESSAGE = TextMessage("+46701740605", Secret(TEXT), "key-1")
LONG = TextMessage("+46701740605", Secret("Å {a}[b] € " * 40), "key-2")


class Notes:
    """Takes receipts, or fails to."""

    def __init__(self) -> None:
        self.taken: list[Receipt] = []
        self.broken = False

    async def take(self, receipt: Receipt) -> None:
        if self.broken:
            raise OSError("the records are away")
        self.taken.append(receipt)


@asynccontextmanager
async def opened(
    folder: Path,
    centre: MessageCentre,
    notes: Notes | None = None,
    *,
    binds: bool = True,
    **changed: Any,
) -> AsyncIterator[SmsGateway]:
    """A line to the centre, bound, and protected by TLS unless it is said otherwise."""
    settings = smpp_settings(folder, centre, **changed)
    sink = None if notes is None else notes.take
    config = plugins.fill(PACKAGE, "smpp", settings)
    gateway: SmsGateway = config.open(replace(tools(), receipts=sink))
    try:
        if binds:
            await centre.until("bind")
        yield gateway
    finally:
        await gateway.close()


async def sent_after_all(gateway: SmsGateway) -> Sent:
    """Try as the worker does, until the line is there again."""
    async with asyncio.timeout(10):
        while not isinstance(outcome := await gateway.send(MESSAGE), Sent):
            assert isinstance(outcome, Refused)
            await asyncio.sleep(0.1)
        return outcome


async def refused(gateway: SmsGateway) -> str:
    """Try a text that can be tried again, and return why it was not taken."""
    outcome = await gateway.send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.retry
    return outcome.reason


@pytest.mark.parametrize(
    ("status", "retry", "wait"),
    [
        (0x01, False, 0),  # too long
        (0x08, True, 0),  # system error
        (0x0A, False, 0),  # bad source
        (0x0B, False, 0),  # bad destination
        (0x14, True, 5),  # queue full
        (0x45, True, 0),  # failed
        (0x58, True, 1),  # throttled
        (0x64, True, 0),  # temporary
        (0x65, False, 0),  # permanent
        (0x0400, False, 0),  # of the operator's own
    ],
)
async def test_a_status_says_whether_to_try_again(
    tmp_path: Path, message_centre: MessageCentre, status: int, retry: bool, wait: int
) -> None:
    message_centre.fresh(submit=status)
    async with opened(tmp_path, message_centre) as gateway:
        outcome = await gateway.send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert (outcome.retry, outcome.wait.total_seconds()) == (retry, wait)
    assert outcome.reason.startswith(f"status 0x{status:02X}")


@pytest.mark.parametrize(
    ("sender", "source"),
    [
        ("Exempel", ("Exempel", 5, 0)),
        ("+46701740600", ("46701740600", 1, 1)),
        ("71234", ("71234", 3, 0)),
    ],
)
async def test_who_a_text_is_from_is_told_by_its_kind(
    tmp_path: Path, message_centre: MessageCentre, sender: str, source: tuple[str, int, int]
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre, sender=sender) as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
    (seen,) = message_centre.texts
    assert (seen["from"], seen["from_ton"], seen["from_npi"]) == source
    assert (seen["to"], seen["to_ton"], seen["to_npi"]) == ("46701740605", 1, 1)
    assert seen["registered"] == 0  # nobody takes receipts here


@pytest.mark.parametrize("long_texts", ["udh", "sar", "payload"])
async def test_a_long_text_is_handed_over_as_the_operator_wants(
    tmp_path: Path, message_centre: MessageCentre, long_texts: str
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre, Notes(), long_texts=long_texts) as gateway:
        outcome = await gateway.send(LONG)
    seen = message_centre.texts
    assert outcome == Sent(seen[-1]["id"])
    assert [each["registered"] for each in seen] == [0] * (len(seen) - 1) + [1]
    if long_texts == "udh":
        assert whole(seen) == [("46701740605", LONG.text.open())]
    else:
        assert "".join(each["text"] for each in seen) == LONG.text.open()
    assert [each["payload"] for each in seen] == [long_texts == "payload"] * len(seen)
    if long_texts == "sar":
        assert [each["sar"][1:] for each in seen] == [
            [len(seen), at] for at in range(1, len(seen) + 1)
        ]


async def test_letters_outside_gsm_go_as_ucs2(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh()
    text = "Šárka 🙂 " * 20
    async with opened(tmp_path, message_centre) as gateway:
        assert isinstance(await gateway.send(replace(MESSAGE, text=Secret(text))), Sent)
    assert {each["coding"] for each in message_centre.texts} == {8}
    assert whole(message_centre.texts) == [("46701740605", text)]


async def test_a_centre_that_wants_latin1_gets_it(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre, alphabet="latin1") as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
    (seen,) = message_centre.texts
    assert (seen["coding"], seen["text"]) == (3, TEXT)


async def test_where_a_later_part_is_not_taken_nobody_can_say(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(on_submit="hang_up_after_answer")
    async with opened(tmp_path, message_centre) as gateway:
        assert isinstance(await gateway.send(LONG), Unknown)


@pytest.mark.parametrize("form", ["parameters", "words"])
@pytest.mark.parametrize("ids", ["same", "decimal"])
async def test_receipts_match_however_names_are_written(
    tmp_path: Path, message_centre: MessageCentre, form: str, ids: str
) -> None:
    message_centre.fresh(state="DELIVRD", form=form, ids=ids)
    notes = Notes()
    setting = "same" if ids == "same" else "hex_then_decimal"
    async with opened(tmp_path, message_centre, notes, receipt_ids=setting) as gateway:
        outcome = await gateway.send(MESSAGE)
        assert isinstance(outcome, Sent)
        (answered,) = await message_centre.until("receipt_answered")
    assert answered["status"] == 0
    assert notes.taken == [Receipt(outcome.receipt, "delivered")]


async def test_a_receipt_that_cannot_be_noted_is_asked_for_again(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(state="UNDELIV")
    notes = Notes()
    notes.broken = True
    async with opened(tmp_path, message_centre, notes) as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
        (answered,) = await message_centre.until("receipt_answered")
        assert (answered["status"], notes.taken) == (0x64, [])
        notes.broken = False
        message_centre.say(esm_class=4, receipted_message_id=answered["id"], message_state=5)
        (said,) = await message_centre.until("said")
        assert said["status"] == 0
    assert notes.taken == [Receipt(answered["id"], "failed", "UNDELIV")]


@pytest.mark.parametrize(
    "said",
    [
        {"esm_class": 0, "short_message": "id:ab001 stat:DELIVRD"},  # somebody's answer
        {"esm_class": 0x20, "short_message": "id:ab001 stat:ACCEPTD"},  # on its way
        {"esm_class": 4, "short_message": "id:ab001 stat:ENROUTE"},
        {"esm_class": 4, "short_message": "stat:DELIVRD"},
        {"esm_class": 4, "receipted_message_id": "ab001"},
    ],
)
async def test_what_is_no_receipt_is_acknowledged_and_left(
    tmp_path: Path, message_centre: MessageCentre, said: dict[str, Any]
) -> None:
    message_centre.fresh()
    notes = Notes()
    async with opened(tmp_path, message_centre, notes) as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
        message_centre.say(**said)
        (answered,) = await message_centre.until("said")
    assert (answered["status"], notes.taken) == (0, [])


@pytest.mark.parametrize("changed", [{"ca_file": None}, {"host": "127.0.0.1"}])
async def test_a_centre_that_nobody_vouches_for_hears_no_password(
    tmp_path: Path, message_centre: MessageCentre, changed: dict[str, Any]
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre, binds=False, **changed) as gateway:
        async with asyncio.timeout(10):
            while "is not trusted" not in await refused(gateway):  # noqa: ASYNC110 - another end
                await asyncio.sleep(0.1)
    assert message_centre.of("bind") + message_centre.of("bind_refused") == []


async def test_a_centre_that_refuses_the_password_is_not_asked_again_at_once(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(bind=0x0E)
    async with opened(tmp_path, message_centre, binds=False) as gateway:
        await message_centre.until("bind_refused")
        for _ in range(15):
            assert "does not let us in" in await refused(gateway)
            await asyncio.sleep(0.1)
    assert len(message_centre.of("bind_refused")) == 1


@pytest.mark.parametrize("how", ["hang_up", "take_leave"])
async def test_a_lost_line_comes_back_by_itself(
    tmp_path: Path, message_centre: MessageCentre, how: str
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre) as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
        getattr(message_centre, how)()
        await message_centre.until("gone")
        await message_centre.until("bind", 2)  # nobody asked for it
        await sent_after_all(gateway)
    assert len(message_centre.texts) == 2


async def test_texts_under_way_on_a_line_that_dies_are_unknown_at_once(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(on_submit="ignore")
    async with opened(tmp_path, message_centre, answer_within=5) as gateway:
        sending = [asyncio.create_task(gateway.send(MESSAGE)) for _ in range(10)]
        await message_centre.until("submit", 10)
        message_centre.hang_up()
        outcomes = await asyncio.gather(*sending)
        assert set(outcomes) == {Unknown("the line died: the centre hung up")}
        assert isinstance(await gateway.send(MESSAGE), Refused)  # between two lines: at once


async def test_the_window_is_kept(tmp_path: Path, message_centre: MessageCentre) -> None:
    message_centre.fresh(on_submit="ignore")
    async with opened(tmp_path, message_centre, window=2, answer_within=5) as gateway:
        sending = [asyncio.create_task(gateway.send(MESSAGE)) for _ in range(2)]
        await message_centre.until("submit", 2)
        outcome = await gateway.send(MESSAGE)
        assert outcome == Refused("no place in the window", retry=True)
        message_centre.hang_up()
        await asyncio.gather(*sending)
    assert len(message_centre.texts) == 2


async def test_a_silent_line_is_asked_for_a_sign_of_life(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre, enquire_every=1) as gateway:
        await message_centre.until("enquire", 2)
        assert len(message_centre.of("bind")) == 1
        message_centre.mode(deaf=True)
        await message_centre.until("bind", 2)
        message_centre.mode()
        await sent_after_all(gateway)


async def test_a_late_answer_makes_us_ask_for_a_sign_of_life(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(on_submit="ignore", deaf=True)
    async with opened(tmp_path, message_centre, enquire_every=300, answer_within=1) as gateway:
        assert await gateway.send(MESSAGE) == Unknown("no answer in time")
        await message_centre.until("bind", 2)


async def test_a_centre_that_says_we_are_not_bound_is_bound_to_again(
    tmp_path: Path, message_centre: MessageCentre
) -> None:
    message_centre.fresh(submit=0x04)
    async with opened(tmp_path, message_centre) as gateway:
        outcome = await gateway.send(MESSAGE)
        assert isinstance(outcome, Refused)
        assert outcome.retry
        message_centre.mode()
        await message_centre.until("bind", 2)


async def test_leave_is_taken(tmp_path: Path, message_centre: MessageCentre) -> None:
    message_centre.fresh()
    async with opened(tmp_path, message_centre) as gateway:
        assert isinstance(await gateway.send(MESSAGE), Sent)
    await message_centre.until("unbind")
    assert isinstance(await gateway.send(MESSAGE), Refused)


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"220 mail\r\n", "not reached: what came is no SMPP: not the length of a PDU"),
        (b"", "the line is still being opened"),
    ],
)
async def test_what_is_no_message_centre_takes_no_text(
    tmp_path: Path, greeting: bytes, said: str
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = settings_for_nobody("smpp", tmp_path) | {"port": port}
        gateway: SmsGateway = plugins.fill(PACKAGE, "smpp", settings).open(tools())
        assert await gateway.send(MESSAGE) == Refused(said, retry=True)
        await gateway.close()
