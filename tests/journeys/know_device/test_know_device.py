"""«Extern enhet»: our own device outside is asked for no second factor, and a private one is."""

from pathlib import Path

import httpx
import pytest

from portvakt.core.policy import Require
from tests import make
from tests.journeys.know_device.desktop import (
    ASKED,
    FORGED,
    IN,
    LOST,
    OLD,
    PC,
    THERE,
    desktop,
    header,
    house,
)
from tests.servers.device_authority import Computer
from tests.world import (
    INSIDE,
    ORIGIN,
    OUTSIDE,
    PASSWORD,
    PROXY,
)


@pytest.mark.parametrize(
    ("computer", "address", "title"),
    [
        (PC, OUTSIDE, IN),
        (None, INSIDE, IN),
        (PC, INSIDE, IN),
        (None, OUTSIDE, ASKED),
        (LOST, OUTSIDE, ASKED),
        (OLD, OUTSIDE, ASKED),
        (FORGED, OUTSIDE, ASKED),
    ],
)
async def test_the_sentence_of_the_document_is_true(
    tmp_path: Path, database_url: str, computer: Computer | None, address: str, title: str
) -> None:
    async with (
        house(tmp_path, database_url) as here,
        desktop(here, computer, address) as anna,
    ):
        assert await anna.sign_in() == title


async def test_where_no_rule_asks_whose_device_it_is_nothing_is_looked_at(
    tmp_path: Path, sqlite_url: str
) -> None:
    always = make.rule()
    async with house(tmp_path, sqlite_url, always) as here, desktop(here, PC) as anna:
        page = await anna.browser.get("/sign-in")
        assert "our-device" not in page.html
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC, INSIDE) as anna:
        page = await anna.browser.get("/sign-in")
        assert "our-device" not in page.html


