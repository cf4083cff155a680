"""What every gateway that wakes phones must do. A new one is found and asks for its rig."""

from collections.abc import Callable
from typing import Any

import pytest

from portvakt import plugins
from portvakt.wake import Gone, Outcome, Refused, Sent, Unknown
from tests.conformance.operator import Behave, Operator, answers, closes, drips, hangs, writes
from tests.servers.push_service import WakeablePhone, at, push_service
from tests.wake.tools import opened, wake

PACKAGE = "portvakt.wake"

Settings = Callable[[str], dict[str, Any]]
RIGS: dict[str, Settings] = {
    "web_push": lambda url: {"hosts": [url]},
}
"""For each gateway: its settings for a service at a URL."""


async def sent(name: str, behave: Behave) -> tuple[Outcome | Gone, Operator, WakeablePhone]:
    phone = WakeablePhone()
    async with push_service(behave) as there:
        gateway = opened(name, **RIGS[name](at(there)))
        return await gateway.send(wake(phone.subscription(at(there)))), there, phone


def test_every_gateway_has_its_rig() -> None:
    assert set(plugins.names(PACKAGE)) == set(RIGS)


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("status", [201, 202, 204])
async def test_a_phone_is_woken_once(name: str, status: int) -> None:
    outcome, there, _ = await sent(name, answers(status, b"", "Location: /secret/1"))
    assert outcome == Sent("")
    assert len(there.requests) == 1


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_leads_nowhere_is_gone(name: str, status: int) -> None:
    outcome, _, _ = await sent(name, answers(status))
    assert outcome == Gone(f"status {status}")


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 413])
async def test_a_plain_no_is_refused_for_good_and_redirects_are_not_followed(
    name: str, status: int
) -> None:
    async with push_service() as elsewhere:
        outcome, there, _ = await sent(name, answers(status, b"", f"Location: {at(elsewhere)}/x"))
        assert outcome == Refused(f"status {status}", retry=False)
        assert len(there.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_too_many_is_refused_and_may_be_tried_again(name: str) -> None:
    outcome, _, _ = await sent(name, answers(429))
    assert outcome == Refused("status 429", retry=True)


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_nobody_there_is_refused_and_may_be_tried_again(name: str) -> None:
    phone = WakeablePhone()
    async with push_service() as there:
        gateway = opened(name, **RIGS[name](at(there)))
    outcome = await gateway.send(wake(phone.subscription(at(there))))
    assert isinstance(outcome, Refused)
    assert outcome.retry


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize(
    "behave",
    [
        hangs,
        closes,
        drips,
        answers(200, b"<html>Logga in"),
        answers(500),
        answers(503),
        writes(b"\x00\xff garbage \r\n\r\n"),
        writes(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nshort"),
        answers(201, b"x" * 70_000),
    ],
    ids=["hangs", "closes", "drips", "200", "500", "503", "garbage", "short", "huge"],
)
async def test_what_is_neither_yes_nor_no_is_unknown(name: str, behave: Behave) -> None:
    outcome, there, _ = await sent(name, behave)
    assert isinstance(outcome, Unknown)
    assert len(there.requests) == 1


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a039_nothing_that_is_sent_can_be_read_but_by_the_phone(name: str) -> None:
    outcome, there, phone = await sent(name, answers(201))
    assert isinstance(outcome, Sent)
    (request,) = there.requests
    everything = repr((request.method, request.target, request.headers, request.body)).lower()
    for word in ("anna", "request-1", "phone-of", '"v"', "shop", "region exempel", "topic"):
        assert word not in everything, word
    assert phone.opened(request.body) == b'{"v":1}'


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_no_outcome_shows_where_a_phone_is(name: str) -> None:
    for behave in (answers(400, b"words"), answers(410), hangs, closes, writes(b"words")):
        outcome, _, phone = await sent(name, behave)
        assert phone.name not in repr(outcome)
        assert "words" not in repr(outcome)
        assert phone.name not in repr(wake(phone.subscription("https://push.example")))


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a_hundred_phones_leave_no_connection_open(name: str) -> None:
    async with push_service() as there:
        gateway = opened(name, **RIGS[name](at(there)))
        for _ in range(100):
            subscription = WakeablePhone().subscription(at(there))
            assert isinstance(await gateway.send(wake(subscription)), Sent)
        assert len(there.requests) == 100
