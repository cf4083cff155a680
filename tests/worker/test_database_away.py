"""A database that goes away between the gateway's yes and the note of it, and comes back."""

import asyncio
from collections.abc import Iterator

import pytest

from portvakt.records.migrate import migrate
from tests.conformance.operator import Request, answers, operator
from tests.servers.postgres import Postgres
from tests.worker.office import ANNA, office

DURABLE = {"synchronous_commit": "on"}
AWAY = 2.0


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that the test may stop."""
    server = Postgres.create()
    server.start(**DURABLE)
    try:
        yield server
    finally:
        server.remove()


@pytest.mark.slow
async def test_a_code_taken_while_the_database_is_away_is_not_sent_again(
    own_server: Postgres,
) -> None:
    url = own_server.url("postgres")
    await asyncio.to_thread(migrate, url, lambda _: None)

    async def stop_first(request: Request, out: asyncio.StreamWriter) -> None:
        if len(there.requests) == 1:
            await asyncio.to_thread(own_server.stop, "fast")
        await answers(200)(request, out)

    async with operator(stop_first) as there, office(url, there.url) as here:
        await here.put_text()
        async with here.working():
            async with asyncio.timeout(20):
                while not there.requests:  # noqa: ASYNC110 - it is another process's work
                    await asyncio.sleep(0.05)
            await asyncio.sleep(AWAY)
            await asyncio.to_thread(own_server.start, **DURABLE)
            await asyncio.sleep(AWAY)
            await here.put_text("m2")
            async with asyncio.timeout(20):
                while len(there.requests) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        assert [request.form["id"] for request in there.requests] == [["m1"], ["m2"]]
        assert {request.form["to"][0] for request in there.requests} == {ANNA}
        due = await here.records.read(lambda unit: unit.outbox.next_due("sms"))
        assert due is None
