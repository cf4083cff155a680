"""Who the client is, with real sockets: a wrong header makes nobody an insider (R7).

Everything in 127.0.0.0/8 is this machine, so a socket may come from whichever of its addresses: two
are trusted proxies, all others are strangers.
"""

import asyncio
import re

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, Node
from tests.world import INSIDE, PASSWORD

pytestmark = pytest.mark.slow

PROXY, SECOND_PROXY, STRANGER = "127.0.0.1", "127.0.0.5", "127.0.0.9"


async def ask(
    node: Node, source: str, request: str, *lines: str, form: str = ""
) -> tuple[str, ...]:
    """Send one request from an address; return status line, headers and page."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port, local_addr=(source, 0))
    head = [f"{request} HTTP/1.1", f"Host: {HOST}", "Connection: close", "Accept: text/html"]
    if form:
        head += [
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(form)}",
            f"Origin: https://{HOST}",
        ]
    writer.write("\r\n".join([*head, *lines, "", form]).encode("latin-1"))
    answer = (await reader.read(-1)).decode("utf-8")
    writer.close()
    headers, _, page = answer.partition("\r\n\r\n")
    first, _, rest = headers.partition("\r\n")
    return first.split(" ", 1)[1], rest, page


async def is_inside(node: Node, source: str, *lines: str) -> bool:
    """Sign in with a password and see whether that was enough, as it is inside."""
    https = () if source == STRANGER else ("X-Forwarded-Proto: https",)
    _, headers, page = await ask(node, source, "GET /sign-in", *https, *lines)
    cookie = re.search(r"set-cookie: (__Host-binding=[^;]+)", headers)
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert cookie is not None, headers
    assert token is not None
    password = PASSWORD.encode().hex("%")
    form = f"csrf={token[1]}&name=anna.berg&password=%{password}"
    status, headers, _ = await ask(
        node, source, "POST /sign-in", *https, *lines, f"Cookie: {cookie[1]}", form=form
    )
    assert status == "303 See Other", status
    location = re.search(r"location: (\S+)", headers)
    assert location is not None
    return location[1] == "/apps"


HOPS = {
    "the proxy names a client inside": (PROXY, (f"X-Forwarded-For: {INSIDE}",), True),
    "the proxy names a client outside": (PROXY, ("X-Forwarded-For: 203.0.113.5",), False),
    "A069 two proxies, the client outside": (
        PROXY,
        (f"X-Forwarded-For: 203.0.113.5, {SECOND_PROXY}",),
        False,
    ),
    "A069 two proxies, the client inside": (
        SECOND_PROXY,
        (f"X-Forwarded-For: {INSIDE}, {PROXY}",),
        True,
    ),
    "A069 the client has written a line of its own": (
        PROXY,
        (f"X-Forwarded-For: {INSIDE}, 203.0.113.5",),
        False,
    ),
    "F53 the header is lost": (PROXY, (), False),
    "F53 the header is empty": (PROXY, ("X-Forwarded-For:",), False),
    "F53 the header comes twice": (
        PROXY,
        (f"X-Forwarded-For: {INSIDE}", f"X-Forwarded-For: {INSIDE}"),
        False,
    ),
    "F53 garbage behind an insider": (PROXY, (f"X-Forwarded-For: {INSIDE}, garbage",), False),
    "F53 an address with a port": (PROXY, (f"X-Forwarded-For: {INSIDE}:4711",), False),
    "F53 a name": (PROXY, ("X-Forwarded-For: unknown",), False),
    "F53 only proxies": (PROXY, (f"X-Forwarded-For: {SECOND_PROXY}, {PROXY}",), False),
    "F53 other headers that say the same": (
        PROXY,
        (f"X-Real-IP: {INSIDE}", f"Forwarded: for={INSIDE}", f"True-Client-IP: {INSIDE}"),
        False,
    ),
    "F53 latin-1 and commas": (PROXY, (f"X-Forwarded-For: ,,\xe5,{INSIDE},",), False),
    "F53 a very long list": (PROXY, ("X-Forwarded-For: " + f"{INSIDE}, " * 600 + "x",), False),
}


async def test_a069_f53_only_a_proxys_one_right_word_makes_somebody_an_insider(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, here.serving() as node:
        await here.person_with_app()
        found = {
            name: await is_inside(node, source, *lines) for name, (source, lines, _) in HOPS.items()
        }
        assert found == {name: inside for name, (_, _, inside) in HOPS.items()}


async def test_a068_whoever_comes_past_the_proxy_is_believed_in_nothing(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, here.serving() as node:
        await here.person_with_app()
        status, headers, _ = await ask(
            node,
            STRANGER,
            "GET /sign-in",
            f"X-Forwarded-For: {INSIDE}",
            "X-Forwarded-Proto: https",
        )
        assert status.startswith("308"), "plain http, whatever a stranger says of it"
        assert f"location: https://{HOST}/sign-in" in headers
        status, _, _ = await ask(
            node,
            STRANGER,
            "POST /sign-in",
            f"X-Forwarded-For: {INSIDE}",
            form="name=anna.berg&password=x",
        )
        assert status.startswith("403")
        assert [line["address"] for line in node.log if line.get("event") == "request"][-2:] == [
            STRANGER,
            STRANGER,
        ]
