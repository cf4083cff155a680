"""People from HR, by the command that takes them in."""

from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import AccountState
from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Answer, Box
from tests.cli.staff import Row
from tests.cli.test_people import session

ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
SMS = AuthenticatorType.SMS_CODE


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


def take(box: Box, *rows: Row, more: tuple[str, ...] = ()) -> dict[str, object]:
    answer = box.good("import-staff", box.write("staff.csv", staff.export(*rows)), "--json", *more)
    found: dict[str, object] = answer.json
    return found


def refuse(box: Box, *rows: Row, more: tuple[str, ...] = ()) -> Answer:
    answer = box.run("import-staff", box.write("staff.csv", staff.export(*rows)), "--json", *more)
    assert answer.status == 1
    return answer


def numbers(box: Box, who: str = "000017") -> list[tuple[str, str]]:
    return [
        (each.detail, each.source) for each in box.person(who).authenticators if each.type is SMS
    ]


def counted(report: dict[str, object], *names: str) -> tuple[object, ...]:
    return tuple(report[name] for name in names)


CHANGES = ("created", "changed", "unchanged", "disabled")


def test_a_person_comes_with_every_field(box: Box) -> None:
    report = take(box, replace(ANNA, manager="000001", groups="alla,chefer"), BO)
    assert counted(report, *CHANGES) == (2, 0, 0, 0)
    anna = box.person("000017").account
    assert (anna.given_name, anna.family_name) == ("Anna", "Berg")
    assert anna.email == "anna.berg@region.example"
    assert (anna.title, anna.unit) == ("Sjuksköterska", "Akutmottagningen")
    assert anna.manager == "000001"
    assert anna.groups == {"alla", "chefer"}
    assert anna.state is AccountState.ACTIVE
    assert anna.created_at == box.now
    assert not anna.protected
    assert box.person("000018").account.family_name == "Åström"


def test_running_it_again_changes_nothing(box: Box) -> None:
    first = take(box, ANNA, BO)
    box.move(days=1)
    events = len(box.events())
    second = take(box, ANNA, BO)
    assert counted(second, *CHANGES) == (0, 0, 2, 0)
    assert {key: second[key] for key in second if key not in CHANGES} == {
        key: first[key] for key in first if key not in CHANGES
    }
    (new,) = box.events()[: len(box.events()) - events]
    assert new.name == "people.imported"


def test_a_work_mobile_is_a_registered_method_labelled_with_its_source(box: Box) -> None:
    assert take(box, ANNA)["sms_ready"] == 1
    (phone,) = box.person("000017").authenticators
    assert phone.type is SMS
    assert phone.state is AuthenticatorState.ACTIVE
    assert (phone.detail, phone.source) == ("+46701740605", "hr")
    assert phone.label == "Tjänstetelefon från HR"
    registered = next(each for each in box.events() if each.name == "method.number_registered")
    assert registered.detail["hidden_number"] == "••• 05"
    assert registered.account_id == box.person("000017").account.id
    assert not box.outbox()  # nobody is told of what they began with


@pytest.mark.parametrize(
    ("mobile", "kind"),
    [
        ("026-15 40 00", "landline_only"),
        ("070-12", "bad_number"),
        ("se växel", "bad_number"),
        ("070-XXX XX XX", "bad_number"),
        ("٠٧٠١٧٤٠٦٠٥", "bad_number"),
        ("+47 406 12 345", "foreign_mobile"),
        ("", "no_number"),
    ],
)
def test_what_gets_no_text_is_no_method_and_the_report_says_why(
    box: Box, mobile: str, kind: str
) -> None:
    report = take(box, BO, replace(ANNA, mobile=mobile))
    assert report[kind] == (2 if kind == "no_number" else 1)
    rows = [] if not mobile else [{"row": 3, "field": "work_mobile", "reason": kind}]
    assert report["rows"] == rows
    assert not numbers(box)


def test_a_number_that_several_have_is_nobodys(box: Box) -> None:
    report = take(box, ANNA, replace(BO, mobile="0046 70 174 06 05"))
    assert counted(report, "sms_ready", "shared_mobile") == (0, 2)
    assert report["rows"] == [
        {"row": 2, "field": "work_mobile", "reason": "shared_mobile"},
        {"row": 3, "field": "work_mobile", "reason": "shared_mobile"},
    ]
    assert not numbers(box)


def test_the_prefixes_are_those_of_the_gateways(box: Box) -> None:
    box.config.write_text(
        box.config.read_text()
        + "[[sms]]\ngateway = 'console'\nallowed_prefixes = ['+467', '+474']\n"
    )
    take(box, replace(ANNA, mobile="+47 406 12 345"))
    assert numbers(box) == [("+4740612345", "hr")]


