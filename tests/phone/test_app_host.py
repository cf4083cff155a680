"""The app on a name of its own (`hosts.authenticator`): all of it there, and nothing else there."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from portvakt.app import opened
from portvakt.phone.acts import Phone
from portvakt.phone.errors import UnreadableError
from portvakt.phone.line import Clock as PhoneClock
from portvakt.phone.line import Line
from portvakt.phone.pairing import invitation, pair
from portvakt.settings.structs import Hosts
from tests import world as whole
from tests.handset import Handset
from tests.journeys.approve_push.test_stream import Line as Stream
from tests.journeys.approve_push.test_stream import scope_of
from tests.journeys.set_up_mfa.people import HOME, comes_to_register, kinds, new_person
from tests.phone.product import by_phone, number_on, one
from tests.world import OUTSIDE, PROXY, Browser, Clock, Page, World

HOST = "app.region.example"
APP = f"https://{HOST}"
FROM = {"x-forwarded-for": OUTSIDE}


@asynccontextmanager
async def apart(folder: Path, database_url: str) -> AsyncIterator[World]:
    """A product whose app has a name of its own."""
    clock = Clock()
    usual = whole.settings(folder, database_url)
    chosen = msgspec.structs.replace(usual, hosts=Hosts(authenticator=HOST))
    async with opened(chosen, clock=clock, hold=whole.no_hold) as house:
        yield World(house, clock)


@asynccontextmanager
async def line(world: World) -> AsyncIterator[Line]:
    """The way of `portvakt phone` to the app's own name."""
    transport = httpx.ASGITransport(app=world.house.asgi, client=(PROXY, 4000))
    async with httpx.AsyncClient(transport=transport, headers=FROM) as client:
        yield Line(client, APP, PhoneClock(lambda: int(world.clock.at.timestamp() * 1000)))


def address_on(page: Page) -> str:
    found = re.search(r'href="(https://[^"/]*/authenticator/#pair=[^"]+)"', page.html)
    assert found is not None, page.text
    return html.unescape(found[1])


async def at_the_picture(browser: Browser) -> str:
    await comes_to_register(browser)
    return address_on(await browser.post(f"{HOME}/phone", {}))


async def added(browser: Browser, way: Line) -> Phone:
    """Add a phone that is `portvakt phone`, by the address on the page."""
    identity, _ = await pair(way, invitation(await at_the_picture(browser)), "Annas Pixel")
    phone = Phone(identity, way)
    page = await browser.submit({})
    await phone.approve(await one(phone), number_on(page))
    await browser.submit({})
    return phone


async def test_a_phone_is_added_there_and_signs_in_without_a_password(
    tmp_path: Path, database_url: str
) -> None:
    async with apart(tmp_path, database_url) as world, line(world) as way:
        bo = await new_person(world)
        async with world.browser() as browser:
            phone = await added(browser, way)
        assert phone.identity.origin == APP
        assert await kinds(world, bo) == ["push", "totp"]
        assert (await phone.set_sign_in(on=True)).sign_in
        async with world.browser() as later:
            page = await by_phone(later, bo.user_name)
            assert (await phone.approve(await one(phone), number_on(page))).result == "approved"
            await later.submit({"answered": "yes"})
            assert (await later.get("/apps")).path == "/apps"


@pytest.mark.parametrize("wrong", ["origin", "rp_id"])
async def test_a_screen_lock_of_the_sign_in_pages_is_not_the_apps(
    tmp_path: Path, sqlite_url: str, wrong: str
) -> None:
    async with apart(tmp_path, sqlite_url) as world, world.browser() as browser:
        await new_person(world)
        code = (await at_the_picture(browser)).partition("#pair=")[2]
        phone = Handset(browser.client, APP, world.clock)
        assert (await phone.pair(code)).status_code == 200
        page = await browser.submit({})
        [request] = await phone.requests()
        await phone.result(request, "approve", number_on(page))
        await browser.submit({})
        if wrong == "origin":
            phone.lock.origin, phone.lock.rp_id = whole.ORIGIN, HOST
        else:
            phone.lock.rp_id = "portvakt.region.example"
        answer = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert (answer.status_code, answer.json()["error"]) == (403, "lock")
        phone.lock.origin, phone.lock.rp_id = APP, ""
        answer = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert answer.json()["sign_in"] is True


async def test_under_the_name_of_the_sign_in_no_phone_is_paired(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with apart(tmp_path, sqlite_url) as world, line(world) as way:
        await new_person(world)
        async with world.browser() as browser:
            address = await at_the_picture(browser)
        elsewhere = Line(way.client, whole.ORIGIN, way.clock)
        with pytest.raises(UnreadableError):
            await pair(elsewhere, invitation(address.replace(APP, whole.ORIGIN)), "Annas Pixel")
        await pair(way, invitation(address), "Annas Pixel")


async def test_the_stream_is_open_under_that_name_only(tmp_path: Path, sqlite_url: str) -> None:
    async with apart(tmp_path, sqlite_url) as world, world.browser() as browser:
        await new_person(world)
        phone = Handset(browser.client, APP, world.clock)
        await phone.pair((await at_the_picture(browser)).partition("#pair=")[2])
        for host, status in ((HOST, 200), ("portvakt.region.example", 303)):
            held = Stream()
            scope = scope_of(phone.authorization, host)
            open_now = asyncio.ensure_future(world.house.asgi(scope, held.receive, held.send))
            async with asyncio.timeout(15):
                await held.started.wait()
            assert held.status == status
            assert b"set-cookie" not in held.headers
            held.hung_up.set()
            async with asyncio.timeout(15):
                await open_now


async def test_no_cookie_of_the_sign_in_is_set_or_taken_there(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with apart(tmp_path, sqlite_url) as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        taken = "; ".join(f"{each.name}={each.value}" for each in browser.client.cookies.jar)
        assert "__Host-session" in taken
        transport = httpx.ASGITransport(app=world.house.asgi, client=(PROXY, 4000))
        headers = FROM | {"cookie": taken, "accept": "text/html"}
        async with httpx.AsyncClient(transport=transport, base_url=APP, headers=headers) as phone:
            app = await phone.get("/authenticator/")
            assert app.status_code == 200
            assert "camera=(self)" in app.headers["permissions-policy"]
            assert "worker-src 'self'" in app.headers["content-security-policy"]
            assert "form-action 'none'" in app.headers["content-security-policy"]
            answers = [app, await phone.post("/authenticator/api/v1/fetch", json={"jws": "a.b.c"})]
            for path in (HOME, "/apps", "/my-sign-ins", "/sign-in", "/oidc/authorize"):
                answers.append(await phone.get(path))
                assert answers[-1].status_code == 404, path
            for path in (f"{HOME}/phone", "/sign-in", "/sign-out"):
                answers.append(await phone.post(path, data={"csrf": "x"}))
                assert answers[-1].status_code == 404, path
            assert not [each for each in answers if "set-cookie" in each.headers]
