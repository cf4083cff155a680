"""kill -9 of the background work at each point: no notice is lost, no code is changed."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.core.text_fates import Stage, stage_of
from tests.conformance.operator import Behave, Operator, Request, answers, operator
from tests.worker.office import Office, office, until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


class Killer:
    """Kills the process that is named to it, when it is time."""

    def __init__(self) -> None:
        self.pid: int | None = None

    def strike(self) -> None:
        """Kill it, once."""
        pid, self.pid = self.pid, None
        if pid is not None:
            os.kill(pid, signal.SIGKILL)


def kills_at(number: int, killer: Killer, status: int = 200) -> Behave:
    """Kill whoever hands over the text of this number, and answer all the same."""
    seen = 0

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            killer.strike()
        await answers(status)(request, out)

    return behave


@asynccontextmanager
async def killed(here: Office, folder: Path, killer: Killer, *gateways: str) -> AsyncIterator[None]:
    """Run the background work in a process of its own until it was killed."""
    key_file = folder / "master.key"
    key_file.write_text("k1:" + "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=" + "\n")
    key_file.chmod(0o600)
    words = (here.settings.database_url, str(key_file), *gateways)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.worker.process", *words, cwd=ROOT
    )
    killer.pid = process.pid
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    yield


def after_the_claims() -> datetime:
    """The time of a worker that comes when the dead one's claims have run out."""
    return datetime.now(UTC) + timedelta(seconds=30)


def came(*operators: Operator) -> dict[str, list[str]]:
    """The digits that came under each key, as often as they came."""
    found: dict[str, list[str]] = {}
    for at in operators:
        for each in at.requests:
            digits = re.search(r"#(\d{6})$", each.form["text"][0])
            assert digits is not None
            found.setdefault(each.headers["idempotency-key"], []).append(digits[1])
    return found


def waits(here: Office, key: str) -> bool:
    return bool(here.row(key)["state"] == "waiting")


async def test_f05_killed_while_the_second_gateway_has_it_only_that_one_is_asked_again(
    sqlite_url: str, tmp_path: Path
) -> None:
    killer = Killer()
    async with (
        operator(answers(503)) as first,
        operator(kills_at(1, killer)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with killed(here, tmp_path, killer, first.url, second.url):
            assert here.row()["gateway"] == "http_form-2"
            first.behave = answers(200)
            async with here.working(clock=after_the_claims):
                await here.state("m1", "handed_over")
        assert [len(first.requests), len(second.requests)] == [1, 2]
        assert came(first, second) == {"m1": ["012345"] * 3}


async def test_killed_with_a_text_claimed_and_handed_to_nobody_it_goes_once(
    sqlite_url: str,
) -> None:
    """What a worker leaves that dies before it has reached anybody."""
    async with operator(answers(200)) as there, office(sqlite_url, there.url) as here:
        await here.put_text()
        now = datetime.now(UTC)
        await here.records.write(
            lambda unit: unit.outbox.claim("sms", now, 1, timedelta(seconds=25))
        )
        async with here.working(clock=after_the_claims):
            await here.state("m1", "handed_over")
        assert came(there) == {"m1": ["012345"]}


@pytest.mark.parametrize("number", [1, 9, 23, 40])
async def test_killed_among_forty_texts_no_notice_is_lost_and_no_code_is_changed(
    number: int, sqlite_url: str, tmp_path: Path
) -> None:
    killer = Killer()
    async with operator(kills_at(number, killer)) as there, office(sqlite_url, there.url) as here:
        for n in range(20):
            await here.put_text(f"code{n}", digits=f"1{n:05}")
            await here.put_text(f"notice{n}", digits=f"2{n:05}", purpose="notice")
        async with killed(here, tmp_path, killer, there.url):
            there.behave = answers(200)
            async with here.working(clock=after_the_claims):
                for n in range(20):
                    await here.state(f"notice{n}", "handed_over")
                await until(lambda: all(not waits(here, f"code{n}") for n in range(20)))
        found = came(there)
        assert set(found) >= {f"notice{n}" for n in range(20)}
        for key, digits in found.items():
            assert len(set(digits)) == 1, key
            assert len(digits) <= 2 or key.startswith("notice"), key
        for n in range(20):
            fate = await here.records.read(lambda unit, n=n: unit.outbox.fate(f"code{n}"))
            assert fate is not None
            told = stage_of(fate, after_the_claims())
            assert told in {Stage.SENT, Stage.UNKNOWN}, "nothing is said to be sent that was not"
            assert here.row(f"code{n}")["body"] is None
