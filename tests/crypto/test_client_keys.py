"""What an app signs counts with its own public keys, each with the algorithms of its kind."""

import base64
import hmac
import warnings
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from portvakt.crypto.client_keys import KINDS, signed_by, wrong_in_jwks

CLAIMS = {"iss": "shop", "jti": "1"}
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
EC_384 = ECKey.generate_key("P-384", {"kid": "ec-384"})
EC_521 = ECKey.generate_key("P-521", {"kid": "ec-521"})
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"})
EVERY = (RSA, EC, EC_384, EC_521, OKP)
KEYS: dict[str, Key] = {
    "RS256": RSA,
    "RS384": RSA,
    "RS512": RSA,
    "PS256": RSA,
    "ES256": EC,
    "ES384": EC_384,
    "ES512": EC_521,
    "EdDSA": OKP,
    "Ed25519": OKP,
}


def public(*keys: Key, **different: Any) -> dict[str, Any]:
    return {"keys": [each.as_dict(private=False) | different for each in keys]}


def signed(alg: str, key: Key, **header: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA, which apps still use
        return jws.serialize_compact({"alg": alg} | header, orjson.dumps(CLAIMS), key, [alg])


def written(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=")


ALL = orjson.dumps(public(*EVERY)).decode()


@pytest.mark.parametrize("alg", sorted({*KEYS, *KINDS}))
@pytest.mark.parametrize("named", [True, False])
def test_each_algorithm_counts_with_its_own_key_named_or_not(alg: str, named: bool) -> None:
    key = KEYS[alg]
    header = {"kid": key.kid} if named else {}
    assert signed_by(signed(alg, key, **header), ALL) == CLAIMS
    others = orjson.dumps(public(*(each for each in EVERY if each is not key))).decode()
    assert signed_by(signed(alg, key, **header), others) is None


def test_a_key_that_is_for_one_algorithm_is_for_no_other() -> None:
    jwks = orjson.dumps(public(RSA, alg="PS256")).decode()
    assert signed_by(signed("PS256", RSA), jwks) == CLAIMS
    assert signed_by(signed("RS256", RSA), jwks) is None


@pytest.mark.parametrize(("curve", "alg"), [(EC, "ES384"), (EC_384, "ES256"), (EC_521, "ES384")])
def test_a_curve_counts_with_its_own_digest_alone(curve: Key, alg: str) -> None:
    """RFC 7518 section 3.4: each algorithm names one curve and one digest."""
    own = next(name for name, key in KEYS.items() if key is curve)
    body = written(CLAIMS)
    _, _, signature = signed(own, curve).split(".")
    assert signed_by(f"{written({'alg': alg})}.{body}.{signature}", ALL) is None


def test_a_key_with_another_name_or_another_use_does_not_count() -> None:
    assert signed_by(signed("ES256", EC, kid="rsa"), ALL) is None
    assert signed_by(signed("ES256", EC), orjson.dumps(public(EC, use="enc")).decode()) is None


def test_a101_no_signature_and_a_public_key_as_a_secret_are_refused() -> None:
    assert signed_by(f"{written({'alg': 'none'})}.{written(CLAIMS)}.", ALL) is None
    for material in (RSA.as_pem(private=False), orjson.dumps(RSA.as_dict(private=False))):
        said = f"{written({'alg': 'HS256'})}.{written(CLAIMS)}"
        mac = hmac.digest(material, said.encode(), "sha256")
        assert (
            signed_by(f"{said}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}", ALL) is None
        )


def test_an_extension_that_must_be_understood_is_refused() -> None:
    head, body, signature = signed("ES256", EC).split(".")
    odd = written({"alg": "ES256", "crit": ["x"], "x": 1})
    assert head
    assert signed_by(f"{odd}.{body}.{signature}", ALL) is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda each: each.decode("latin-1")))
def test_whatever_comes_is_refused_and_breaks_nothing(text: str) -> None:
    assert signed_by(text, ALL) is None
    assert signed_by(f"{text}.{text}.{text}", ALL) is None
    assert signed_by(signed("ES256", EC), text) is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "no JWK set"),
        ({"keys": []}, "no JWK set"),
        ({"keys": [EC.as_dict(private=True)]}, "a private key"),
        ({"keys": [OctKey.generate_key(256).as_dict()]}, "no key for any"),
        ({"keys": [{"kty": "RSA", "n": "x" * 171, "e": "AQAB"}]}, "no key for any"),
        ({"keys": [ECKey.generate_key("secp256k1").as_dict(private=False)]}, "no key for any"),
        ({"keys": ["x"]}, "no key for any"),
        ({"keys": public(EC)["keys"] * 21}, "more than 20"),
    ],
)
def test_what_is_wrong_with_a_set_is_said(document: object, said: str) -> None:
    assert said in wrong_in_jwks(document)


def test_nothing_is_said_of_a_good_one() -> None:
    assert wrong_in_jwks(public(*EVERY)) == ""
