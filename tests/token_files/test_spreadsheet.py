"""CSV files of hardware tokens, as makers and Microsoft write them."""

import base64

import pytest

from portvakt.core.hardware_tokens import Make, TokenKind
from portvakt.token_files import BrokenTokenFileError, Seed, Unusable
from portvakt.token_files.spreadsheet import read

SECRET = bytes(range(20))
BASE32 = base64.b32encode(SECRET).decode()
HEX = "0123456789ABCDEF0123456789ABCDEF01234567"
HEAD = "upn,serial number,secret key,time interval,manufacturer,model"


def seeds(text: str, secrets: str | None = None) -> tuple[Seed, ...]:
    found = read(text.encode(), secrets)
    assert found.unusable == ()
    return found.seeds


def test_microsofts_columns_are_read() -> None:
    (one, other) = seeds(
        f"{HEAD}\nanna.berg@region.example,2308 712345,{BASE32},30,Contoso,HardwareKey\n"
        f",FT-77,{BASE32.lower()},60,Feitian,c200\n"
    )
    assert one == Seed(
        row=2,
        serial="2308712345",
        secret=SECRET,
        make=Make(kind=TokenKind.TOTP),
        manufacturer="Contoso",
        model="HardwareKey",
        user="anna.berg@region.example",
    )
    assert (other.serial, other.user, other.make.period) == ("FT77", "", 60)
    assert other.secret == SECRET


def test_two_columns_without_a_header_are_serial_and_secret() -> None:
    (one,) = seeds(f"2308712345,{HEX}\n")
    assert (one.serial, one.secret) == ("2308712345", bytes.fromhex(HEX))
    assert one.make == Make(kind=TokenKind.TOTP)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_as_a_spreadsheet_saves_it_is_read(delimiter: str) -> None:
    head = delimiter.join(("Serial Number", "Type", "Seed", "Counter", "Digits", "Algorithm"))
    line = delimiter.join(("UBHE1", "HOTP", HEX, "12", "8", "HMAC-SHA256"))
    (one,) = seeds(f"\ufeff{head}\r\n{line}\r\n\r\n")
    assert one.make == Make(kind=TokenKind.HOTP, algorithm="sha256", digits=8, period=0)
    assert one.counter == 12


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ("x,,{secret},30,m,n", "serial number"),
        ("x,12/4,{secret},30,m,n", "serial number"),
        ("x,1,{secret},45,m,n", "time interval"),
        ("x,1,{secret},half,m,n", "time interval"),
        ("x,1,ABCDEFG,30,m,n", "secret key"),
        ("x,1,,30,m,n", "secret key"),
        ("x", "serial number"),
    ],
)
def test_a_device_that_cannot_be_used_is_told_by_line_and_field(cells: str, field: str) -> None:
    found = read(f"{HEAD}\n{cells.format(secret=BASE32)}\n,2,{BASE32},30,m,n\n".encode())
    assert [each.serial for each in found.seeds] == ["2"]
    (told,) = found.unusable
    assert (told.row, told.field) == (2, field)


def test_what_is_said_of_a_line_never_holds_its_secret() -> None:
    found = read(f"{HEAD}\n,1,{BASE32}1,30,m,n\n,2,{BASE32},30,m,n\n".encode(), "base32")
    assert found.unusable == (Unusable(2, "secret key", "is not base32"),)
    assert BASE32 not in repr(found)
    assert repr(SECRET) not in repr(found)


def test_base32_and_hexadecimal_are_told_apart_by_the_whole_file() -> None:
    both = "ABCDEF234567ABCDEF234567ABCDEF23"
    (first, _) = seeds(f"serial,seed\n1,{both}\n2,{HEX}\n")
    assert first.secret == bytes.fromhex(both)
    (first, _) = seeds(f"serial,seed\n1,{both}\n2,{BASE32}\n")
    assert first.secret == base64.b32decode(both)


@pytest.mark.parametrize("how", ["hex", "base32"])
def test_secrets_that_could_be_either_are_refused_until_somebody_says(how: str) -> None:
    both = "serial,seed\n1,ABCDEF234567ABCDEF234567ABCDEF23\n"
    with pytest.raises(BrokenTokenFileError, match="--secrets"):
        read(both.encode())
    assert len(seeds(both, how)) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"a,b,c\n1,2,3\n", "must name its columns"),
        (b"upn,serial number\nx,1\n", "must name its columns"),
        (b"\xff\xfe1\x00", "not UTF-8"),
        (b'serial,seed\n1,"' + b"A" * 200_000, "line"),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(BrokenTokenFileError, match=why):
        read(content)


@pytest.mark.parametrize("letters", [24, 210])
def test_a_secret_that_is_too_short_or_too_long_is_refused(letters: int) -> None:
    found = read(f"serial,seed\n1,{'A' * letters}\n2,{BASE32}\n".encode())
    assert [(each.row, each.field) for each in found.unusable] == [(2, "secret key")]


@pytest.mark.parametrize("kind", ["ocra", "oath"])
def test_a_kind_that_we_cannot_compute_is_refused(kind: str) -> None:
    found = read(f"serial,seed,type\n1,{BASE32},{kind}\n".encode())
    assert [each.field for each in found.unusable] == ["kind"]
