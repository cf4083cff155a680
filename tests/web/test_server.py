"""What only a real socket can show: heads without end, smuggled requests, odd first lines."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.web.forms import WHOLE_KEY
from portvakt.web.server import (
    MAX_HEAD,
    MAX_HELD,
    MAX_REST,
    UVICORN_OPTIONS,
    BoundedHttp,
    OnePiece,
    Server,
)
from portvakt.web.tls import server_context
from tests.servers.authority import Authority
from tests.web.make_site import make_app
from tests.web.serving import served


def app(**site: Any) -> ASGIApp:
    return make_app(**site)


async def ask(address: str, request: bytes, *, wait: float = 5) -> bytes:
    """Send raw bytes (HOST stands for our host header) and return all that comes back."""
    authority = address.removeprefix("http://")
    port = int(authority.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with contextlib.suppress(ConnectionError):
        writer.write(request.replace(b"HOST", b"Host: " + authority.encode()))
        await writer.drain()
        async with asyncio.timeout(wait):
            while part := await reader.read(65536):
                answer += part
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


CLOSE = b"\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"GET /form HTTP/1.1\r\nHOST" + CLOSE, 200),
        (b"GET http://evil/form HTTP/1.1\r\nHOST" + CLOSE, 200),
        (b"GET /form HTTP/1.1\r\nHOST\r\nHOST" + CLOSE, 421),
        (b"GET /form HTTP/1.1" + CLOSE, 421),
        (b"GET /form HTTP/1.0\r\n\r\n", 421),
        (b"GET //evil/form HTTP/1.1\r\nHOST" + CLOSE, 404),
        (b"GET /form/../form HTTP/1.1\r\nHOST" + CLOSE, 404),
        (b"GET /%66orm HTTP/1.1\r\nHOST" + CLOSE, 200),
        (b"GET /%2566orm HTTP/1.1\r\nHOST" + CLOSE, 404),
        (b"GET /form%00 HTTP/1.1\r\nHOST" + CLOSE, 404),
        (b"GET /%ff%fe HTTP/1.1\r\nHOST" + CLOSE, 404),
        (b"GET /\xff HTTP/1.1\r\nHOST" + CLOSE, 400),
        (b"GET /a\x00b HTTP/1.1\r\nHOST" + CLOSE, 400),
        (b"TRACE / HTTP/1.1\r\nHOST" + CLOSE, 405),
        (b"OPTIONS * HTTP/1.1\r\nHOST" + CLOSE, 405),
        (b"CONNECT a:1 HTTP/1.1\r\nHOST" + CLOSE, 400),
        (b"NOTHING / HTTP/1.1\r\nHOST" + CLOSE, 400),
        (b"GET / HTTP/9.9\r\nHOST" + CLOSE, 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /form HTTP/1.1\r\nHOST\r\nX-A: a\r\n b\r\nX-B: \x01" + CLOSE, 400),
        (b"POST /form HTTP/1.1\r\nHOST\r\nContent-Length: 9999999999" + CLOSE, 413),
        (b"POST /form HTTP/1.1\r\nHOST\r\nContent-Length: 1\r\nContent-Length: 2" + CLOSE, 400),
        (
            b"POST /form HTTP/1.1\r\nHOST\r\nContent-Length: 4\r\nTransfer-Encoding: chunked"
            b"\r\n\r\n0\r\n\r\nGET /broken HTTP/1.1\r\nHOST" + CLOSE,
            400,
        ),
        (b"POST /form HTTP/1.1\r\nHOST\r\nTransfer-Encoding: gzip" + CLOSE, 400),
        (b"GET /form HTTP/1.1\r\nHOST\r\nX: " + b"a" * 20_000 + CLOSE, 431),
        (b"GET /?" + b"a" * 50_000 + b" HTTP/1.1\r\nHOST" + CLOSE, 414),
        (
            b"POST /form HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\nContent-Type: "
            b"application/x-www-form-urlencoded\r\n\r\n"
            + (b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
            * 6,
            413,
        ),
    ],
    ids=range(27),
)
async def test_odd_requests_get_one_plain_answer(request_bytes: bytes, expected: int) -> None:
    async with served(app) as address:
        answer = await ask(address, request_bytes)
        assert status(answer) == expected
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"\r\nserver:" not in answer.lower()


async def test_a_head_without_end_is_cut_off() -> None:
    async with served(app) as address:
        endless = b"GET /form HTTP/1.1\r\nHOST\r\nX: " + b"a" * (MAX_HEAD * 8)
        answer = await ask(address, endless)
        assert answer == b"" or status(answer) == 400


async def test_what_follows_a_body_has_an_end_too() -> None:
    trailer = b"POST /form HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
    extension = b"POST /form HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\n\r\n1;x="
    async with served(app) as address:
        for endless in (trailer, extension):
            answer = await ask(address, endless + b"a" * (MAX_REST + 70_000))
            assert answer.count(b"HTTP/1.1 ") <= 1


class Impatient(BoundedHttp):
    within = 0.2
    rest_within = 0.2


async def test_a_head_that_never_comes_does_not_hold_the_connection() -> None:
    async with served(app, http=Impatient) as address:
        for slow in (b"", b"GET /form HTTP/1.1\r\nHOST\r\nX: a"):
            assert await ask(address, slow, wait=5) == b""


@pytest.mark.parametrize("path", [b"/form", b"/unknown"])
async def test_a_body_that_never_comes_does_not_hold_the_connection(path: bytes) -> None:
    """Whether or not anybody reads it: the answer may be on its way already."""
    async with served(app, http=Impatient) as address:
        slow = b"POST " + path + b" HTTP/1.1\r\nHOST\r\nContent-Length: 1000\r\n\r\na"
        answer = await ask(address, slow, wait=5)
        assert answer == b"" or status(answer) in (403, 404, 415)


async def test_a_slow_answer_is_not_cut_off_by_the_wait_for_a_head() -> None:
    async with served(app, http=Impatient) as address:
        twice = b"GET /form HTTP/1.1\r\nHOST\r\n\r\nGET /form HTTP/1.1\r\nHOST" + CLOSE
        assert (await ask(address, twice)).count(b"200 OK") == 2


async def test_a_request_that_is_under_way_when_the_server_stops_is_answered() -> None:
    """On a connection that is open already, whether or not it has been used."""
    async with served(app) as address:
        port = int(address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.1)
        asking = asyncio.create_task(ask_late(reader, writer, address))
    assert (await asking).count(b"200 OK") == 1


async def ask_late(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
) -> bytes:
    """Send a request a moment after the server was told to stop, and read until it hangs up."""
    await asyncio.sleep(0.4)
    authority = address.removeprefix("http://").encode()
    writer.write(b"GET /form HTTP/1.1\r\nHost: " + authority + b"\r\n\r\n")
    answer = await reader.read(-1)
    writer.close()
    return answer


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("tls", [False, True])
def test_who_waits_in_the_kernels_queue_when_the_server_stops_is_answered(
    tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop], tls: bool
) -> None:
    authority = Authority(tmp_path)
    made = authority.certificate("localhost")
    context = server_context(made.certificate, made.key)
    client = ssl.create_default_context(cafile=str(authority.ca_file))

    def ask_on(line: socket.socket, authority: str) -> bytes:
        """Shake hands where TLS is spoken, send a request, and read until the server hangs up."""
        with client.wrap_socket(line, server_hostname="localhost") if tls else line as talking:
            talking.settimeout(10)
            talking.sendall(f"GET /form HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            return b"".join(iter(lambda: talking.recv(65536), b""))

    async def story() -> list[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            place = listening.getsockname()
            authority = f"localhost:{place[1]}"
            options: dict[str, Any] = {**UVICORN_OPTIONS, "log_config": None, "lifespan": "off"}
            config = uvicorn.Config(app(public_url=f"http://{authority}"), **options)
            config.load()
            config.ssl = context if tls else None
            server = Server(config)
            server.lifespan = config.lifespan_class(config)
            await server.startup([listening])
            lines = [socket.create_connection(place) for _ in range(3)]
            asking = [
                asyncio.create_task(asyncio.to_thread(ask_on, each, authority)) for each in lines
            ]
            await server.shutdown([listening])  # it begins before the loop has looked at anybody
            answers = await asyncio.gather(*asking)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)
        return answers

    with asyncio.Runner(loop_factory=loop) as runner:
        assert [status(each) for each in runner.run(story())] == [200] * 3


class Wire(asyncio.Transport):
    """The end of a connection, which keeps what was sent, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = ""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.closed = "in peace"

    def abort(self) -> None:
        self.closed = "at once"


