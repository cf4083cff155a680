"""PSKC (RFC 6030): keys in an XML file, in the clear or encrypted.

The library decrypts and checks authentication codes; the XML is read once before it by a parser
that refuses document types and entities, whichever parser the library finds for itself. A signature
over the file is not verified, and `is_signed` lets the caller say so.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from portvakt.core.hardware_tokens import read_serial
from portvakt.token_files import (
    BadFieldError,
    BrokenTokenFileError,
    Seed,
    TokenFile,
    Unusable,
    checked_counter,
    checked_secret,
    make_of,
)

if TYPE_CHECKING:
    from pskc import PSKC
    from pskc.key import Key

_PROFILE: Final = "urn:ietf:params:xml:ns:keyprov:pskc:"
_MOST_ROUNDS: Final = 10_000_000
"""Of PBKDF2: some seconds, in which nothing can be interrupted."""
_SUITES: Final = {
    "": "sha1",
    "HMAC-SHA1": "sha1",
    "HMAC-SHA256": "sha256",
    "HMAC-SHA512": "sha512",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens an encrypted file: a shared key, or a pass phrase that one is made of."""

    key: bytes | None = None
    pass_phrase: str | None = None


def looks_like(content: bytes) -> bool:
    """Whether a file is XML, by its first character."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read(content: bytes, opening: Opening) -> tuple[TokenFile, bool]:
    """Read a file; also whether it carries a signature, which is not verified.

    Raises `BrokenTokenFileError` where it is no such file, or does not open with what was given.
    """
    container = _parsed(content)
    _open(container, opening)
    seeds: list[Seed] = []
    unusable: list[Unusable] = []
    for row, key in enumerate(container.keys, 1):
        try:
            seeds.append(_seed(row, key))
        except BadFieldError as error:
            unusable.append(Unusable(row, error.field, str(error)))
    if not seeds and not unusable:
        raise BrokenTokenFileError("there are no keys in the file")
    return TokenFile(tuple(seeds), tuple(unusable)), bool(container.signature.is_signed)


def _parsed(content: bytes) -> "PSKC":
    from defusedxml import DefusedXmlException  # noqa: PLC0415 - only an import of tokens needs it
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 - the same
    from pskc import PSKC  # noqa: PLC0415 - the same
    from pskc.exceptions import PSKCError  # noqa: PLC0415 - the same

    try:
        fromstring(content, forbid_dtd=True)
    except ParseError as error:
        raise BrokenTokenFileError(f"the file is not well-formed XML: {error}") from error
    except DefusedXmlException as error:
        raise BrokenTokenFileError("the file declares a document type, which is refused") from error
    try:
        return PSKC(io.BytesIO(content))
    except (PSKCError, ValueError, TypeError, AttributeError) as error:
        raise BrokenTokenFileError(f"the file is not PSKC: {_said(error)}") from error


def _open(container: "PSKC", opening: Opening) -> None:
    from pskc.exceptions import PSKCError  # noqa: PLC0415 - only an import of tokens needs it

    if opening.pass_phrase is not None and not container.encryption.derivation.algorithm:
        raise BrokenTokenFileError("the file is not encrypted with a pass phrase")
    if (container.encryption.derivation.pbkdf2_iterations or 0) > _MOST_ROUNDS:
        raise BrokenTokenFileError(f"the pass phrase is used more than {_MOST_ROUNDS} times")
    try:
        if opening.key is not None:
            container.encryption.key = opening.key
        elif opening.pass_phrase is not None:
            container.encryption.derive_key(opening.pass_phrase)
        for key in container.keys:
            key.check()
    except (PSKCError, ValueError) as error:
        raise BrokenTokenFileError(f"the file does not open: {_said(error)}") from error


def _seed(row: int, key: "Key") -> Seed:
    serial = read_serial(key.serial or key.id or "")
    if not serial:
        raise BadFieldError("SerialNo", "is missing or has other than letters and digits")
    kind = (key.algorithm or "").removeprefix(_PROFILE)
    algorithm = _SUITES.get((key.algorithm_suite or "").upper().replace("SHA-", "SHA"))
    if algorithm is None:
        raise BadFieldError("Suite", f"is none of {', '.join(filter(None, _SUITES))}")
    if (key.response_encoding or "DECIMAL").upper() != "DECIMAL" or key.response_check:
        raise BadFieldError("ResponseFormat", "is not plain decimal digits")
    secret = key.secret
    if secret is None:
        raise BadFieldError("Secret", "is missing")
    period = 30 if key.time_interval is None else key.time_interval
    made = make_of(kind, algorithm, key.response_length or 6, period)
    return Seed(
        row=row,
        serial=serial,
        secret=checked_secret(bytes(secret)),
        make=made,
        counter=checked_counter(key.counter or 0),
        manufacturer=_text(key.manufacturer),
        model=_text(key.model),
        user=_user(key),
    )


def _user(key: "Key") -> str:
    """Read whom a key is for: the part of a distinguished name that names a user, or the text."""
    text = _text(key.userid)
    names = dict(_parts(text))
    return names.get("UID") or names.get("CN") or ("" if names else text)


def _parts(name: str) -> Iterator[tuple[str, str]]:
    for part in name.split(","):
        attribute, equals, value = part.partition("=")
        if equals:
            yield attribute.strip().upper(), value.strip()


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
