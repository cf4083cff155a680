"""`/metrics` is for the networks that the settings name. For others there is no such address."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from portvakt.settings.structs import Metrics
from tests.metrics.scrape import ask, measured_world, scrape
from tests.world import INSIDE, ORIGIN, OUTSIDE, PROXY, World

NOT_HERE = "/there-is-nothing-here"
CLOSED: dict[str, Any] = {"metrics": Metrics()}


def seen(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """What a stranger sees of an answer, without what differs each time."""
    number = answer.headers["x-request-id"]
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    headers["set-cookie"] = re.sub(r"=[^;]+", "=", headers.get("set-cookie", ""), count=1)
    text = answer.text.replace(number, "").replace("metrics", NOT_HERE[1:])
    return answer.status_code, headers, re.sub(r'name="csrf" value="[^"]*"', "", text)


@asynccontextmanager
async def at(world: World, peer: str, base_url: str = ORIGIN) -> AsyncIterator[httpx.AsyncClient]:
    """Ask without the proxy, from this address."""
    transport = httpx.ASGITransport(app=world.house.asgi, client=(peer, 4000))
    async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "TRACE", "PUT", "OPTIONS", "DELETE"])
async def test_a124_from_outside_it_is_an_address_that_is_not_there(
    method: str, tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        measured_world(tmp_path, sqlite_url) as world,
        world.browser(OUTSIDE) as browser,
    ):
        for headers in (
            {},
            {"accept": "text/html"},
            {"host": "another.example"},
            {"x-forwarded-proto": "http"},
        ):
            metrics = await ask(browser, "/metrics", method, **headers)
            nothing = await ask(browser, NOT_HERE, method, **headers)
            assert seen(metrics) == seen(nothing), headers
            if not headers:
                there = method in ("GET", "HEAD", "POST")
                assert metrics.status_code == (404 if there else 405)


async def test_a124_no_other_door_is_open(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world:
        for address in (INSIDE, OUTSIDE):
            async with world.browser(address) as browser:
                for path in ("/docs", "/openapi.json", "/.git/config", "/metrics/", "/metrics/a"):
                    assert (await ask(browser, path)).status_code == 404, path
        async with world.browser(INSIDE) as browser:
            assert (await ask(browser, "/metrics", "POST")).status_code in (403, 404)
            assert (await ask(browser, "/metrics", "TRACE")).status_code == 405


async def test_a124_where_the_settings_name_no_network_nobody_reads_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with measured_world(tmp_path, sqlite_url, **CLOSED) as world:
        for address in (INSIDE, OUTSIDE):
            async with world.browser(address) as browser:
                metrics, nothing = await ask(browser, "/metrics"), await ask(browser, NOT_HERE)
                assert metrics.status_code == 404
                assert seen(metrics) == seen(nothing)


async def test_monitoring_reads_it_under_any_name_and_in_plain(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        measured_world(tmp_path, sqlite_url) as world,
        at(world, "10.20.3.4", "http://10.20.1.9:8000") as client,
    ):
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "portvakt_build_info" in answer.text
        assert (await client.head("/metrics")).status_code == 200


async def test_a_header_that_a_stranger_writes_opens_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    forged = {"x-forwarded-for": INSIDE}
    async with measured_world(tmp_path, sqlite_url) as world:
        async with at(world, OUTSIDE) as client:
            assert (await client.get("/metrics", headers=forged)).status_code == 404
        async with at(world, PROXY) as client:  # the proxy adds whom it saw, on the right
            behind = {"x-forwarded-for": f"{INSIDE}, {OUTSIDE}"}
            assert (await client.get("/metrics", headers=behind)).status_code == 404
            twice = [("x-forwarded-for", OUTSIDE), ("x-forwarded-for", INSIDE)]
            assert (await client.get("/metrics", headers=twice)).status_code == 404


async def test_a_proxy_that_does_not_say_for_whom_it_asks_reads_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Else a proxy that forgets the header would open it to everybody."""
    opened_to_it: dict[str, Any] = {"metrics": Metrics((f"{PROXY}/32",))}
    async with (
        measured_world(tmp_path, sqlite_url, **opened_to_it) as world,
        at(world, PROXY) as client,
    ):
        assert (await client.get("/metrics")).status_code == 404


async def test_an_address_of_ipv6_is_as_good(tmp_path: Path, sqlite_url: str) -> None:
    of_both: dict[str, Any] = {"metrics": Metrics(("2001:db8::/32", "192.0.2.0/24"))}
    async with measured_world(tmp_path, sqlite_url, **of_both) as world:
        await scrape(world, "2001:db8::7")
        await scrape(world, "::ffff:192.0.2.9")
        async with world.browser("2001:db9::7") as browser:
            assert (await ask(browser, "/metrics")).status_code == 404


def test_the_library_is_loaded_only_where_somebody_may_read() -> None:
    program = "import sys, portvakt.app; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
