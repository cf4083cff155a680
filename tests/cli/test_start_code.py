"""Start codes: printed once, stored as a hash, one for each person."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId, SessionId
from portvakt.core.one_time_codes import normalise_base32
from portvakt.core.passes import terms_of, until
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


def test_a_temporary_pass_says_its_terms_and_is_stored_with_them(box: Box) -> None:
    words = ("--length", 24, "--uses", 3, "--minutes", 480, "--from", "2026-11-23T07:00+01:00")
    binds = ("--binds", "push", "--binds", "recovery_code")
    answer = box.good("start-code", "anna.berg", *words, *binds, "--json")
    assert len(answer.json["start_code"].replace("-", "")) == 24
    assert answer.json["starts_at"] == "2026-11-23T06:00:00+00:00"
    assert answer.json["expires_at"] == "2026-11-23T14:00:00+00:00"
    assert (answer.json["uses"], answer.json["binds"]) == (3, ["push", "recovery_code"])
    stored = terms_of(start_code(box).authenticator)
    assert (stored.length, stored.uses) == (24, 3)
    (issued,) = [each for each in box.events() if each.name == "start_code.issued"]
    assert issued.detail["uses"] == 3
    told = box.good("start-code", "anna.berg", *words, *binds).err
    assert "3 times, from 2026-11-23 06:00Z until 2026-11-23 14:00Z" in told
    assert "to register push, recovery_code only" in told


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--length", 12), 2),
        (("--length", 49), 2),
        (("--minutes", 481), 2),
        (("--uses", 0), 2),
        (("--uses", 21), 2),
        (("--binds", "start_code"), 2),
        (("--from", "tomorrow"), 2),
        (("--from", "2026-11-23T07:00"), 2),
        (("--from", "2026-11-22T11:59Z"), 1),
        (("--from", "2026-12-23T12:00Z"), 1),
    ],
)
def test_terms_beyond_the_bounds_are_refused(
    words: tuple[object, ...], status: int, box: Box
) -> None:
    assert box.run("start-code", "anna.berg", *words).status == status
    assert [each.type for each in box.person("000017").authenticators if not each.detail] == []


def test_a_new_code_ends_what_an_older_pass_opened_and_a_plain_one_does_not(box: Box) -> None:
    box.good("start-code", "anna.berg", "--uses", 2)
    account = box.person("000017").account

    def opened(number: int) -> None:
        """Open a session with the code that there is."""
        code = start_code(box).authenticator
        shown = Evidence(code.type, code.id, box.now, until=until(code))
        mine = make.session(id=SessionId(f"s{number}"), account_id=account.id, evidence=(shown,))
        box.do(lambda unit: unit.sessions.open(mine, str(number).encode() * 32))

    def left() -> list[str]:
        async def act(unit: Unit) -> list[str]:
            return [each.id for each in await unit.sessions.of(account.id)]

        return box.do(act)

    opened(1)
    box.good("start-code", "anna.berg")
    assert left() == []
    opened(2)
    box.good("start-code", "anna.berg")
    assert left() == ["s2"]
