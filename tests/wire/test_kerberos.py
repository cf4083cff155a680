"""Tickets of a real domain, read with a real keytab."""

import asyncio
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.wire.kerberos import TicketReader
from portvakt.wire.tickets import MOST, NotTaken, Ticket
from tests.servers.kerberos import (
    KERBEROS,
    KRB5,
    MICROSOFTS_KERBEROS,
    NEGOEX,
    NTLM,
    Realm,
    relisted,
)
from tests.servers.samba_domain import REALM
from tests.servers.slapd import program

pytestmark = pytest.mark.slow
ASA = "asa.oberg"
_ELSEWHEN = """
import asyncio, pathlib, sys
from portvakt.wire.kerberos import TicketReader
reader = TicketReader(pathlib.Path(sys.argv[1]), [sys.argv[2]])
print(asyncio.run(reader.read(sys.argv[3])))
"""


@pytest.fixture(scope="module")
def cache(realm: Realm) -> Path:
    return realm.signed_in(ASA)


@pytest.fixture
def reader(realm: Realm) -> TicketReader:
    return reader_of(realm)


def reader_of(realm: Realm, *hosts: str, keytab: Path | None = None) -> TicketReader:
    """Read tickets for these hosts, or for ours."""
    services = [realm.service(each) for each in hosts or (realm.host,)]
    return TicketReader(keytab or realm.keytab(), services)


def read(reader: TicketReader, written: str) -> Ticket | NotTaken:
    return asyncio.run(reader.read(written))


def test_a_ticket_says_whose_it_is_and_when_the_password_was_given(
    realm: Realm, reader: TicketReader, cache: Path
) -> None:
    found = read(reader, realm.written(cache))
    assert isinstance(found, Ticket)
    assert found.realm == REALM
    assert found.sid.startswith(bytes.fromhex("010500000000000515000000"))
    age = datetime.now(UTC) - found.given_at
    assert timedelta(seconds=-5) < age < timedelta(minutes=10)
    assert found.answer
    assert "answer" not in repr(found)


def test_kerberos_comes_in_spnego_and_in_nothing_else(
    realm: Realm, reader: TicketReader, cache: Path
) -> None:
    """RFC 4559 section 4: `Negotiate` is SPNEGO."""
    assert isinstance(read(reader, realm.written(cache, mechanism=KRB5)), NotTaken)
    assert isinstance(read(reader, realm.written(cache)), Ticket)


def test_a_token_is_taken_once(realm: Realm, reader: TicketReader, cache: Path) -> None:
    written = realm.written(cache)
    assert isinstance(read(reader, written), Ticket)
    again = read(reader_of(realm), written)
    assert isinstance(again, NotTaken)
    assert "replay" in again.said


def test_tickets_that_come_at_once_are_all_taken(
    realm: Realm, reader: TicketReader, cache: Path
) -> None:
    written = [realm.written(cache) for _ in range(12)]

    async def every() -> list[Ticket | NotTaken]:
        return await asyncio.gather(*map(reader.read, written))

    assert all(isinstance(each, Ticket) for each in asyncio.run(every()))


@pytest.mark.parametrize(("when", "why"), [("+11h", "expired"), ("-20m", "not yet valid")])
def test_a_ticket_that_has_ended_or_has_not_begun_is_not_taken(
    realm: Realm, cache: Path, when: str, why: str
) -> None:
    """Read by the same program on a clock that is elsewhere; tickets live for ten hours."""
    written = realm.written(cache)
    told = subprocess.run(
        [
            program("faketime"), "-f", when, sys.executable, "-c", _ELSEWHEN,
            str(realm.keytab()), realm.service(realm.host), written,
        ],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ).stdout  # fmt: skip
    assert told.startswith("NotTaken")
    assert why in told
    assert isinstance(read(reader_of(realm), realm.written(cache)), Ticket)


def test_keys_that_were_renewed_are_used_at_once(realm: Realm, cache: Path, tmp_path: Path) -> None:
    renewed = tmp_path / "renewed.keytab"
    shutil.copy(realm.keytab(), renewed)
    reader = reader_of(realm, keytab=renewed)
    assert isinstance(read(reader, realm.written(cache)), Ticket)
    shutil.copy(realm.keytab(realm.other), renewed)
    assert isinstance(read(reader, realm.written(cache)), NotTaken)
    shutil.copy(realm.keytab(), renewed)
    assert isinstance(read(reader, realm.written(cache)), Ticket)


