"""What becomes of a message between the commit and the person."""

import asyncio
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conformance.operator import Behave, Request, answers, closes, hangs, operator, writes
from tests.conformance.post_office import post_office, rude
from tests.worker.office import ANNA, Office, office, until

ROOT = Path(__file__).parents[2]


def in_turn(*behaviours: Behave) -> Behave:
    """Behave differently each time; the last one from then on."""
    left = list(behaviours)

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, out)

    return behave


async def test_a_code_is_on_its_way_at_once_and_its_body_is_erased(sqlite_url: str) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        async with here.working():
            await asyncio.sleep(0.3)  # it has looked, found nothing and gone to sleep
            await here.put_text()
            await until(lambda: len(there.requests) == 1)
            row = await here.state("m1", "handed_over")
        assert row["body"] is None
        assert row["due_at"] is None
        (request,) = there.requests
        assert request.form["to"] == [ANNA]
        assert request.form["text"][0].endswith("#012345")
        assert request.headers["idempotency-key"] == "m1"


async def test_what_waited_while_nobody_worked_goes_when_somebody_does(sqlite_url: str) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        for number in range(40):
            await here.put_text(f"m{number}")
        async with here.working():
            await until(lambda: len(there.requests) == 40)
        assert len({request.headers["idempotency-key"] for request in there.requests}) == 40


@pytest.mark.parametrize("status", [400, 401, 404, 302])
async def test_a_plain_no_is_not_asked_again_and_is_an_event(sqlite_url: str, status: int) -> None:
    async with operator(answers(status)) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "dropped")
        assert len(there.requests) == 1
        assert row["body"] is None
        assert row["why"] == f"status {status}"
        assert await here.events() == ["message.failed"]


async def test_not_now_is_tried_again_with_the_same_digits_and_key(sqlite_url: str) -> None:
    behave = in_turn(answers(503), answers(503), answers(429), answers(200))
    async with operator(behave) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        async with here.working():
            await until(lambda: len(there.requests) == 4)
            await here.state("m1", "handed_over")
        assert len({(r.headers["idempotency-key"], r.body) for r in there.requests}) == 1


@pytest.mark.parametrize(
    "behave",
    [closes, answers(500), writes(b"\x00\xff\r\n\r\n"), answers(200, b"x" * 70_000)],
    ids=["closes", "500", "garbage", "huge"],
)
async def test_a_code_that_may_have_gone_is_sent_once_more_and_then_never(
    sqlite_url: str, behave: Behave
) -> None:
    async with operator(behave) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        async with here.working():
            await until(lambda: here.row()["state"] == "dropped")
        assert len(there.requests) == 2
        assert len({(r.headers["idempotency-key"], r.body) for r in there.requests}) == 1
        assert here.row()["body"] is None


async def test_a_gateway_that_hangs_holds_up_neither_other_texts_nor_mail(sqlite_url: str) -> None:
    async def slow_for_one(request: Request, out: asyncio.StreamWriter) -> None:
        await (hangs if "999999" in request.form["text"][0] else answers(200))(request, out)

    async with (
        operator(slow_for_one) as there,
        post_office() as post,
        office(sqlite_url, there.url, mail_port=post.port) as here,
        here.working(),
    ):
        await here.put_text("slow", digits="999999")
        await until(lambda: len(there.requests) == 1)
        await here.put_text("m1")
        await here.put_mail("m2")
        await here.state("m1", "handed_over")
        await here.state("m2", "handed_over")
        assert here.row("slow")["state"] == "waiting"


async def test_mail_that_hangs_holds_up_no_code(sqlite_url: str) -> None:
    async with (
        operator(answers(200)) as there,
        rude({"EHLO": b"", "HELO": b""}) as port,
        office(sqlite_url, there.url, mail_port=port) as here,
    ):
        for number in range(30):
            await here.put_mail(f"mail{number}")
        async with here.working():
            await asyncio.sleep(0.3)
            await here.put_text()
            await here.state("m1", "handed_over")


async def test_a_code_that_is_too_late_is_never_sent(sqlite_url: str) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        await here.put_text(lives=timedelta(0))
        async with here.working():
            row = await here.state("m1", "dropped")
        assert there.requests == []
        assert row["why"] == "too late"
        assert row["body"] is None
        assert await here.events() == ["message.failed"]


async def test_a_code_is_given_up_when_the_next_try_would_be_too_late(sqlite_url: str) -> None:
    async with operator(answers(503)) as there, office(sqlite_url, there.url) as here:
        await here.put_text(lives=timedelta(milliseconds=200))
        async with here.working():
            row = await here.state("m1", "dropped")
        assert row["why"] in {"status 503", "too late"}
        assert 1 <= len(there.requests) <= 3


async def test_a_notice_arrives_also_when_the_first_tries_are_lost(sqlite_url: str) -> None:
    behave = in_turn(closes, answers(500), answers(200))
    async with operator(behave) as there, office(sqlite_url, there.url) as here:
        await here.put_text(purpose="notice")
        async with here.working():
            await until(lambda: here.row()["state"] == "handed_over")
        assert len(there.requests) == 3


async def test_a_mail_arrives(sqlite_url: str) -> None:
    async with post_office() as post, office(sqlite_url, mail_port=post.port) as here:
        await here.put_mail()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["receipt"] == "2.0.0 Ok: queued as 4F1"
        assert post.message()["Subject"] == "Ämne"
        assert post.message()["From"] == "Portvakt <no-reply@login.region.example>"


