"""The line that names us to a push service, checked by a library that we do not sign with."""

import base64
from datetime import UTC, datetime

from joserfc import jwk, jwt

from portvakt.crypto.vapid import VapidKey

EXPIRES = datetime(2026, 11, 23, tzinfo=UTC)


def test_what_is_signed_names_the_service_and_us_and_ends() -> None:
    key = VapidKey.generate()
    line = key.authorization(
        "https://push.example", subject="mailto:drift@region.example", expires_at=EXPIRES
    )
    assert line.startswith("vapid t=")
    token, published = line.removeprefix("vapid t=").split(", k=")
    assert published == key.published
    x, y = (base64.urlsafe_b64encode(half).decode() for half in (key.public[1:33], key.public[33:]))
    public = jwk.ECKey.import_key(
        {"kty": "EC", "crv": "P-256", "x": x.rstrip("="), "y": y.rstrip("=")}
    )
    found = jwt.decode(token, public, algorithms=["ES256"])
    assert found.header == {"typ": "JWT", "alg": "ES256"}
    assert found.claims == {
        "aud": "https://push.example",
        "exp": int(EXPIRES.timestamp()),
        "sub": "mailto:drift@region.example",
    }


def test_a_key_that_was_kept_is_the_same_key() -> None:
    key = VapidKey.generate()
    again = VapidKey.parse(key.export())
    assert again.public == key.public
    assert again.export() == key.export()


def test_what_is_published_is_an_uncompressed_point() -> None:
    key = VapidKey.generate()
    assert base64.urlsafe_b64decode(key.published + "=") == key.public
    assert len(key.public) == 65
    assert key.public[0] == 4


def test_a_short_private_number_is_kept_at_its_full_length() -> None:
    key = VapidKey.parse((1).to_bytes(32, "big"))
    assert key.export() == (1).to_bytes(32, "big")


def test_the_private_key_is_not_shown() -> None:
    assert "EllipticCurve" not in repr(VapidKey.generate())
