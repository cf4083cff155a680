"""Whatever is posted, the answer is a word of the protocol and never an accident of ours."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portvakt.journeys.approve_push.messages import KINDS, read_body, read_jws
from portvakt.journeys.approve_push.parts import Refused, Word
from tests.handset import API, Handset, b64u, compact, jws, new_key, public, sign
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import ward
from tests.world import ORIGIN, Clock

ACTS = sorted(KINDS.keys() - {"stream"})
MALFORMED = Refused(Word.MALFORMED)
SOMETHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS: dict[str, dict[str, Any]] = {
    "pair": {"code": "A" * 22, "short": "", "account": "", "name": "x"},
    "opened": {"request": "a"},
    "answer": {"request": "a", "shown": "A" * 43, "decision": "deny", "number": ""},
    "subscribe": {"endpoint": "", "p256dh": "", "auth": ""},
    "screen_lock": {"sign_in": False},
    "rename": {"name": "x"},
}


def phone() -> Handset:
    handset = Handset(httpx.AsyncClient(), ORIGIN, Clock())
    handset.id = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
    return handset


PHONE = phone()


def letter(act: str, payload: bytes, header: dict[str, Any] | None = None) -> bytes:
    return compact({"jws": jws(PHONE.key, header or PHONE.header(act), payload)})


@pytest.mark.parametrize("act", ACTS)
def test_the_right_form_is_read(act: str) -> None:
    payload = PHONE.payload(act, **FIELDS.get(act, {}))
    assert not isinstance(read_body(letter(act, payload), act), Refused)


@pytest.mark.parametrize("act", ACTS)
def test_every_field_is_asked_for_once_and_no_other_is_taken(act: str) -> None:
    right = json.loads(PHONE.payload(act, **FIELDS.get(act, {})))
    for name in right:
        less = {each: value for each, value in right.items() if each != name}
        assert read_body(letter(act, compact(less)), act) == MALFORMED, name
        wrongs: tuple[Any, ...] = (None, [], {}, 1.5, True, "x" * 5000, -1)
        for wrong in wrongs:
            changed = compact(right | {name: wrong})
            if wrong is True and name == "sign_in":
                continue
            read = read_body(letter(act, changed), act)
            expected = Word.VERSION if (name, wrong) == ("v", -1) else Word.MALFORMED
            assert read == Refused(expected), (name, wrong)
        twice = compact(right)[:-1] + b"," + compact({name: right[name]})[1:]
        assert read_body(letter(act, twice), act) == MALFORMED, name
    assert read_body(letter(act, compact(right | {"more": 1})), act) == MALFORMED


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "es256"},
        {"typ": "JWT"},
        {"typ": ""},
        {"kid": ""},
        {"kid": "../x"},
        {"kid": 1},
        {"kid": "a" * 65},
        {"jwk": public(PHONE.key)},
        {"jku": "x"},
        {"crit": ["exp"]},
        {"b64": False},
        {"zip": "DEF"},
        {"x5c": []},
    ],
)
def test_a_header_holds_exactly_what_the_page_says(header: dict[str, Any]) -> None:
    changed = PHONE.header("fetch") | header
    assert read_body(letter("fetch", PHONE.payload("fetch"), changed), "fetch") == MALFORMED


@pytest.mark.parametrize(
    "key",
    [
        {"d": "AAAA"},
        {"kid": "x"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"kty": "oct"},
        {"x": "AAAA"},
        {"x": "A" * 44},
        {"x": "A" * 42 + "B"},
        {"y": None},
    ],
)
def test_a_key_is_on_p_256_and_public(key: dict[str, Any]) -> None:
    head = PHONE.header("pair")
    head["jwk"] = head["jwk"] | key
    payload = PHONE.payload("pair", **FIELDS["pair"])
    assert read_body(letter("pair", payload, head), "pair") == MALFORMED


def test_a_header_that_says_something_twice_is_malformed() -> None:
    head = b'{"alg":"ES256","alg":"ES256","typ":"portvakt-phone+jwt","kid":"a"}'
    signed = f"{b64u(head)}.{b64u(PHONE.payload('fetch'))}"
    text = f"{signed}.{b64u(sign(PHONE.key, signed.encode()))}"
    assert read_jws(text, "fetch") == MALFORMED


def test_base64url_has_one_spelling() -> None:
    whole = PHONE.signed("fetch")
    head, payload, signature = whole.split(".")
    for changed in (
        f"{head}=.{payload}.{signature}",
        f"{head}.{payload}.{signature}==",
        f"{head}.{payload}.{signature[:-1]}",
        f"{head}.{payload}.{signature} ",
        f"{head}.{payload}",
        f"{whole}.",
        f".{payload}.{signature}",
        f"{head}..{signature}",
        f"{head}.{payload}.",
        whole.replace("-", "+").replace("_", "/") + "+",
        f"{head}.{payload}.{b64u(bytes(63))}",
        f"{head}.{payload}.{b64u(bytes(65))}",
    ):
        assert read_jws(changed, "fetch") == MALFORMED, changed


@given(st.binary(max_size=200) | SOMETHING.map(lambda value: json.dumps(value).encode()))
@settings(deadline=None, max_examples=150)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for act in ACTS:
        assert read_body(body, act) == MALFORMED


@given(SOMETHING, st.dictionaries(st.sampled_from(["v", "aud", "act", "iat", "name"]), SOMETHING))
@settings(deadline=None, max_examples=100)
def test_any_payload_and_any_header_are_read_or_refused(
    whole: object, changed: dict[str, Any]
) -> None:
    for act in ACTS:
        right = json.loads(PHONE.payload(act, **FIELDS.get(act, {})))
        for payload in (json.dumps(whole), json.dumps(right | changed)):
            read_body(letter(act, payload.encode()), act)
            read_body(letter(act, PHONE.payload(act), {"alg": whole} | changed), act)


@pytest.mark.parametrize("depth", [3, 1000, 8000])
def test_depth_is_bounded(depth: int) -> None:
    for body in (b"[" * depth, b'{"jws":' * depth, b'{"jws":"' + b"[" * depth + b'"}'):
        assert read_body(body, "fetch") == MALFORMED
    deep = b'{"v":' + b"[" * depth + b"]" * depth + b"}"
    assert read_jws(jws(PHONE.key, PHONE.header("fetch"), deep[:10000]), "fetch") == MALFORMED


async def test_a_body_of_another_type_or_beyond_16_kb_is_malformed(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        one = await ward.phone()
        right = {"jws": one.signed("fetch")}
        assert (await one.post("fetch", right)).status_code == 200
        padded = compact(right) + b" " * (16 * 1024)
        answer = await one.post("fetch", padded)
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            url, headers = ORIGIN + API + "fetch", {"content-type": kind}
            answer = await one.client.post(
                url, content=compact(right), headers=headers | {"x-forwarded-for": "203.0.113.7"}
            )
            assert answer.json()["error"] == "malformed"


async def test_nothing_that_is_signed_rightly_is_an_accident(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Signed by a phone of the account, so that it comes all the way to the statements."""
    async with ward(tmp_path, sqlite_url) as one:
        handset = await one.phone()
        texts = ["", "\x00", "\ud800", "a" * 900, "å", "'; DROP TABLE phones", "%s", "{}", "1e9"]
        for text in texts:
            for act in ACTS:
                for name in FIELDS.get(act, {}):
                    fields = FIELDS[act] | {name: text}
                    answer = await handset.post(
                        act,
                        {
                            "jws": jws(
                                handset.key,
                                handset.header(act),
                                json.dumps(
                                    json.loads(handset.payload(act, **FIELDS[act])) | fields
                                ).encode(),
                            )
                        },
                    )
                    assert answer.status_code < 500, (act, name, text, answer.text)
                    assert "now" in answer.json()


