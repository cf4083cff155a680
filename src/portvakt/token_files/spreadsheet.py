"""CSV as makers and Microsoft write it: one device to a line, columns by the names in its header.

`upn,serial number,secret key,time interval,manufacturer,model` is what Microsoft takes; a file with
two columns and no header is serial number and secret, as some makers deliver it. The secret is
base32 or hexadecimal, the same in the whole file.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from portvakt.core.hardware_tokens import read_serial
from portvakt.token_files import (
    BadFieldError,
    BrokenTokenFileError,
    Seed,
    TokenFile,
    Unusable,
    decoded,
    make_of,
)

_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "user": frozenset({"upn", "user", "username", "user name", "userprincipalname"}),
    "serial": frozenset({"serial number", "serialnumber", "serial", "serial no", "token serial"}),
    "secret": frozenset({"secret key", "secretkey", "secret", "seed", "key", "otp key"}),
    "period": frozenset({"time interval", "timeinterval", "interval", "period", "timestep"}),
    "manufacturer": frozenset({"manufacturer", "vendor"}),
    "model": frozenset({"model", "type of token", "token model"}),
    "kind": frozenset({"kind", "type", "token type", "otp type"}),
    "digits": frozenset({"digits", "otp length", "otplen"}),
    "algorithm": frozenset({"algorithm", "hash", "hashlib"}),
    "counter": frozenset({"counter"}),
}
_HEX: Final = frozenset("0123456789ABCDEF")
_ONLY_HEX: Final = frozenset("0189")
_KINDS: Final = {"": "totp", "totp": "totp", "hotp": "hotp", "oath-totp": "totp"}
_KINDS_MORE: Final = {"oath-hotp": "hotp", "time": "totp", "event": "hotp"}


def read(content: bytes, secrets: str | None = None) -> TokenFile:
    """Read a file. `secrets` is "base32" or "hex", or None to tell from what stands in it.

    Raises `BrokenTokenFileError` where it is no such file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenTokenFileError("the file is not UTF-8 text") from error
    rows = [(line, cells) for line, cells in _rows(text) if any(cells)]
    if not rows:
        raise BrokenTokenFileError("the file is empty")
    columns, rows = _columns(rows)
    how = secrets or _how([cells[columns["secret"]] for _, cells in rows if _has(cells, columns)])
    seeds: list[Seed] = []
    unusable: list[Unusable] = []
    for line, cells in rows:
        named = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
        try:
            seeds.append(_seed(line, named, how))
        except BadFieldError as error:
            unusable.append(Unusable(line, error.field, str(error)))
    return TokenFile(tuple(seeds), tuple(unusable))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise BrokenTokenFileError(f"line {reader.line_num}: {error}") from error


def _columns(
    rows: list[tuple[int, list[str]]],
) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Find which column is which: by the header, or by there being two."""
    head = [cell.lower().replace("_", " ") for cell in rows[0][1]]
    columns = {
        name: at for at, cell in enumerate(head) for name, words in _NAMES.items() if cell in words
    }
    if {"serial", "secret"} <= columns.keys():
        return columns, rows[1:]
    if not columns and all(len(cells) == 2 for _, cells in rows):  # noqa: PLR2004  # two
        return {"serial": 0, "secret": 1}, rows
    raise BrokenTokenFileError(
        "the first line must name its columns, with «serial number» and «secret key» among them"
    )


def _has(cells: list[str], columns: Mapping[str, int]) -> bool:
    return len(cells) > columns["secret"] and bool(cells[columns["secret"]])


def _how(secrets: list[str]) -> str:
    """Tell hexadecimal from base32, which have letters and some digits in common."""
    used = {letter for each in secrets for letter in each.upper() if letter.isalnum()}
    if used & _ONLY_HEX and used <= _HEX:
        return "hex"
    if used - _HEX and not used & _ONLY_HEX:
        return "base32"
    raise BrokenTokenFileError(
        "whether the secrets are base32 or hexadecimal cannot be told: say so with --secrets"
    )


def _seed(line: int, named: Mapping[str, str], how: str) -> Seed:
    serial = read_serial(named.get("serial", ""))
    if not serial:
        raise BadFieldError("serial number", "is missing or has other than letters and digits")
    kind = named.get("kind", "").lower()
    made = make_of(
        (_KINDS | _KINDS_MORE).get(kind, kind),
        named.get("algorithm", "").lower().replace("-", "").replace("hmac", "") or "sha1",
        _number(named, "digits", 6),
        _number(named, "period", 30),
    )
    return Seed(
        row=line,
        serial=serial,
        secret=decoded(named.get("secret", ""), how),
        make=made,
        counter=_number(named, "counter", 0),
        manufacturer=named.get("manufacturer", ""),
        model=named.get("model", ""),
        user=named.get("user", ""),
    )


def _number(named: Mapping[str, str], name: str, usual: int) -> int:
    text = named.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 16):  # noqa: PLR2004  # a BIGINT
        raise BadFieldError("time interval" if name == "period" else name, "is not a whole number")
    return int(text)
