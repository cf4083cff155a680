"""Operators' calls: what proves itself is noted once, what does not changes nothing (A028)."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import orjson
import pytest

from portvakt.core.text_fates import RECEIPT_TAKEN_FOR, Noted, TextFate
from portvakt.journeys.text_receipts.flow import EARLY, MOST_EARLY, Receipts
from portvakt.journeys.text_receipts.routes import FORGED_PER_MINUTE, LARGEST, ReceiptRoutes
from portvakt.records import Records
from portvakt.sms import Forged, NoReceipt, ReceiptRequest
from portvakt.wire.outcomes import Receipt
from tests import make
from tests.records.stored import opened
from tests.records.test_outbox import LEASE, MESSAGE
from tests.web.make_site import HTTPS, make_app, make_client
from tests.worker.office import until

KEY = b"what the operator and we know"


def signature(method: str, url: str, body: bytes) -> str:
    signed = method.encode() + url.encode() + body
    return hmac.digest(KEY, signed, hashlib.sha256).hex()


class SignedReceipts:
    """An operator of our own: JSON, signed with method and address."""

    def read(self, request: ReceiptRequest) -> Receipt | NoReceipt | Forged:
        right = signature(request.method, request.url, request.body)
        if not hmac.compare_digest(request.headers.get("x-signature", ""), right):
            return Forged("no signature of theirs")
        told = orjson.loads(request.body or b'{"id": "op-1", "state": "delivered"}')
        if told["state"] == "buffered":
            return NoReceipt("buffered")
        return Receipt(told["id"], told["state"])


@dataclass
class Scene:
    """A text that was handed over, and an operator that calls about it."""

    records: Records
    client: httpx.AsyncClient = field(init=False)
    now: datetime = make.NOW
    paused: list[float] = field(default_factory=list)

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    async def call(
        self, *, signed: bool = True, path: str = "/receipts/first", state: str = "delivered"
    ) -> int:
        body = orjson.dumps({"id": "op-1", "state": state})
        proof = signature("POST", HTTPS + path, body) if signed else "00" * 32
        answer = await self.client.post(path, content=body, headers={"x-signature": proof})
        return answer.status_code

    async def fate(self) -> TextFate:
        found: TextFate | None = await self.records.read(lambda unit: unit.outbox.fate("m1"))
        assert found is not None
        return found

    async def taken(self, gateway: str = "first") -> None:
        await self.records.write(
            lambda unit: unit.outbox.handed_over("m1", self.now, "op-1", gateway)
        )


@asynccontextmanager
async def scene(database_url: str, *, taken: bool = True) -> AsyncIterator[Scene]:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await records.write(lambda unit: unit.outbox.claim("sms", make.NOW, 1, LEASE))
        found = Scene(records)
        routes = ReceiptRoutes(
            receipts=Receipts(records=records, clock=lambda: found.now, pause=found.pause),
            readers={"first": SignedReceipts()},
            clock=lambda: found.now,
        ).routes()
        async with make_client(make_app(*routes)) as found.client:
            if taken:
                await found.taken()
            yield found


async def test_a_receipt_that_proves_whose_it_is_is_noted(database_url: str) -> None:
    async with scene(database_url) as here:
        here.now += timedelta(seconds=2)
        assert await here.call() == 204
        found = await here.fate()
        assert (found.receipt_state, found.receipt_at) == ("delivered", here.now)


async def test_a028_a_forged_receipt_is_401_and_changes_nothing(database_url: str) -> None:
    async with scene(database_url) as here:
        before = await here.fate()
        assert await here.call(signed=False) == 401
        assert await here.fate() == before


async def test_a028_a_receipt_signed_for_another_gateways_address_is_forged(
    sqlite_url: str,
) -> None:
    async with scene(sqlite_url) as here:
        body = b'{"id": "op-1", "state": "delivered"}'
        proof = signature("POST", f"{HTTPS}/receipts/second", body)
        answer = await here.client.post(
            "/receipts/first", content=body, headers={"x-signature": proof}
        )
        assert answer.status_code == 401


async def test_a028_a_repeated_receipt_is_taken_and_changes_nothing(sqlite_url: str) -> None:
    async with scene(sqlite_url) as here:
        assert await here.call() == 204
        first = await here.fate()
        assert await here.call(state="failed") == 204
        assert await here.fate() == first


async def test_a028_a_late_receipt_is_taken_and_changes_nothing(sqlite_url: str) -> None:
    async with scene(sqlite_url) as here:
        here.now += RECEIPT_TAKEN_FOR
        assert await here.call() == 204
        assert (await here.fate()).receipt_state is None


async def test_a_call_that_says_that_a_text_waits_somewhere_changes_nothing(
    sqlite_url: str,
) -> None:
    async with scene(sqlite_url) as here:
        assert await here.call(state="buffered") == 204
        assert (await here.fate()).receipt_state is None


async def test_an_operator_that_knows_only_get_is_heard_and_a_look_without_body_is_not(
    sqlite_url: str,
) -> None:
    async with scene(sqlite_url) as here:
        path = "/receipts/first?id=op-1"
        proof = {"x-signature": signature("GET", HTTPS + path, b"")}
        assert (await here.client.head(path, headers=proof)).status_code == 404
        assert (await here.fate()).receipt_state is None
        assert (await here.client.get(path, headers=proof)).status_code == 204
        assert (await here.fate()).receipt_state == "delivered"


async def test_a_gateway_without_receipts_has_no_address(sqlite_url: str) -> None:
    async with scene(sqlite_url) as here:
        assert await here.call(path="/receipts/second") == 404


async def test_a_receipt_that_is_quicker_than_our_own_note_is_looked_for_again(
    sqlite_url: str,
) -> None:
    async with scene(sqlite_url, taken=False) as here:

        async def meanwhile(seconds: float) -> None:
            del seconds
            await here.taken()

        receipts = Receipts(records=here.records, clock=lambda: here.now, pause=meanwhile)
        assert await receipts.note("first", Receipt("op-1", "delivered")) is Noted.NOW
        assert (await here.fate()).receipt_state == "delivered"


async def test_a_receipt_of_nothing_we_know_is_looked_for_a_few_times_and_answered(
    sqlite_url: str,
) -> None:
    async with scene(sqlite_url, taken=False) as here:
        assert await here.call() == 204
        assert here.paused == [*EARLY]


async def test_many_receipts_of_nothing_we_know_cost_one_look_each(sqlite_url: str) -> None:
    async with scene(sqlite_url, taken=False) as here:
        over, waiting = asyncio.Event(), list[float]()

        async def pause(seconds: float) -> None:
            waiting.append(seconds)
            await over.wait()

        receipts = Receipts(records=here.records, clock=lambda: here.now, pause=pause)
        unknown = Receipt("nothing", "delivered")
        held = [asyncio.create_task(receipts.note("first", unknown)) for _ in range(MOST_EARLY)]
        await until(lambda: len(waiting) == MOST_EARLY)
        assert await receipts.note("first", unknown) is Noted.UNKNOWN
        assert len(waiting) == MOST_EARLY
        over.set()
        assert set(await asyncio.gather(*held)) == {Noted.UNKNOWN}


async def test_a_body_that_is_too_long_is_refused(sqlite_url: str) -> None:
    async with scene(sqlite_url) as here:
        answer = await here.client.post("/receipts/first", content=b"x" * (LARGEST + 1))
        assert answer.status_code == 413


async def test_a028_whoever_keeps_forging_is_not_listened_to_for_a_minute(sqlite_url: str) -> None:
    async with scene(sqlite_url) as here:
        for _ in range(FORGED_PER_MINUTE):
            assert await here.call(signed=False) == 401
        assert await here.call() == 429
        assert (await here.fate()).receipt_state is None
        here.now += timedelta(minutes=1)
        assert await here.call() == 204


@pytest.mark.parametrize("cookie", ["", "__Host-portvakt-session=x"])
async def test_no_cookie_and_no_origin_count_for_anything(sqlite_url: str, cookie: str) -> None:
    async with scene(sqlite_url) as here:
        headers = {"origin": "https://evil.example", "cookie": cookie}
        answer = await here.client.post("/receipts/first", content=b"{}", headers=headers)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
