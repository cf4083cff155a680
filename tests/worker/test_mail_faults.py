"""Notices and mail servers that are away, slow, picky or not who they say: none is ever lost.

A notice is sent at least once; each try carries the same Message-ID, so that a mailbox can tell
that two are one.
"""

from pathlib import Path

import msgspec
import pytest

from portvakt.settings.structs import Mail
from tests.conformance.certificates import certificates
from tests.conformance.post_office import PASSWORD, USER, post_office, rude
from tests.servers.slapd import free_port
from tests.worker.office import Office, office, until


def by_tls(here: Office, port: int, ca_file: Path, password: Path, tls: str = "starttls") -> Office:
    """Settings for a server that wants TLS and a password."""
    options = {
        "host": "localhost",
        "port": port,
        "tls": tls,
        "user": USER,
        "password": {"file": str(password)},
        "ca_file": str(ca_file),
    }
    return Office(
        here.records, msgspec.structs.replace(here.settings, mail=Mail("smtp", options=options))
    )


async def tried(here: Office, key: str = "m1") -> None:
    """Wait until a mail has been tried, and waits to be tried again."""
    await until(lambda: here.row(key)["why"] is not None)
    row = here.row(key)
    assert (row["state"], row["body"] is None) == ("waiting", False)


async def test_a_mail_server_that_is_down_gets_the_notice_when_it_is_up(sqlite_url: str) -> None:
    port = free_port()
    async with office(sqlite_url, mail_port=port) as here, here.working():
        await here.put_mail()
        await tried(here)
        async with post_office(port) as post:
            await here.state("m1", "handed_over")
            assert post.message()["Message-ID"] == "<m1@login.region.example>"


async def test_a_mail_server_that_hangs_is_tried_again_under_the_same_id(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portvakt.mail.smtp.TIME_OUT", 0.2)
    async with rude({".": b""}) as slow, office(sqlite_url, mail_port=slow) as here:
        async with here.working():
            await here.put_mail()
            await tried(here)
        async with post_office() as post:
            options = {"host": "localhost", "port": post.port, "tls": "none"}
            better = msgspec.structs.replace(here.settings, mail=Mail("smtp", options=options))
            there = Office(here.records, better)
            async with there.working():
                await there.state("m1", "handed_over")
            assert post.message()["Message-ID"] == "<m1@login.region.example>"


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_a_server_that_says_later_gets_the_notice_later(
    sqlite_url: str, command: str
) -> None:
    async with (
        rude({command: b"451 4.7.1 try later\r\n"}) as port,
        office(sqlite_url, mail_port=port) as here,
        here.working(),
    ):
        await here.put_mail()
        await until(lambda: here.row()["tries"] >= 2 and here.row()["why"] == "status 451")
        assert here.row()["state"] == "waiting"


async def test_an_address_that_is_refused_is_told_of_and_holds_up_no_other_notice(
    sqlite_url: str,
) -> None:
    async with post_office() as post:
        post.refused = {"borta@region.example"}
        async with office(sqlite_url, mail_port=post.port) as here, here.working():
            await here.put_mail("m1", to="borta@region.example")
            await here.put_mail("m2")
            await here.state("m2", "handed_over")
            row = await here.state("m1", "dropped")
            assert row["why"] == "status 550"
            assert row["body"] is None
            assert "message.failed" in await here.events()
            assert len(post.envelopes) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_server_whose_certificate_is_wrong_gets_nothing_until_it_is_right(
    sqlite_url: str, tmp_path: Path, tls: str
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "good").mkdir()
    bad = certificates(tmp_path / "bad", "other.example")
    good = certificates(tmp_path / "good")
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    port = free_port()
    async with office(sqlite_url) as nowhere:
        wrong = by_tls(nowhere, port, bad.ca_file, secret, tls)
        right = by_tls(nowhere, port, good.ca_file, secret, tls)
        served = {"starttls": bad.server} if tls == "starttls" else {"tls": bad.server}
        async with post_office(port, **served, login=True) as post, wrong.working():
            await wrong.put_mail()
            await tried(wrong)
            assert post.envelopes == []
            assert post.users == []
        served = {"starttls": good.server} if tls == "starttls" else {"tls": good.server}
        async with post_office(port, **served, login=True) as post, right.working():
            await right.state("m1", "handed_over")
            assert post.users == [USER]


async def test_a_wrong_password_loses_no_notice(sqlite_url: str, tmp_path: Path) -> None:
    good, secret = certificates(tmp_path), tmp_path / "password"
    secret.write_text("fel")
    async with (
        office(sqlite_url) as nowhere,
        post_office(starttls=good.server, login=True) as post,
    ):
        here = by_tls(nowhere, post.port, good.ca_file, secret)
        async with here.working():
            await here.put_mail()
            await until(lambda: here.row()["why"] == "the server does not let us in")
        secret.write_text(PASSWORD)
        again = by_tls(nowhere, post.port, good.ca_file, secret)
        async with again.working():
            await again.state("m1", "handed_over")
