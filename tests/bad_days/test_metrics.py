"""Real processes: each answers for itself, and what is everybody's is the same from all."""

import httpx
import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, Node, eventually
from tests.metrics.scrape import Scrape

pytestmark = pytest.mark.slow
METRICS = """
[metrics]
networks = ["127.0.0.0/8"]
"""
TWO = """
[server]
workers = 2
"""
BEHIND = {"x-forwarded-for": "127.0.0.9"}
"""What a proxy on this machine adds for a client that is on it, too."""


async def asked(node: Node, **headers: str) -> httpx.Response:
    """Ask on a new connection, which any of the node's processes may take."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{node.port}/metrics", headers=headers)


async def test_a_process_tells_of_itself_to_who_may_read(open_site: Open) -> None:
    async with open_site() as site:
        site.configure(METRICS)
        async with site.serving() as node:
            await node.status("/sign-in")
            told = Scrape((await asked(node, **BEHIND)).text)
            assert told.value("portvakt_database_up") == 1
            assert told.value("portvakt_database_clock_seconds") < 2
            assert told.value("process_resident_memory_bytes") > 10_000_000
            assert told.values("portvakt_request_seconds_count")
            assert (await asked(node, host=HOST)).status_code == 404  # the proxy for nobody
            stranger = {"x-forwarded-for": "203.0.113.7"}
            assert (await asked(node, **stranger)).status_code == 421  # as any path there


async def test_several_on_one_port_mark_what_is_theirs(open_large_site: Open) -> None:
    async with open_large_site() as site:
        site.configure(METRICS + TWO)
        async with site.serving() as node:
            seen: set[str] = set()

            async def both() -> int:
                told = Scrape((await asked(node, **BEHIND)).text)
                seen.update(dict(labels)["process"] for labels in told.values("process_open_fds"))
                assert told.value("portvakt_outbox_messages", channel="sms") == 0
                return len(seen)

            await eventually(both, lambda count: count == 2)
