"""Addresses that apps give lead to public places only (M30, SSRF, RFC 9700, A035)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.wire import outward as module
from portvakt.wire.addresses import Resolve
from portvakt.wire.outcomes import Refused, Sent, Unknown
from portvakt.wire.outward import AT_ONCE, FAILURES, Fetched, Outward
from tests.conformance.certificates import certificates
from tests.conformance.operator import (
    Behave,
    Request,
    answers,
    closes,
    drips,
    hangs,
    operator,
    writes,
)
from tests.wire.test_public_addresses import INSIDE

LOOPBACK = ("127.0.0.0/8", "::1/128")
FORBIDDEN = Refused("leads to an address that no app may lead to", retry=False)


class Clock:
    """Time that stands until it is put forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Names:
    """A name server of the test's own, which may change its mind."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def reaching(
    *networks: str,
    resolve: Resolve | None = None,
    ca_file: Path | None = None,
    time_out: float = 2.0,
    clock: Clock | None = None,
) -> Outward:
    return Outward(
        networks, clock=clock or Clock(), resolve=resolve, ca_file=ca_file, time_out=time_out
    )


@pytest.mark.parametrize("address", INSIDE)
async def test_a035_a_name_that_leads_inside_is_not_called(address: str) -> None:
    out = reaching(resolve=Names([address]))
    assert await out.get("https://app.example/keys") == FORBIDDEN
    assert await out.post("https://app.example/out", {"a": "b"}) == FORBIDDEN


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
    ],
)
async def test_a035_an_address_inside_is_not_called_however_it_is_written(host: str) -> None:
    async with operator(answers(200)) as there:
        assert await reaching().get(f"https://{host}:{there.port}/x") == FORBIDDEN
        assert there.requests == []


async def test_one_address_inside_among_public_ones_is_enough_to_call_none() -> None:
    out = reaching(resolve=Names(["8.8.8.8", "10.0.0.1"]))
    assert await out.get("https://app.example/keys") == FORBIDDEN


async def test_a_name_that_changes_its_mind_is_judged_each_time_and_looked_up_once(
    tmp_path: Path,
) -> None:
    """DNS rebinding: what was judged is what is called, and the next call is judged anew."""
    ours = certificates(tmp_path, "app.example")
    names = Names(["127.0.0.2"], ["10.0.0.1"])
    async with operator(answers(200, b"keys"), ours.server, address="127.0.0.2") as there:
        out = reaching("127.0.0.2/32", resolve=names, ca_file=ours.ca_file)
        url = f"https://app.example:{there.port}/keys"
        assert isinstance(await out.get(url), Fetched)
        assert names.asked == [("app.example", there.port)]
        assert await out.get(url) == FORBIDDEN
        assert len(there.requests) == 1
    assert there.requests[0].headers["host"] == f"app.example:{there.port}"


async def test_a_network_in_the_settings_opens_itself_and_nothing_else() -> None:
    async with operator(answers(200, b"keys", "Cache-Control: max-age=60")) as there:
        out = reaching(*LOOPBACK)
        found = await out.get(f"http://127.0.0.1:{there.port}/keys?a=b", accept="application/json")
        assert isinstance(found, Fetched)
        assert (found.body, found.headers["cache-control"]) == (b"keys", "max-age=60")
        assert (there.requests[0].target, there.requests[0].headers["accept"]) == (
            "/keys?a=b",
            "application/json",
        )
        other = reaching("10.0.0.0/8")
        assert await other.get(f"http://127.0.0.1:{there.port}/keys") == FORBIDDEN
        assert await other.get(f"https://127.0.0.1:{there.port}/keys") == FORBIDDEN
        assert len(there.requests) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1"])
async def test_no_setting_opens_addresses_that_are_nobodys(address: str) -> None:
    out = reaching("0.0.0.0/0", "::/0", resolve=Names([address]))
    assert await out.get("https://app.example/") == FORBIDDEN


async def test_http_is_for_networks_in_the_settings() -> None:
    no = Refused("is no address to call: must be https", retry=False)
    assert await reaching(resolve=Names(["8.8.8.8"])).get("http://app.example/") == no
    outside = reaching(*LOOPBACK, resolve=Names(["8.8.8.8"]))
    assert await outside.get("http://app.example/") == FORBIDDEN


@pytest.mark.parametrize(
    "url",
    [
        "ftp://app.example/",
        "file:///etc/passwd",
        "gopher://app.example/",
        "https://user@app.example/",
        "https://app.example\\@127.0.0.1/",
        "https://app.example/a b",
        "https://app.example/\r\nHost: x",
        "https://app.example/#part",
        "https://åäö.example/",
        "https:///x",
        "https://[::1/",
        "https://app.example:99999/",
        "https://app.example/" + "x" * 2000,
        "",
    ],
)
async def test_what_is_no_address_is_not_called(url: str) -> None:
    found = await reaching(resolve=Names(["8.8.8.8"])).get(url)
    assert isinstance(found, Refused)
    assert found.reason.startswith("is no address to call")
    assert not found.retry


async def test_a_name_that_cannot_be_one_is_refused() -> None:
    found = await reaching().get("https://a..example/")
    assert isinstance(found, Refused)
    assert found.retry


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with operator(answers(200)) as inner:
        line = f"Location: http://127.0.0.1:{inner.port}/"
        async with operator(answers(status, b"", line)) as there:
            out, url = reaching(*LOOPBACK), f"http://127.0.0.1:{there.port}/"
            refused = Refused(f"answers {status}", retry=False)
            assert await out.get(url) == refused
            assert await out.post(url, {}) == refused
        assert inner.requests == []


async def test_tls_checks_the_name_and_not_the_address(tmp_path: Path) -> None:
    ours = certificates(tmp_path, "app.example")
    async with operator(answers(200), ours.server) as there:
        names = Names(["127.0.0.1"])
        good, wrong = (f"https://{name}.example:{there.port}/" for name in ("app", "other"))
        trusting = reaching(*LOOPBACK, resolve=names, ca_file=ours.ca_file)
        assert isinstance(await trusting.get(good), Fetched)
        assert isinstance(await trusting.get(wrong), Refused)
        assert isinstance(await reaching(*LOOPBACK, resolve=names).get(good), Refused)
        assert len(there.requests) == 1


async def test_an_app_without_tls_gets_nothing_in_clear_from_an_https_address() -> None:
    async with operator(answers(200)) as there:
        found = await reaching(*LOOPBACK).post(f"https://127.0.0.1:{there.port}/", {"a": "b"})
        assert isinstance(found, Refused)
        assert there.requests == []


async def test_a_form_arrives_as_a_form() -> None:
    async with operator(answers(204)) as there:
        found = await reaching(*LOOPBACK).post(
            f"http://127.0.0.1:{there.port}/out", {"logout_token": "a.b+/=c å"}
        )
        assert found == Sent("")
        (got,) = there.requests
        assert (got.method, got.form) == ("POST", {"logout_token": ["a.b+/=c å"]})
        assert got.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        (302, Refused("answers 302", retry=False)),
        (400, Refused("answers 400", retry=True, wait=timedelta(seconds=7))),
        (404, Refused("answers 404", retry=True, wait=timedelta(seconds=7))),
        (410, Refused("answers 410", retry=False)),
        (429, Refused("answers 429", retry=True, wait=timedelta(seconds=7))),
        (500, Refused("answers 500", retry=True, wait=timedelta(seconds=7))),
        (503, Refused("answers 503", retry=True, wait=timedelta(seconds=7))),
    ],
)
async def test_what_an_app_answers_says_whether_to_come_again(
    status: int, refused: Refused
) -> None:
    lines = ["Retry-After: 7"] if refused.retry else []
    async with operator(answers(status, b"", *lines)) as there:
        url = f"http://127.0.0.1:{there.port}/"
        assert await reaching(*LOOPBACK).post(url, {}) == refused
        assert await reaching(*LOOPBACK).get(url) == refused


@pytest.mark.parametrize("asked", ["99999", "soon", "-1", "٣"])
async def test_a_time_to_come_back_that_makes_no_sense_is_none(asked: str) -> None:
    async with operator(writes(f"HTTP/1.1 503 X\r\nRetry-After: {asked}\r\n\r\n".encode())) as at:
        found = await reaching(*LOOPBACK).post(f"http://127.0.0.1:{at.port}/", {})
        assert found == Refused("answers 503", retry=True)


async def test_only_a_whole_answer_is_fetched() -> None:
    async with operator(answers(206, b"part")) as there:
        found = await reaching(*LOOPBACK).get(f"http://127.0.0.1:{there.port}/")
        assert found == Refused("answers 206", retry=False)


@pytest.mark.parametrize("behave", [hangs, drips])
async def test_an_app_that_is_slow_is_given_up(behave: Behave) -> None:
    async with operator(behave) as there:
        out = reaching(*LOOPBACK, time_out=0.3)
        found = await out.post(f"http://127.0.0.1:{there.port}/", {})
        assert found == Unknown("no answer in time")


async def test_an_app_that_hangs_up_is_told_of() -> None:
    async with operator(closes) as there:
        found = await reaching(*LOOPBACK).post(f"http://127.0.0.1:{there.port}/", {})
        assert isinstance(found, Unknown)


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    taken = 0

    async def floods(request: Request, out: asyncio.StreamWriter) -> None:
        nonlocal taken
        del request
        out.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not out.is_closing():
            out.write(b"x" * 65536)
            taken += 65536
            await out.drain()

    async with operator(floods) as there:
        found = await reaching(*LOOPBACK).get(f"http://127.0.0.1:{there.port}/", 4096)
        assert found == Unknown("the answer is over 4 kB")
    assert taken < 50_000_000


async def test_headers_without_an_end_are_not_read_to_their_end() -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 1_000_000
    async with operator(writes(head)) as there:
        found = await reaching(*LOOPBACK).get(f"http://127.0.0.1:{there.port}/")
        assert isinstance(found, Unknown)


async def test_a_place_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    clock = Clock()
    async with operator(answers(500)) as ill, operator(answers(200)) as well:
        out = reaching(*LOOPBACK, clock=clock)
        url, other = (f"http://127.0.0.1:{each.port}/" for each in (ill, well))
        for _ in range(FAILURES):
            assert await out.post(url, {}) == Refused("answers 500", retry=True)
        found = await out.post(url, {})
        assert isinstance(found, Refused)
        assert found.wait > timedelta(seconds=20)
        assert len(ill.requests) == FAILURES
        assert await out.post(other, {}) == Sent("")
        clock.now += timedelta(minutes=1)
        ill.behave = answers(200)
        assert await out.post(url, {}) == Sent("")


async def test_a_place_that_hangs_takes_few_calls_at_once_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TURN_WITHIN", 0.05)
    full = asyncio.Event()

    async def fills(request: Request, out: asyncio.StreamWriter) -> None:
        if len(hung.requests) == AT_ONCE:
            full.set()
        await hangs(request, out)

    async with operator(fills) as hung, operator(answers(200)) as well:
        out = reaching(*LOOPBACK, time_out=1.0)
        calls = [out.post(f"http://127.0.0.1:{hung.port}/", {}) for _ in range(AT_ONCE + 5)]
        waiting = [asyncio.create_task(each) for each in calls]
        await full.wait()
        assert await out.post(f"http://127.0.0.1:{well.port}/", {}) == Sent("")
        found = await asyncio.gather(*waiting)
        assert found.count(Unknown("no answer in time")) == AT_ONCE
        assert sum(isinstance(each, Refused) and each.retry for each in found) == 5
        assert len(hung.requests) == AT_ONCE


async def test_more_calls_than_may_go_at_once_all_get_through_where_the_place_is_well() -> None:
    most = at_once = 0

    async def counts(request: Request, out: asyncio.StreamWriter) -> None:
        nonlocal most, at_once
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        await answers(200)(request, out)

    async with operator(counts) as there:
        out = reaching(*LOOPBACK)
        url = f"http://127.0.0.1:{there.port}/"
        found = await asyncio.gather(*(out.post(url, {}) for _ in range(3 * AT_ONCE)))
        assert set(found) == {Sent("")}
        assert len(there.requests) == 3 * AT_ONCE
        assert 1 < most <= AT_ONCE


async def test_the_systems_own_look_up_is_used_where_none_is_given() -> None:
    async with operator(answers(200)) as there:
        out = reaching(*LOOPBACK)
        assert isinstance(await out.get(f"http://localhost:{there.port}/"), Fetched)
        out.close()


async def test_no_proxy_named_in_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with operator(answers(200)) as there, operator(answers(200)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert isinstance(await reaching(*LOOPBACK).get(f"http://127.0.0.1:{there.port}/"), Fetched)
        assert proxy.requests == []


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        reaching("inside")
