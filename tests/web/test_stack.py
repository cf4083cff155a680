"""The entrance: requests, the server's start and stop, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message

from portvakt.web.stack import stack
from tests.web.make_site import FAILURES, make_app, make_site


async def drive(app: ASGIApp, scope: dict[str, Any], *messages: Message) -> list[Message]:
    """Feed an application and return what it says."""
    waiting, said = list(messages), list[Message]()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


async def test_what_the_root_opens_is_open_while_the_server_runs() -> None:
    told: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        told.append("opened")
        yield
        told.append("closed")

    app = stack([], make_site(), failures=FAILURES, lifespan=lifespan)
    said = await drive(
        app,
        {"type": "lifespan", "state": {}},
        {"type": "lifespan.startup"},
        {"type": "lifespan.shutdown"},
    )
    assert told == ["opened", "closed"]
    assert [each["type"] for each in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_web_socket_is_turned_away() -> None:
    said = await drive(make_app(), {"type": "websocket"}, {"type": "websocket.connect"})
    assert [each["type"] for each in said] == ["websocket.close"]
