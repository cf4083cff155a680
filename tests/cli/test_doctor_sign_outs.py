"""`portvakt doctor` says whether apps hear that sessions have ended."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.core.ids import SessionId
from portvakt.records import Message, Unit
from tests import make
from tests.cli.box import Box
from tests.cli.test_doctor import found, well
from tests.records.stored import person


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


async def a_session(unit: Unit) -> None:
    await unit.people.upsert_many([person()])
    await unit.sessions.open(make.session(id=SessionId("s1")), b"s" * 32)


def test_where_every_app_was_told_there_is_nothing_to_say(box: Box) -> None:
    assert [said for said, _ in found(box, "sign-outs", "ok")] == ["every app was told"]


def test_ended_sessions_that_nobody_sees_to_say_that_nothing_works_in_the_background(
    box: Box,
) -> None:
    now = box.now

    async def end(unit: Unit) -> None:
        await unit.sessions.close_all(make.ANNA, now)

    box.do(a_session)
    box.do(end)
    assert found(box, "sign-outs", "ok")
    box.move(minutes=2)
    [(said, mend)] = found(box, "sign-outs")
    assert said.startswith("1 sessions have ended, the first 12")
    assert "portvakt work" in mend


def test_an_app_that_is_down_is_named_and_one_that_was_given_up_is_wrong(box: Box) -> None:
    now = datetime.now(UTC)
    some = [
        Message(
            id=app,
            channel="sign_out",
            to=app,
            body=b"sealed",
            purpose="notice",
            account_id=None,
            created_at=now,
            not_after=now + timedelta(hours=12),
            idempotency_key=app,
        )
        for app in ("shop", "ledger")
    ]

    async def act(unit: Unit) -> None:
        await unit.outbox.put_many(some)
        await unit.outbox.claim("sign_out", now, 10, timedelta(seconds=1))
        await unit.outbox.failed("shop", now + timedelta(hours=1), "answers 503", taken=False)
        await unit.outbox.dropped("ledger", now, "answers 410", taken=False)

    box.do(act)
    box.move(hours=1)
    [(said, mend)] = found(box, "sign-outs", "warn")
    assert said == "shop is still to be told of 1: answers 503"
    assert mend == "portvakt messages --channel sign_out"
    [(said, _)] = found(box, "sign-outs", "wrong")
    assert said == "ledger was not told of 1 in the last day: answers 410"
    assert found(box, "outbox", "ok")  # an app that is down does not make the outbox late
    listed = box.run("messages", "--channel", "sign_out", "--json").json
    assert {each["to"] for each in listed} == {"shop", "ledger"}
