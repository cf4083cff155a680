"""Whoever is turned away: at the door, and with a page that is as any other, only cheaper."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import structlog
from httpx import AsyncClient
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.lanes import Lane
from portvakt.web import forms
from portvakt.web.crowd import FEW, Narrow
from portvakt.web.responses import problem
from portvakt.web.routing import Who, route
from portvakt.web.stack import stack
from portvakt.web.templates import PACKAGE
from tests.web.make_site import FAILURES, HTTPS, SPECIMENS, make_app, make_client, make_site
from tests.web.trial_routes import ROUTES, PoolFullError, busy

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


@dataclass
class Hall:
    """A room with so many places for strangers, that counts whom it turned away."""

    places: int = 0
    turned_away: int = 0

    def has_room(self, lane: Lane) -> bool:
        return lane is Lane.KNOWN or self.places > 0

    def look(self, lane: Lane) -> None:
        if not self.has_room(lane):
            self.turned_away += 1
            raise PoolFullError


def behind_a_door(hall: Hall) -> AsyncClient:
    narrow = Narrow("/form", spared=b"way=phone", room=hall)
    folders = (PACKAGE, SPECIMENS)
    return make_client(
        stack(ROUTES, make_site(), failures=FAILURES, folders=folders, narrow=narrow)
    )


async def test_a_stranger_is_turned_away_at_the_door_with_the_form_unread() -> None:
    hall = Hall()
    async with behind_a_door(hall) as browser:
        foreign = {"origin": "https://evil.example", "content-type": "text/plain"}
        answer = await browser.post("/form", content=b"name=Anna", headers=foreign)
        assert (answer.status_code, hall.turned_away) == (503, 1)
        assert int(answer.headers["retry-after"]) in range(2, 9)
        assert "<h1" in answer.text, "it is people who send forms there"


@pytest.mark.parametrize(
    ("method", "path", "body", "cookie", "places", "why"),
    [
        ("POST", "/form", b"name=Anna", "", 1, "there is room"),
        ("POST", "/form", b"name=Anna&way=phone", "", 0, "it wants no place"),
        ("POST", "/form", b"name=Anna", f"__Host-browser={'A' * 43}", 0, "it brings a mark"),
        ("POST", "/leave", b"name=Anna", "", 0, "it goes elsewhere"),
        ("GET", "/form", b"", "", 0, "it is no form"),
    ],
)
async def test_whoever_else_comes_to_the_door_is_let_through(
    method: str, path: str, body: bytes, cookie: str, places: int, why: str
) -> None:
    hall = Hall(places)
    async with behind_a_door(hall) as browser:
        answer = await browser.request(method, path, content=body, headers={"cookie": cookie})
        assert answer.status_code != 503, why
        assert hall.turned_away == 0


@pytest.mark.parametrize(("pieces", "status"), [(FEW - 1, 503), (FEW, 200), (3 * FEW, 200)])
async def test_a_form_in_few_pieces_is_turned_away_and_one_in_many_goes_on_whole(
    pieces: int, status: int
) -> None:
    """httpx says of no piece that it is the last, and then sends an empty one."""

    async def in_pieces() -> AsyncIterator[bytes]:
        yield f"name=Anna&csrf={token}&x=".encode()
        for _ in range(pieces - 1):
            yield b"y"

    hall = Hall(places=1)
    async with behind_a_door(hall) as browser:
        token = re.findall(r'name="csrf" value="([^"]+)"', (await browser.get("/form")).text)[0]
        hall.places = 0
        headers = {"origin": HTTPS, "content-type": "application/x-www-form-urlencoded"}
        answer = await browser.post("/form", content=in_pieces(), headers=headers)
        assert answer.status_code == status
        assert ("saved Anna True" in answer.text) is (status == 200)


async def test_a_form_that_never_comes_is_not_waited_for_at_the_door_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    monkeypatch.setattr(forms, "READ_WITHIN", 0.05)
    async with behind_a_door(Hall()) as browser:
        assert (await browser.post("/form", content=nothing())).status_code == 408
