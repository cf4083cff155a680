"""What goes wrong is told in plain words, with a number to quote and nothing of the inside."""

import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from portvakt.web.stack import stack
from tests.web.make_site import FAILURES, HTTPS, make_client, make_site
from tests.web.trial_routes import ROUTES

INSIDE = re.compile(
    r"Traceback|RuntimeError|PartDownError|hemligheten|4711|\.py\b|line \d|uvicorn|starlette"
    r"|python|portvakt/|0\.1\.0",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/unknown", 404, "Sidan finns inte"),
        ("/unknown/%00/..%2f", 404, "Sidan finns inte"),
        ("/thing/" + "a" * 65, 404, "Sidan finns inte"),
        ("/thing/%2e%2e", 404, "Sidan finns inte"),
        ("/thing/a%00", 404, "Sidan finns inte"),
        ("/thing/" + "%C3%A5", 404, "Sidan finns inte"),
        ("/form/", 404, "Sidan finns inte"),
        ("//form", 404, "Sidan finns inte"),
        ("/search?q=1&q=2", 400, "kunde inte läsa"),
        ("/broken", 500, "Något gick fel hos oss"),
    ],
)
async def test_a121_an_error_page_has_a_number_and_nothing_of_the_inside(
    path: str, status: int, said: str
) -> None:
    async with make_client() as browser:
        answer = await browser.get(path)
        assert answer.status_code == status
        assert said in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert not INSIDE.search(answer.text.replace("/static/portvakt-", ""))


async def test_error_pages_speak_english_too() -> None:
    async with make_client() as browser:
        answer = await browser.get("/broken", headers={"cookie": "__Host-language=en"})
        assert "Something went wrong on our side" in answer.text
        assert '<html lang="en">' in answer.text


async def test_what_is_down_is_said_and_that_nothing_is_lost() -> None:
    async with make_client() as browser:
        answer = await browser.get("/down?x=1")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "Inget du har sparat har gått förlorat" in answer.text
        assert 'class="main" href="/down?x=1"' in answer.text
        assert answer.headers["x-request-id"] in answer.text


async def test_too_much_work_is_shed_with_a_time_to_come_back() -> None:
    async with make_client() as browser:
        answer = await browser.get("/busy")
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) in range(2, 9)
        assert "Många loggar in just nu" in answer.text


async def test_programs_are_told_in_json() -> None:
    async with make_client() as program:
        routed = await program.post("/token/broken")
        unknown = await program.get("/unknown", headers={"accept": "application/json"})
        for answer, kind in ((routed, "internal"), (unknown, "not_found")):
            assert answer.headers["content-type"] == "application/json"
            assert answer.json() == {
                "error": kind,
                "request_id": answer.headers["x-request-id"],
            }


async def test_if_even_the_error_page_is_broken_there_is_a_number_and_no_more(
    tmp_path: Path,
) -> None:
    app = stack(ROUTES, make_site(), failures=FAILURES, folders=(tmp_path,))
    async with make_client(app) as browser:
        for path in ("/broken", "/down", "/unknown", "/form", "/search?q=%ff"):
            answer = await browser.get(path)
            assert answer.status_code == 500
            assert answer.text == f"500 · {answer.headers['x-request-id']}\n"
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_error_page_hands_out_no_cookie() -> None:
    async with make_client() as browser:
        for path in ("/unknown", "/broken", "/down"):
            assert "set-cookie" not in (await browser.get(path)).headers


async def test_the_log_has_what_the_page_has_not_under_the_same_number() -> None:
    lines: list[MutableMapping[str, Any]] = []

    def keep(_logger: object, _name: str, line: MutableMapping[str, Any]) -> Any:
        lines.append(dict(line))
        raise structlog.DropEvent

    before = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    try:
        async with make_client() as browser:
            answer = await browser.get("/broken?code=123456")
    finally:
        structlog.configure(processors=before)
    error, request = lines
    assert error["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert str(error["exc_info"]) == "hemligheten är 4711"
    assert (request["path"], request["status"]) == ("/broken", 500)
    assert "123456" not in str(request)


async def test_a090_a_line_break_in_an_address_makes_no_line_in_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        async with make_client() as browser:
            await browser.get("/anna%0d%0a2026-11-22 LOGIN OK admin")
    (line,) = lines
    assert line["path"] == "/anna%0d%0a2026-11-22%20LOGIN%20OK%20admin"


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        (f"{HTTPS}/search?q=a%20b", "/search?q=a%20b"),
        ("https://evil.example/search", "/form"),
        (f"{HTTPS}.evil.example/search", "/form"),
        (f"{HTTPS}//evil.example", "/form"),
        (f"{HTTPS}/search#\xe5", "/form"),
        ("", "/form"),
    ],
)
async def test_a_form_that_met_trouble_leads_back_to_the_page_where_it_stood(
    referer: str, leads_to: str
) -> None:
    async with make_client() as browser:
        await browser.get("/form")
        headers = [(b"origin", HTTPS.encode()), (b"referer", referer.encode("latin-1"))]
        answer = await browser.post("/form", data={"csrf": "stale"}, headers=headers)
        assert answer.status_code == 403
        assert f'class="main" href="{leads_to}"' in answer.text