async def test_what_is_written_in_one_go_is_sent_in_one_piece_and_in_order() -> None:
    wire = Wire()
    line = OnePiece(wire, asyncio.get_running_loop())
    line.write(b"head ")
    line.write(b"body")
    assert wire.sent == []
    await asyncio.sleep(0)
    assert wire.sent == [b"head body"]
    line.write(b"a stream goes on")
    await asyncio.sleep(0)
    assert wire.sent[1:] == [b"a stream goes on"]


async def test_nothing_is_lost_where_the_connection_is_closed_and_much_is_not_kept() -> None:
    wire = Wire()
    line = OnePiece(wire, asyncio.get_running_loop())
    line.write(b"a")
    line.write(b"b" * MAX_HELD)
    assert sum(map(len, wire.sent)) == MAX_HELD + 1
    line.write(b"last words")
    line.close()
    assert (wire.sent[-1], wire.closed) == (b"last words", "in peace")
    line.write(b"never said")
    line.abort()
    await asyncio.sleep(0)
    assert (wire.sent[-1], wire.closed) == (b"last words", "at once")


def _saying_whether_whole(**_: Any) -> ASGIApp:
    """Answer at once with what the server said of the request as it came, then with its body."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def told() -> AsyncIterator[bytes]:
            yield b"whole " if WHOLE_KEY in scope else b"coming "
            yield await Request(scope, receive).body() + b"."

        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for part in told():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return answer


HEAD = b"POST / HTTP/1.1\r\nHOST\r\nContent-Length: 4"


async def test_a_request_that_came_in_one_piece_is_known_to_be_whole() -> None:
    async with served(_saying_whether_whole) as address:
        answer = await ask(address, HEAD + CLOSE + b"a=bc")
        assert b"whole " in answer
        assert b"a=bc." in answer


async def test_a_request_that_is_still_coming_is_not_whole() -> None:
    async with served(_saying_whether_whole) as address:
        port = int(address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.replace(b"HOST", b"Host: a") + CLOSE + b"a=")
        await reader.readuntil(b"coming ")
        writer.write(b"bc")
        assert b"a=bc." in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_of_two_requests_in_a_row_each_is_looked_at_by_itself() -> None:
    async with served(_saying_whether_whole) as address:
        first = HEAD.replace(b"Content-Length: 4", b"Content-Length: 2") + b"\r\n\r\nab"
        answer = await ask(address, first + HEAD + CLOSE + b"a=bc")
        assert answer.count(b"whole ") == 2
        assert b"ab." in answer
        assert b"a=bc." in answer