def test_a_ticket_for_another_service_is_not_taken(
    realm: Realm, reader: TicketReader, cache: Path
) -> None:
    assert isinstance(read(reader, realm.written(cache, realm.other)), NotTaken)
    other = reader_of(realm, realm.other)
    assert isinstance(read(other, realm.written(cache)), NotTaken)


def test_keys_of_two_services_are_tried(realm: Realm, cache: Path) -> None:
    """As an organisation with two forests has them."""
    reader = reader_of(realm, realm.other, realm.host)
    assert isinstance(read(reader, realm.written(cache)), Ticket)


def test_what_was_changed_on_the_way_is_not_taken(
    realm: Realm, reader: TicketReader, cache: Path
) -> None:
    token = bytearray(b64decode(realm.written(cache)))
    for place in (len(token) - 1, len(token) // 2, 300):
        changed = bytearray(token)
        changed[place] ^= 1
        assert isinstance(read(reader, b64encode(changed).decode()), NotTaken)
    assert isinstance(read(reader, b64encode(token[:-40]).decode()), NotTaken)


@pytest.mark.parametrize("token", [b"\0", b"garbage", b"\x60\x82\x05", b"\xff" * 40_000])
def test_garbage_is_not_taken(reader: TicketReader, token: bytes) -> None:
    assert isinstance(read(reader, b64encode(token).decode()), NotTaken)


def test_tickets_of_windows_are_taken(realm: Realm, reader: TicketReader, cache: Path) -> None:
    """It lists four mechanisms, the mistaken name of Kerberos first (RFC 4178, appendix C)."""
    theirs = relisted(realm.token(cache), MICROSOFTS_KERBEROS, KERBEROS, NEGOEX, NTLM)
    assert isinstance(read(reader, b64encode(theirs).decode()), Ticket)


@pytest.mark.parametrize("length", [12_000, 48_000, MOST])
def test_a_long_ticket_is_read(
    realm: Realm, reader: TicketReader, cache: Path, length: int
) -> None:
    """As long as those of people in many groups are; what is long here is SPNEGO's list."""
    token = realm.token(cache)
    more = (length * 3 // 4 - len(token) - 20) // len(b"\x06\x0a" + NEGOEX)
    written = b64encode(relisted(token, KERBEROS, *[NEGOEX] * more)).decode()
    assert length - 2_000 < len(written) <= length
    assert isinstance(read(reader, written), Ticket)


@pytest.mark.parametrize("listed", [[NTLM], [NTLM, KERBEROS], [NEGOEX, NTLM], []], ids=range(4))
def test_a_negotiation_that_takes_more_than_one_leg_is_refused(
    realm: Realm, reader: TicketReader, cache: Path, listed: list[bytes]
) -> None:
    """Another mechanism first: the library would go on with an answer of ours."""
    token = relisted(realm.token(cache), *listed)
    assert isinstance(read(reader, b64encode(token).decode()), NotTaken)


def test_a_keytab_is_examined(realm: Realm, tmp_path: Path) -> None:
    ours, other = realm.service(realm.host), realm.service(realm.other)
    found = reader_of(realm, realm.host, realm.other).examine()
    assert found[ours] == ""
    assert found[other]
    assert all(reader_of(realm, keytab=tmp_path / "borta.keytab").examine().values())


def test_the_keytab_is_ours_whatever_is_done_meanwhile(realm: Realm) -> None:
    """python-gssapi looked for the machine's own, some of the times: the name had been let go."""
    with ThreadPoolExecutor(8) as threads:
        looked = threads.map(lambda _: reader_of(realm).examine(), range(800))
    assert {said for each in looked for said in each.values()} == {""}


def test_a_ticket_that_says_no_account_is_not_taken(realm: Realm) -> None:
    """A service can be told to have none in its tickets (NO_AUTH_DATA_REQUIRED)."""
    realm.without_pac(realm.other)
    reader = reader_of(realm, realm.other, keytab=realm.keytab(realm.other))
    found = read(reader, realm.written(realm.signed_in(ASA), realm.other))
    assert found == NotTaken("unsupported", "the ticket does not say which account it is for")


def test_a_ticket_that_another_service_got_is_not_taken(realm: Realm) -> None:
    """Constrained delegation (S4U2Proxy): its owner did not ask for it."""
    delegated = realm.delegated(ASA, by=realm.other)
    found = read(reader_of(realm), realm.written(delegated))
    assert found == NotTaken("unsupported", "another service asked for it in its owner's name")
