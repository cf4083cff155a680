"""The screen lock: what is proved by it, and every way not to prove it."""

import json
from typing import Any

import cbor2
import pytest

from portvakt.crypto.screen_lock import Credential, NotProved, Proved, ScreenLocks
from tests.handset import AT, UP, UV, ScreenLock, b64u, unb64u

ORIGIN = "https://auth.region.example"
LOCKS = ScreenLocks(origin=ORIGIN, rp_id="auth.region.example")
CHALLENGE = b"c" * 32


def made(lock: ScreenLock, **said: Any) -> Credential | NotProved:
    given = lock.made(CHALLENGE, **said)
    return LOCKS.made(
        id_=unb64u(given["id"]),
        client_data=unb64u(given["client_data"]),
        attestation_object=unb64u(given["attestation_object"]),
        challenge=CHALLENGE,
    )


def used(lock: ScreenLock, credential: Credential, **changed: Any) -> Proved | NotProved:
    given = {name: unb64u(text) for name, text in lock.used(CHALLENGE).items()} | changed
    challenge = given.pop("challenge", CHALLENGE)
    return LOCKS.used(credential, id_=given.pop("id"), challenge=challenge, **given)


def credential(lock: ScreenLock) -> Credential:
    found = made(lock)
    assert isinstance(found, Credential)
    return found


def test_a_credential_that_nobody_attested_is_taken() -> None:
    found = credential(ScreenLock(ORIGIN, count=3))
    assert (found.id, found.sign_count) == (b"credential-of-a-test-phone", 3)
    assert "key" not in repr(found)


def test_its_use_is_proved_and_its_count_told() -> None:
    lock = ScreenLock(ORIGIN)
    assert used(lock, credential(lock)) == Proved(1)


@pytest.mark.parametrize("flags", [0, UP, UV])
def test_somebody_must_be_there_and_be_verified(flags: int) -> None:
    lock = ScreenLock(ORIGIN)
    known = credential(lock)
    lock.flags = flags
    assert isinstance(used(lock, known), NotProved)
    assert isinstance(made(lock), NotProved)


def test_a_credential_of_another_algorithm_or_format_is_refused() -> None:
    lock = ScreenLock(ORIGIN)
    given = lock.made(CHALLENGE)
    attested = cbor2.loads(unb64u(given["attestation_object"]))
    for changed in (
        attested | {"fmt": "packed"},
        attested | {"fmt": "fido-u2f"},
        attested | {"fmt": "x"},
        attested | {"attStmt": {"sig": b"x"}},
        {"fmt": "none"},
    ):
        found = LOCKS.made(
            id_=lock.id,
            client_data=unb64u(given["client_data"]),
            attestation_object=cbor2.dumps(changed),
            challenge=CHALLENGE,
        )
        assert isinstance(found, NotProved), changed
    assert isinstance(made_with({1: 1, 3: -8, -1: 6, -2: bytes(32)}), NotProved)


def made_with(key: dict[int, Any]) -> Credential | NotProved:
    """Make a credential whose COSE key is this one (RFC 9052 section 7)."""
    lock = ScreenLock(ORIGIN)
    given = lock.made(CHALLENGE)
    attested = cbor2.loads(unb64u(given["attestation_object"]))
    data = attested["authData"][:32] + bytes([UP | UV | AT]) + bytes(4 + 16)
    about = len(lock.id).to_bytes(2, "big") + lock.id + cbor2.dumps(key)
    return LOCKS.made(
        id_=lock.id,
        client_data=unb64u(given["client_data"]),
        attestation_object=cbor2.dumps(attested | {"authData": data + about}),
        challenge=CHALLENGE,
    )


@pytest.mark.parametrize(
    ("bits", "exponent", "taken"),
    [
        (2048, 65537, True),
        (3072, 65537, True),
        (4096, 3, True),
        (1024, 65537, False),
        (2047, 65537, False),
        (4097, 65537, False),
        (16_384, 65537, False),
        (60_000, 65537, False),
        (2048, 1, False),
        (2048, 65536, False),
        (2048, (1 << 2047) + 1, False),
    ],
)
def test_f58_an_rsa_key_that_would_be_dear_to_use_or_is_weak_is_refused(
    bits: int, exponent: int, *, taken: bool
) -> None:
    """Whoever pairs a phone brings the key, and we compute with it at each use of the lock."""
    number = ((1 << (bits - 1)) | 1).to_bytes((bits + 7) // 8, "big")
    e = exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")
    found = made_with({1: 3, 3: -257, -1: number, -2: e})
    assert isinstance(found, Credential if taken else NotProved), found


def test_the_id_is_the_credentials_own() -> None:
    lock = ScreenLock(ORIGIN)
    given = lock.made(CHALLENGE)
    found = LOCKS.made(
        id_=b"another",
        client_data=unb64u(given["client_data"]),
        attestation_object=unb64u(given["attestation_object"]),
        challenge=CHALLENGE,
    )
    assert isinstance(found, NotProved)


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://auth.region.example:8443"},
        {"origin": "https://region.example"},
        {"type": "webauthn.get"},
        {"challenge": b64u(b"d" * 32)},
        {"crossOrigin": True},
    ],
)
def test_it_was_made_here_for_this(said: dict[str, Any]) -> None:
    assert isinstance(made(ScreenLock(ORIGIN), **said), NotProved)


def test_a_proof_is_for_one_challenge_and_one_credential() -> None:
    lock, other = ScreenLock(ORIGIN), ScreenLock(ORIGIN, id=b"other")
    known = credential(lock)
    assert isinstance(used(lock, known, challenge=b"d" * 32), NotProved)
    assert isinstance(used(other, known), NotProved)
    assert isinstance(used(lock, credential(other)), NotProved)


def test_a_count_rises() -> None:
    lock = ScreenLock(ORIGIN)
    known = credential(lock)
    ahead = Credential(known.id, known.key, 1)
    assert isinstance(used(lock, ahead), NotProved)
    assert used(lock, ahead) == Proved(2)


@pytest.mark.parametrize("part", ["client_data", "authenticator_data", "signature"])
def test_rubbish_proves_nothing(part: str) -> None:
    lock = ScreenLock(ORIGIN)
    known = credential(lock)
    for rubbish in (b"", b"\x00", b"{}", b"[]", json.dumps({"type": []}).encode(), b"\xff" * 300):
        assert isinstance(used(lock, known, **{part: rubbish}), NotProved), rubbish
