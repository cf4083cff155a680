"""What `portvakt doctor` finds out about gateways and mail servers; nothing is sent to any."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portvakt.commands.doctor_lines import Level
from portvakt.commands.doctor_reach import reach_lines
from portvakt.commands.shell import Shell
from tests.bad_days.processes import PATIENCE, free_port
from tests.cli.box import Answer, Box
from tests.cli.test_doctor import found, say, well
from tests.conformance.post_office import post_office, rude
from tests.servers.authority import Authority


@pytest.fixture
def alone(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


def mail(box: Box, port: int, more: str = "tls = 'none'") -> None:
    say(box, f"\n[mail]\ngateway = 'smtp'\nhost = '127.0.0.1'\nport = {port}\n{more}\n")


async def asked(box: Box, *more: Any) -> Answer:
    return await asyncio.to_thread(box.run, "doctor", "--json", *more)


def of(answer: Answer, check: str) -> list[tuple[str, str]]:
    lines = answer.json["checks"]
    return [(each["level"], each["said"]) for each in lines if each["check"] == check]


async def test_a_mail_server_is_greeted_and_sent_nothing(alone: Box) -> None:
    async with post_office() as office:
        mail(alone, office.port)
        [(level, said)] = of(await asked(alone), "mail")
        assert level == "ok"
        assert f"smtp://127.0.0.1:{office.port} answers: 220 " in said
        assert office.envelopes == []


@pytest.mark.parametrize("banner", [b"554 go away\r\n", b"garbage\r\n", b"\r\n", b"x" * 5000])
async def test_a_mail_server_that_is_unwilling_is_wrong(alone: Box, banner: bytes) -> None:
    async with rude({}, banner=banner) as port:
        mail(alone, port)
        [(level, _)] = of(await asked(alone), "mail")
        assert level == "wrong"


async def test_a_mail_server_without_starttls_is_wrong_where_it_is_asked_for(alone: Box) -> None:
    async with rude({"EHLO": b"250-mail\r\n250 SIZE 100\r\n"}) as port:
        mail(alone, port, "tls = 'starttls'")
        [(level, said)] = of(await asked(alone), "mail")
        assert (level, "STARTTLS" in said) == ("wrong", True)
    async with rude({"EHLO": b"250-mail\r\n250 STARTTLS\r\n"}) as port:
        text = alone.config.read_text(encoding="utf-8").rpartition("[mail]")[0]
        alone.config.write_text(text, encoding="utf-8")
        mail(alone, port, "tls = 'starttls'")
        assert of(await asked(alone), "mail")[0][0] == "ok"


async def test_a_mail_server_that_says_nothing_is_given_up(
    alone: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portvakt.commands.doctor_reach.PATIENCE", 0.3)
    async with rude({}, banner=b"") as port:
        mail(alone, port)
        assert of(await asked(alone), "mail") == [
            ("wrong", f"smtp://127.0.0.1:{port}: TimeoutError")
        ]


async def test_a_mail_server_whose_certificate_is_nobodys_is_wrong(
    alone: Box, context_of: Callable[[Path], ssl.SSLContext]
) -> None:
    folder = alone.folder / "ca"
    async with post_office(tls=context_of(folder)) as office:
        mail(alone, office.port, "tls = 'tls'")
        assert of(await asked(alone), "mail")[0][0] == "wrong"
        say(alone, f"ca_file = '{folder}/ca.pem'\n")
        assert of(await asked(alone), "mail")[0][0] == "ok"


@pytest.fixture
def context_of() -> Callable[[Path], ssl.SSLContext]:
    def make_context(folder: Path) -> ssl.SSLContext:
        files = Authority(folder).certificate("127.0.0.1")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files.certificate, files.key)
        return context

    return make_context


def test_a_gateway_that_is_away_is_wrong_and_one_that_only_writes_a_warning(alone: Box) -> None:
    port = free_port()
    say(
        alone,
        f"\n[[sms]]\ngateway = 'http_form'\nurl = 'http://127.0.0.1:{port}/send'\n"
        "body = 'to={to}&text={text}'\n[mail]\ngateway = 'console'\n",
    )
    [(said, mend)] = found(alone, "sms http_form")
    assert str(port) in said
    assert "firewall" in mend
    assert found(alone, "mail", "warn")[0][0] == "console only writes what it would send"


async def test_f61_a_name_server_that_says_nothing_holds_up_nothing(
    alone: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every name is asked for at the same time, and what is not told soon is given up."""
    text = alone.config.read_text(encoding="utf-8").replace("http://localhost:8000", "https://a.b")
    hosts = ["push.example", "another.example", "third.example"]
    alone.config.write_text(f"{text}\n[wake]\ngateway = 'web_push'\nhosts = {hosts}\n")
    monkeypatch.setattr("portvakt.commands.doctor_reach.PATIENCE", 1.0)
    together, over = threading.Barrier(1 + len(hosts)), threading.Event()
    met: list[bool] = []

    def silent(*_asked: object, **_how: object) -> list[object]:
        together.wait(PATIENCE)
        met.append(True)
        over.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    shell = Shell("doctor", lambda: alone.now, {}, alone.config)
    try:
        lines = await reach_lines(shell.settings(), shell)
    finally:
        over.set()
    assert len(met) == 1 + len(hosts)
    told = {each.check: (each.level, each.said) for each in lines}
    assert told["public_url"] == (Level.WRONG, "no name server has told of a.b in 1 s")
    assert told["wake web_push"][0] is Level.WRONG
