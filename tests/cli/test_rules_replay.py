"""What rules would have made of the sign-ins there were."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.commands.rules_replay import safe_cell
from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    AppOpened,
    AppRefused,
    Event,
    ProtectedSeen,
    SignInRefused,
    SignInSucceeded,
)
from portvakt.core.ids import AccountId, ClientId, SessionId
from portvakt.proving import replaying
from portvakt.records import Unit
from tests.cli.box import Box
from tests.cli.test_rules import BASE
from tests.settings.test_locations import OUTSIDE_NO, OUTSIDE_SE
from tests.settings.test_locations import write as write_countries

PASSWORD, TOTP = AuthenticatorType.PASSWORD, AuthenticatorType.TOTP
PEOPLE = """
[[people]]
id = "17"
user_name = "anna.berg"
email = "anna.berg@region.example"
unit = "Akuten"
groups = ["alla"]
totp_secret_file = "anna.totp"
password_hash = "{phc}"
[[people]]
id = "18"
user_name = "bo.ek"
email = "bo.ek@region.example"
unit = "=HYPERLINK(\\"http://evil\\")"
groups = ["alla"]
password_hash = "{phc}"
[[people]]
id = "19"
user_name = "fia.skogh"
email = "fia.skogh@region.example"
unit = "Akuten"
protected = true
groups = ["alla"]
password_hash = "{phc}"
"""
RULES = """
[[rules]]
id = "outside"
state = "report_only"
when = { networks_not = ["lan"] }
require = "multifactor"
reason = { sv = "Ute.", en = "Out." }
[[rules]]
id = "journal"
when = { apps = ["journal"] }
require = "multifactor"
reason = { sv = "Känsligt.", en = "Sensitive." }
"""
DRAFT = """
[[rules]]
id = "everywhere"
require = "multifactor"
when = { networks_not = ["lan"] }
reason = { sv = "Ute.", en = "Out." }
[[rules]]
id = "no-journal"
require = "block"
when = { apps = ["journal"], networks_not = ["lan"] }
reason = { sv = "Nej.", en = "No." }
"""
OUT, IN = "203.0.113.7", "10.20.0.9"


ABROAD = """
[[rules]]
id = "abroad"
require = "block"
when = { countries_not = ["SE"], networks_not = ["lan"] }
reason = { sv = "Nej.", en = "No." }
"""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.write("anna.totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    phc = box.password_hash("Vinterdäck i augusti")
    box.good("apply", box.write("region.toml", BASE + RULES + PEOPLE.format(phc=phc)))
    box.write("draft.toml", DRAFT)
    return box


def write(box: Box, *events: Event) -> None:
    async def act(unit: Unit) -> None:
        for each in events:
            await unit.audit.write(each)

    box.do(act)


def who(box: Box, id_: str) -> AccountId:
    return box.person(id_, "apply").account.id


def signed(
    box: Box,
    id_: str,
    address: str | None = OUT,
    *,
    app: str | None = None,
    methods: tuple[AuthenticatorType, ...] = (PASSWORD,),
    session: str = "s",
    asked: tuple[str, ...] = (),
    ago: timedelta = timedelta(hours=1),
) -> SignInSucceeded:
    return SignInSucceeded(
        at=box.now - ago,
        account_id=who(box, id_),
        address=address,
        session_id=SessionId(session),
        app=None if app is None else ClientId(app),
        methods=methods,
        aal=Aal.TWO if len(methods) > 1 else Aal.ONE,
        rules=(),
        networks=(),
        known_browser=True,
        asked=asked,
    )


def refused(box: Box, id_: str, why: str = "sign_in.refused_rule") -> SignInRefused:
    return SignInRefused(
        at=box.now,
        account_id=who(box, id_),
        address=OUT,
        why=why,
        app=None,
        rules=(),
        asked=("block",),
    )


def opened(box: Box, id_: str, **given: Any) -> AppOpened:
    fields: dict[str, Any] = {
        "at": box.now,
        "account_id": who(box, id_),
        "address": OUT,
        "app": ClientId("journal"),
        "session_id": SessionId("s"),
        "aal": Aal.ONE,
        "methods": (PASSWORD,),
    }
    return AppOpened(**(fields | given))


def replay(box: Box, *words: str) -> Any:
    return box.good("rules", "replay", box.folder / "draft.toml", "--json", *words).json


def test_who_would_be_asked_or_blocked_is_listed_by_unit(box: Box) -> None:
    write(
        box,
        signed(box, "17", IN),
        signed(box, "17"),
        signed(box, "17", methods=(PASSWORD, TOTP)),
        signed(box, "18"),
        signed(box, "18", None),
        opened(box, "18", session_id=SessionId("other")),
    )
    found = replay(box)
    assert (found["sign_ins"], found["people"], found["older"]) == (6, 2, 0)
    assert found["changes"] == {"blocked": 1, "asked": 3, "shown": 1, "less": 0, "opened": 0}
    assert found["by_unit"]["Akuten"] == {
        "people": 1,
        "blocked": 0,
        "asked": 1,
        "shown": 1,
        "less": 0,
        "opened": 0,
        "without_method": 0,
    }
    assert found["by_unit"]['=HYPERLINK("http://evil")']["without_method"] == 1
    assert list(found["by_day"]) == ["2026-11-22"]
    rows = [(each["user_name"], each["change"], each["times"]) for each in found["list"]]
    assert rows == [
        ("bo.ek", "asked", 2),
        ("bo.ek", "blocked", 1),
        ("anna.berg", "asked", 1),
        ("anna.berg", "shown", 1),
    ]
    assert found["list"][0]["rules"] == ["everywhere"]
    assert found["list"][0]["without_method"] is True
    out = box.good("rules", "replay", box.folder / "draft.toml").out
    assert "6 sign-ins of 2 people in 30 days" in out
    assert "asked, and has nothing for it" in out
    assert "shown anyway" in out


def test_who_would_be_asked_less_is_listed_too(box: Box) -> None:
    write(
        box,
        signed(box, "17", IN, app="journal", methods=(PASSWORD, TOTP), asked=("multifactor",)),
        refused(box, "18"),
        refused(box, "18", "sign_in.refused_disabled"),
        AppRefused(
            at=box.now, account_id=who(box, "18"), address=IN, app=ClientId("x"), why="blocked"
        ),
        AppRefused(
            at=box.now,
            account_id=who(box, "18"),
            address=IN,
            app=ClientId("x"),
            why="not_in_groups",
        ),
    )
    found = replay(box)
    assert found["sign_ins"] == 3
    assert found["changes"] == {"blocked": 0, "asked": 0, "shown": 0, "less": 1, "opened": 2}


def test_an_app_that_a_sign_in_was_for_is_counted_once(box: Box) -> None:
    soon, late = timedelta(minutes=4), timedelta(minutes=6)
    start = signed(box, "18", app="journal", ago=timedelta(0))
    write(
        box,
        start,
        opened(box, "18", at=start.at + soon),
        opened(box, "18", at=start.at + soon),
        signed(box, "18", app="journal", session="b", ago=timedelta(0)),
        opened(box, "18", at=start.at + late, session_id=SessionId("b")),
    )
    box.move(minutes=10)
    assert replay(box)["sign_ins"] == 4


def test_events_from_before_this_was_kept_are_held_against_the_rules_of_today(box: Box) -> None:
    write(box, signed(box, "17", app="journal", methods=(PASSWORD, TOTP), ago=timedelta(0)))

    async def forget(unit: Unit) -> None:
        from portvakt.records.statements import Statement  # noqa: PLC0415 - one caller

        old = Statement(
            """UPDATE events SET detail = replace(detail, '"asked":[],', '') WHERE name = :name"""
        )
        assert await unit.past_sign_ins._run.changed(old, name=SignInSucceeded.name)  # noqa: SLF001 - as an upgrade finds it

    box.do(forget)
    box.write("draft.toml", "")
    found = replay(box)
    assert (found["older"], found["changes"]["less"]) == (1, 1)
    out = box.good("rules", "replay", box.folder / "draft.toml").out
    assert "1 are from before this was kept" in out


def test_days_are_those_that_were_asked_for(box: Box) -> None:
    write(box, signed(box, "18", ago=timedelta(days=31)), signed(box, "18", ago=timedelta(days=3)))
    assert replay(box)["sign_ins"] == 1
    assert replay(box, "--days", "40")["sign_ins"] == 2
    assert replay(box, "--days", "2")["sign_ins"] == 0
    out = box.good("rules", "replay", box.folder / "draft.toml", "--days", "2").out
    assert "nothing would have been otherwise" in out
    assert box.run("rules", "replay", box.folder / "draft.toml", "--days", "0").status == 1


def test_small_stretches_find_the_same(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    write(box, *(signed(box, each, session=each) for each in ("17", "18", "19") * 3))
    whole = replay(box)
    for length in (1, 2, 7):
        monkeypatch.setattr(replaying, "STRETCH", length)
        assert replay(box) == whole


def test_people_who_are_gone_and_whose_events_were_erased_are_counted_apart(box: Box) -> None:
    gone = signed(box, "18")
    write(box, gone, SignInSucceeded(**(_fields(gone) | {"account_id": AccountId("gone")})))
    write(box, SignInSucceeded(**(_fields(gone) | {"account_id": None})))
    found = replay(box)
    assert (found["sign_ins"], found["gone"], found["erased"]) == (3, 1, 1)
    assert found["changes"]["asked"] == 1
    out = box.good("rules", "replay", box.folder / "draft.toml").out
    assert "1 of people who are gone were left out" in out
    assert "1 whose person was erased were left out" in out


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__ if name != "name"}


def test_a089_no_cell_is_a_formula(box: Box) -> None:
    write(box, signed(box, "18"))
    text = box.good("rules", "replay", box.folder / "draft.toml", "--csv").out
    [head, row] = csv.reader(io.StringIO(text))
    assert head[0] == "unit"
    assert row[0] == '\'=HYPERLINK("http://evil")'
    assert '"\'=HYPERLINK(""http://evil"")"' in text
    for begins in "=+-@\t\r\n":
        assert safe_cell(f"{begins}1") == f"'{begins}1"
    assert safe_cell("1-2") == "1-2"
    assert safe_cell(["a", "b"]) == "a b"


def test_the_list_can_go_to_a_new_file(box: Box) -> None:
    write(box, signed(box, "18"))
    words = ("rules", "replay", box.folder / "draft.toml", "--csv", "--out", box.folder / "l.csv")
    assert box.good(*words).out == ""
    assert "bo.ek" in (box.folder / "l.csv").read_text(encoding="utf-8")
    assert "cannot be written" in box.run(*words).err


def test_a132_people_with_protected_identity_are_counted_and_not_listed(box: Box) -> None:
    write(box, signed(box, "19"))
    found = replay(box)
    assert (found["changes"]["asked"], found["list"]) == (1, [])
    assert "fia" not in box.good("rules", "replay", box.folder / "draft.toml").out
    assert replay(box, "--include-protected")["list"][0]["user_name"] == "fia.skogh"
    assert box.events()[0].name == ProtectedSeen.name


def test_one_rule_says_what_it_would_have_asked_by_day_whatever_its_state(box: Box) -> None:
    write(
        box,
        signed(box, "18", ago=timedelta(days=1)),
        signed(box, "18"),
        signed(box, "17", methods=(PASSWORD, TOTP), asked=("multifactor",)),
        signed(box, "17", IN),
        refused(box, "17"),
    )
    found = box.good("rules", "report", "outside", "--json").json
    assert found["changes"] == {"blocked": 0, "asked": 2, "shown": 1, "less": 0, "opened": 0}
    assert {day: counts["asked"] for day, counts in found["by_day"].items()} == {
        "2026-11-21": 1,
        "2026-11-22": 1,
    }
    assert "2026-11-21" in box.good("rules", "report", "outside").out
    assert box.good("rules", "report", "journal", "--json").json["changes"]["asked"] == 0
    assert "known are journal, outside" in box.run("rules", "report", "none").err
    assert "which rule?" in box.run("rules", "report").err
    assert "which file?" in box.run("rules", "replay").err


def test_nothing_is_written_and_a_broken_draft_is_told(box: Box) -> None:
    before = len(box.events())
    replay(box)
    assert len(box.events()) == before
    box.write("draft.toml", "[[rules]]\nid = 1\n")
    assert box.run("rules", "replay", box.folder / "draft.toml").status == 1


def test_what_is_unwise_in_a_draft_is_said(box: Box) -> None:
    box.write("draft.toml", '[[rules]]\nid = "x"\nrequire = "block"\n')
    assert replay(box)["warnings"]
    assert "warning: " in box.good("rules", "replay", box.folder / "draft.toml").out


@pytest.mark.parametrize(("known", "blocked"), [(True, 1), (False, 2)])
def test_a_rule_about_countries_is_tried_by_where_people_were(
    box: Box, *, known: bool, blocked: int
) -> None:
    """No rule asked then, so no event tells the country; without a database nobody knows."""
    if known:
        database = write_countries(box.folder / "countries.mmdb")
        settings = box.config.read_text(encoding="utf-8")
        more = f'\n[locations]\ndatabase = "{database}"\n'
        box.config.write_text(settings + more, encoding="utf-8")
    write(box, signed(box, "17", OUTSIDE_SE), signed(box, "18", OUTSIDE_NO))
    box.write("abroad.toml", ABROAD)
    found = box.good("rules", "replay", box.folder / "abroad.toml", "--json").json
    assert found["changes"]["blocked"] == blocked, found
