"""What a ticket says, and what is no ticket."""

from base64 import b64encode

import pytest

from portvakt.wire.tickets import MOST, NotTaken, sid_of, token_of

WHOLE = bytes([1, 2]) + bytes(6) + bytes(range(8))


def info(sid: bytes = WHOLE, *, flags: int = 2, size: int | None = None, at: int = 20) -> bytes:
    """Write `UPN_DNS_INFO` (MS-PAC 2.10) with nothing in it but an account."""
    length = len(sid) if size is None else size
    numbers = b"".join(each.to_bytes(2, "little") for each in (0, 0, length, at))
    return bytes(8) + flags.to_bytes(4, "little") + numbers + sid


def test_an_account_is_read_out_of_a_ticket() -> None:
    assert sid_of(info()) == WHOLE


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        info()[:19],
        info(flags=0),
        info(flags=1),
        info(size=12),
        info()[:-1],
        info(at=40_000),
        info(b""),
        info(b"\x01\x02"),
        info(b"\x01\x03" + WHOLE[2:]),
    ],
    ids=range(10),
)
def test_what_is_not_whole_names_nobody(broken: bytes) -> None:
    assert sid_of(broken) is None


def test_a_token_is_read_as_it_is_written() -> None:
    assert token_of(b64encode(b"\x60\x01\x02").decode()) == b"\x60\x01\x02"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "unreadable"),
        ("inte base64", "unreadable"),
        ("åäö", "unreadable"),
        ("YII", "unreadable"),
        ("A" * (MOST + 4), "unreadable"),
        (b64encode(b"NTLMSSP\0\1\0\0\0").decode(), "unsupported"),
    ],
    ids=range(6),
)
def test_what_is_no_ticket_is_not_taken(written: str, reason: str) -> None:
    found = token_of(written)
    assert isinstance(found, NotTaken)
    assert found.reason == reason
    assert found.said