async def test_a_clock_that_is_wrong_is_told_the_time_and_changes_nothing(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        one = await ward.phone()
        now = ward.world.clock()
        for off in (timedelta(seconds=61), timedelta(seconds=-61), timedelta(days=9000)):
            one.clock = lambda off=off: now + off  # type: ignore[misc]  # the loop's own value
            answer = await one.act("rename", name="Fel tid")
            assert (answer.status_code, answer.json()["error"]) == (401, "clock")
            assert answer.json()["now"] == round(now.timestamp() * 1000)
        one.clock = lambda: now + timedelta(seconds=60)
        assert (await one.act("fetch")).json()["name"] == "Annas Pixel"


async def test_a_pairing_with_a_wrong_clock_spends_nothing(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        one, now = ward.handset(), ward.world.clock()
        one.clock = lambda: now + timedelta(hours=1)
        assert (await one.pair(code.long)).json()["error"] == "clock"
        one.clock = ward.world.clock
        assert (await one.pair(code.long)).status_code == 200


async def test_a_pairing_that_another_key_signed_spends_nothing(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        one = ward.handset()
        payload = one.payload("pair", code=code.long, short="", account="", name="x")
        body = {"jws": jws(new_key(), one.header("pair"), payload)}
        answer = await one.post("pair", body)
        assert (answer.status_code, answer.json()["error"]) == (401, "signature")
        assert (await one.pair(code.long)).status_code == 200


async def test_errors_and_answers_carry_no_cookie_and_are_kept_by_nobody(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        one = await ward.phone()
        for answer in (await one.act("fetch"), await one.post("fetch", b"x")):
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "set-cookie" not in answer.headers
