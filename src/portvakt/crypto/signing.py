"""Signing keys as a JWK set, and the JWTs made with them (RFC 7515, 7517, 7519).

A key signs with one algorithm, fixed when it is made. ES256 is the default, because it costs a
twelfth of RS256; RS256 is there for apps that need it. Private keys are parsed once, when a
`Signer` is built: reading an RSA key costs a thousand times more than using it.

A key is first `next` (published, so that apps know it before it signs), then `current`, then
`retired` (published until the last JWT it signed has expired).
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, Self, assert_never

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

Algorithm = Literal["ES256", "RS256", "EdDSA"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

RSA_BITS = 3072  # ASVS 11.2.3: 128 bits of strength
_EXPONENT = 65537
_COORDINATE = 32  # bytes of a P-256 coordinate: RFC 7518 section 6.2.1
_HEADER = {"alg", "kid", "typ"}
_ES256 = ec.ECDSA(SHA256())
_LONGEST = 16 * 1024
_MOST_BELIEVED = 1024


class KeyState(StrEnum):
    """Where a key stands in the rotation."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key. `changed_at` is when it came into its state."""

    kid: str
    alg: Algorithm
    state: KeyState
    created_at: datetime
    changed_at: datetime
    private: PrivateKey = field(repr=False)

    @classmethod
    def generate(cls, kid: str, alg: Algorithm, state: KeyState, now: datetime) -> Self:
        """Make a new key. An RSA key takes up to a second of CPU."""
        private: PrivateKey
        match alg:
            case "ES256":
                private = ec.generate_private_key(ec.SECP256R1())
            case "RS256":
                private = rsa.generate_private_key(_EXPONENT, RSA_BITS)
            case "EdDSA":
                private = ed25519.Ed25519PrivateKey.generate()
            case _:
                assert_never(alg)
        return cls(kid, alg, state, now, now, private)

    def export(self) -> bytes:
        """Return the private JWK, which the caller seals before it is stored."""
        return orjson.dumps(self.public() | _private_members(self.private))

    @classmethod
    def parse(cls, jwk: bytes, state: KeyState, created_at: datetime, changed_at: datetime) -> Self:
        """Read what `export` wrote, after opening its seal.

        The consistency check of an RSA key is left out: it costs 70 ms, and the seal has already
        shown that these bytes are ours.
        """
        members = orjson.loads(jwk)
        private = _PARSERS[members["kty"]](members)
        return cls(members["kid"], members["alg"], state, created_at, changed_at, private)

    def public(self) -> dict[str, str]:
        """Return the public JWK."""
        head = {"kid": self.kid, "use": "sig", "alg": self.alg}
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            point = self.private.public_key().public_numbers()
            x, y = _fixed(point.x, _COORDINATE), _fixed(point.y, _COORDINATE)
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y, **head}
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            x = _encoded(self.private.public_key().public_bytes_raw()).decode("ascii")
            return {"kty": "OKP", "crv": "Ed25519", "x": x, **head}  # RFC 8037 section 2
        numbers = self.private.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e), **head}


def _private_members(private: PrivateKey) -> dict[str, str]:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return {"d": _fixed(private.private_numbers().private_value, _COORDINATE)}
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return {"d": _encoded(private.private_bytes_raw()).decode("ascii")}
    numbers = private.private_numbers()
    return {
        "d": _number(numbers.d),
        "p": _number(numbers.p),
        "q": _number(numbers.q),
        "dp": _number(numbers.dmp1),
        "dq": _number(numbers.dmq1),
        "qi": _number(numbers.iqmp),
    }


def _ec_key(members: Mapping[str, str]) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(_int(members["d"]), ec.SECP256R1())


def _rsa_key(members: Mapping[str, str]) -> rsa.RSAPrivateKey:
    public = rsa.RSAPublicNumbers(_int(members["e"]), _int(members["n"]))
    numbers = rsa.RSAPrivateNumbers(
        p=_int(members["p"]),
        q=_int(members["q"]),
        d=_int(members["d"]),
        dmp1=_int(members["dp"]),
        dmq1=_int(members["dq"]),
        iqmp=_int(members["qi"]),
        public_numbers=public,
    )
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _ed_key(members: Mapping[str, str]) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(_decoded(members["d"].encode("ascii")))


