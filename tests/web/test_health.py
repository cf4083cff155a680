"""Alive and ready are two questions."""

import asyncio

from portvakt.web.health import Health
from tests.web.make_site import make_app, make_client


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionError("db.internal:5432 refused, password hemligt")


async def hanging() -> None:
    await asyncio.sleep(3600)


async def test_alive_says_so_whatever_else_is_down() -> None:
    async with make_client(make_app(*Health({"records": broken}).routes())) as probe:
        answer = await probe.get("/healthz")
        assert (answer.status_code, answer.text) == (200, "alive\n")


async def test_ready_when_every_part_is() -> None:
    async with make_client(make_app(*Health({"records": fine, "keys": fine}).routes())) as probe:
        answer = await probe.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"ready": True, "parts": {"records": "ok", "keys": "ok"}}


async def test_not_ready_names_the_part_and_nothing_of_its_inside() -> None:
    async with make_client(make_app(*Health({"records": broken, "keys": fine}).routes())) as probe:
        answer = await probe.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "parts": {"records": "down", "keys": "ok"}}


async def test_a_part_that_hangs_is_not_ready() -> None:
    async with make_client(make_app(*Health({"records": hanging}, longest=0.01).routes())) as probe:
        assert (await probe.get("/readyz")).status_code == 503
