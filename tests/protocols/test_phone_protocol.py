"""The test vectors of docs/developers/phone-protocol.md, held against our phone and by others.

The page is read, not copied. Signatures are checked by joserfc and the screen lock by the webauthn
package; what our phone makes is compared with the page byte for byte, but for what ECDSA draws.
"""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import cbor2
import httpx
import pytest
import webauthn
from joserfc import jws
from joserfc.jwk import ECKey

from portvakt.core.ids import ApprovalId
from portvakt.core.push_approval import Context, shown_of
from portvakt.phone.answers import Paired, State, Totp, read, shown_bytes, shown_in
from portvakt.phone.codes import code_at
from portvakt.phone.encoding import b64u, from_b64u
from portvakt.phone.keys import Key, json_bytes
from portvakt.phone.line import Clock, Line
from portvakt.phone.screen_lock import ScreenLock
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


def key(name: str) -> Key:
    """Read a key of the page as our phone keeps its own."""
    return Key.from_pem(ECKey.import_key(KEYS[name]).as_pem(private=True).decode())


def lock() -> ScreenLock:
    return ScreenLock(from_b64u(ASSERTION["assertion"]["id"]), key("screen_lock"), ORIGIN)


@pytest.mark.parametrize("name", ["phone", "screen_lock"])
def test_the_public_keys_are_those_of_the_private_ones(name: str) -> None:
    assert key(name).jwk() == public(name)


@pytest.mark.parametrize("chapter", SIGNED)
def test_the_signatures_of_the_page_verify(chapter: str) -> None:
    vector = VECTORS[chapter][0]
    found = jws.deserialize_compact(compact(chapter), ECKey.import_key(public("phone")), ["ES256"])
    assert found.payload == vector["payload"].encode()
    assert found.headers() == json.loads(vector["header"])
    assert len(from_b64u(vector["signature"])) == 64


@pytest.mark.parametrize("chapter", SIGNED)
async def test_our_phone_signs_the_very_bytes_of_the_page(chapter: str) -> None:
    vector = VECTORS[chapter][0]
    payload = json.loads(vector["payload"])
    fields = {name: payload[name] for name in payload if name not in {"v", "aud", "act", "iat"}}
    phone = None if payload["act"] == "pair" else PAIRED["phone"]
    async with httpx.AsyncClient() as client:
        line = Line(client, ORIGIN, Clock(lambda: payload["iat"]))
        made, signed = line.signed(payload["act"], fields, key("phone"), phone)
    assert made.rpartition(".")[0] == vector["signing_input"]
    assert signed == vector["payload"].encode()
    jws.deserialize_compact(made, ECKey.import_key(public("phone")), ["ES256"])


def test_what_pair_answers_is_read() -> None:
    paired = read(Paired, json.dumps(PAIRED))
    assert (paired.state, paired.requests, paired.vapid) == ("proving", (), None)
    assert paired.totp is not None


def test_what_fetch_answers_is_read_and_its_request_opened() -> None:
    state = read(State, json.dumps(VECTORS["A request"][1]))
    (request,) = state.requests
    assert shown_bytes(request) == REQUEST["shown_text"].encode()
    assert request.shown == REQUEST["shown"]
    assert b64u(sha256(shown_bytes(request)).digest()) == REQUEST["hash"]
    assert json_bytes(json.loads(REQUEST["shown_text"])) == shown_bytes(request)
    assert shown_in(request).lock
    assert state.vapid is not None
    assert len(from_b64u(state.vapid)) == 65
    assert state.screen_lock == ASSERTION["assertion"]["id"]


def test_the_service_shows_a_request_in_the_bytes_of_the_page() -> None:
    said: dict[str, Any] = json.loads(REQUEST["shown_text"])
    told = {name: said[name] for name in said if name not in {"v", "request", "at", "session"}}
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=said["at"])
    context = Context(at=at, session=from_b64u(said["session"]), **told)
    assert shown_of(ApprovalId(said["request"]), context) == REQUEST["shown_text"].encode()


def test_the_answer_signs_the_hash_of_what_was_shown() -> None:
    payload = json.loads(VECTORS["`answer`"][0]["payload"])
    assert payload["shown"] == REQUEST["hash"]
    assert payload["request"] == json.loads(REQUEST["shown_text"])["request"]


def test_the_challenge_of_the_screen_lock_is_the_hash_of_the_payload() -> None:
    for chapter, vector in (("`answer`", ASSERTION), ("`screen_lock`", ATTESTATION)):
        payload = VECTORS[chapter][0]["payload"].encode()
        assert vector["challenge"] == b64u(sha256(payload).digest())
        assert json.loads(vector["client_data_text"])["challenge"] == vector["challenge"]


def _judged(said: dict[str, str], payload: bytes, made: bytes) -> None:
    webauthn.verify_authentication_response(
        credential={
            "id": said["id"],
            "rawId": said["id"],
            "type": "public-key",
            "response": {
                "clientDataJSON": said["client_data"],
                "authenticatorData": said["authenticator_data"],
                "signature": said["signature"],
            },
        },
        expected_challenge=sha256(payload).digest(),
        expected_origin=ORIGIN,
        expected_rp_id=HOST,
        credential_public_key=made,
        credential_current_sign_count=0,
        require_user_verification=True,
    )


def _registered(said: dict[str, str], payload: bytes) -> bytes:
    return webauthn.verify_registration_response(
        credential={
            "id": said["id"],
            "rawId": said["id"],
            "type": "public-key",
            "response": {
                "clientDataJSON": said["client_data"],
                "attestationObject": said["attestation_object"],
            },
        },
        expected_challenge=sha256(payload).digest(),
        expected_origin=ORIGIN,
        expected_rp_id=HOST,
        require_user_verification=True,
    ).credential_public_key


def test_the_screen_lock_of_the_page_verifies() -> None:
    made = VECTORS["`screen_lock`"][0]["payload"].encode()
    used = VECTORS["`answer`"][0]["payload"].encode()
    _judged(ASSERTION["assertion"], used, _registered(ATTESTATION["attestation"], made))


def test_our_phone_s_screen_lock_is_the_page_s_but_for_the_signature() -> None:
    made = VECTORS["`screen_lock`"][0]["payload"].encode()
    used = VECTORS["`answer`"][0]["payload"].encode()
    assert lock().attestation(made) == ATTESTATION["attestation"]
    assertion = lock().assertion(used)
    _judged(assertion, used, _registered(ATTESTATION["attestation"], made))
    del assertion["signature"]
    expected = dict(ASSERTION["assertion"])
    del expected["signature"]
    assert assertion == expected


def test_the_attestation_holds_the_key_of_the_page() -> None:
    data = cbor2.loads(from_b64u(ATTESTATION["attestation"]["attestation_object"]))["authData"]
    cose = cbor2.loads(data[37 + 16 + 2 + 16 :])
    assert (cose[1], cose[3], cose[-1]) == (2, -7, 1)
    assert (b64u(cose[-2]), b64u(cose[-3])) == (KEYS["screen_lock"]["x"], KEYS["screen_lock"]["y"])


def test_the_codes_are_those_of_the_page() -> None:
    vector = VECTORS["Codes"][0]
    totp = Totp(secret=vector["secret"], digits=6, period=30, algorithm="SHA1")
    assert {at: code_at(totp, int(at))[0] for at in vector["codes"]} == vector["codes"]
