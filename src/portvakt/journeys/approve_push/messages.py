"""What phones send, read strictly: no unknown field, no name twice, nothing too long or too deep.

Sources: RFC 7515 (JWS) section 7.1 and section 4, RFC 7517, and docs/developers/phone-protocol.md.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from portvakt.core.phones import LONGEST_NAME, decode
from portvakt.journeys.approve_push.parts import Refused, Word

LONGEST: Final = 16 * 1024
"""Bytes of a whole body."""
TYP: Final = "portvakt-phone+jwt"
VERSION: Final = 1
_PARTS: Final = 3
_SIGNATURE: Final = 64  # bytes of r and s on P-256: RFC 7518 section 3.4

Text = Annotated[str, msgspec.Meta(max_length=1024)]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9]{1,64}\Z")]
Base64Url = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]*\Z", max_length=12_000)]
PushKey = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]*\Z", max_length=100)]
Instant = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An object with exactly these fields."""


class Assertion(Strict, frozen=True):
    """A use of the screen lock (WebAuthn Level 3 section 5.2.2)."""

    id: Base64Url
    client_data: Base64Url
    authenticator_data: Base64Url
    signature: Base64Url


class Attestation(Strict, frozen=True):
    """The making of a screen lock's credential (WebAuthn Level 3 section 5.2.1)."""

    id: Base64Url
    client_data: Base64Url
    attestation_object: Base64Url


class Body(Strict, frozen=True):
    """What is posted."""

    jws: Annotated[str, msgspec.Meta(max_length=LONGEST)]
    assertion: Assertion | msgspec.UnsetType = msgspec.UNSET
    attestation: Attestation | msgspec.UnsetType = msgspec.UNSET


class KnownHeader(Strict, frozen=True):
    """The protected header of a phone that has an id."""

    alg: Literal["ES256"]
    typ: Literal["portvakt-phone+jwt"]
    kid: Id


class PublicKey(Strict, frozen=True):
    """A public key on P-256 (RFC 7518 section 6.2.1), and nothing beside it."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
    y: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]

    def text(self) -> str:
        """Write it in its one form: names in order, no spaces (RFC 7638 section 3)."""
        members = {"crv": self.crv, "kty": self.kty, "x": self.x, "y": self.y}
        return json.dumps(members, separators=(",", ":"))


class NewHeader(Strict, frozen=True):
    """The protected header of `pair`: the phone has no id yet, and shows its key."""

    alg: Literal["ES256"]
    typ: Literal["portvakt-phone+jwt"]
    jwk: PublicKey


class Plain(Strict, frozen=True):
    """An act without fields of its own."""

    v: int
    aud: Text
    act: Text
    iat: Instant


class Pair(Plain, frozen=True):
    """A code, and what the phone calls itself."""

    code: Text
    short: Text
    account: Text
    name: Text


class Opened(Plain, frozen=True):
    """The person looks at it now."""

    request: Id


class Answered(Plain, frozen=True):
    """What the person decided."""

    request: Id
    shown: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
    decision: Literal["approve", "deny", "not_me"]
    number: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{0,6}\Z")]


class Subscribe(Plain, frozen=True):
    """Where the phone can be woken; three empty texts for nowhere."""

    endpoint: Annotated[str, msgspec.Meta(max_length=4096)]
    p256dh: PushKey
    auth: PushKey


class ScreenLock(Plain, frozen=True):
    """Whether it is to sign in without a password."""

    sign_in: bool


class Rename(Plain, frozen=True):
    """What it is to be called."""

    name: Text


KINDS: Final[Mapping[str, type[Plain]]] = {
    "pair": Pair,
    "fetch": Plain,
    "opened": Opened,
    "answer": Answered,
    "lock_account": Plain,
    "subscribe": Subscribe,
    "screen_lock": ScreenLock,
    "transfer": Plain,
    "rename": Rename,
    "retire": Plain,
    "stream": Plain,
}
"""Every act, and what its payload must hold."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A body that has the right form. Nothing in it is believed before its signature is checked."""

    jws: str = field(repr=False)
    kid: str | None
    jwk: str | None
    fields: Plain = field(repr=False)
    payload: bytes = field(repr=False)
    assertion: Assertion | None = field(default=None, repr=False)
    attestation: Attestation | None = field(default=None, repr=False)

    @property
    def challenge(self) -> bytes:
        """The challenge of a screen lock that stands beside it."""
        return sha256(self.payload).digest()


class _BadMessageError(Exception):
    """It is not what the protocol says."""


class _OtherVersionError(Exception):
    """It is written in a version that is unknown here."""


T = TypeVar("T")


_BESIDE: Final[dict[str, frozenset[str]]] = {
    "answer": frozenset({"assertion"}),
    "transfer": frozenset({"assertion"}),
    "screen_lock": frozenset({"assertion", "attestation"}),
}
"""What may stand beside the signed part, by act."""


def read_body(data: bytes, act: str) -> Letter | Refused:
    """Read what was posted to an act."""
    try:
        body = _decoded(data, Body)
        given = {"assertion": body.assertion, "attestation": body.attestation}
        beside = {name: each for name, each in given.items() if each is not msgspec.UNSET}
        if not beside.keys() <= _BESIDE.get(act, frozenset()):
            return Refused(Word.MALFORMED)
        return _letter(body.jws, act, beside)
    except _BadMessageError:
        return Refused(Word.MALFORMED)
    except _OtherVersionError:
        return Refused(Word.VERSION)


def read_jws(jws: str, act: str) -> Letter | Refused:
    """Read a JWS that stands alone, as in the header of the stream."""
    try:
        return _letter(jws, act, {})
    except _BadMessageError:
        return Refused(Word.MALFORMED)
    except _OtherVersionError:
        return Refused(Word.VERSION)


def _letter(jws: str, act: str, beside: dict[str, Any]) -> Letter:
    parts = jws.split(".") if len(jws) <= LONGEST else []
    if len(parts) != _PARTS:
        raise _BadMessageError
    head, payload, signature = (_bytes(each) for each in parts)
    if len(signature) != _SIGNATURE:
        raise _BadMessageError
    kid = jwk = None
    if act == "pair":
        jwk = _public(_decoded(head, NewHeader).jwk)
    else:
        kid = _decoded(head, KnownHeader).kid
    return Letter(jws, kid, jwk, _fields(payload, KINDS[act]), payload, **beside)


def _fields(payload: bytes, kind: type[Plain]) -> Plain:
    """Read the payload. What a later version holds is not for us to judge."""
    claimed = _objects(payload).get("v")
    if type(claimed) is int and claimed != VERSION:
        raise _OtherVersionError
    return _decoded(payload, kind)


def _public(key: PublicKey) -> str:
    _bytes(key.x)
    _bytes(key.y)
    return key.text()


def _bytes(text: str) -> bytes:
    try:
        return decode(text)
    except ValueError:
        raise _BadMessageError from None


def _decoded(data: bytes, kind: type[T]) -> T:
    """Read JSON into a type, which bounds its depth; then see that no name comes twice."""
    try:
        read = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _BadMessageError from None
    _objects(data)
    return read


def _objects(data: bytes) -> dict[str, Any]:
    """Read a JSON object (RFC 8259) as it stands. A name that comes twice is refused (R4)."""
    try:
        read = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _BadMessageError from None
    if not isinstance(read, dict):
        raise _BadMessageError
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _BadMessageError
    return read


def readable_name(typed: str) -> str | None:
    """Bring a phone's name to the form it is kept in; None where it is not 1 to 40 characters."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    return name if 1 <= len(name) <= LONGEST_NAME and name.isprintable() else None
