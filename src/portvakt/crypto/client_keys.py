"""The public keys of apps, and what apps sign with the private ones (RFC 7515, 7517, 7518, 8037).

An algorithm is taken only with a key of its own kind, so nobody's public key ever serves as a
shared secret (RFC 8725 section 3.1; A101).
"""

import base64
import binascii
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from joserfc.jwk import Key
    from joserfc.jws import JWSRegistry

KINDS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),  # RFC 8037
    "Ed25519": ("OKP", "Ed25519"),  # the same under its name of RFC 9864
}
"""Each algorithm that apps may sign with, and the type and curve of its keys."""
MOST_KEYS: Final = 20
_RSA_LENGTHS: Final = range(2048 // 6, 4096 // 6 + 2)
"""Letters of base64url that a modulus of 2048 to 4096 bits takes."""
_MEMBERS: Final = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
_LONGEST: Final = 16 * 1024
_LONGEST_PROOF: Final = 4096
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 section 6


def wrong_in_jwks(document: object) -> str:
    """Say what is wrong with a JWK set that should hold an app's public keys, or nothing."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys:
        return "is no JWK set: it must hold “keys”, with one or more (RFC 7517 section 5)"
    if len(keys) > MOST_KEYS:
        return f"holds more than {MOST_KEYS} keys"
    for each in keys:
        if isinstance(each, dict) and "d" in each:
            return "holds a private key, which nobody else may ever see: make a new one"
    if not list(_usable(keys)):
        return f"holds no key for any of {', '.join(KINDS)}"
    return ""


def public_part(document: bytes) -> str | None:
    """Return what counts of a JWK set that was fetched, in JSON; None where nothing can be used."""
    try:
        found = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    if wrong_in_jwks(found):
        return None
    keys = [
        {name: key[name] for name in _MEMBERS if name in key} for key, _ in _usable(found["keys"])
    ]
    return orjson.dumps({"keys": keys}).decode()


def signed_by(token: str, jwks: str) -> Mapping[str, Any] | None:
    """Return the claims of a JWT that one of these keys signed, else None.

    `jwks` is a JWK set in JSON. What the claims say is for the caller to judge.
    """
    from joserfc import jws  # noqa: PLC0415 - costs 0.1 s, which every command would pay
    from joserfc.errors import JoseError, SecurityWarning  # noqa: PLC0415

    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError):
        return None
    alg, kid = header.get("alg"), header.get("kid")
    if not isinstance(alg, str) or alg not in KINDS or "crit" in header:
        return None
    for found, key in _keys_of(jwks):
        fits = (found.get("kty"), found.get("crv")) == KINDS[alg] and (
            kid is None or found.get("kid") in {None, kid}
        )
        if fits and found.get("alg") in {None, alg}:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA
                    claims = orjson.loads(jws.deserialize_compact(token, key, [alg]).payload)
            except (JoseError, ValueError):
                continue
            return claims if isinstance(claims, dict) else None
    return None


def claims_unproven(token: str) -> Mapping[str, Any] | None:
    """Read the claims of a JWT before anything is proven: to know whose keys to prove it with."""
    from joserfc import jws  # noqa: PLC0415 - costs 0.1 s
    from joserfc.errors import JoseError  # noqa: PLC0415

    if len(token) > _LONGEST or not token.isascii():
        return None
    try:
        claims = orjson.loads(jws.extract_compact(token.encode("ascii")).payload)
    except (JoseError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


@dataclass(frozen=True, slots=True)
class SelfSigned:
    """A JWT that was signed with the key in its own header: it shows that somebody has that key."""

    typ: str
    claims: Mapping[str, Any]
    thumbprint: str
    """Of the key, by SHA-256 (RFC 7638)."""


def self_signed(token: str) -> SelfSigned | None:
    """Return what a JWT says that the key in its header signed, else None.

    None too where the header holds a private key, which is nobody's secret any more, or an
    algorithm that is not of the key's kind. What it says is for the caller to judge.
    """
    from joserfc import jws  # noqa: PLC0415 - costs 0.1 s, which every command would pay
    from joserfc.errors import JoseError, SecurityWarning  # noqa: PLC0415

    if len(token) > _LONGEST_PROOF or not token.isascii():
        return None
    found = _key_within(token.partition(".")[0])
    if found is None:
        return None
    alg, typ, key, thumbprint = found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA
            opened = jws.deserialize_compact(token, key, [alg], _roomy(alg))
            claims = orjson.loads(opened.payload)
    except (JoseError, ValueError):
        return None
    return SelfSigned(typ, claims, thumbprint) if isinstance(claims, dict) else None


@lru_cache(maxsize=len(KINDS))
def _roomy(alg: str) -> "JWSRegistry":
    """Return the library's rules for one algorithm, with headers in which a key has room."""
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 - costs 0.1 s

    rules = JWSRegistry(algorithms=[alg], strict_check_header=False)
    rules.max_header_length = _LONGEST_PROOF
    return rules


@lru_cache(maxsize=1024)
def _key_within(head: str) -> tuple[str, str, "Key", str] | None:
    """Read algorithm, type, key and thumbprint from an encoded header; the key is parsed once."""
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(header, dict) or "crit" in header:
        return None
    alg, typ, jwk = header.get("alg"), header.get("typ"), header.get("jwk")
    if not (isinstance(alg, str) and isinstance(typ, str) and isinstance(jwk, dict)):
        return None
    if alg not in KINDS or (jwk.get("kty"), jwk.get("crv")) != KINDS[alg] or _PRIVATE & set(jwk):
        return None
    usable = next(_usable([jwk]), None)
    if usable is None or jwk.get("alg") not in {None, alg}:
        return None
    return alg, typ, usable[1], usable[1].thumbprint()


@lru_cache(maxsize=1024)
def _keys_of(jwks: str) -> tuple[tuple[Mapping[str, Any], "Key"], ...]:
    """Read a JWK set once: to parse a key costs more than to use it."""
    try:
        return tuple(_usable(orjson.loads(jwks)["keys"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ()


@lru_cache(maxsize=1024)
def public_keys(jwks: str) -> tuple[bytes, ...]:
    """Return the keys of a JWK set as certificates hold them (SubjectPublicKeyInfo in DER)."""
    from joserfc.jwk import OctKey  # noqa: PLC0415 - costs 0.1 s

    keys = (key for _, key in _keys_of(jwks) if not isinstance(key, OctKey))
    return tuple(key.as_der(private=False) for key in keys)


def _usable(keys: object) -> Iterator[tuple[Mapping[str, Any], "Key"]]:
    """Read the public keys of a set that we can verify with; what is not known is passed over."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - costs 0.1 s
    from joserfc.jwk import import_key  # noqa: PLC0415

    for each in keys if isinstance(keys, list) else ():
        if not isinstance(each, dict) or "d" in each or each.get("use") not in {None, "sig"}:
            continue
        if (each.get("kty"), each.get("crv")) not in KINDS.values():
            continue
        if each["kty"] == "RSA" and len(str(each.get("n"))) not in _RSA_LENGTHS:
            continue
        try:
            yield each, import_key(each)
        except (JoseError, ValueError, TypeError):
            continue