async def test_without_script_a_link_leads_there_and_back(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        page = await anna.browser.get("/sign-in?to=/apps")
        assert '<noscript><p class="other"><a href="/our-device/look?to=' in page.html
        look = await anna.at_home("/our-device/look?to=/sign-in%3Fto%3D/apps")
        assert look.status_code == 303
        shown = await anna.there(look.headers["location"])
        assert shown.status_code == 303
        back = shown.headers["location"]
        assert back.startswith(f"{ORIGIN}/our-device/told?answer=")
        told = await anna.at_home(back.removeprefix(ORIGIN))
        assert (told.status_code, told.headers["location"]) == (303, "/sign-in?to=/apps")
        assert anna.browser.cookie("device") is not None
        assert await anna.sign_in() == IN


async def test_a_private_device_that_takes_the_link_is_told_so_and_can_go_on(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, None) as anna:
        look = await anna.at_home("/our-device/look?to=/sign-in%3Fto%3D/apps")
        shown = await anna.there(look.headers["location"])
        page = await anna.browser.get(shown.headers["location"].removeprefix(ORIGIN))
        assert page.title == "Datorn är inte känd"
        assert 'href="/sign-in?to=/apps"' in page.html
        assert anna.browser.cookie("device") is None
        assert await anna.sign_in() == ASKED


async def test_a_forged_header_counts_for_nothing_but_at_the_devices_host_by_the_proxy(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Certificates are no secret: whoever can choose the header has one."""
    forged = header(PC)
    async with house(tmp_path, sqlite_url) as here:
        async with desktop(here, None) as anna:
            page = await anna.browser.get("/sign-in?to=/apps", **forged)
            page = await anna.browser.submit(
                {"name": "anna.berg", "password": PASSWORD}, 0, **forged
            )
            assert page.title == ASKED
        async with desktop(here, PC) as anna:
            anna.peer = "203.0.113.9"
            assert await anna.sign_in() == ASKED
        async with desktop(here, None) as anna:
            anna.shows = {"x-client-cert": forged["client-cert"]}
            assert await anna.sign_in() == ASKED
        async with desktop(here, PC) as anna:
            ticket = await anna.ticket()
            at_home = await anna.at_home(ticket.removeprefix(THERE), **forged)
            assert at_home.status_code == 404
            twice = [*header(PC).items(), *header(PC).items()]
            transport = httpx.ASGITransport(app=here.world.house.asgi, client=(PROXY, 4001))
            async with httpx.AsyncClient(transport=transport) as client:
                sent = await client.get(ticket, headers=[("x-forwarded-for", OUTSIDE), *twice])
            assert not await anna.told(sent.json()["answer"])


async def test_a_ticket_and_an_answer_are_good_once_in_their_browser_and_for_a_minute(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        house(tmp_path, database_url) as here,
        desktop(here, PC) as anna,
        desktop(here, PC) as eva,
    ):
        await anna.browser.get("/sign-in")
        await eva.browser.get("/sign-in")
        ticket = await anna.ticket()
        first = (await anna.there(ticket)).json()["answer"]
        again = (await anna.there(ticket)).json()["answer"]
        assert not await eva.told(first)
        assert await anna.told(first)
        assert not await anna.told(first)
        assert not await anna.told(again)
        late = await anna.answer()
        here.world.clock.move(seconds=61)
        assert not await anna.told(late)
        too_late = await anna.ticket()
        here.world.clock.move(seconds=61)
        answered = await anna.there(too_late)
        assert (answered.status_code, answered.headers["location"]) == (303, f"{ORIGIN}/")
        for broken in ("", "x", "A" * 200, first[:-2], ticket.partition("=")[2]):
            assert not await anna.told(broken)
            led = await anna.there(f"{THERE}/our-device/show?ticket={broken}")
            assert led.headers["location"] == f"{ORIGIN}/"


async def test_head_spends_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        await anna.browser.get("/sign-in")
        answer = await anna.answer()
        found = await anna.browser.client.head(
            f"{ORIGIN}/our-device/told?answer={answer}", headers={"x-forwarded-for": OUTSIDE}
        )
        assert found.status_code == 405
        assert await anna.told(answer)


async def test_the_devices_host_answers_nothing_else(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        for path in ("/", "/sign-in", "/apps", "/our-device/look", "/oidc/jwks"):
            found = await anna.there(THERE + path)
            assert (found.status_code, found.headers["location"]) == (303, f"{ORIGIN}/")
        transport = httpx.ASGITransport(app=here.world.house.asgi, client=(PROXY, 4001))
        async with httpx.AsyncClient(transport=transport) as client:
            posted = await client.post(f"{THERE}/our-device/show")
            assert posted.status_code in (404, 405)
            other = await client.get("https://other.example/our-device/show")
            assert other.status_code == 421


async def test_pages_may_ask_the_devices_host_and_no_other(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        page = await anna.browser.get("/sign-in")
        policy = page.response.headers["content-security-policy"]
        assert f"connect-src 'self' {THERE};" in policy


async def test_a_device_that_is_reported_stolen_is_nobodys_within_a_minute(
    tmp_path: Path, database_url: str
) -> None:
    async with house(tmp_path, database_url) as here, desktop(here, PC) as anna:
        assert await anna.sign_in() == IN
        assert (await anna.browser.get("/apps")).title == IN
        await here.revoke(PC)  # 30 seconds
        page = await anna.browser.get("/apps")
        assert page.path.startswith("/sign-in")
        assert "data-our-device" in page.html
        assert not await anna.look()
        assert (await anna.browser.get("/apps")).path.startswith("/sign-in")


async def test_what_is_known_of_a_device_is_looked_at_again_and_goes_on(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        assert await anna.sign_in() == IN
        here.world.clock.move(minutes=15)
        page = await anna.browser.get("/apps")
        assert page.path.startswith("/sign-in")
        assert "data-again" in page.html
        assert await anna.look()
        # the script loads the page anew
        assert (await anna.browser.get(page.path)).title == IN


async def test_a070_a_cookie_that_is_copied_to_another_device_takes_it_along_for_a_while_only(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        house(tmp_path, sqlite_url) as here,
        desktop(here, PC) as anna,
        desktop(here, None) as thief,
    ):
        assert await anna.sign_in() == IN
        thief.browser.client.cookies.update(anna.browser.client.cookies)
        here.world.clock.move(minutes=14, seconds=59)
        assert (await thief.browser.get("/apps")).title == IN
        here.world.clock.move(seconds=1)
        page = await thief.browser.get("/apps")
        assert page.path.startswith("/sign-in")
        assert not await thief.look()
        assert (await thief.browser.get("/apps")).path.startswith("/sign-in")


async def test_the_cookie_of_a_device_counts_beside_its_own_binding_only(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        house(tmp_path, sqlite_url) as here,
        desktop(here, PC) as anna,
        desktop(here, None) as thief,
    ):
        await anna.browser.get("/sign-in")
        assert await anna.look()
        await thief.browser.get("/sign-in")
        stolen = anna.browser.cookie("device")
        assert stolen is not None
        page = await thief.browser.get("/sign-in?to=/apps")
        binding = thief.browser.cookie("binding")
        cookies = {"cookie": f"__Host-binding={binding}; __Host-device={stolen}"}
        thief.browser.client.cookies.clear()
        page = await thief.browser.submit({"name": "anna.berg", "password": PASSWORD}, 0, **cookies)
        assert page.title == ASKED


async def test_a_session_keeps_which_device_it_is_on_and_events_tell(
    tmp_path: Path, database_url: str
) -> None:
    async with house(tmp_path, database_url) as here:
        async with desktop(here, PC) as anna:
            who = make.account()
            assert await anna.sign_in() == IN
            [session] = await here.world.sessions(who)
            assert session.our_device is not None
            assert session.our_device.name == "pc-1234.region.example"
            assert session.our_device.at == here.world.clock.at
            here.world.clock.move(minutes=8)
            assert await anna.look()
            [session] = await here.world.sessions(who)
            assert session.our_device is not None
            assert session.our_device.at == here.world.clock.at
        async with desktop(here, LOST) as anna:
            assert await anna.sign_in() == ASKED
        latest = await here.world.house.records.read(lambda unit: unit.audit.latest(10))
        told = {each.name: each.detail for each in latest}
        assert told["authentication.succeeded"]["our_device"] == "pc-1234.region.example"
        assert told["our_device.refused"] == {
            "why": "revoked",
            "device": "lost.region.example",
            "serial": f"{LOST.certificate.serial_number:x}",
        }


async def test_lists_that_are_too_old_let_nobody_in_without_more(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as here:
        here.file.unlink()
        here.world.clock.move(hours=23, minutes=59)
        await here.reader.look()
        async with desktop(here, PC) as anna:
            assert await anna.sign_in() == IN
        here.world.clock.move(minutes=1)
        await here.reader.look()
        async with desktop(here, PC) as anna:
            assert await anna.sign_in() == ASKED
        assert "alarm.device_list_overdue" in await here.world.events()


async def test_a_rule_may_want_our_own_device_and_nothing_else(
    tmp_path: Path, sqlite_url: str
) -> None:
    only = make.rule(Require.OUR_DEVICE)
    async with house(tmp_path, sqlite_url, only) as here:
        async with desktop(here, PC) as anna:
            assert await anna.sign_in() == IN
        async with desktop(here, None) as anna:
            assert await anna.sign_in() not in (IN, ASKED)
