"""Phones with our app: what is kept, what pairs them, and what belongs to them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorState,
    in_force,
    phone_of,
)
from portvakt.core.ids import AuthenticatorId, PairingId
from portvakt.core.phones import (
    LONG_BYTES,
    SHORT_LENGTH,
    Pairing,
    Phone,
    PhoneState,
    Subscription,
    decode,
    encode,
    is_long_code,
    linked,
    short_code,
    short_code_text,
    sign_in_of,
    stands_alone,
)
from portvakt.core.push_approval import PAIRING_LIVES
from tests import make
from tests.make import ANNA, NOW, PASSWORD, PHONE_SIGN_IN, PUSH, TOTP

KEY = b"\x04" + bytes(range(64))
SECRET = bytes(16)
WAKE = Subscription(endpoint="https://push.example/abc", p256dh=KEY, auth=SECRET)


def parts(name: str = "anna-push", **given: Any) -> tuple[Authenticator, ...]:
    """A phone, its codes and its sign-in; `given` is about the phone."""
    phone = make.bound(PUSH, id=AuthenticatorId(name), **given)
    codes = make.bound(TOTP, id=AuthenticatorId(f"{name}-codes"), detail=name)
    alone = make.bound(PHONE_SIGN_IN, id=AuthenticatorId(f"{name}-alone"), detail=name)
    return phone, codes, alone


def test_what_belongs_to_a_phone_is_itself_its_codes_and_its_sign_in() -> None:
    mine, other = parts(), parts("other")
    rest = (make.bound(PASSWORD), make.bound(TOTP), make.work_phone())
    phone = mine[0]
    assert linked(phone.id, (*rest, *other, *mine)) == mine
    assert [phone_of(each) for each in rest] == [None] * 3
    assert sign_in_of(phone.id, (*other, *mine)) == mine[2]
    assert sign_in_of(phone.id, (*other, *mine[:2])) is None


def test_a_phone_stands_alone_in_lists_and_its_parts_do_not() -> None:
    assert [stands_alone(each) for each in parts()] == [True, False, False]
    assert stands_alone(make.bound(TOTP))
    assert stands_alone(make.bound(PASSWORD))


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
def test_a034_what_lives_in_a_phone_stands_and_falls_with_it(state: AuthenticatorState) -> None:
    mine, other, app = parts(state=state), parts("other"), make.bound(TOTP)
    assert in_force((*mine, *other, app), NOW) == (*other, app)
    assert in_force((*mine[1:], app), NOW) == (app,)


def test_a_sign_in_that_names_no_phone_is_in_none() -> None:
    assert in_force([make.bound(PHONE_SIGN_IN, detail="")], NOW) == ()


def test_what_is_suspended_in_a_phone_leaves_the_phone() -> None:
    phone, codes, alone = parts()
    put_aside = replace(codes, state=AuthenticatorState.DISABLED)
    assert in_force((phone, put_aside, alone), NOW) == (phone, alone)


def test_a_subscription_comes_back_as_it_was_written() -> None:
    assert Subscription.from_json(WAKE.to_json()) == WAKE
    assert json.loads(WAKE.to_json()).keys() == {"endpoint", "p256dh", "auth"}


def written(**given: object) -> bytes:
    return json.dumps(json.loads(WAKE.to_json()) | given).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        written(more=""),
        written(endpoint=1),
        written(auth=encode(bytes(15))),
        written(auth=encode(SECRET) + "=="),
        written(p256dh=encode(KEY[:-1])),
        written(p256dh=encode(b"\x02" + KEY[1:])),
        written(p256dh=""),
    ],
)
def test_a_subscription_is_of_one_form_only(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Subscription.from_json(data)


def test_a_subscription_shows_nothing_where_it_is_written() -> None:
    assert repr(WAKE) == "Subscription()"


def test_a_phone_and_a_pairing_hide_what_opens_something() -> None:
    phone = Phone(
        id=AuthenticatorId("p"),
        account_id=ANNA,
        state=PhoneState.PROVING,
        name="Annas telefon",
        jwk="{}",
        credential_key=b"cose",
        subscription=b"sealed",
        created_at=NOW,
    )
    assert "cose" not in repr(phone)
    assert "sealed" not in repr(phone)
    pairing = Pairing(
        id=PairingId("p"),
        account_id=ANNA,
        session_id=None,
        old_phone=phone.id,
        code_hash=b"long",
        short_hash=b"short",
        created_at=NOW,
        expires_at=NOW + PAIRING_LIVES,
    )
    assert "long" not in repr(pairing)
    assert "short" not in repr(pairing)
    assert (pairing.tries, pairing.spent_at, pairing.phone_id) == (0, None, None)


@given(st.binary(max_size=40))
def test_base64url_comes_back_without_padding(data: bytes) -> None:
    assert decode(encode(data)) == data
    assert "=" not in encode(data)


@pytest.mark.parametrize(
    "text", ["A", "AB", "AA==", "A+AA", "A/AA", "AA A", "AAAA\n", "å", "AAAA====", "\udc80"]
)
def test_base64url_has_one_form_for_each_value(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decode(text)


@given(st.binary(min_size=LONG_BYTES, max_size=LONG_BYTES))
def test_a_long_code_is_any_sixteen_bytes(data: bytes) -> None:
    assert is_long_code(encode(data))


@pytest.mark.parametrize(
    "text",
    ["", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "=", "A" * 22 + "\n", "å" + "A" * 21],
)
def test_what_is_not_written_as_a_long_code_is_none(text: str) -> None:
    assert not is_long_code(text)


@given(st.text(max_size=24))
def test_a_long_code_that_is_taken_is_sixteen_bytes(text: str) -> None:
    if is_long_code(text):
        assert len(decode(text)) == LONG_BYTES


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ABCD-EFGH", "ABCDEFGH"),
        (" abcd efgh ", "ABCDEFGH"),
        ("ABCDEFG", None),
        ("ABCDEFG1", None),
        ("ABCDEFGÅ", None),
    ],
)
def test_a_short_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert short_code(typed) == code


def test_a_short_code_is_shown_in_two_groups() -> None:
    assert short_code_text("ABCDEFGH") == "ABCD-EFGH"
    assert short_code(short_code_text("ABCDEFGH")) == "ABCDEFGH"
    assert len("ABCDEFGH") == SHORT_LENGTH
