"""The phone page and the control page do what they say, and let nobody else do it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx

from portvakt.demo.control import Control
from portvakt.demo.front import Place, Switch
from portvakt.demo.guide import DemoGuide
from portvakt.demo.phone_page import Phones
from portvakt.demo.region import Shown
from tests.bad_days.processes import eventually
from tests.journeys.read_guide.made import make_guide

AT = datetime(2026, 11, 22, 12, 3, 4, tzinfo=UTC)
NO_GUIDE = DemoGuide(Path("/not/made"), "http://localhost:8/guide/")
ANNA = Shown("Anna Berg", "anna.berg@region.example", "anna.berg", "a-b-c-d-10", None, "Not")


def client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type] # Starlette is an ASGI app
        base_url="http://localhost:9",
    )


def test_a_text_that_arrives_is_shown_newest_first_and_escaped() -> None:
    async def story() -> None:
        app = Phones(lambda: AT, {"+46701740605": "Anna Berg"}).app()
        async with client(app) as browser:
            for text in ("Ditt första meddelande", "<b>kod</b> 123456\n\n@localhost #123456"):
                sent = await browser.post("/send", data={"to": "+46701740605", "text": text})
                assert sent.status_code == 200
            shown = (await browser.get("/")).text
            listed = (await browser.get("/texts.json", params={"to": "+46701740605"})).json()
            nobody = (await browser.get("/texts.json", params={"to": "+46701740699"})).json()
        assert "&lt;b&gt;kod" in shown
        assert "(Anna Berg)" in shown
        assert shown.index("123456") < shown.index("första")
        assert [text["number"] for text in listed] == [2, 1]
        assert nobody == []

    asyncio.run(story())


def test_the_gateway_refuses_what_is_not_a_text() -> None:
    async def story() -> None:
        async with client(Phones(lambda: AT, {}).app()) as browser:
            for body in (b"", b"to=1", b"to=%ff&text=a", b"to=1&to=2&text=x", b"x" * 20_000):
                answer = await browser.post("/send", content=body)
                assert answer.status_code in {400, 413}
            assert (await browser.get("/send")).status_code == 405

    asyncio.run(story())


def test_only_the_page_itself_moves_the_switch() -> None:
    async def story() -> None:
        switch = Switch()
        async with client(Control(switch, (ANNA,), (), NO_GUIDE).app()) as browser:
            foreign = {"Sec-Fetch-Site": "cross-site"}
            sent = await browser.post("/place", data={"place": "inside"}, headers=foreign)
            assert sent.status_code == 403
            assert switch == Switch(Place.OUTSIDE)
            own = {"Sec-Fetch-Site": "same-origin"}
            sent = await browser.post("/place", data={"place": "inside"}, headers=own)
            assert sent.status_code == 303
            assert switch == Switch(Place.INSIDE)
            shown = (await browser.get("/")).text
        assert "inne på regionens nät" in shown
        assert ANNA.password in shown

    asyncio.run(story())


def test_the_guide_is_linked_once_it_is_there(tmp_path: Path) -> None:
    async def story() -> None:
        guide = DemoGuide(tmp_path, "http://localhost:8/guide/")
        async with client(Control(Switch(), (ANNA,), (), guide).app()) as browser:
            before = (await browser.get("/")).text
            assert "./demo --guide" in before
            assert "/guide/" not in before
            guide.making = True
            assert "görs just nu" in (await browser.get("/")).text
            make_guide(tmp_path)
            guide.making = False
            after = (await browser.get("/")).text
            for file in ("", "guide.pdf", "one-file.html", "films/forgotten-password.mp4"):
                assert f'"http://localhost:8/guide/sv/{file}"' in after
            assert "/guide/en/" not in after
            assert "./demo --guide" not in after
            guide.failed = True
            assert "kunde inte göras" in (await browser.get("/")).text

    asyncio.run(story())


def test_a_guide_that_cannot_be_made_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        guide = DemoGuide(tmp_path, "http://localhost:8/guide/", wanted=True)

        async def not_making() -> bool:
            return not guide.making

        async with guide.made_beside(tmp_path / "no-settings.toml"):
            assert guide.making
            await eventually(not_making, bool)
        assert guide.failed
        assert guide.told() == ()

    asyncio.run(story())


def test_a_guide_that_nobody_asked_for_is_not_made(tmp_path: Path) -> None:
    async def story() -> None:
        guide = DemoGuide(tmp_path, "http://localhost:8/guide/")
        async with guide.made_beside(tmp_path / "no-settings.toml"):
            assert not guide.making
        assert not guide.failed

    asyncio.run(story())
