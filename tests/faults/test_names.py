"""Name servers that know nothing, or lie: nobody is told anything, and it is over by itself (F61).

A gateway and a push service speak TLS here, each under its own name, as does whoever a lie leads
to. What a resolver says is anybody's; a name in a certificate is not.
"""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conformance.operator import Operator, answers, operator
from tests.servers.authority import Authority
from tests.servers.name_server import NameServer
from tests.servers.push_service import WakeablePhone
from tests.worker.office import Office, office, until

pytestmark = pytest.mark.slow

SMS, PUSH, ELSEWHERE = "sms.localhost", "push.localhost", "elsewhere.localhost"
HERE, THERE = "127.0.0.1", "127.0.0.2"


@dataclass
class Places:
    """A gateway, a push service, and somebody else whom the same authority vouches for."""

    names: NameServer
    office: Office
    sms: Operator
    push: Operator
    elsewhere: tuple[Operator, Operator]

    async def put(self, key: str, lives: timedelta = timedelta(minutes=2)) -> None:
        """Let a text and a phone that is to be woken wait."""
        await self.office.put_text(f"{key}-sms", lives=lives)
        where = WakeablePhone().subscription(f"https://{PUSH}:{self.push.port}")
        await self.office.put_wake(where, f"{key}-wake", lives=lives)

    def lie(self) -> None:
        """Lead both names to somebody else from now on."""
        self.names.leads = dict.fromkeys((SMS, PUSH), THERE)

    def tell_the_truth(self) -> None:
        """Lead both names to where they belong."""
        self.names.leads = dict.fromkeys((SMS, PUSH), HERE)
        self.names.away = False


@asynccontextmanager
async def places(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Places]:
    authority, names = Authority(folder / "tls"), NameServer()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    names.install(monkeypatch)

    def shows(name: str) -> ssl.SSLContext:
        files = authority.certificate(name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        return context

    async with (
        operator(answers(200), shows(SMS)) as sms,
        operator(answers(201), shows(PUSH)) as push,
        operator(answers(200), shows(ELSEWHERE), sms.port, THERE) as no_gateway,
        operator(answers(201), shows(ELSEWHERE), push.port, THERE) as no_service,
        office(
            url, f"https://{SMS}:{sms.port}/send", push=(f"https://{PUSH}:{push.port}",)
        ) as here,
    ):
        found = Places(names, here, sms, push, (no_gateway, no_service))
        found.tell_the_truth()
        yield found


async def recovers(there: Places, key: str) -> None:
    """Each message is taken, once, soon after names lead where they should."""
    there.tell_the_truth()
    well_again = time.monotonic()
    for channel in ("sms", "wake"):
        await there.office.state(f"{key}-{channel}", "handed_over")
    assert time.monotonic() - well_again < 30
    assert (len(there.sms.requests), len(there.push.requests)) == (1, 1)


async def tried(there: Places, key: str) -> list[str]:
    """Wait until both messages were tried twice, and say why they wait."""
    both = [f"{key}-{channel}" for channel in ("sms", "wake")]
    last: list[str | None] = []

    def twice() -> bool:
        rows = [there.office.row(each) for each in both]
        last[:] = [row["why"] for row in rows]  # none while a try is under way
        return all(row["tries"] >= 2 and row["why"] for row in rows)

    await until(twice)
    return [why for why in last if why is not None]


async def test_f61_without_a_name_server_texts_and_phones_wait_and_go_when_it_is_back(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with places(tmp_path, sqlite_url, monkeypatch) as there:
        there.names.away = True
        await there.put("m")
        async with there.office.working():
            for why in await tried(there, "m"):
                assert "Temporary failure in name resolution" in why
            await recovers(there, "m")


async def test_f61_a_name_that_leads_to_somebody_else_tells_them_nothing(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with places(tmp_path, sqlite_url, monkeypatch) as there:
        there.lie()
        await there.put("m")
        async with there.office.working():
            for why in await tried(there, "m"):
                assert "certificate is not valid for" in why
            assert [each.requests for each in there.elsewhere] == [[], []]
            await recovers(there, "m")


async def test_f61_what_was_never_told_is_an_event_that_says_why(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with places(tmp_path, sqlite_url, monkeypatch) as there:
        there.lie()
        await there.put("m", lives=timedelta(seconds=1))
        async with there.office.working():
            for channel in ("sms", "wake"):
                row = await there.office.state(f"m-{channel}", "dropped")
                assert "certificate" in row["why"]
        latest = await there.office.records.read(lambda unit: unit.audit.latest(10))
        failed = [each.detail for each in latest if each.name == "message.failed"]
        assert {each["channel"] for each in failed} == {"sms", "wake"}
        assert all("certificate is not valid for" in each["why"] for each in failed)
