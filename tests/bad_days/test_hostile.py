"""Hostile hosts, headers, cookies, encodings and sizes at a whole node: a plain no, no trace."""

import asyncio
import contextlib
import re

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, Node, Process
from tests.world import OUTSIDE, PASSWORD

pytestmark = pytest.mark.slow

US = f"Host: {HOST}\r\nX-Forwarded-For: {OUTSIDE}\r\nAccept: text/html\r\n".encode()
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://" + HOST.encode()
CLOSE = b"Connection: close\r\n\r\n"


def get(target: bytes, *lines: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + US + b"".join(x + b"\r\n" for x in lines) + CLOSE


def post(body: bytes, *lines: bytes) -> bytes:
    head = [FORM, b"Content-Length: " + str(len(body)).encode(), *lines]
    return b"POST /sign-in HTTP/1.1\r\n" + US + b"\r\n".join(head) + b"\r\n" + CLOSE + body


def under(host: bytes) -> bytes:
    return b"GET /sign-in HTTP/1.1\r\nHost: " + host + b"\r\n" + CLOSE


ELSEWHERE = re.compile(rb'(?:location: |href="|action="|value=")(?:https?:)?[/\\]{2}(?!portvakt)')
"""An address that leads away from us."""
COOKIE = b"Cookie: __Host-session="
HOSTILE: dict[str, tuple[bytes, set[int]]] = {
    "A067 another host": (under(b"mfa-region.evil"), {421}),
    "A067 our name with more": (under(HOST.encode() + b".evil"), {421}),
    "A067 our name with somebody's": (under(b"evil@" + HOST.encode()), {421}),
    "A067 our name at another port": (under(HOST.encode() + b":8443"), {421}),
    "A067 two hosts": (get(b"/sign-in", b"Host: evil"), {421}),
    "A067 a host that others name": (get(b"/sign-in", b"X-Forwarded-Host: evil"), {200}),
    "A067 an address of another": (get(b"http://evil/sign-in"), {200}),
    "a name of NUL": (get(b"/sign-in?to=%00"), {400}),
    "a path of NUL": (get(b"/sign-in%00"), {404}),
    "broken UTF-8": (get(b"/sign-in?to=%ff%fe"), {400}),
    "overlong UTF-8": (get(b"/sign-in?to=%c0%ae%c0%ae/"), {400}),
    "half a surrogate": (get(b"/sign-in?to=%ed%a0%80"), {400}),
    "a percent alone": (get(b"/sign-in?to=%"), {400}),
    "A120 to another site": (get(b"/sign-in?to=//evil"), {200}),
    "A120 by a backslash": (get(b"/sign-in?to=/%5cevil"), {200}),
    "up and away": (get(b"/static/../../etc/passwd"), {404}),
    "up and away, encoded": (get(b"/static/%2e%2e/%2e%2e/etc/passwd"), {404}),
    "a long address": (get(b"/sign-in?to=/" + b"a" * 9000), {414}),
    "a large header": (get(b"/sign-in", b"X-A: " + b"a" * 20_000), {431}),
    "many headers": (get(b"/sign-in", *(b"X-%d: a" % n for n in range(200))), {431}),
    "a large cookie": (get(b"/apps", COOKIE + b"a" * 15_000), {303}),
    "a cookie of NUL": (get(b"/apps", COOKIE + b"a.\x00"), {400}),
    "A072 forged cookies": (
        get(b"/apps", COOKIE + b"a" * 26 + b"." + b"b" * 43 + b"; __Host-browser=" + b"c" * 43),
        {303},
    ),
    "a cookie twice": (get(b"/apps", COOKIE + b"a", COOKIE + b"b"), {303}),
    "a language that is a path": (
        get(b"/sign-in", b"Cookie: __Host-language=../../x", b"Accept-Language: ../../x;q=nan"),
        {200},
    ),
    "a foreign form": (post(b"name=a", b"Sec-Fetch-Site: cross-site"), {403}),
    "A061 a form without a token": (post(b"name=a&password=b"), {403}),
    "a form of another kind": (
        b"POST /sign-in HTTP/1.1\r\n" + US + b"Content-Type: application/json\r\n"
        b"Content-Length: 2\r\n" + CLOSE + b"{}",
        {403, 415},
    ),
    "a field twice": (post(b"name=a&name=b"), {400}),
    "a thousand fields": (post(b"&".join(b"f%d=" % n for n in range(1000))), {400}),
    "a nested form": (post(b"name[a]=b&name[]=c&__proto__=d"), {403}),
    "a body of UTF-16": (post("name=anna".encode("utf-16")), {400}),
    "a body that is too large": (post(b"name=" + b"a" * 70_000), {413}),
    "a body of another length": (post(b"a=b", b"Content-Length: 4"), {400}),
    "a smuggled request": (
        post(b"0\r\n\r\nGET /apps HTTP/1.1\r\n\r\n", b"Transfer-Encoding: chunked"),
        {400},
    ),
    "A124 a method": (b"TRACE /sign-in HTTP/1.1\r\n" + US + CLOSE, {405}),
    "A124 a tunnel": (b"CONNECT evil:443 HTTP/1.1\r\n" + US + CLOSE, {400, 405}),
    "an upgrade": (get(b"/sign-in", b"Upgrade: websocket", b"Connection: upgrade"), {200, 400}),
    "TLS where there is none": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, {400}),
    "nothing at all": (b"\r\n\r\n\r\n" + CLOSE, {0, 400}),
}


