"""Start codes: printed once, stored as a hash, one for each person."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.one_time_codes import normalise_base32
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.records import Bound, Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.cli.test_people import session
from tests.offline import give_offline, holds_offline

ANNA = Row(mobile="070-174 06 05")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA)))
    return box


def start_code(box: Box) -> Bound:
    (found,) = [
        each
        for each in box.person("000017").bound
        if each.authenticator.type is AuthenticatorType.START_CODE
    ]
    return found


def bind(box: Box, kind: AuthenticatorType, **given: object) -> None:
    account = box.person("000017").account
    mine = make.bound(kind, id=AuthenticatorId(f"{kind}1"), account_id=account.id, **given)
    verifier = None if kind is not AuthenticatorType.PASSWORD else box.password_hash("gammalt")

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(mine, verifier=verifier)

    box.do(act)


def states(box: Box) -> dict[AuthenticatorType, AuthenticatorState]:
    return {each.type: each.state for each in box.person("000017").authenticators}


def test_a046_a_code_is_printed_once_and_stored_as_its_hash(box: Box) -> None:
    answer = box.good("start-code", "anna.berg")
    code = answer.out.strip()
    assert "typed in place of the password, at http://localhost:8000\n" in answer.err
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{5}", code)
    stored = start_code(box)
    assert stored.authenticator.expires_at == box.now + timedelta(minutes=60)
    assert stored.authenticator.source == "support"
    plain = normalise_base32(code, 13)
    assert plain is not None
    assert stored.verifier is not None
    assert stored.verifier.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def right(text: str) -> bool:
        hasher = PasswordHasher(threads=1)
        try:
            return await hasher.verify(stored.verifier, Secret(text))
        finally:
            hasher.close()

    assert asyncio.run(right(plain))
    everything = str(box.events()) + str(box.outbox()) + answer.err
    assert code not in everything
    assert plain not in everything


def test_it_lives_as_long_as_was_said(box: Box) -> None:
    answer = box.good("start-code", "anna.berg", "--minutes", "480", "--json")
    assert answer.json["person"] == "anna.berg"
    assert start_code(box).authenticator.expires_at == box.now + timedelta(hours=8)


def test_a_new_code_takes_the_place_of_the_old_one(box: Box) -> None:
    box.good("start-code", "anna.berg")
    first = start_code(box)
    box.move(minutes=1)
    box.good("start-code", "anna.berg")
    assert start_code(box).authenticator.id != first.authenticator.id
    assert start_code(box).verifier != first.verifier


def test_the_work_phone_and_the_mail_are_told(box: Box) -> None:
    box.good("start-code", "anna.berg")
    mail, text = box.outbox()
    assert mail[:2] == ("mail", "anna.berg@region.example")
    assert "startkod" in mail[2]
    assert text[:2] == ("sms", "+46701740605")
    (event, *_) = box.events()
    assert event.name == "start_code.issued"
    assert event.detail["replaces"] is False


@pytest.mark.parametrize("kind", [AuthenticatorType.TOTP, AuthenticatorType.RECOVERY_CODE])
def test_somebody_who_has_a_method_gets_none(box: Box, kind: AuthenticatorType) -> None:
    bind(box, kind)
    answer = box.run("start-code", "anna.berg")
    assert answer.status == 1
    assert f"has a method already ({kind})" in answer.err
    assert not answer.out
    assert AuthenticatorType.START_CODE not in states(box)


def test_replacing_puts_everything_aside_and_tells_every_channel(box: Box) -> None:
    account = box.person("000017").account.id
    bind(box, AuthenticatorType.TOTP)
    bind(box, AuthenticatorType.SMS_CODE, detail="+46701740699")
    bind(box, AuthenticatorType.PASSWORD)
    session(box, "aa")
    box.do(lambda unit: give_offline(unit, account, box.now))
    box.good("start-code", "anna.berg", "--replace")
    assert not box.do(lambda unit: holds_offline(unit, box.now))
    found = states(box)
    assert found.pop(AuthenticatorType.START_CODE) is AuthenticatorState.ACTIVE
    assert AuthenticatorType.PASSWORD not in found
    assert set(found.values()) == {AuthenticatorState.SUSPENDED}
    assert box.good("sessions", "list", "anna.berg", "--json").json == []
    told = box.outbox()
    assert {each[1] for each in told} == {
        "anna.berg@region.example",
        "+46701740605",
        "+46701740699",
    }
    assert all("startkod" in each[2] for each in told)
    names = [each.name for each in box.events()]
    assert names.count("method.suspended") == 3
    assert names.count("method.removed") == 1
    assert names.count("session.ended") == 1
    assert names[0] == "start_code.issued"


def test_a_code_that_was_replaced_is_gone_even_where_nothing_else_was(box: Box) -> None:
    box.good("start-code", "anna.berg")
    box.good("start-code", "anna.berg", "--replace")
    assert start_code(box).authenticator.state is AuthenticatorState.ACTIVE
