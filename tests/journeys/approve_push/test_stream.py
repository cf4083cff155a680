"""The stream: what changes is heard at once, by those who may; a line ends when told to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from portvakt.journeys.approve_push import live
from portvakt.records import RecordsUnavailable, Unit, open_records
from tests.handset import events
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import Ward
from tests.journeys.approve_push.ward import ward as ward_of
from tests.web.serving import served
from tests.world import PROXY

PATH = "/authenticator/api/v1/stream"
SOON = 15.0


@dataclass
class Line:
    """One open stream, as a server would hold it."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    heard: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    scope: dict[str, Any] = field(default_factory=dict)

    async def receive(self) -> dict[str, Any]:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            self.started.set()
            return
        self.heard.put_nowait(message["body"])
        if not message.get("more_body"):
            self.ended.set()

    async def event(self) -> tuple[str, Any]:
        """Wait for what comes next: the event's name and its data."""
        async with asyncio.timeout(SOON):
            text = (await self.heard.get()).decode()
        if not text.startswith("event: "):
            return text, None
        name, data = text.removeprefix("event: ").removesuffix("\n\n").split("\ndata: ")
        return name, json.loads(data)

    async def end(self) -> None:
        async with asyncio.timeout(SOON):
            await self.ended.wait()


def scope_of(authorization: str | None, host: str = "portvakt.region.example") -> dict[str, Any]:
    headers = [(b"host", host.encode()), (b"x-forwarded-proto", b"https")]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode()))
    return {
        "type": "http",
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": headers,
        "client": (PROXY, 4000),
    }