def test_a_new_number_takes_the_old_ones_place_and_both_are_told(box: Box) -> None:
    take(box, ANNA)
    report = take(box, replace(ANNA, mobile="070-174 06 11"))
    assert counted(report, *CHANGES) == (0, 1, 0, 0)
    assert numbers(box) == [("+46701740611", "hr")]
    assert [(channel, to) for channel, to, _ in box.outbox()] == [
        ("mail", "anna.berg@region.example"),
        ("sms", "+46701740605"),
    ]
    names = [each.name for each in box.events()]
    assert names.count("method.removed") == 1
    assert names.count("method.number_registered") == 2
    take(box, replace(ANNA, mobile=""))
    assert not numbers(box)


def test_numbers_that_people_added_are_never_touched(box: Box) -> None:
    take(box, ANNA)
    account = box.person("000017").account

    async def bind(unit: Unit) -> None:
        for place, number in enumerate(("+46701740611", "+46701740699")):
            mine = make.bound(
                SMS, id=AuthenticatorId(f"mine{place}"), account_id=account.id, detail=number
            )
            await unit.authenticators.bind(mine)

    box.do(bind)
    take(box, replace(ANNA, mobile="070-174 06 11"))
    assert sorted(numbers(box)) == [("+46701740611", "self"), ("+46701740699", "self")]
    take(box, replace(ANNA, mobile="070-174 06 22"))
    assert ("+46701740622", "hr") in numbers(box)
    take(box, replace(ANNA, mobile="", left="2026-11-01"))
    assert sorted(numbers(box)) == [("+46701740611", "self"), ("+46701740699", "self")]


def test_a117_who_has_left_is_disabled_and_their_sessions_end(box: Box) -> None:
    take(box, ANNA, BO)
    session(box, "aa")
    report = take(box, replace(ANNA, left="2026-11-21"), BO)
    assert counted(report, "left", *CHANGES) == (1, 0, 0, 1, 1)
    assert box.person("000017").account.state is AccountState.DISABLED
    assert box.good("sessions", "list", "000017", "--json").json == []
    (event,) = [each for each in box.events() if each.name == "person.disabled"]
    assert event.detail == {"source": "hr", "reason": "left"}
    report = take(box, ANNA, BO)
    assert counted(report, *CHANGES) == (0, 1, 1, 0)
    assert box.person("000017").account.state is AccountState.ACTIVE


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("2026-11-21", AccountState.DISABLED),
        ("2026-11-22", AccountState.ACTIVE),  # the last day of work is a day of work
        ("20261121", AccountState.DISABLED),
        ("2099-01-01 00:00:00", AccountState.ACTIVE),
    ],
)
def test_an_end_date_is_the_last_day_of_work(box: Box, written: str, state: AccountState) -> None:
    take(box, replace(ANNA, left=written))
    assert box.person("000017").account.state is state


def test_a118_a_new_employee_with_an_old_name_is_another_person(box: Box) -> None:
    take(box, ANNA)
    old = box.person("000017")
    report = take(box, replace(ANNA, number="000099", mobile=""))
    assert counted(report, *CHANGES) == (1, 0, 0, 1)
    new = box.person("000099")
    assert new.account.id != old.account.id
    assert not new.authenticators
    assert box.good("person", "show", "anna.berg", "--json").json["id"] == "000099"


def test_a119_a_name_that_somebody_has_stays_theirs(box: Box) -> None:
    take(box, ANNA, BO)
    thief = replace(BO, mail="Anna.Berg@region.example")
    report = take(box, ANNA, thief, Row(number="000030", user="anna.berg", mail="x@y.example"))
    assert counted(report, *CHANGES) == (0, 0, 1, 0)
    assert report["rows"] == [
        {"row": 3, "field": "email", "reason": "taken"},
        {"row": 4, "field": "user_name", "reason": "taken"},
    ]
    assert box.good("person", "show", "anna.berg@region.example", "--json").json["id"] == "000017"
    assert box.person("000018").account.email == "bo.astrom@region.example"


def test_names_may_change_hands_between_people_of_one_file(box: Box) -> None:
    take(box, ANNA, BO)
    married = replace(ANNA, family="Ek", user="anna.ek")
    successor = Row(number="000040", given="Anna", family="Berg", user="anna.berg")
    report = take(box, successor, married, BO)
    assert counted(report, *CHANGES, "refused") == (1, 1, 1, 0, 0)
    assert box.good("person", "show", "anna.berg", "--json").json["id"] == "000040"
    assert box.good("person", "show", "anna.ek", "--json").json["id"] == "000017"


