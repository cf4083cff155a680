"""Rule R17: what is too large or of no use is refused before it is read."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from portvakt.web import forms
from tests.web.make_site import HTTPS, make_client

FORM = {"origin": HTTPS, "content-type": "application/x-www-form-urlencoded"}


async def test_a_query_of_fifty_kilobytes_is_refused() -> None:
    async with make_client() as browser:
        assert (await browser.get("/search?q=" + "a" * 50_000)).status_code == 414
        assert (await browser.get("/search?q=" + "a" * 7_000)).status_code == 200


async def test_a_path_of_fifty_kilobytes_is_refused() -> None:
    async with make_client() as browser:
        assert (await browser.get("/" + "a" * 50_000)).status_code == 414


async def test_large_and_many_headers_are_refused() -> None:
    async with make_client() as browser:
        large = await browser.get("/form", headers={"x-large": "a" * 20_000})
        many = await browser.get("/form", headers={f"x-{number}": "a" for number in range(80)})
        assert (large.status_code, many.status_code) == (431, 431)


async def test_a_long_ticket_is_taken_where_tickets_are_and_nowhere_else() -> None:
    ticket = {"authorization": "Negotiate " + "A" * 65_536}
    async with make_client() as browser:
        assert (await browser.get("/kerberos", headers=ticket)).status_code == 404
        assert (await browser.get("/form", headers=ticket)).status_code == 431
        longer = {"authorization": "Negotiate " + "A" * 65_537}
        assert (await browser.get("/kerberos", headers=longer)).status_code == 431
        beside = ticket | {"x-large": "a" * 20_000}
        assert (await browser.get("/kerberos", headers=beside)).status_code == 431


async def test_a_body_over_64_kilobytes_is_refused_by_its_length() -> None:
    async with make_client() as browser:
        answer = await browser.post("/form", content=b"a" * 65_537, headers=FORM)
        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"


async def test_a_body_that_says_no_length_is_refused_when_it_has_grown_too_large() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 4096
            yield b"a" * 4096

    async with make_client() as browser:
        answer = await browser.post("/form", content=endless(), headers=FORM)
        assert answer.status_code == 413
        assert sent <= 65_536 + 2 * 4096


async def test_a_form_that_does_not_arrive_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "READ_WITHIN", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"name="
        await asyncio.sleep(30)

    async with make_client() as browser:
        answer = await browser.post("/form", content=stalled(), headers=FORM)
        assert answer.status_code == 408


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "9" * 30, "\u0661", " ", "5, 5"])
async def test_a_length_that_is_no_number_or_too_long_is_refused(length: str) -> None:
    async with make_client() as browser:
        headers = [(name.encode(), value.encode()) for name, value in FORM.items()]
        headers.append((b"content-length", length.encode()))
        answer = await browser.post("/form", content=b"a=b", headers=headers)
        assert answer.status_code in (400, 413)


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "FOO"])
@pytest.mark.parametrize("path", ["/form", "/token", "/unknown", "/"])
async def test_a124_methods_that_nothing_here_uses_are_refused(method: str, path: str) -> None:
    async with make_client() as browser:
        answer = await browser.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/openapi.json",
        "/metrics",
        "/.git/config",
        "/.env",
        "/admin",
        "/static/",
        "/static",
    ],
)
async def test_a124_nothing_lies_about_that_nobody_asked_for(path: str) -> None:
    async with make_client() as browser:
        assert (await browser.get(path)).status_code == 404


async def test_a_known_address_names_the_methods_it_has() -> None:
    async with make_client() as browser:
        wrong = await browser.get("/token")
        assert wrong.status_code == 405
        assert wrong.headers["allow"] == "POST"
        assert (await browser.post("/leave")).headers["allow"] == "GET, HEAD"


async def test_head_is_answered_like_get() -> None:
    async with make_client() as browser:
        assert (await browser.head("/form")).status_code == 200