@contextlib.asynccontextmanager
async def listening(ward: Ward, authorization: str | None) -> AsyncIterator[Line]:
    """Open a stream through the whole stack."""
    line = Line()
    line.scope = scope_of(authorization)
    task = asyncio.ensure_future(ward.asgi(line.scope, line.receive, line.send))
    try:
        started = asyncio.ensure_future(line.started.wait())
        await asyncio.wait((started, task), timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
        assert line.started.is_set()
        yield line
    finally:
        line.hung_up.set()
        async with asyncio.timeout(SOON):
            await task


async def test_a_phone_hears_at_once_what_there_is_and_then_what_comes(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            assert line.status == 200
            name, told = await line.event()
            assert (name, told["requests"], told["name"]) == ("state", [], "Annas Pixel")
            assert told["now"] == round(ward.world.clock().timestamp() * 1000)
            approval = await ward.ask()
            name, told = await line.event()
            assert name == "state"
            assert [each["id"] for each in told["requests"]] == [approval.id]
            assert (await ward.approval(approval)).delivered_at is not None


async def test_its_headers_are_those_of_every_answer(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            assert line.headers[b"content-type"].startswith(b"text/event-stream")
            assert line.headers[b"cache-control"] == b"no-store"
            assert line.headers[b"x-accel-buffering"] == b"no"
            assert line.headers[b"x-content-type-options"] == b"nosniff"
            assert b"strict-transport-security" in line.headers
            assert b"set-cookie" not in line.headers


async def test_two_phones_of_one_account_both_hear(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        one, other = await ward.phone(), await ward.phone()
        async with (
            listening(ward, one.authorization) as first,
            listening(ward, other.authorization) as second,
        ):
            await first.event()
            await second.event()
            for _ in range(3):
                approval = await ward.ask()
                for line in (first, second):
                    await until_it_shows(line, approval.id)
                await end(ward)


async def until_it_shows(line: Line, id_: str) -> None:
    while True:
        _, told = await line.event()
        if id_ in [each["id"] for each in told["requests"]]:
            return


async def end(ward: Ward) -> None:
    now = ward.world.clock()

    async def act(unit: Unit) -> None:
        await unit.approvals.deny_all(ward.anna.id, now)

    await ward.write(act)


@pytest.mark.slow
async def test_what_another_process_does_is_heard(tmp_path: Path, postgresql_url: str) -> None:
    async with ward_of(tmp_path, postgresql_url) as ward:
        phone = await ward.phone()
        other = await open_records(postgresql_url, clock=ward.world.clock)
        try:
            async with listening(ward, phone.authorization) as line:
                await line.event()
                approval = await ward.ask(through=other)
                await until_it_shows(line, approval.id)
        finally:
            await other.close()


async def test_a_phone_that_is_removed_is_told_so_and_its_line_ends(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            await line.event()
            assert (await phone.act("retire")).status_code == 200
            assert await line.event() == ("gone", {})
            await line.end()
        assert ward.stream.listening == 0


async def test_a_phone_that_was_moved_is_gone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        old = await ward.signing_in_phone()
        async with listening(ward, old.authorization) as line:
            await line.event()
            code = (await old.act("transfer", proof="assertion")).json()["code"]
            await ward.handset().pair(code)
            while (heard := await line.event())[0] == "state":
                pass
            assert heard == ("gone", {})


async def test_without_a_right_signature_nobody_listens(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        right = phone.authorization
        stranger = ward.handset()
        stranger.id = phone.id
        unknown = ward.handset()
        unknown.id = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
        for authorization, status, word in (
            (None, 400, "malformed"),
            ("Bearer x", 400, "malformed"),
            ("PortvaktPhone x.y.z", 400, "malformed"),
            (f"PortvaktPhone {phone.signed('fetch')}", 401, "signature"),
            (
                f"PortvaktPhone {phone.signed('stream', aud='https://other.example')}",
                401,
                "signature",
            ),
            (f"PortvaktPhone {phone.signed('stream', iat=0)}", 401, "clock"),
            (f"PortvaktPhone {phone.signed('stream', v=2)}", 400, "version"),
            (stranger.authorization, 401, "signature"),
            (unknown.authorization, 410, "gone"),
        ):
            async with listening(ward, authorization) as line:
                assert line.status == status, authorization
                body = json.loads(await line.heard.get())
                assert body["error"] == word
                assert "now" in body
                assert line.headers[b"cache-control"] == b"no-store"
        async with listening(ward, right) as line:
            assert line.status == 200


async def test_a_line_comes_while_nothing_happens(
    open_ward: OpenWard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            await line.event()
            before = ward.world.house.records.counted
            for _ in range(3):
                assert await line.event() == (":\n\n", None)
            assert ward.world.house.records.counted == before


async def test_a_stream_ends_after_its_time(
    open_ward: OpenWard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.02)
    monkeypatch.setattr(live, "LASTS", 0.1)
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            await line.end()


async def test_a_stream_whose_phone_hangs_up_ends_and_leaves_nothing(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        before = len(asyncio.all_tasks())
        async with listening(ward, phone.authorization) as line:
            await line.event()
            assert ward.stream.listening == 1
        assert ward.stream.listening == 0
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) == before


async def test_a_server_that_stops_ends_its_streams_at_once(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as line:
            await line.event()
            line.scope["portvakt.stop"]()
            await line.end()


async def test_a_phone_that_comes_back_ends_its_older_stream(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        async with listening(ward, phone.authorization) as older:
            await older.event()
            async with listening(ward, phone.authorization) as newer:
                await older.end()
                await newer.event()
                assert ward.stream.listening == 1
                await ward.ask()
                assert (await newer.event())[0] == "state"


async def test_a_phone_whose_account_is_closed_hears_that_it_is_gone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, now = await ward.phone(), ward.world.clock()
        async with listening(ward, phone.authorization) as line:
            await line.event()

            async def act(unit: Unit) -> None:
                await unit.people.disable_many([ward.anna.id], now)
                await unit.wakeups.ring(f"phone:{ward.anna.id}")

            await ward.write(act)
            assert await line.event() == ("gone", {})


async def test_where_the_database_is_away_the_phone_is_told_to_try_again(
    open_ward: OpenWard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RecordsUnavailable("away")

    async with open_ward() as ward:
        phone, records = await ward.phone(), ward.world.house.records
        async with listening(ward, phone.authorization) as line:
            await line.event()
            monkeypatch.setattr(type(records), "read", away)
            monkeypatch.setattr(live, "HEARTBEAT", 0.05)
            await ward.ask()
            await line.end()
        answer = await phone.act("fetch")
        assert (answer.status_code, answer.json()["error"]) == (503, "down")
        assert "now" in answer.json()
        async with listening(ward, phone.authorization) as line:
            assert line.status == 503
            assert json.loads(await line.heard.get())["error"] == "down"
        monkeypatch.undo()


async def test_another_name_than_the_apps_has_no_stream(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        line = Line()
        line.scope = scope_of(phone.authorization, "other.example")
        await ward.asgi(line.scope, line.receive, line.send)
        assert line.status in {404, 421}


async def test_a_real_server_sends_what_comes_and_stops_without_waiting_for_its_streams(
    tmp_path: Path, sqlite_url: str
) -> None:
    loop = asyncio.get_running_loop()
    async with ward_of(tmp_path, sqlite_url, proxy="127.0.0.1") as ward:
        phone = await ward.phone()
        headers = {
            "host": "portvakt.region.example",
            "x-forwarded-proto": "https",
            "authorization": phone.authorization,
        }
        async with httpx.AsyncClient(timeout=SOON) as client:
            async with served(lambda **_: ward.asgi) as address:
                asked = client.build_request("GET", address + PATH, headers=headers)
                answer = await client.send(asked, stream=True)
                assert answer.status_code == 200
                heard = events(answer.aiter_lines())
                assert (await anext(heard))[0] == "state"
                approval = await ward.ask()
                name, told = await anext(heard)
                assert name == "state"
                assert [each["id"] for each in told["requests"]] == [approval.id]
                began = loop.time()
            assert loop.time() - began < 3
            assert [each async for each in heard] == []
            await answer.aclose()
        assert ward.stream.listening == 0


async def test_a_real_server_notices_a_phone_that_hangs_up(tmp_path: Path, sqlite_url: str) -> None:
    """It keeps no task for each phone to find out: the connection itself tells."""
    async with ward_of(tmp_path, sqlite_url, proxy="127.0.0.1") as ward:
        phone = await ward.phone()
        headers = {
            "host": "portvakt.region.example",
            "x-forwarded-proto": "https",
            "authorization": phone.authorization,
        }
        async with served(lambda **_: ward.asgi) as address:
            async with httpx.AsyncClient(timeout=SOON) as client:
                asked = client.build_request("GET", address + PATH, headers=headers)
                answer = await client.send(asked, stream=True)
                assert (await anext(events(answer.aiter_lines())))[0] == "state"
                assert ward.stream.listening == 1
                await answer.aclose()
            async with asyncio.timeout(SOON):
                while ward.stream.listening:  # noqa: ASYNC110 - the server ends it, without an event
                    await asyncio.sleep(0.01)
