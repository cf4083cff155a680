"""The meter answers whoever chooses a password, and nobody else, and never much."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.common_passwords import PasswordJudge
from portvakt.proving.choosing import Choosing
from portvakt.proving.password_meter import AT_ONCE, MOST_KNOWN, PER_MINUTE, PasswordMeter
from portvakt.web.routing import Who, route
from tests import make
from tests.journeys.change_password.test_change import HOME, anna, comes
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import anna as forgetful_anna
from tests.journeys.reset_password.forgetful import begin, proved
from tests.web.make_site import make_app, make_client
from tests.web.test_csrf import hidden_token
from tests.world import ORIGIN, Browser, Page

STRONG = "Korgstol under päronträdet"


async def measured(browser: Browser, path: str, typed: str) -> Page:
    """Ask as the page's script does: no form of the page, but its token."""
    token = browser.page.forms()[0][1]["csrf"]
    return Page(
        await browser.client.post(
            path,
            data={"csrf": token, "password": typed, "pad": "0" * 300},
            headers={"origin": ORIGIN, "sec-fetch-site": "same-origin"}
            | {"x-forwarded-for": browser.address},
        )
    )


async def said(browser: Browser, path: str, typed: str) -> tuple[str, str]:
    answer = await measured(browser, path, typed)
    assert answer.status == 200
    assert answer.response.headers["cache-control"] == "no-store"
    told = orjson.loads(answer.html)
    assert set(told) == {"level", "words"}
    return told["level"], told["words"]


async def test_it_says_the_level_and_what_is_missing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        path = f"{HOME}/strength"
        assert await said(browser, path, "päron") == ("weak", "Svagt. 10 tecken till.")
        assert await said(browser, path, "q9#Vx2!mZp7&Lw") == ("weak", "Svagt. 1 tecken till.")
        assert await said(browser, path, "annabergannaberg") == (
            "weak",
            "Svagt. Lägg till fler ord.",
        )
        assert await said(browser, path, STRONG) == ("strong", "Starkt.")
        assert await said(browser, path, "x9 " * 50) == ("too_long", "För långt.")
        assert STRONG not in (await measured(browser, path, STRONG)).html


async def test_at_the_reset_site_it_answers_once_both_are_proved(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await forgetful_anna(world)
        path = (await begin(browser)).path
        assert (await measured(browser, f"{path}/strength", STRONG)).status == 404
        world.clock.move(seconds=60)
        path = (await proved(browser, world)).path
        assert await said(browser, f"{path}/strength", STRONG) == ("strong", "Starkt.")
        async with world.browser() as stranger:
            await stranger.get("/reset")
            assert (await measured(stranger, f"{path}/strength", STRONG)).status == 404


async def test_it_answers_nobody_who_is_not_choosing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        page = await browser.sign_in()
        assert (await measured(browser, f"{page.path}/strength", STRONG)).status == 404
        assert (await measured(browser, f"{HOME}/strength", STRONG)).status == 404
        path = "/security-info/password/strength"
        assert (await measured(browser, path, STRONG)).status == 404


async def test_a_foreign_page_learns_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        token = browser.page.forms()[0][1]["csrf"]
        for fields, headers in (
            ({"csrf": token}, {"origin": "https://evil.example"}),
            ({}, {"origin": ORIGIN}),
        ):
            answer = await browser.client.post(
                f"{HOME}/strength", data=fields | {"password": STRONG}, headers=headers
            )
            assert answer.status_code == 403


async def test_it_looks_at_no_form_over_four_kilobytes(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        assert (await measured(browser, f"{HOME}/strength", "x" * 4096)).status == 413


async def test_it_answers_one_session_so_often_in_a_minute(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        path = f"{HOME}/strength"
        statuses = [(await measured(browser, path, "kort")).status for _ in range(PER_MINUTE + 1)]
        assert statuses == [200] * PER_MINUTE + [429]
        page = await browser.submit({"current": "fel", "new": "kort"})
        assert page.status == 422  # the form works as before


class Meter:
    """A meter behind the real stack, whose questions wait until the test lets them go."""

    def __init__(self) -> None:
        self.at = 0.0
        judge = PasswordJudge.over(organisation="Region Exempel")
        self.meter = PasswordMeter(judge, clock=lambda: self.at)
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Semaphore(0)

    async def answer(self, request: Request) -> Response:
        return await self.meter.answer(request, request.scope["path_params"]["key"], self._find)

    async def _find(self) -> Choosing:
        self.arrived.release()
        await self.gate.wait()
        return Choosing(make.account(), self._least)

    async def _least(self) -> int:
        return 20

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Callable[[str], Coroutine[None, None, int]]]:
        """Give what asks for one session and returns the status."""
        address = route("/meter/{key}", self.answer, methods=("POST",), who=Who.BROWSER)
        async with make_client(make_app(address)) as browser:
            token = await hidden_token(browser)

            async def ask(key: str) -> int:
                fields = {"csrf": token, "password": STRONG}
                answer = await browser.post(f"/meter/{key}", data=fields)
                return answer.status_code

            yield ask


async def test_it_is_busy_rather_than_let_anybody_wait() -> None:
    meter = Meter()
    meter.gate.clear()
    async with meter.asked() as ask:
        first = [asyncio.create_task(ask(f"s{number}")) for number in range(AT_ONCE)]
        for _ in first:
            await meter.arrived.acquire()
        assert await ask("another") == 503
        meter.gate.set()
        assert await asyncio.gather(*first) == [200] * AT_ONCE
        assert await ask("another") == 200


async def test_a_minute_later_it_answers_again_and_each_session_has_its_own() -> None:
    meter = Meter()
    async with meter.asked() as ask:
        for _ in range(PER_MINUTE):
            assert await ask("one") == 200
        assert await ask("one") == 429
        assert await ask("two") == 200
        meter.at += 60
        assert await ask("one") == 200


async def test_it_remembers_no_more_than_so_many_sessions() -> None:
    meter = Meter()
    for number in range(MOST_KNOWN + 5):
        meter.meter.count(f"s{number}")
    assert len(meter.meter) == MOST_KNOWN
