"""The same test vectors, held against the service: it takes what the page says, and makes it."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from joserfc.jwk import ECKey

from portvakt.core.ids import ApprovalId
from portvakt.core.phones import decode, encode
from portvakt.core.push_approval import Context, shown_of
from portvakt.crypto.phone_keys import is_signed
from portvakt.crypto.screen_lock import Credential, NotProved, Proved, ScreenLocks
from portvakt.journeys.approve_push.messages import Letter, read_body, read_jws
from portvakt.phone.keys import Key
from tests.protocols.phone_vectors import (
    ASSERTION,
    ATTESTATION,
    HOST,
    KEYS,
    ORIGIN,
    PAIRED,
    REQUEST,
    SIGNED,
    VECTORS,
    compact,
    public,
)

JWK = json.dumps(public("phone"), separators=(",", ":"), sort_keys=True)
BESIDE = {
    "answer": {"assertion": ASSERTION["assertion"]},
    "screen_lock": {"attestation": ATTESTATION["attestation"]},
}
LOCKS = ScreenLocks(origin=ORIGIN, rp_id=HOST)


def letter(chapter: str) -> Letter:
    """Read a vector as the service reads what comes."""
    act = json.loads(VECTORS[chapter][0]["payload"])["act"]
    if act == "stream":
        read = read_jws(compact(chapter), act)
    else:
        body = {"jws": compact(chapter), **BESIDE.get(act, {})}
        read = read_body(json.dumps(body).encode(), act)
    assert isinstance(read, Letter), read
    return read


@pytest.mark.parametrize("chapter", SIGNED)
def test_the_service_reads_the_page_s_letters_and_believes_them(chapter: str) -> None:
    read = letter(chapter)
    assert is_signed(read.jws, JWK)
    assert read.payload == VECTORS[chapter][0]["payload"].encode()
    assert read.fields.aud == ORIGIN
    if read.fields.act == "pair":
        assert (read.kid, json.loads(read.jwk or "")) == (None, public("phone"))
    else:
        assert (read.kid, read.jwk) == (PAIRED["phone"], None)


@pytest.mark.parametrize("chapter", SIGNED)
def test_a_letter_with_one_other_byte_is_not_believed(chapter: str) -> None:
    head, payload, signature = compact(chapter).split(".")
    said = VECTORS[chapter][0]["payload"]
    other = encode(said.replace("auth.region", "auth.regiom").encode())
    spoilt = bytearray(decode(signature))
    spoilt[5] ^= 1
    assert not is_signed(f"{head}.{other}.{signature}", JWK)
    assert not is_signed(f"{head}.{payload}.{encode(bytes(spoilt))}", JWK)


def test_the_service_shows_a_request_in_the_bytes_of_the_page() -> None:
    said: dict[str, Any] = json.loads(REQUEST["shown_text"])
    context = Context(
        account=said["account"],
        purpose=said["purpose"],
        app=said["app"],
        network=said["network"],
        address=said["address"],
        browser=said["browser"],
        known_browser=said["known_browser"],
        quiet=said["quiet"],
        at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said["at"]),
        session=decode(said["session"]),
        digits=said["digits"],
        lock=said["lock"],
    )
    assert shown_of(ApprovalId(said["request"]), context) == REQUEST["shown_text"].encode()


def credential() -> Credential:
    read = letter("`screen_lock`")
    assert read.attestation is not None
    made = LOCKS.made(
        id_=decode(read.attestation.id),
        client_data=decode(read.attestation.client_data),
        attestation_object=decode(read.attestation.attestation_object),
        challenge=read.challenge,
    )
    assert isinstance(made, Credential), made
    return made


def used(challenge: bytes, **other: bytes) -> Proved | NotProved:
    """Judge the assertion of the page, perhaps with one part changed."""
    said = ASSERTION["assertion"]
    parts = {
        "id_": decode(said["id"]),
        "client_data": decode(said["client_data"]),
        "authenticator_data": decode(said["authenticator_data"]),
        "signature": decode(said["signature"]),
    }
    return LOCKS.used(credential(), **(parts | other), challenge=challenge)


def test_the_service_takes_the_screen_lock_of_the_page_for_this_answer_alone() -> None:
    answer = letter("`answer`")
    assert used(answer.challenge) == Proved(0)
    assert isinstance(used(sha256(b"another payload").digest()), NotProved)


@pytest.mark.parametrize(("flags", "proved"), [(0, False), (1, False), (4, False), (5, True)])
def test_a051_presence_and_verification_must_both_be_set(flags: int, *, proved: bool) -> None:
    data = bytearray(decode(ASSERTION["assertion"]["authenticator_data"]))
    data[32] = flags
    client_data = decode(ASSERTION["assertion"]["client_data"])
    lock = Key.from_pem(ECKey.import_key(KEYS["screen_lock"]).as_pem(private=True).decode())
    verdict = used(
        letter("`answer`").challenge,
        authenticator_data=bytes(data),
        signature=lock.sign_der(bytes(data) + sha256(client_data).digest()),
    )
    assert isinstance(verdict, Proved) == proved
