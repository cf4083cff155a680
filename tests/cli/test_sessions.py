"""Where somebody is signed in, and signing people out."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GrantId, NetworkId, SessionId
from portvakt.core.sessions import Session, SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.records import AuthorizationCode, Grant, Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.world import INSIDE, world

ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
FIA = Row(number="000022", given="Fia", family="Skogh", user="fia.skogh", protected="J")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA, BO, FIA)))
    return box


def session(box: Box, letters: str, who: str = "000017", address: str = "10.20.1.1") -> SessionId:
    """Open a session in which an app was opened."""
    account_id = box.person(who).account.id
    found = Session(
        id=SessionId(letters * 13),
        account_id=account_id,
        kind=SessionKind.FULL,
        evidence=(),
        created_at=box.now,
        seen_at=box.now,
        address=address,
        user_agent="Firefox",
    )
    grant = Grant(
        id=GrantId(letters),
        account_id=account_id,
        client_id=ClientId("shop"),
        session_id=found.id,
        scope=("openid",),
        evidence=(),
        created_at=box.now,
        expires_at=box.now + timedelta(hours=1),
    )
    code = AuthorizationCode(
        hash=lookup_hash(letters),
        grant=grant,
        expires_at=box.now + timedelta(minutes=1),
        redirect_uri="https://shop.example/cb",
        code_challenge=None,
        nonce=None,
    )

    async def act(unit: Unit) -> None:
        await unit.sessions.open(found, lookup_hash(letters))
        await unit.grants.put_code(code)

    box.do(act)
    return found.id


def holds(box: Box, letters: str) -> tuple[bool, bool]:
    """Whether an app still learns who somebody is, and whether its code is still taken."""

    async def act(unit: Unit) -> tuple[bool, bool]:
        known = await unit.grants.load(GrantId(letters), box.now) is not None
        spent = await unit.grants.spend_code(lookup_hash(letters), box.now)
        return known, isinstance(spent, AuthorizationCode)

    return box.do(act)


def ends(box: Box) -> list[tuple[int, bool]]:
    """How many ended, and whether they were one person's; the oldest first."""
    found = [each for each in box.events() if each.name == "session.ended"]
    assert {each.detail["reason"] for each in found} <= {"operator"}
    assert all(each.actor.startswith("cli:") for each in found)
    return [(each.detail["sessions"], each.account_id is not None) for each in found][::-1]


def test_sessions_are_listed_and_ended_one_by_one_or_all(box: Box) -> None:
    first, second, third = (session(box, letter) for letter in ("aa", "bb", "cc"))
    found = box.good("sessions", "list", "anna.berg", "--json").json
    assert {each["id"] for each in found} == {first, second, third}
    assert "10.20.1.1" in box.good("sessions", "list", "anna.berg").out
    assert box.good("sessions", "end", "--session", first).out == "ended: 1\n"
    assert box.run("sessions", "end", "--session", first).status == 1
    assert box.run("sessions", "end", "bo.astrom", "--session", second).status == 1
    assert box.good("sessions", "end", "anna.berg", "--session", second).out == "ended: 1\n"
    assert box.good("sessions", "end", "anna.berg", "--json").json == {"ended": 1}
    assert box.good("sessions", "list", "anna.berg", "--json").json == []
    assert box.good("sessions", "end", "anna.berg").out == "ended: 0\n"
    assert ends(box) == [(1, True), (1, True), (1, True)]


def test_what_apps_were_given_ends_with_a_session(box: Box) -> None:
    one = session(box, "aa")
    for letters in ("bb", "cc"):
        session(box, letters)
    box.good("sessions", "end", "--session", one)
    assert holds(box, "aa") == (False, False)
    assert holds(box, "bb") == (True, True)
    box.good("sessions", "end", "anna.berg")
    assert holds(box, "cc") == (False, False)


def test_everybody_is_signed_out_only_if_that_is_said_twice(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    for letters, who in (("aa", "000017"), ("bb", "000017"), ("cc", "000018"), ("dd", "000022")):
        session(box, letters, who)
    answer = box.run("sessions", "end", "--everybody")
    assert answer.status == 1
    assert "4 sessions would end, of everybody; say --yes" in answer.err
    assert holds(box, "aa")[0]
    monkeypatch.setattr("portvakt.commands.sessions._AT_ONCE", 3)
    assert box.good("sessions", "end", "--everybody", "--yes").out == "ended: 4\n"
    assert [holds(box, each) for each in ("aa", "bb", "cc", "dd")] == [(False, False)] * 4
    assert sorted(ends(box)) == [(1, False), (3, False)]
    assert box.good("sessions", "end", "--everybody", "--yes", "--json").json == {"ended": 0}


def test_a_session_on_a_shared_computer_is_told_and_ends_sooner(box: Box) -> None:
    ward = make.network(id=NetworkId("ward"), addresses=("10.20.7.0/24",), shared=True)

    async def act(unit: Unit) -> None:
        await unit.configuration.put_networks([ward], "apply")

    box.do(act)
    session(box, "aa", address="10.20.7.11")
    session(box, "bb")
    found = box.good("sessions", "list", "anna.berg", "--json").json
    assert {(each["shared"], each["ends"][11:16]) for each in found} == {
        (True, "12:10"),
        (False, "13:00"),
    }
    box.move(minutes=10)
    assert len(box.good("sessions", "list", "anna.berg", "--json").json) == 1
    assert box.good("person", "show", "anna.berg", "--json").json["sessions"] == 1


def test_an_expired_session_is_not_listed(box: Box) -> None:
    session(box, "aa")
    box.move(hours=2)
    assert box.good("sessions", "list", "anna.berg", "--json").json == []


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "anna.berg", "--everybody"],
        ["list", "--session", "aa"],
        ["end"],
        ["end", "anna.berg", "--everybody"],
        ["end", "--everybody", "--session", "aa"],
        ["stop", "anna.berg"],
    ],
)
def test_whose_is_said_once(box: Box, words: list[str]) -> None:
    assert box.run("sessions", *words).status == 2


def test_a132_protected_identity_takes_its_flag(box: Box) -> None:
    session(box, "aa", "000022")
    assert box.run("sessions", "end", "fia.skogh").status == 1
    assert holds(box, "aa")[0]
    assert box.good("sessions", "end", "fia.skogh", "--include-protected").out == "ended: 1\n"


async def test_a_browser_is_out_on_its_next_request(tmp_path: Path, database_url: str) -> None:
    """Nothing of a session is kept anywhere but in the database, so all processes know at once."""
    async with world(tmp_path, database_url) as found, found.browser(INSIDE) as browser:
        account = await found.person()
        await found.configure(networks=[make.network()])
        await browser.sign_in()
        assert browser.page.title == "Dina appar"
        [one] = await found.sessions(account)

        async def act(unit: Unit) -> None:
            assert await unit.sessions.whose(one.id) == account.id
            assert await unit.sessions.close_some(found.clock.at, 10) == [one.id]
            assert await unit.sessions.whose(one.id) is None

        await found.house.records.write(act)
        assert (await browser.get("/apps")).path == "/sign-in?to=/apps"
