"""Where the service may reach, and that a name cannot lead it elsewhere."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from portvakt.wire import http
from portvakt.wire.addresses import (
    BadDestinationError,
    Destination,
    ForbiddenAddressError,
    Resolve,
    checked_addresses,
)
from portvakt.wire.http import Answer, HttpClient, NoAnswer, NotAllowedError, NotSent
from tests.conformance.certificates import certificates
from tests.conformance.operator import answers, hangs, operator

OUTSIDE = Destination.of_url("https://sms.example/send")
INSIDE = Destination.of_url("https://sms.region.example/send", private=True)
HERE = Destination.of_url("http://127.0.0.1:9000/send")


def leads_to(*addresses: str) -> Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12::1",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
    ],
)
def test_a_public_name_never_leads_inside(address: str) -> None:
    assert not OUTSIDE.admits(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_name_leads_outside(address: str) -> None:
    assert OUTSIDE.admits(address)


def test_a_host_said_to_be_private_leads_inside_but_not_to_this_machine() -> None:
    assert INSIDE.admits("10.0.0.1")
    assert INSIDE.admits("fd12::1")
    assert INSIDE.admits("8.8.8.8")
    for address in ("127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0"):
        assert not INSIDE.admits(address)


def test_an_address_written_as_numbers_speaks_for_itself_and_for_no_other() -> None:
    assert HERE.admits("127.0.0.1")
    named = Destination.of_url("https://10.1.2.3/send")
    assert named.admits("10.1.2.3")
    assert not named.admits("10.1.2.4")
    assert Destination.of_url("http://[::1]:9000/").admits("::1")
    assert Destination.of_url("http://localhost:9000/").admits("127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://sms.example/",
        "http://10.0.0.1/",
        "https://user@sms.example/",
        "https://sms.example:99999/",
        "https://räksmörgås.example/",
        "file:///etc/passwd",
        "//sms.example/",
        "https:///x",
        "https://[::1/",
    ],
)
def test_a_destination_that_can_never_be_used_is_refused(url: str) -> None:
    with pytest.raises(BadDestinationError):
        Destination.of_url(url)


def test_http_in_clear_is_for_a_network_said_to_be_private() -> None:
    assert str(Destination.of_url("http://10.0.0.1/", private=True)) == "http://10.0.0.1:80"


async def test_one_forbidden_address_among_good_ones_is_enough_to_refuse() -> None:
    assert await checked_addresses(OUTSIDE, leads_to("8.8.8.8")) == ("8.8.8.8",)
    with pytest.raises(ForbiddenAddressError):
        await checked_addresses(OUTSIDE, leads_to("8.8.8.8", "127.0.0.1"))
    with pytest.raises(OSError, match="no address"):
        await checked_addresses(OUTSIDE, leads_to())


async def test_a_name_that_turns_to_this_machine_gets_no_connection() -> None:
    """DNS rebinding: the second look-up answers with loopback, and nothing arrives there."""
    async with operator(answers(200)) as there:
        place = Destination("http", "sms.example", there.port, private=True)
        client = HttpClient([place], resolve=leads_to("127.0.0.1"))
        outcome = await client.send("POST", f"http://sms.example:{there.port}/", headers={})
        assert isinstance(outcome, NotSent)
        assert "may not lead to" in outcome.why
        assert there.requests == []


async def test_only_the_destinations_of_the_settings_are_reached() -> None:
    async with operator(answers(200, b"hej", "X-Id: 1")) as there:
        client = HttpClient([Destination.of_url(there.url)])
        answer = await client.send("GET", there.url, headers={})
        assert isinstance(answer, Answer)
        assert (answer.status, answer.body, answer.headers["x-id"]) == (200, b"hej", "1")
        for url in ("http://127.0.0.1:1/send", "https://127.0.0.1:1/", "http://localhost:1/"):
            with pytest.raises(NotAllowedError):
                await client.send("GET", url, headers={})
        assert len(there.requests) == 1


async def test_a_proxy_named_in_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with operator(answers(200)) as there, operator(answers(200)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client = HttpClient([Destination.of_url(there.url)])
        assert isinstance(await client.send("GET", there.url, headers={}), Answer)
        assert proxy.requests == []


async def test_an_operator_without_tls_gets_nothing_in_clear_from_an_https_url() -> None:
    async with operator(answers(200)) as there:
        url = there.url.replace("http:", "https:")
        outcome = await HttpClient([Destination.of_url(url)], time_out=1).send(
            "POST", url, headers={}, content=b"secret"
        )
        assert isinstance(outcome, NotSent)
        assert there.requests == []


async def test_tls_checks_the_certificate_against_the_name_and_not_the_address(
    tmp_path: Path,
) -> None:
    ours = certificates(tmp_path, "sms.localhost")
    async with operator(answers(200), ours.server) as there:
        good, wrong = (f"https://{name}.localhost:{there.port}/" for name in ("sms", "other"))
        for url, ca_file, kind in (
            (good, ours.ca_file, Answer),
            (wrong, ours.ca_file, NotSent),
            (good, None, NotSent),
        ):
            client = HttpClient(
                [Destination.of_url(url)], resolve=leads_to("127.0.0.1"), ca_file=ca_file
            )
            assert isinstance(await client.send("GET", url, headers={}), kind)
        assert len(there.requests) == 1


async def test_a_server_that_hangs_is_given_up() -> None:
    async with operator(hangs) as there:
        client = HttpClient([Destination.of_url(there.url)], time_out=0.2)
        assert await client.send("GET", there.url, headers={}) == NoAnswer("no answer in time")


async def test_a_connection_that_does_not_come_about_is_given_up_before_anything_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here in the middle of TLS; who asked has time left to ask somebody else."""
    monkeypatch.setattr(http, "CONNECT_WITHIN", 0.2)
    async with operator(answers(200)) as there:
        url = there.url.replace("http:", "https:")
        client = HttpClient([Destination.of_url(url)], time_out=60)
        async with asyncio.timeout(10):
            outcome = await client.send("POST", url, headers={}, content=b"secret")
        assert outcome == NotSent("no answer in time")
        assert there.requests == []


async def test_a_line_end_in_a_header_sends_nothing() -> None:
    async with operator(answers(200)) as there:
        client = HttpClient([Destination.of_url(there.url)])
        outcome = await client.send("GET", there.url, headers={"X": "a\r\nY: b"})
        assert not isinstance(outcome, Answer)
        assert there.requests == []
