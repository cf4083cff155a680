"""Public keys of phones, and whether a phone signed what it sent (RFC 7515, RFC 7518).

One algorithm, ES256, and one curve, P-256; what the header names is held against that by whoever
reads it, and here once more. Reading a key costs as much as using it and phones ask often, so the
last that were used are kept, read.
"""

import binascii
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

KEPT: Final = 1024
"""How many keys are kept, read; each takes some 3 kB."""
_ALGORITHMS: Final = ["ES256"]
# RFC 7515 appendix A.3: the key that stands in for one that is not there
_NOBODY: Final = (
    '{"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
    '"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
)


def load() -> None:
    """Load joserfc. It takes a while, which a server spends in a thread before it is needed."""
    from joserfc import jws  # noqa: F401, PLC0415 - costs 0.1 s, which every command would pay
    from joserfc.jwk import ECKey  # noqa: F401, PLC0415


def is_signed(jws: str, jwk: str) -> bool:
    """Say whether a compact JWS was signed with ES256 by the key `jwk`, written as JSON.

    False for anything else: another algorithm, another curve, a point that is not on it, a form
    that is not JWS. Who the key belongs to, what is signed, and when, is for the caller.
    """
    from joserfc import jws as compact  # noqa: PLC0415 - costs 0.1 s, which every command would pay
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        compact.deserialize_compact(jws, _key(jwk), algorithms=_ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError, binascii.Error):
        return False
    return True


def waste_as_much(jws: str) -> None:
    """Check a signature for nobody, so that a phone that never was answers as late as one removed.

    Nothing is learnt from it.
    """
    is_signed(jws, _NOBODY)


def is_key(jwk: str) -> bool:
    """Say whether this is a key on P-256, with a point that is on the curve."""
    try:
        _key(jwk)
    except (ValueError, TypeError, KeyError):
        return False
    return True


def is_point(data: bytes) -> bool:
    """Say whether these 65 bytes are an uncompressed point on P-256 (SEC 1 section 2.3.3)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        return False
    return data[:1] == b"\x04"


@lru_cache(maxsize=KEPT)
def _key(jwk: str) -> "ECKey":
    """Read a key. Raises ValueError where it is not a public key on P-256."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - costs 0.1 s
    from joserfc.jwk import ECKey  # noqa: PLC0415

    members = json.loads(jwk)
    if not isinstance(members, dict) or members.keys() != {"crv", "kty", "x", "y"}:
        raise ValueError("not a public key")
    if (members["kty"], members["crv"]) != ("EC", "P-256"):
        raise ValueError("not a key on P-256")
    try:
        key = ECKey.import_key(members)
        key.public_key  # noqa: B018 - reads the point, which must be on the curve
    except JoseError as error:
        raise ValueError("not a key on P-256") from error
    return key