async def test_the_second_gateway_is_asked_where_the_first_surely_did_not_take_it(
    sqlite_url: str,
) -> None:
    async with (
        operator(answers(503)) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
        here.working(),
    ):
        await here.put_text()
        await here.state("m1", "handed_over")
        assert [len(first.requests), len(second.requests)] == [1, 1]


async def test_the_second_gateway_is_not_asked_where_the_first_may_have_taken_it(
    sqlite_url: str,
) -> None:
    async with (
        operator(closes) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
        here.working(),
    ):
        await here.put_text()
        await until(lambda: here.row()["state"] == "dropped")
        assert [len(first.requests), len(second.requests)] == [2, 0]


@pytest.mark.parametrize(
    ("channel", "why"), [("mail", "the settings have no [mail]"), ("sms", "no [[sms]]")]
)
async def test_without_a_way_out_a_message_is_dropped_with_its_reason(
    sqlite_url: str, channel: str, why: str
) -> None:
    async with office(sqlite_url) as here:
        await (here.put_mail() if channel == "mail" else here.put_text())
        async with here.working():
            row = await here.state("m1", "dropped")
        assert row["why"].startswith(why)


async def test_a023_a_number_outside_the_allowed_prefixes_gets_nothing(sqlite_url: str) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        for key, number in enumerate(("+881612345678", "+46900123456", "+447700900123")):
            await here.put_text(f"m{key}", to=number)
        await here.put_text("good")
        async with here.working():
            await here.state("good", "handed_over")
            for key in range(3):
                await here.state(f"m{key}", "dropped")
        assert [request.form["to"] for request in there.requests] == [[ANNA]]


@pytest.mark.parametrize("body", [b"", b"not sealed at all, but long enough to be an envelope"])
async def test_a_body_that_does_not_open_is_dropped_and_stops_nobody(
    sqlite_url: str, body: bytes
) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        await here.put_text("bad", body=body)
        await here.put_text("good")
        async with here.working():
            await here.state("bad", "dropped")
            await here.state("good", "handed_over")
        assert len(there.requests) == 1


async def test_a_sealed_body_moved_to_another_row_is_not_sent(sqlite_url: str) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        await here.put_text("one")
        await here.put_text("two", body=here.row("one")["body"], to="+46701740699")
        async with here.working():
            await here.state("two", "dropped")
            await here.state("one", "handed_over")
        assert [request.form["to"] for request in there.requests] == [[ANNA]]


async def test_two_workers_hand_each_message_over_once(database_url: str) -> None:
    async with (
        operator(answers(200)) as there,
        office(database_url, there.url) as one,
        office(database_url, there.url) as other,
    ):
        for number in range(60):
            await one.put_text(f"m{number}")
        async with one.working(), other.working():
            await until(lambda: len(there.requests) >= 60)
            await asyncio.sleep(0.5)
        keys = Counter(request.headers["idempotency-key"] for request in there.requests)
        assert len(keys) == 60
        assert set(keys.values()) == {1}


@pytest.mark.slow
async def test_a_message_put_by_another_process_wakes_the_worker(postgresql_url: str) -> None:
    async with (
        operator(answers(200)) as there,
        office(postgresql_url, there.url) as works,
        office(postgresql_url) as puts,
        works.working(),
    ):
        await asyncio.sleep(0.5)
        await puts.put_text()
        await until(lambda: len(there.requests) == 1)


async def test_a_worker_told_to_stop_finishes_what_it_began(sqlite_url: str) -> None:
    async def after_a_while(request: Request, out: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await answers(200)(request, out)

    async with operator(after_a_while) as there, office(sqlite_url, there.url) as here:
        async with here.working():
            await here.put_text()
            await until(lambda: len(there.requests) == 1)
        assert here.row()["state"] == "handed_over"


async def test_f05_killed_between_the_gateways_yes_and_the_commit_sends_the_same_code_once_more(
    sqlite_url: str, tmp_path: Path
) -> None:
    """The claim of the dead worker runs out; the next one has the same key and the same digits."""
    key_file = tmp_path / "master.key"
    key_file.write_text("k1:" + "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=" + "\n")
    key_file.chmod(0o600)
    pids: list[int] = []

    async def kill_first(request: Request, out: asyncio.StreamWriter) -> None:
        if pids:
            os.kill(pids.pop(), signal.SIGKILL)
        await answers(200)(request, out)

    async with operator(kill_first) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.worker.process",
            sqlite_url,
            str(key_file),
            there.url,
            cwd=ROOT,
        )
        pids.append(process.pid)
        assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL
        assert here.row()["state"] == "waiting"
        await nothing_more(here, there.requests)
        async with here.working(clock=lambda: datetime.now(UTC) + timedelta(seconds=30)):
            await here.state("m1", "handed_over")
        assert len(there.requests) == 2
        assert len({(r.headers["idempotency-key"], r.body) for r in there.requests}) == 1
        assert here.row()["body"] is None


async def nothing_more(here: Office, requests: list[Request]) -> None:
    """While the dead worker's claim lasts, nobody else takes the message."""
    async with here.working():
        await asyncio.sleep(0.5)
    assert len(requests) == 1


async def test_a_code_that_two_dead_workers_may_have_sent_is_not_sent_a_third_time(
    sqlite_url: str,
) -> None:
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        start = datetime.now(UTC)
        for dead in range(2):
            at = start + timedelta(seconds=30 * dead)
            await here.records.write(
                lambda unit, at=at: unit.outbox.claim("sms", at, 1, timedelta(seconds=25))
            )
        async with here.working(clock=lambda: datetime.now(UTC) + timedelta(seconds=60)):
            await here.state("m1", "dropped")
        assert there.requests == []
