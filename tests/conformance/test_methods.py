"""What every sign-in method must do. Methods are found by themselves."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core import totp
from portvakt.core.authenticators import PROOFS, AuthenticatorType
from portvakt.core.hardware_tokens import Make, TokenKind, detail_of
from portvakt.core.keys import NewKey
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, kind_of
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import CodeMac, make_master_key_file, read_master_keys
from portvakt.methods import (
    Ceremony,
    KeyAtHand,
    LookupRow,
    PhoneApproval,
    Rejected,
    SignInMethod,
    Verified,
)
from portvakt.methods.passkey import Party, Passkey
from portvakt.plugins import Tools, names, open_adapter
from tests import make
from tests.soft_key import SoftKey

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
METHODS = names("portvakt.methods")
WRONG = ("", " ", "000000", "nej", "0" * 5000, "\x00", "١٢٣٤٥٦", "Ω" * 400, "' OR 1=1 --")


@dataclass(frozen=True)
class Bench:
    """One method, a ceremony in which `right` is the right answer, and one in which none is."""

    method: SignInMethod
    at: Ceremony
    right: str
    nobody: Ceremony


@pytest.fixture(scope="module")
def hasher() -> PasswordHasher:
    return PasswordHasher()


@pytest.fixture
def tools(tmp_path: Path, hasher: PasswordHasher) -> Tools:
    make_master_key_file(tmp_path / "master.key")
    keys = read_master_keys(tmp_path / "master.key")
    return Tools(
        random=SystemRandom(),
        hasher=hasher,
        code_mac=CodeMac(keys),
        http=None,  # type: ignore[arg-type]  # no method reaches out
        public_host="region.example",
        origin="https://region.example",
        organisation="Region Exempel",
        sender="no-reply@region.example",
    )


def bench(name: str, tools: Tools) -> Bench:
    """Set one method up with something bound."""
    method: SignInMethod = open_adapter("portvakt.methods", name, {}, tools)
    authenticator = make.bound(
        AuthenticatorType(name), expires_at=NOW + timedelta(hours=1), detail="+46701740605"
    )
    at = Ceremony(flow="flow", purpose="sign_in", now=NOW, authenticator=authenticator)
    nobody = Ceremony(flow="flow", purpose="sign_in", now=NOW)
    set_up: Callable[[Tools, Ceremony, SignInMethod], tuple[Ceremony, str]] = SET_UP[name]
    at, right = set_up(tools, at, method)
    return Bench(method, at, right, nobody)


def _hashed(tools: Tools, text: str) -> str:
    return asyncio.run(tools.hasher.hash(Secret(text)))


def _with(at: Ceremony, **changes: Any) -> Ceremony:
    return replace(at, **changes)


def _password(tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    right = "Blåbärsgröt på fjället"
    return _with(at, verifier=_hashed(tools, right)), right


def _totp(_tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    secret = b"12345678901234567890"
    return _with(at, secret=secret), totp.code_at(secret, totp.step_of(NOW))


def _hardware_token(_tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    assert at.authenticator is not None
    made, secret = Make(kind=TokenKind.TOTP, digits=8, period=60), b"12345678901234567890"
    device = replace(at.authenticator, detail=detail_of(made, "2308712345"))
    return _with(at, secret=secret, authenticator=device), totp.code_at(
        secret, made.step_of(NOW), digits=8
    )


def _sms_code(_tools: Tools, at: Ceremony, method: SignInMethod) -> tuple[Ceremony, str]:
    send = method.prompt(at).send
    assert send is not None
    return at, send.digits.open()


def _recovery_code(tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    assert at.authenticator is not None
    right = "ABCDEFGHIJKLMNOPQR"
    row = LookupRow("row", at.authenticator.id, _hashed(tools, right[2:]))
    return _with(at, lookup=(row,)), right


def _start_code(tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    right = "ABCDEFGHIJKLM"
    assert at.authenticator is not None
    plain = replace(at.authenticator, detail="")
    return _with(at, authenticator=plain, verifier=_hashed(tools, right)), right


def _passkey(_tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    key = SoftKey("https://region.example")
    new = Passkey(Party(origin=key.origin, rp_id="region.example"))
    options = new.to_make(
        b"c" * 32,
        organisation="Region Exempel",
        handle=b"h" * 32,
        name="anna.berg",
        display_name="Anna Berg",
        known=(),
        alone=True,
    )
    made = new.made(Secret(key.make(options)), b"c" * 32, must_verify=True)
    assert isinstance(made, NewKey)
    hand = KeyAtHand(
        id=make.bound(make.PASSKEY).id,
        challenge=b"c" * 32,
        asked_at=make.NOW,
        must_verify=True,
        must_name=True,
        handle=b"h" * 32,
        public_key=made.public_key,
        verifies=True,
        copied=False,
    )
    return _with(at, key=hand), key.use(options)


def _by_phone(_tools: Tools, at: Ceremony, _method: SignInMethod) -> tuple[Ceremony, str]:
    return at, "nothing is typed here"


SET_UP = {
    "password": _password,
    "totp": _totp,
    "hardware_token": _hardware_token,
    "sms_code": _sms_code,
    "recovery_code": _recovery_code,
    "start_code": _start_code,
    "passkey": _passkey,
    "push": _by_phone,
    "phone_sign_in": _by_phone,
}
BY_PHONE = {"push", "phone_sign_in"}
"""Answered on the phone: what is typed in the browser says nothing."""


@pytest.mark.parametrize("name", METHODS)
def test_a_right_answer_verifies(name: str, tools: Tools) -> None:
    set_up = bench(name, tools)
    assert isinstance(asyncio.run(set_up.method.verify(set_up.at, Secret(set_up.right))), Verified)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "sms_code"])
def test_nobody_is_verified_even_by_a_right_answer(name: str, tools: Tools) -> None:
    """A sent code is judged by the row it was stored in, so its method cannot know."""
    set_up = bench(name, tools)
    result = asyncio.run(set_up.method.verify(set_up.nobody, Secret(set_up.right)))
    assert isinstance(result, Rejected)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in BY_PHONE])
@pytest.mark.parametrize("typed", WRONG, ids=range(len(WRONG)))
def test_wrong_empty_huge_and_foreign_answers_are_rejected(
    name: str, typed: str, tools: Tools
) -> None:
    set_up = bench(name, tools)
    if len(typed.encode()) > 1024 and name == "password":
        typed = typed[:100]  # longer ones never reach the method
    result = asyncio.run(set_up.method.verify(set_up.at, Secret(typed)))
    if name == "sms_code" and typed == "000000":
        assert isinstance(result, Verified)  # to be spent, and found wrong there
        return
    assert isinstance(result, Rejected)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_shows_no_secret_in_its_repr(name: str, tools: Tools) -> None:
    set_up = bench(name, tools)
    shown = repr(set_up.method.prompt(set_up.at)) + repr(set_up.method)
    assert set_up.right not in shown


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_proof_and_a_limit(name: str) -> None:
    assert AuthenticatorType(name) in PROOFS
    assert kind_of(AuthenticatorType(name), password_proved=True) in LIMITS


@pytest.mark.parametrize("name", METHODS)
def test_only_text_codes_send_anything(name: str, tools: Tools) -> None:
    set_up = bench(name, tools)
    assert (set_up.method.prompt(set_up.at).send is not None) == (name == "sms_code")
    assert set_up.method.prompt(set_up.nobody).send is None


def test_a_totp_step_that_was_used_is_a_replay(tools: Tools) -> None:
    set_up = bench("totp", tools)
    used = _with(set_up.at, last_step=totp.step_of(NOW))
    result = asyncio.run(set_up.method.verify(used, Secret(set_up.right)))
    assert result == Rejected(replayed=True)


@pytest.mark.parametrize("name", sorted(BY_PHONE))
@pytest.mark.parametrize("typed", WRONG, ids=range(len(WRONG)))
def test_a_phones_approval_is_named_whatever_is_typed(name: str, typed: str, tools: Tools) -> None:
    """Whether there is one is known when it is spent; with no phone bound there is none."""
    set_up = bench(name, tools)
    result = asyncio.run(set_up.method.verify(set_up.at, Secret(typed)))
    assert result == Verified(PhoneApproval())
    assert asyncio.run(set_up.method.verify(set_up.nobody, Secret(typed))) == Rejected()


def test_an_expired_start_code_is_rejected(tools: Tools) -> None:
    set_up = bench("start_code", tools)
    late = _with(set_up.at, now=NOW + timedelta(hours=1))
    assert isinstance(asyncio.run(set_up.method.verify(late, Secret(set_up.right))), Rejected)


def test_a_code_for_one_sign_in_is_another_code_in_the_next(tools: Tools) -> None:
    """A020: the MAC is bound to attempt and purpose."""
    set_up = bench("sms_code", tools)
    macs = set()
    for flow, purpose in (("flow", "sign_in"), ("other", "sign_in"), ("flow", "methods")):
        at = _with(set_up.at, flow=flow, purpose=purpose)
        result = asyncio.run(set_up.method.verify(at, Secret(set_up.right)))
        assert isinstance(result, Verified)
        macs.add(result.spends.mac)  # type: ignore[union-attr]  # a sent code spends its MAC
    assert len(macs) == 3