@pytest.mark.parametrize("broken", ["Nguy?n", "Nguy\N{REPLACEMENT CHARACTER}n"])
def test_a_damaged_name_never_overwrites_a_good_one(box: Box, broken: str) -> None:
    take(box, replace(ANNA, family=broken))
    assert box.person("000017").account.family_name == broken
    take(box, replace(ANNA, family="Nguyễn"))
    assert box.person("000017").account.family_name == "Nguyễn"
    report = take(box, replace(ANNA, family=broken))
    assert counted(report, *CHANGES) == (0, 0, 1, 0)
    assert box.person("000017").account.family_name == "Nguyễn"


@pytest.mark.parametrize("written", ["J", "ja", "1", "X", "kanske"])
def test_a132_protected_identity_is_kept_and_told_nowhere(box: Box, written: str) -> None:
    hidden = replace(ANNA, protected=written, mobile="070-12", family="Hemlig")
    answer = box.good("import-staff", box.write("staff.csv", staff.export(hidden, BO)), "--json")
    assert box.person("000017").account.protected
    assert answer.json["protected"] == 1
    assert "Hemlig" not in answer.out + answer.err
    assert "anna" not in answer.out + answer.err
    assert "Hemlig" not in str(box.events())


def test_a_dry_run_reports_and_changes_nothing(box: Box) -> None:
    assert counted(take(box, ANNA, BO, more=("--dry-run",)), *CHANGES) == (2, 0, 0, 0)
    assert box.good("people", "--json").json == []
    take(box, ANNA, BO)
    report = take(box, replace(ANNA, title="Läkare"), more=("--dry-run",))
    assert counted(report, "dry_run", *CHANGES) == (True, 0, 1, 0, 1)
    assert box.person("000017").account.title == "Sjuksköterska"


def test_people_are_told_apart_from_those_of_a_file(box: Box) -> None:
    box.good(
        "apply",
        box.write(
            "region.toml",
            '[[people]]\nid = "x1"\nuser_name = "eva.ek"\nemail = "eva@region.example"\n',
        ),
    )
    report = take(box, ANNA, Row(number="000050", user="eva.ek"))
    assert counted(report, *CHANGES) == (1, 0, 0, 0)
    assert report["rows"] == [{"row": 3, "field": "user_name", "reason": "taken"}]
    assert box.person("x1", "apply").account.state is AccountState.ACTIVE


def test_a116_the_brake_stops_before_anything_is_changed(box: Box) -> None:
    people = staff.crowd(120)
    take(box, ANNA, *people)
    answer = refuse(box, replace(ANNA, title="Läkare"), *people[60:])
    assert "60 of 121 people would be disabled, and 50 is the most" in answer.err
    assert answer.json["brake"] == {"would_go": 60, "allowed": 50, "stored": 121}
    assert box.person("000017").account.title == "Sjuksköterska"
    assert box.events()[0].name == "people.brake"
    report = take(box, ANNA, *people[60:], more=("--override-brake",))
    assert report["disabled"] == 60
    (gone,) = {each.detail["reason"] for each in box.events() if each.name == "person.disabled"}
    assert gone == "vanished"


def test_the_brake_counts_leavers_and_not_those_who_arrive_already_ended(box: Box) -> None:
    people = staff.crowd(120)
    take(box, *people)
    ended = [replace(each, left="2026-01-31") for each in staff.crowd(80, start=5000)]
    report = take(box, *people, *ended)
    assert counted(report, *CHANGES) == (80, 0, 120, 0)
    assert box.person("005000").account.state is AccountState.DISABLED
    leaving = [replace(each, left="2026-01-31") for each in people[:60]]
    assert "60 of 120" in refuse(box, *leaving, *people[60:], *ended).err
    report = take(box, *people, *ended)
    assert counted(report, *CHANGES) == (0, 0, 200, 0)


def test_the_brake_is_a_setting(box: Box) -> None:
    box.config.write_text(box.config.read_text() + "[sync]\nbrake = 1\nbrake_percent = 1.0\n")
    people = staff.crowd(10)
    take(box, *people)
    assert take(box, *people[1:])["disabled"] == 1
    assert "2 of 9" in refuse(box, *people[3:]).err


def test_a116_a_file_without_people_stops(box: Box) -> None:
    assert "there is nobody in the file" in refuse(box).err
    take(box, ANNA)
    assert "there is nobody in the file, and 1 people would be disabled" in refuse(box).err
    assert box.person("000017").account.state is AccountState.ACTIVE
