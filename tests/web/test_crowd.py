"""The page for whoever is turned away: the same as any other, only cheaper."""

import asyncio

import structlog
from httpx import AsyncClient
from starlette.requests import Request
from starlette.responses import Response

from portvakt.web.responses import problem
from portvakt.web.routing import Who, route
from tests.web.make_site import make_app, make_client
from tests.web.trial_routes import busy

ODD = "?to=/&a='b'"
"""What must be escaped on the way back."""


async def drawn_anew(request: Request) -> Response:
    return problem(request, "busy", 503)


async def shown(browser: AsyncClient, path: str) -> str:
    """Return the page with its number taken out."""
    answer = await browser.get(path)
    number = answer.headers["x-request-id"]
    assert answer.text.count(number) == 1
    return answer.text.replace(number, "NUMBER")


async def test_it_is_the_page_that_every_problem_has_with_its_own_number_and_way_back() -> None:
    app = make_app(route("/drawn", drawn_anew, who=Who.ANYONE))
    async with make_client(app) as browser:
        for language in ("sv", "en", "sv"):
            browser.cookies.set("__Host-language", language)
            drawn = await shown(browser, f"/drawn{ODD}")
            assert await shown(browser, f"/busy{ODD}") == drawn.replace("/drawn", "/busy")
            assert "&amp;a=" in drawn
            assert f'lang="{language}"' in drawn


async def test_it_hands_out_no_cookie_and_carries_what_every_answer_does() -> None:
    async with make_client() as browser:
        answer, other = await browser.get("/busy"), await browser.get("/unknown")
        assert "set-cookie" not in answer.headers
        mine = {"x-request-id", "content-length", "retry-after"}
        assert set(answer.headers) - mine == set(other.headers) - mine
        assert answer.headers["cache-control"] == "no-store"


async def test_programs_are_told_in_json_when_to_come_back() -> None:
    app = make_app(route("/token/busy", busy, methods=("POST",), who=Who.CLIENT))
    async with make_client(app) as program:
        answer = await program.post("/token/busy")
        assert answer.json()["error"] == "busy"
        assert int(answer.headers["retry-after"]) in range(2, 9)


async def test_a_crowd_does_not_fill_the_log_as_well() -> None:
    async with make_client() as browser:
        with structlog.testing.capture_logs() as lines:
            await asyncio.gather(*(browser.get("/busy") for _ in range(20)))
        told = [line for line in lines if line["event"] == "busy"]
        requests = [line for line in lines if line["event"] == "request"]
        assert told[0]["turned_away"] == 1
        assert len(told) < len(requests) == 20