async def answer_to(node: Node, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    answer = b""
    with contextlib.suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(15):
            while part := await reader.read(65536):
                answer += part
    writer.transport.abort()
    return answer


async def test_a067_a120_a124_whatever_strangers_send_they_get_a_plain_no(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, here.serving() as node:
        anna = await here.person_with_app()
        wrong = {}
        for name, (request, expected) in HOSTILE.items():
            answer = await answer_to(node, request)
            status = int(answer.split(b" ", 2)[1]) if answer else 0
            if status not in expected or answer.count(b"HTTP/1.1 ") > 1 or ELSEWHERE.search(answer):
                wrong[name] = answer[:200]
        assert not wrong
        assert clean(node)
        assert await here.world.sessions(anna) == []
        assert await here.rows("SELECT COUNT(*) FROM attempts") == [(0,)]


NAMES = (
    "anna%0d%0a2026-11-22 LOGIN OK admin",
    'anna","event":"login","x":"',
    "anna\r\nlevel=info LOGIN OK",
    "anna\u202egreb",
    "anna\u2028berg",
    "\u0430nna.berg",
    "ANNA.BERG\ud7ff",
    "*)(uid=*))(|(uid=*",
    "' OR 1=1; DROP TABLE accounts; --",
    "{{7*7}}${7*7}<%=7*7%>",
    "<script>alert(1)</script>",
    "../../../../etc/passwd",
    "😀" * 60,
    "a" * 8000,
)


async def test_a090_a093_a125_hostile_names_are_unknown_like_any_other_and_stay_text(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, here.serving() as node, here.browser() as browser:
        await here.person_with_app()
        await browser.sign_in("anna.berg", "fel")
        ordinary = browser.page.status
        for name in NAMES:
            page = await browser.sign_in(name, "fel")
            assert page.status == ordinary, name
            assert "<script>alert" not in page.html
            assert "49" not in page.text.replace("026-15 40 00", "") or "49" in name
        for password in ("", "\x01", "å" * 600, "p" * 8000):
            page = await browser.sign_in("anna.berg", password)
            assert page.status == ordinary, "too long, empty or odd: wrong like any other"
        assert (await browser.sign_in("ANNA.berg ", PASSWORD)).title == "Vilken kod visar din app?"
        assert clean(node)
        assert await here.rows("SELECT COUNT(*) FROM accounts") == [(1,)]


def clean(process: Process) -> bool:
    """Nothing surprised the node, and its log is one JSON object a line."""
    lines = process.log_file.read_text(encoding="utf-8").splitlines()
    ours = [line for line in lines if not line.startswith(("portvakt: ", "database: "))]
    return len(ours) == len(process.log) and not process.logged("unexpected")