_PARSERS: Mapping[str, Callable[[Mapping[str, str]], PrivateKey]] = {
    "EC": _ec_key,
    "RSA": _rsa_key,
    "OKP": _ed_key,
}


def rotated(keys: Sequence[SigningKey], new: SigningKey, now: datetime) -> tuple[SigningKey, ...]:
    """Move the keys of the new one's algorithm one step on: it becomes the next.

    Where the place of the current or the next key is empty, the new one takes that and none moves.
    """
    step = {KeyState.NEXT: KeyState.CURRENT, KeyState.CURRENT: KeyState.RETIRED}
    ours = [key for key in keys if key.alg == new.alg]
    others = tuple(key for key in keys if key.alg != new.alg)
    if not any(key.state is KeyState.CURRENT for key in ours):
        return (*keys, replace(new, state=KeyState.CURRENT, changed_at=now))
    if not any(key.state is KeyState.NEXT for key in ours):
        return (*keys, replace(new, state=KeyState.NEXT, changed_at=now))
    moved = tuple(
        replace(key, state=step[key.state], changed_at=now) if key.state in step else key
        for key in ours
    )
    return (*others, *moved, replace(new, state=KeyState.NEXT, changed_at=now))


def with_first_keys(
    keys: Sequence[SigningKey],
    algorithms: Sequence[Algorithm],
    new_kid: Callable[[], str],
    now: datetime,
) -> tuple[SigningKey, ...]:
    """Return the keys with a current and a next one for each algorithm, made where missing."""
    found = tuple(keys)
    for alg in algorithms:
        for state in (KeyState.CURRENT, KeyState.NEXT):
            if not any(key.alg == alg and key.state is state for key in found):
                found = rotated(found, SigningKey.generate(new_kid(), alg, state, now), now)
    return found


def still_needed(key: SigningKey, now: datetime, longest_life: timedelta) -> bool:
    """Say whether a key may still have signed something that has not expired."""
    return key.state is not KeyState.RETIRED or now < key.changed_at + longest_life


@dataclass(frozen=True, slots=True)
class Verified:
    """The claims of a JWT that is ours, whole, in time and meant for whom it should be."""

    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Forged:
    """Not a JWT to believe. `reason` is for the log."""

    reason: str


class NoSigningKeyError(LookupError):
    """No current key for the algorithm that was asked for."""


