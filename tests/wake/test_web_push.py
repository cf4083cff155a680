"""Web Push as a service and a phone see it, and what becomes of a service in trouble."""

import asyncio
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime

import pytest

from portvakt.core.phones import Subscription
from portvakt.plugins import AdapterSettingsError, fill
from portvakt.wake import Gone, Refused, Sent, Unknown
from portvakt.wire.breaker import FAILURES, PAUSE, TRIAL
from tests.conformance.operator import answers
from tests.conformance.tools import tools
from tests.servers.push_service import WakeablePhone, at, in_turn, push_service, verified
from tests.wake.tools import KEY, NOW, opened, wake


async def test_a_service_knows_us_and_a_phone_reads_what_it_is_told() -> None:
    phone = WakeablePhone()
    async with push_service() as there:
        gateway = opened("web_push", hosts=[at(there)], subject="mailto:drift@region.example")
        assert await gateway.send(wake(phone.subscription(at(there)))) == Sent("")
        (request,) = there.requests
        claims = verified(request, NOW)
        assert claims["aud"] == at(there)
        assert claims["sub"] == "mailto:drift@region.example"
        assert claims["key"] == KEY.public
        assert phone.opened(request.body) == b'{"v":1}'
        assert request.target == f"/{phone.name}"
        assert {name: request.headers[name] for name in ("ttl", "urgency", "content-encoding")} == {
            "ttl": "90",
            "urgency": "high",
            "content-encoding": "aes128gcm",
        }
        assert set(request.headers) == {
            "host",
            "connection",
            "authorization",
            "content-encoding",
            "content-type",
            "content-length",
            "ttl",
            "urgency",
        }


async def test_without_a_subject_it_is_our_own_address() -> None:
    async with push_service() as there:
        gateway = opened("web_push", hosts=[at(there)])
        await gateway.send(wake(WakeablePhone().subscription(at(there))))
        assert verified(there.requests[0], NOW)["sub"] == "https://login.region.example"


async def test_a_message_lives_no_longer_than_its_request() -> None:
    async with push_service() as there:
        gateway = opened("web_push", hosts=[at(there)])
        for second in (0, 30, 89.5, 90):
            now = NOW + timedelta(seconds=second)
            await gateway.send(wake(WakeablePhone().subscription(at(there)), at=now))
        await gateway.send(wake(WakeablePhone().subscription(at(there)), lives=3600))
        assert [request.headers["ttl"] for request in there.requests] == [
            "90",
            "60",
            "0",
            "0",
            "90",
        ]


async def test_two_messages_to_one_phone_look_alike_and_share_nothing() -> None:
    phone = WakeablePhone()
    async with push_service() as there:
        gateway = opened("web_push", hosts=[at(there)])
        for _ in range(2):
            await gateway.send(wake(phone.subscription(at(there))))
        first, second = (request.body for request in there.requests)
        assert len(first) == len(second)
        assert first[:16] != second[:16]  # the salt
        assert first[21:86] != second[21:86]  # our key for this one message


async def test_a_signed_line_is_used_again_for_the_same_service_and_for_no_other() -> None:
    phone = WakeablePhone()
    async with push_service() as one, push_service() as other:
        gateway = opened("web_push", hosts=[at(one), at(other)])
        for there, hours in ((one, 0), (one, 5), (other, 5), (one, 7)):
            now = NOW + timedelta(hours=hours)
            await gateway.send(wake(phone.subscription(at(there)), at=now))
        lines = [request.headers["authorization"] for request in one.requests]
        assert lines[0] == lines[1]
        assert lines[2] not in lines[:2]
        assert verified(one.requests[2], NOW + timedelta(hours=7))["aud"] == at(one)
        assert verified(other.requests[0], NOW + timedelta(hours=5))["aud"] == at(other)


async def test_a035_a_service_that_the_settings_no_longer_name_is_not_asked() -> None:
    async with push_service() as named, push_service() as other:
        gateway = opened("web_push", hosts=[at(named)])
        outcome = await gateway.send(wake(WakeablePhone().subscription(at(other))))
        assert outcome == Gone("not one of the services in the settings")
        assert other.requests == []


async def test_a_key_that_is_no_point_on_the_curve_is_gone_and_nothing_is_sent() -> None:
    async with push_service() as there:
        broken = Subscription(endpoint=f"{at(there)}/x", p256dh=b"\x04" + bytes(64), auth=bytes(16))
        outcome = await opened("web_push", hosts=[at(there)]).send(wake(broken))
        assert isinstance(outcome, Gone)
        assert there.requests == []


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (format_datetime(NOW + timedelta(seconds=40), usegmt=True), timedelta(seconds=40)),
        (format_datetime(NOW - timedelta(seconds=40), usegmt=True), timedelta()),
        ("9" * 5000, timedelta(days=1)),
        ("soon", timedelta()),
        ("-7", timedelta()),
        ("", timedelta()),
    ],
)
async def test_how_long_a_service_asks_us_to_wait_is_told(said: str, wait: timedelta) -> None:
    async with push_service(answers(429, b"", f"Retry-After: {said}")) as there:
        gateway = opened("web_push", hosts=[at(there)])
        outcome = await gateway.send(wake(WakeablePhone().subscription(at(there))))
        assert outcome == Refused("status 429", retry=True, wait=wait)


async def test_a_service_that_fails_again_and_again_is_left_alone_and_then_asked_once() -> None:
    behave = in_turn(*[answers(503)] * FAILURES, answers(201))
    async with push_service(behave) as there:
        gateway = opened("web_push", hosts=[at(there)])

        async def after(seconds: float) -> object:
            subscription = WakeablePhone().subscription(at(there))
            return await gateway.send(wake(subscription, at=NOW + timedelta(seconds=seconds)))

        for _ in range(FAILURES):
            assert isinstance(await after(0), Unknown)
        paused = await after(1)
        assert paused == Refused(
            "the service is left alone for a while", retry=True, wait=PAUSE - timedelta(seconds=1)
        )
        assert len(there.requests) == FAILURES
        many = await asyncio.gather(*(after(31) for _ in range(20)))
        assert Counter(type(each) for each in many) == {Sent: 1, Refused: 19}
        assert {each.wait for each in many if isinstance(each, Refused)} == {TRIAL}
        assert await after(32) == Sent("")


async def test_trouble_at_one_service_is_not_trouble_at_another() -> None:
    async with push_service(answers(500)) as bad, push_service() as good:
        gateway = opened("web_push", hosts=[at(bad), at(good)])
        for _ in range(FAILURES + 1):
            await gateway.send(wake(WakeablePhone().subscription(at(bad))))
        assert len(bad.requests) == FAILURES
        assert await gateway.send(wake(WakeablePhone().subscription(at(good)))) == Sent("")


async def test_a_phone_that_is_gone_is_no_trouble_of_the_service() -> None:
    async with push_service(answers(410)) as there:
        gateway = opened("web_push", hosts=[at(there)])
        for _ in range(FAILURES * 2):
            assert isinstance(
                await gateway.send(wake(WakeablePhone().subscription(at(there)))), Gone
            )


def test_nobody_wakes_phones_without_the_key_they_subscribed_with() -> None:
    config = fill("portvakt.wake", "web_push", {"hosts": ["push.example"]})
    with pytest.raises(AdapterSettingsError):
        config.open(tools())


def test_a_start_does_not_pay_for_what_only_a_message_needs() -> None:
    script = (
        "import sys, portvakt.commands.serve, portvakt.wake.web_push; "
        "print({'http_ece', 'joserfc'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert said.stdout.strip() == b"set()"
