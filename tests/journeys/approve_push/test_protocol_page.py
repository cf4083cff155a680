"""The test vectors of docs/developers/phone-protocol.md, as the service reads them."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from portvakt.crypto.phone_keys import is_signed
from portvakt.crypto.screen_lock import Credential, Proved, ScreenLocks
from portvakt.journeys.approve_push.flow import CLOCK_OFF
from portvakt.journeys.approve_push.messages import KINDS, LONGEST, Letter, read_body
from portvakt.journeys.approve_push.parts import Word
from tests.handset import compact, unb64u

PAGE = Path(__file__).parents[3] / "docs" / "developers" / "phone-protocol.md"
TEXT = PAGE.read_text(encoding="utf-8")
LOCKS = ScreenLocks(origin="https://auth.region.example", rp_id="auth.region.example")


def chapters() -> dict[str, Any]:
    section = TEXT.partition("\n## Test vectors\n")[2]
    found = re.split(r"^### ", section, flags=re.MULTILINE)[1:]
    return {
        each.partition("\n")[0]: json.loads(
            re.findall(r"^```json\n(.*?)^```", each, re.MULTILINE | re.DOTALL)[0]
        )
        for each in found
    }


CHAPTERS = chapters()
SIGNED = {
    json.loads(each["payload"])["act"]: each
    for each in CHAPTERS.values()
    if "signing_input" in each
}
BESIDE = {
    "answer": {"assertion": CHAPTERS["The assertion beside that `answer`"]["assertion"]},
    "screen_lock": {
        "attestation": CHAPTERS["The attestation beside that `screen_lock`"]["attestation"]
    },
}


def letter(act: str) -> Letter:
    """Read what the page sends to an act."""
    jws = f"{SIGNED[act]['signing_input']}.{SIGNED[act]['signature']}"
    read = read_body(compact({"jws": jws} | BESIDE.get(act, {})), act)
    assert isinstance(read, Letter), read
    return read


@pytest.mark.parametrize("act", sorted(SIGNED))
def test_what_the_page_sends_is_read_and_its_signature_holds(act: str) -> None:
    read, key = letter(act), CHAPTERS["Keys"]["phone"]
    public = json.dumps(
        {name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":")
    )
    assert is_signed(read.jws, public)
    assert read.payload == SIGNED[act]["payload"].encode()
    if act == "pair":
        assert read.jwk == public


def test_the_screen_lock_of_the_page_is_taken_and_its_use_is_proved() -> None:
    making, using = letter("screen_lock"), letter("answer")
    assert making.attestation is not None
    assert using.assertion is not None
    made = LOCKS.made(
        id_=unb64u(making.attestation.id),
        client_data=unb64u(making.attestation.client_data),
        attestation_object=unb64u(making.attestation.attestation_object),
        challenge=making.challenge,
    )
    assert isinstance(made, Credential)
    proof = LOCKS.used(
        made,
        id_=unb64u(using.assertion.id),
        client_data=unb64u(using.assertion.client_data),
        authenticator_data=unb64u(using.assertion.authenticator_data),
        signature=unb64u(using.assertion.signature),
        challenge=using.challenge,
    )
    assert isinstance(proof, Proved)


def test_the_challenge_is_the_hash_of_the_payload() -> None:
    for act, chapter in (
        ("answer", "The assertion beside that `answer`"),
        ("screen_lock", "The attestation beside that `screen_lock`"),
    ):
        assert letter(act).challenge == unb64u(CHAPTERS[chapter]["challenge"])


def test_the_hash_of_what_is_shown_is_the_one_that_is_answered() -> None:
    request = CHAPTERS["A request"]
    shown = request["shown_text"].encode()
    assert unb64u(request["shown"]) == shown
    assert unb64u(request["hash"]) == hashlib.sha256(shown).digest()
    assert json.loads(SIGNED["answer"]["payload"])["shown"] == request["hash"]


def test_the_page_names_every_error_and_its_status() -> None:
    rows = re.findall(r"^\| ((?:`\w+`,? ?)+) \| (\d{3}) \|", TEXT, re.MULTILINE)
    named = {word: int(status) for words, status in rows for word in re.findall(r"`(\w+)`", words)}
    ours = {each.text: each.status for each in Word}
    assert named == ours | {"busy": 503}


def test_the_page_names_every_act_and_the_bounds() -> None:
    for act in KINDS:
        assert re.search(rf"act `{act}`|`{act}`", TEXT), act
    assert LONGEST == 16 * 1024
    assert "at most 16 kB" in TEXT
    assert CLOCK_OFF.total_seconds() == 60
    assert "more than 60 s off" in TEXT
