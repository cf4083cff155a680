"""The proxy passes everything on as it is, but for the address it comes from."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.demo.front import Front, Place, Switch
from portvakt.demo.serving import Place as Serving
from portvakt.demo.serving import Servers, listen, port_of


class Product:
    """Remembers what it is asked, and answers slowly in two pieces."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, dict[bytes, list[bytes]], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        target = scope["raw_path"] + b"?" + scope["query_string"]
        self.asked.append((scope["method"], target, headers, body))
        two_cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"location", b"/x?y=%20")]
        await send({"type": "http.response.start", "status": 303, "headers": two_cookies})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"second"})


@asynccontextmanager
async def standing(product: ASGIApp, switch: Switch) -> AsyncIterator[httpx.AsyncClient]:
    behind, before = listen(0), listen(0)
    front = Front(switch, port_of(behind))
    servers = Servers([Serving(product, behind), Serving(front, before)])
    await servers.start()
    try:
        url = f"http://127.0.0.1:{port_of(before)}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client
    finally:
        servers.stop()
        await servers.finished()
        await front.close()


def test_the_switch_decides_the_address_and_nobody_else_does() -> None:
    async def story() -> None:
        product, switch = Product(), Switch()
        async with standing(product, switch) as browser:
            forged = {
                "X-Forwarded-For": "10.20.1.1",
                "Forwarded": "for=10.20.1.1",
                "X-Forwarded-Host": "evil.example",
            }
            await browser.get("/a", headers=forged)
            switch.place = Place.INSIDE
            await browser.get("/a", headers=forged)
        for (_, _, headers, _), place in zip(product.asked, ("outside", "inside"), strict=True):
            assert headers[b"x-forwarded-for"] == [Place(place).address.encode()]
            assert b"forwarded" not in headers
            assert b"x-forwarded-host" not in headers

    asyncio.run(story())


def test_requests_and_answers_pass_unchanged() -> None:
    async def story() -> None:
        product = Product()
        async with standing(product, Switch()) as browser:
            answer = await browser.post(
                "/sökväg/%2e%2e/a%00?to=%2Fapps&x=å",
                content=b"x" * 100_000,
                headers={"Host": "mfaregistrering.localhost:8000", "Cookie": "a=1; b=2"},
            )
        assert answer.status_code == 303
        assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert answer.headers["location"] == "/x?y=%20"
        assert answer.text == "first second"
        [(method, target, headers, body)] = product.asked
        assert method == "POST"
        assert b"/%2e%2e/a%00?to=%2Fapps&x=" in target
        assert headers[b"host"] == [b"mfaregistrering.localhost:8000"]
        assert headers[b"cookie"] == [b"a=1; b=2"]
        assert len(body) == 100_000

    asyncio.run(story())


def test_a_product_that_is_away_is_said_in_words() -> None:
    async def story() -> None:
        gone, before = listen(0), listen(0)
        front = Front(Switch(), port_of(gone))
        gone.close()
        servers = Servers([Serving(front, before)])
        await servers.start()
        async with httpx.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(f"http://127.0.0.1:{port_of(before)}/")
        servers.stop()
        await servers.finished()
        await front.close()
        assert answer.status_code == 502
        assert "Portvakt svarar inte" in answer.text

    asyncio.run(story())


def test_a_stream_ends_when_the_browser_leaves() -> None:
    async def story() -> None:
        ended = asyncio.Event()

        async def endless(_scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            ended.set()

        async with (
            standing(endless, Switch()) as browser,
            browser.stream("GET", "/stream") as response,
        ):
            async for chunk in response.aiter_raw():
                assert chunk == b"first"
                break
            await response.aclose()
            async with asyncio.timeout(20):
                await ended.wait()

    asyncio.run(story())
