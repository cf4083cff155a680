"""Whether a phone signed: one algorithm, one curve, and nothing is taken for granted."""

import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws as reference
from joserfc.jwk import ECKey

from portvakt.crypto.phone_keys import is_key, is_point, is_signed, waste_as_much
from tests.handset import b64u, jws, new_key, public, sign

KEY = new_key()
HEADER = {"alg": "ES256", "typ": "portvakt-phone+jwt", "kid": "phone"}


def text(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    members = public(key)
    return json.dumps({name: members[name] for name in sorted(members)}, separators=(",", ":"))


def test_what_the_key_signed_is_believed() -> None:
    assert is_signed(jws(KEY, HEADER, b"{}"), text())


def test_what_another_library_signed_is_believed() -> None:
    pem = ECKey.generate_key("P-256")
    members = pem.as_dict(private=False)
    jwk = json.dumps({name: members[name] for name in ("crv", "kty", "x", "y")})
    signed = reference.serialize_compact({"alg": "ES256"}, b"{}", pem, algorithms=["ES256"])
    assert is_signed(signed, jwk)


def test_another_key_or_another_text_is_not() -> None:
    signed = jws(KEY, HEADER, b'{"a":1}')
    head, _, signature = signed.split(".")
    assert not is_signed(signed, text(new_key()))
    assert not is_signed(f"{head}.{b64u(b'{}')}.{signature}", text())


def test_a034_another_algorithm_is_never_believed() -> None:
    payload = b64u(b"{}")
    for alg in ("none", "HS256", "ES384", "RS256"):
        head = b64u(json.dumps({"alg": alg}).encode())
        signed = f"{head}.{payload}"
        secret = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        for signature in (b"", mac, sign(KEY, signed.encode())):
            assert not is_signed(f"{signed}.{b64u(signature)}", text()), alg


def test_a_signature_of_noughts_is_not_believed() -> None:
    signed = jws(KEY, HEADER, b"{}").rpartition(".")[0]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for r, s in ((0, 0), (0, 1), (1, 0), (order, order), (1, order), (order, 1)):
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        assert not is_signed(f"{signed}.{b64u(signature)}", text())


@pytest.mark.parametrize(
    "jwk",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
        '{"crv":"P-384","kty":"EC","x":"AA","y":"AA"}',
        '{"kty":"oct","k":"AA"}',
        '{"crv":"P-256","kty":"EC","x":1,"y":2}',
    ],
)
def test_what_is_no_key_on_p_256_believes_nothing(jwk: str) -> None:
    assert not is_key(jwk)
    assert not is_signed(jws(KEY, HEADER, b"{}"), jwk)


def test_a_point_beside_the_curve_is_no_key() -> None:
    members = public(KEY)
    off = members | {"y": members["x"]}
    assert is_key(text())
    assert not is_key(json.dumps(off))
    assert not is_key(json.dumps(members | {"d": "AA"}))


def test_rubbish_is_not_signed() -> None:
    for rubbish in ("", ".", "..", "a.b.c", "é.é.é", "\ud800", "A" * 5000):
        assert not is_signed(rubbish, text())
        waste_as_much(rubbish)


def test_a_point_is_uncompressed_and_on_the_curve() -> None:
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    squeezed = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert is_point(point)
    assert not is_point(squeezed)
    assert not is_point(point[:-1])
    assert not is_point(point[:-1] + bytes([point[-1] ^ 1]))
    assert not is_point(b"")
    assert not is_point(b"\x00")
    assert not is_point(b"\x04" + bytes(64))
