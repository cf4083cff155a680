import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from portvakt.crypto.signing import (
    Algorithm,
    Forged,
    KeyState,
    NoSigningKeyError,
    Signer,
    SigningKey,
    Verified,
    rotated,
    still_needed,
    with_first_keys,
)
from tests.make import NOW

ISSUER = "https://login.region.example"
ES256 = SigningKey.generate("e1", "ES256", KeyState.CURRENT, NOW)
RS256 = SigningKey.generate("r1", "RS256", KeyState.CURRENT, NOW)
EDDSA = SigningKey.generate("o1", "EdDSA", KeyState.CURRENT, NOW)
SIGNER = Signer([ES256, RS256, EDDSA])
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "shop",
    "sub": "ö",
    "exp": int((NOW + timedelta(minutes=5)).timestamp()),
    "iat": int(NOW.timestamp()),
}


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def verify(token: str, **changes: Any) -> Verified | Forged:
    asked: dict[str, Any] = {"typ": "JWT", "issuer": ISSUER, "audience": "shop", "now": NOW}
    return SIGNER.verify(token, **(asked | changes))


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_an_independent_library_accepts_what_we_sign(alg: Algorithm) -> None:
    token = SIGNER.sign(CLAIMS, typ="JWT", alg=alg)
    keys = KeySet.import_key_set(json.loads(SIGNER.jwks()))
    read = jwt.decode(token, keys, algorithms=[alg])
    assert read.claims == CLAIMS
    assert read.header == {"alg": alg, "kid": "e1" if alg == "ES256" else "r1", "typ": "JWT"}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_what_we_sign_we_accept(alg: Algorithm) -> None:
    assert verify(SIGNER.sign(CLAIMS, typ="JWT", alg=alg)) == Verified(CLAIMS)


@pytest.mark.parametrize("key", [ES256, RS256, EDDSA])
def test_a_key_survives_being_stored(key: SigningKey) -> None:
    again = SigningKey.parse(key.export(), key.state, key.created_at, key.changed_at)
    assert again.public() == key.public()
    assert verify(Signer([again]).sign(CLAIMS, typ="JWT", alg=key.alg)) == Verified(CLAIMS)


def test_the_published_set_holds_nothing_private() -> None:
    for jwk in json.loads(SIGNER.jwks())["keys"]:
        assert set(jwk) <= {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}
        assert jwk["use"] == "sig"
    assert repr(ES256).count("private") == 0


def test_rsa_keys_have_128_bits_of_strength() -> None:
    assert isinstance(RS256.private, RSAPrivateKey)
    assert RS256.private.key_size == 3072


def test_an_es256_signature_is_64_bytes_even_where_a_number_is_short() -> None:
    for count in range(300):
        token = SIGNER.sign(CLAIMS | {"jti": str(count)}, typ="JWT")
        assert len(token.rpartition(".")[2]) == 86


def test_a101_a_token_without_a_signature_is_refused() -> None:
    for alg in ("none", "None", "NONE"):
        head = part({"alg": alg, "kid": "e1", "typ": "JWT"})
        assert isinstance(verify(f"{head}.{part(CLAIMS)}."), Forged)


def test_a101_a_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    for secret in (SIGNER.jwks(), json.dumps(RS256.public()).encode()):
        signed = f"{part({'alg': 'HS256', 'kid': 'r1', 'typ': 'JWT'})}.{part(CLAIMS)}"
        mac = hmac.HMAC(secret, SHA256())
        mac.update(signed.encode())
        signature = base64.urlsafe_b64encode(mac.finalize()).rstrip(b"=").decode()
        assert isinstance(verify(f"{signed}.{signature}"), Forged)


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"jku": "https://elsewhere.example/keys"},
        {"jwk": ES256.public()},
        {"x5u": "https://elsewhere.example/cert"},
        {"x5c": ["MIIB"]},
        {"b64": False},
    ],
)
def test_a101_a_header_that_asks_for_anything_more_is_refused(extra: dict[str, Any]) -> None:
    keys = KeySet.import_key_set(
        {"keys": [json.loads(ES256.export())]},
    )
    header = {"alg": "ES256", "kid": "e1", "typ": "JWT"} | extra
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.strict_check_header = False
    if "crit" in extra or "b64" in extra:
        token = f"{part(header)}.{part(CLAIMS)}.{'A' * 86}"
    else:
        token = jws.serialize_compact(header, json.dumps(CLAIMS), keys.keys[0], registry=registry)
    assert verify(token) == Forged("header")


def test_a101_the_algorithm_of_another_key_is_refused() -> None:
    signed = SIGNER.sign(CLAIMS, typ="JWT").rpartition(".")
    body = signed[0].partition(".")[2]
    for header in (
        {"alg": "RS256", "kid": "e1", "typ": "JWT"},
        {"alg": "ES256", "kid": "r1", "typ": "JWT"},
        {"alg": "ES256", "kid": "unknown", "typ": "JWT"},
        {"alg": "ES256", "kid": 1, "typ": "JWT"},
    ):
        assert verify(f"{part(header)}.{body}.{signed[2]}") == Forged("key, algorithm or type")


