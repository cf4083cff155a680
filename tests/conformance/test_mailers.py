"""What every mailer must do. A new one is found by itself and asks for its rig."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portvakt import plugins
from portvakt.mail import Letter, Mailer, Outcome, Refused, Sent, Unknown
from portvakt.plugins import AdapterSettingsError
from tests.conformance.certificates import certificates
from tests.conformance.post_office import PASSWORD, USER, post_office, rude
from tests.conformance.tools import tools

PACKAGE = "portvakt.mail"
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LETTER = Letter(
    to="anna.berg@region.example",
    subject="Nytt sätt att logga in",
    text="Hej Åsa,\n\n.\n..en punkt\nVar det inte du?\n",
    key="key-1",
    at=AT,
)
RIGS: dict[str, Callable[[int], dict[str, Any]]] = {
    "smtp": lambda port: {"host": "localhost", "port": port, "tls": "none"},
}
"""For each mailer that reaches out: its settings for a server at a port of loopback."""
AT_HOME = {"console"}


def opened(name: str, settings: dict[str, Any]) -> Mailer:
    mailer: Mailer = plugins.open_adapter(PACKAGE, name, settings, tools())
    return mailer


async def sent_to(name: str, port: int, letter: Letter = LETTER) -> Outcome:
    return await opened(name, RIGS[name](port)).send(letter)


def test_every_mailer_has_its_rig() -> None:
    assert set(plugins.names(PACKAGE)) == set(RIGS) | AT_HOME


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a_letter_arrives_once_and_whole(name: str) -> None:
    async with post_office() as office:
        assert isinstance(await sent_to(name, office.port), Sent)
    message = office.message()
    assert message["To"] == "anna.berg@region.example"
    assert message["Subject"] == "Nytt sätt att logga in"
    assert message["From"] == "Region Exempel <no-reply@region.example>"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == "<key-1@region.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["MIME-Version"] == "1.0"
    assert not message.defects
    assert message.get_content().replace("\r\n", "\n") == LETTER.text
    assert office.envelopes[0].rcpt_tos == ["anna.berg@region.example"]


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_a_letter_may_be_beautiful_too(name: str) -> None:
    async with post_office() as office:
        await sent_to(name, office.port, replace(LETTER, html="<p>Hej Åsa", language="sv"))
    assert office.message()["Content-Language"] == "sv"
    text, page = (part.get_content() for part in office.message().iter_parts())
    assert text.replace("\r\n", "\n") == LETTER.text
    assert page.strip() == "<p>Hej Åsa"
    kinds = [part.get_content_type() for part in office.message().walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_every_line_of_a_letter_is_short_enough_for_every_server(name: str) -> None:
    async with post_office() as office:
        long = replace(LETTER, subject="å" * 300, text="ö" * 3000, html=f"<p>{'ä' * 3000}")
        assert isinstance(await sent_to(name, office.port, long), Sent)
    content = office.envelopes[0].content
    assert isinstance(content, bytes)
    assert max(map(len, content.split(b"\r\n"))) <= 998  # RFC 5322 section 2.1.1
    assert office.message()["Subject"] == "å" * 300


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_no_header_and_no_recipient_can_be_added(name: str) -> None:
    async with post_office() as office:
        letter = replace(LETTER, subject="Hej\r\nBcc: all@region.example\r\n\r\nfoo")
        assert isinstance(await sent_to(name, office.port, letter), Sent)
        assert office.message()["Bcc"] is None
        assert office.envelopes[0].rcpt_tos == ["anna.berg@region.example"]
        for to in (
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example, c@d.example",
            "a@b.example> RCPT TO:<c@d.example",
            "<a@b.example>",
            "a b@c.example",
            "a@",
            "@b.example",
            "",
            "a",
            "a@b.example\0",
            "a@" + "x" * 70 + ".example",
        ):
            outcome = await sent_to(name, office.port, replace(LETTER, to=to))
            assert outcome == Refused("not a mail address", retry=False)
        assert len(office.envelopes) == 1


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_an_address_outside_ascii_is_understood(name: str) -> None:
    async with post_office() as office:
        await sent_to(name, office.port, replace(LETTER, to="åsa@räksmörgås.example"))
    assert office.envelopes[0].rcpt_tos == ["åsa@xn--rksmrgs-5wao1o.example"]
    async with rude({}) as port:
        outcome = await sent_to(name, port, replace(LETTER, to="åsa@region.example"))
        assert isinstance(outcome, Refused)
        assert not outcome.retry


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_a_refusal_says_whether_to_try_again(name: str, command: str) -> None:
    async with rude({command: b"451 later\r\n"}) as port:
        assert await sent_to(name, port) == Refused("status 451", retry=True)
    async with rude({command: b"550 anna.berg@region.example\r\n"}) as port:
        assert await sent_to(name, port) == Refused("status 550", retry=False)


@pytest.mark.parametrize("name", sorted(RIGS))
async def test_before_the_letter_is_handed_in_every_failure_may_be_tried_again(name: str) -> None:
    async with post_office() as office:
        port = office.port
    outcome = await sent_to(name, port)
    assert isinstance(outcome, Refused)
    assert outcome.retry
    for banner in (b"220 x\r\n", b"\xff\xfe\r\n", b"421 busy\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        async with rude({"EHLO": None, "HELO": None}, banner) as port:
            outcome = await sent_to(name, port)
            assert isinstance(outcome, Refused)
            assert outcome.retry


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize("reply", [None, b"\xff garbage\r\n"])
async def test_while_the_letter_is_handed_in_a_failure_leaves_it_unknown(
    name: str, reply: bytes | None
) -> None:
    async with rude({".": reply}) as port:
        assert isinstance(await sent_to(name, port), Unknown)


@pytest.mark.parametrize("name", sorted(RIGS))
@pytest.mark.parametrize(
    ("command", "kind"), [("EHLO", Refused), ("RCPT", Refused), (".", Unknown)]
)
async def test_a_server_that_hangs_is_given_up(
    name: str, command: str, kind: type[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"portvakt.mail.{name}.TIME_OUT", 0.2)
    async with rude({command: b"", "HELO": b""}) as port:
        assert isinstance(await sent_to(name, port), kind)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_smtp_with_tls_logs_in_and_checks_who_the_server_is(tls: str, tmp_path: Path) -> None:
    good = certificates(tmp_path)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    contexts = {"starttls": good.server} if tls == "starttls" else {"tls": good.server}
    async with post_office(**contexts, login=True) as office:
        settings = {
            "host": "localhost",
            "port": office.port,
            "tls": tls,
            "user": USER,
            "password": {"file": str(secret)},
            "ca_file": str(good.ca_file),
        }
        assert isinstance(await opened("smtp", settings).send(LETTER), Sent)
        assert office.users == [USER]
        strange = settings | {"ca_file": None}
        outcome = await opened("smtp", strange).send(LETTER)
        assert isinstance(outcome, Refused)
        secret.write_text("fel")
        refused = Refused("the server does not let us in", retry=True)
        assert await opened("smtp", settings).send(LETTER) == refused
    assert len(office.envelopes) == 1


async def test_smtp_never_goes_on_in_clear_where_tls_was_asked_for() -> None:
    async with post_office() as office:
        for tls in ("starttls", "tls"):
            settings = {"host": "localhost", "port": office.port, "tls": tls}
            outcome = await opened("smtp", settings).send(LETTER)
            assert isinstance(outcome, Refused)
        assert office.envelopes == []


async def test_smtp_refuses_a_server_with_another_name(tmp_path: Path) -> None:
    other = certificates(tmp_path, "other.example")
    async with post_office(starttls=other.server) as office:
        settings = {"host": "localhost", "port": office.port, "ca_file": str(other.ca_file)}
        assert isinstance(await opened("smtp", settings).send(LETTER), Refused)
        assert office.envelopes == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "mail.example", "tls": "none"}, "loopback only"),
        ({"host": "10.0.0.1", "tls": "none", "private": True}, "loopback only"),
        ({"host": "mail.example", "user": "x"}, "belong together"),
        ({"host": "mail.example", "tls": "ssl"}, "Invalid enum"),
        ({"host": "mail.example", "ca_file": "/nonexistent"}, "ca_file cannot be read"),
        ({}, "host"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(AdapterSettingsError, match=said):
        opened("smtp", settings)


def test_a_sender_that_is_no_address_stops_the_start() -> None:
    settings = {"host": "localhost", "tls": "none"}
    for sender in ("", "Portvakt", "a b@c.example", "a@b.example\r\nBcc: c@d.example"):
        with pytest.raises(AdapterSettingsError, match="sender"):
            plugins.open_adapter(PACKAGE, "smtp", settings, replace(tools(), sender=sender))


async def test_the_console_prints_each_letter_as_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert await opened("console", {}).send(LETTER) == Sent("key-1")
    printed = json.loads(capsys.readouterr().out)
    assert printed["subject"] == LETTER.subject
    file = tmp_path / "mail"
    mailer = opened("console", {"file": str(file)})
    assert isinstance(await mailer.send(LETTER), Sent)
    assert json.loads(file.read_text())["text"] == LETTER.text
    outcome = await opened("console", {"file": str(tmp_path / "no" / "file")}).send(LETTER)
    assert isinstance(outcome, Refused)