class Signer:
    """Signs with the current keys and verifies with all that are published."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        """Take the keys: next, current, and the retired that are still needed."""
        self._keys = {key.kid: key for key in keys}
        self._public = {key.kid: key.private.public_key() for key in keys}
        self._current = {key.alg: key for key in keys if key.state is KeyState.CURRENT}
        self._heads: dict[tuple[str, str], bytes] = {}
        self._jwks = orjson.dumps({"keys": [key.public() for key in keys]})
        self._believed: dict[tuple[bytes, str], dict[str, Any]] = {}

    def jwks(self) -> bytes:
        """Return the public JWK set as JSON (RFC 7517 section 5)."""
        return self._jwks

    def algorithms(self) -> tuple[Algorithm, ...]:
        """List the algorithms that can be asked for."""
        return tuple(sorted(self._current))

    def sign(self, claims: Mapping[str, Any], *, typ: str, alg: Algorithm = "ES256") -> str:
        """Return a signed JWT. Raises `NoSigningKeyError`.

        `typ` says what kind of JWT it is (RFC 8725 section 3.11), so that one kind never passes for
        another.
        """
        key = self._current.get(alg)
        if key is None:
            raise NoSigningKeyError(alg)
        head = self._heads.get((key.kid, typ))
        if head is None:
            head = _encoded(orjson.dumps({"alg": key.alg, "kid": key.kid, "typ": typ}))
            self._heads[(key.kid, typ)] = head
        signed = head + b"." + _encoded(orjson.dumps(claims))
        return (signed + b"." + _encoded(_signature(key.private, signed))).decode("ascii")

    def verify(
        self, jwt: str, *, typ: str, issuer: str, audience: str | None, now: datetime
    ) -> Verified | Forged:
        """Judge a JWT that claims to be one of ours.

        The algorithm is the key's, never the header's choice; a header that holds anything but
        `alg`, `kid` and `typ` (`crit`, `jku`, `jwk`, `x5u` …) is refused (A101). `audience` is one
        that must be named; None asks for none.
        """
        claims = self._signed(jwt, typ)
        if isinstance(claims, Forged):
            return claims
        return in_force(claims, issuer, audience, now.timestamp())

    def recognise(
        self, jwt: str, *, typ: str, issuer: str, audience: str | None
    ) -> Verified | Forged:
        """Say whether we ever signed a JWT for somebody, though it may have expired.

        For hints, which open nothing (OpenID Connect Core section 3.1.2.1, `id_token_hint`).
        """
        claims = self._signed(jwt, typ)
        if isinstance(claims, Forged):
            return claims
        return Verified(claims) if (wrong := _meant(claims, issuer, audience)) is None else wrong

    def _signed(self, jwt: str, typ: str) -> dict[str, Any] | Forged:
        """Return the claims of a JWT that one of our keys signed, whatever they say.

        To look at a signature costs more than all else that is done with a token, and some are
        brought many times in a row. So those that were good are known by their hash, as long as
        this signer lives.
        """
        named = (sha256(jwt.encode("utf-8", "surrogatepass")).digest(), typ)
        if (known := self._believed.get(named)) is not None:
            return known
        claims = self._judged(jwt, typ)
        if not isinstance(claims, Forged):
            if len(self._believed) >= _MOST_BELIEVED:
                self._believed.clear()
            self._believed[named] = claims
        return claims

    def _judged(self, jwt: str, typ: str) -> dict[str, Any] | Forged:
        try:
            head, signed, claims, signature = _taken_apart(jwt)
        except (ValueError, binascii.Error):
            return Forged("not a JWT")
        if set(head) != _HEADER:
            return Forged("header")
        key = self._keys.get(head["kid"]) if isinstance(head["kid"], str) else None
        if key is None or head["alg"] != key.alg or head["typ"] != typ:
            return Forged("key, algorithm or type")
        if not _is_signed(self._public[key.kid], signature, signed):
            return Forged("signature")
        return claims


def in_force(
    claims: Mapping[str, Any], issuer: str, audience: str | None, now: float
) -> Verified | Forged:
    """Check what a signature does not say: issuer, audience and time. `exp` must be there."""
    ends, begins = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(ends, int) or not isinstance(begins, int) or not begins <= now < ends:
        return Forged("time")
    wrong = _meant(claims, issuer, audience)
    return Verified(claims) if wrong is None else wrong


def _meant(claims: Mapping[str, Any], issuer: str, audience: str | None) -> Forged | None:
    if claims.get("iss") != issuer:
        return Forged("issuer")
    named = claims.get("aud")
    meant = [named] if isinstance(named, str) else named
    if audience is not None and (not isinstance(meant, list) or audience not in meant):
        return Forged("audience")
    return None


def _taken_apart(jwt: str) -> tuple[dict[str, Any], bytes, dict[str, Any], bytes]:
    """Return header, signed bytes, claims and signature. Raises `ValueError`."""
    if len(jwt) > _LONGEST or jwt.count(".") != 2 or not jwt.isascii():  # noqa: PLR2004
        raise ValueError("not a JWT in compact form")
    head, body, signature = jwt.encode("ascii").split(b".")
    header, claims = orjson.loads(_decoded(head)), orjson.loads(_decoded(body))
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what came from outside has a wrong form
    return header, head + b"." + body, claims, _decoded(signature)


def _signature(private: PrivateKey, data: bytes) -> bytes:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(data, _ES256))
        return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    return private.sign(data, padding.PKCS1v15(), SHA256())


def _is_signed(public: PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            if len(signature) != 2 * _COORDINATE:
                return False
            r = int.from_bytes(signature[:_COORDINATE], "big")
            s = int.from_bytes(signature[_COORDINATE:], "big")
            der = encode_dss_signature(r, s)
            public.verify(der, data, _ES256)
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, data)
        else:
            public.verify(signature, data, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _encoded(data: bytes) -> bytes:
    """Write as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    """Read base64url without padding, in its one spelling only. Raises `ValueError`."""
    data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if not hmac.compare_digest(_encoded(data), text):
        raise ValueError("not base64url")
    return data


def _fixed(number: int, length: int) -> str:
    return _encoded(number.to_bytes(length, "big")).decode("ascii")


def _number(number: int) -> str:
    return _fixed(number, (number.bit_length() + 7) // 8)


def _int(text: str) -> int:
    return int.from_bytes(_decoded(text.encode("ascii")), "big")