def test_one_kind_of_token_never_passes_for_another() -> None:
    assert isinstance(verify(SIGNER.sign(CLAIMS, typ="at+jwt")), Forged)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = SIGNER.sign(CLAIMS, typ="JWT").split(".")
    assert verify(f"{head}.{part(CLAIMS | {'sub': 'chef'})}.{signature}") == Forged("signature")


@pytest.mark.parametrize(
    ("changes", "asked", "why"),
    [
        ({"exp": int(NOW.timestamp())}, {}, "time"),
        ({"exp": None}, {}, "time"),
        ({"exp": "soon"}, {}, "time"),
        ({"nbf": int(NOW.timestamp()) + 1}, {}, "time"),
        ({"iss": "https://elsewhere.example"}, {}, "issuer"),
        ({"aud": "other"}, {}, "audience"),
        ({"aud": ["other"]}, {}, "audience"),
        ({"aud": None}, {}, "audience"),
        ({}, {"audience": "shopp"}, "audience"),
    ],
)
def test_a_token_is_believed_in_its_time_and_by_whom_it_is_for(
    changes: dict[str, Any], asked: dict[str, Any], why: str
) -> None:
    assert verify(SIGNER.sign(CLAIMS | changes, typ="JWT"), **asked) == Forged(why)


def test_the_audience_may_be_one_of_several() -> None:
    token = SIGNER.sign(CLAIMS | {"aud": ["a", "shop"]}, typ="JWT")
    assert isinstance(verify(token), Verified)


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "a.b.c.d", "å.ä.ö", "e30.e30.", "W10.W10.x"]
)
def test_what_is_no_token_is_forged_and_no_crash(token: str) -> None:
    assert isinstance(verify(token), Forged)


def test_a_signature_has_one_spelling() -> None:
    token = SIGNER.sign(CLAIMS, typ="JWT")
    assert isinstance(verify(token + "="), Forged)
    assert isinstance(verify(token[:-1] + ("B" if token[-1] == "A" else "A")), Forged)
    assert isinstance(verify(token + "A" * 20_000), Forged)


def test_an_algorithm_without_a_key_cannot_sign() -> None:
    with pytest.raises(NoSigningKeyError):
        Signer([ES256]).sign(CLAIMS, typ="JWT", alg="RS256")


def test_a134_rotation_publishes_before_it_signs_and_keeps_what_it_signed() -> None:
    kids = iter(["k1", "k2"])
    first = with_first_keys([], ["ES256"], lambda: next(kids), NOW)
    assert [(key.kid, key.state) for key in first] == [
        ("k1", KeyState.CURRENT),
        ("k2", KeyState.NEXT),
    ]
    old = Signer(first).sign(CLAIMS, typ="JWT")
    later = NOW + timedelta(minutes=1)
    new_key = SigningKey.generate("k3", "ES256", KeyState.NEXT, later)
    signer = Signer(rotated(first, new_key, later))
    new = signer.sign(CLAIMS, typ="JWT")
    assert jws.extract_compact(new.encode()).headers()["kid"] == "k2"
    published = {key["kid"] for key in json.loads(signer.jwks())["keys"]}
    assert published == {"k1", "k2", "k3"}
    for token in (old, new):
        judged = signer.verify(token, typ="JWT", issuer=ISSUER, audience="shop", now=later)
        assert isinstance(judged, Verified)


def test_a134_a_retired_key_goes_when_its_last_token_has_expired() -> None:
    retired = SigningKey.generate("k1", "ES256", KeyState.RETIRED, NOW)
    life = timedelta(minutes=5)
    assert still_needed(retired, NOW + life - timedelta(seconds=1), life)
    assert not still_needed(retired, NOW + life, life)
    assert still_needed(ES256, NOW + timedelta(days=400), life)


def test_rotating_one_algorithm_leaves_the_other_alone() -> None:
    keys = rotated([ES256, RS256], SigningKey.generate("e2", "ES256", KeyState.NEXT, NOW), NOW)
    assert RS256 in keys
    assert with_first_keys(keys, ["ES256"], lambda: "never", NOW) == keys


def test_a_token_that_was_good_is_judged_anew_in_all_but_its_signature() -> None:
    token = SIGNER.sign(CLAIMS, typ="JWT")
    for _ in range(2):
        assert verify(token) == Verified(CLAIMS)
        assert isinstance(verify(token, now=NOW + timedelta(minutes=5)), Forged)
        assert isinstance(verify(token, issuer="https://other.example"), Forged)
        assert isinstance(verify(token, audience="another"), Forged)
        assert isinstance(verify(token, typ="at+jwt"), Forged)
        assert isinstance(verify(token[:-1]), Forged)
    without = Signer([RS256])
    assert isinstance(
        without.verify(token, typ="JWT", issuer=ISSUER, audience=None, now=NOW), Forged
    )
    for count in range(3000):
        more = SIGNER.sign(CLAIMS | {"jti": str(count)}, typ="JWT", alg="EdDSA")
        assert verify(more) == Verified(CLAIMS | {"jti": str(count)})
