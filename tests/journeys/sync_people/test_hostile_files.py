"""Exports that are broken, damaged by a spreadsheet, or made to do harm."""

from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.people import AccountState
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import HEADERS, Row

ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
GOOD = staff.text([ANNA, BO])


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def rows(box: Box, text: str | bytes) -> list[tuple[int, str, str]]:
    found = box.good("import-staff", box.write("staff.csv", text), "--json").json["rows"]
    return [(each["row"], each["field"], each["reason"]) for each in found]


def names(box: Box) -> set[str]:
    return {each["family_name"] for each in box.good("people", "--json").json}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(box: Box, encoding: str, delimiter: str) -> None:
    text = staff.text([replace(ANNA, groups="alla"), BO], delimiter=delimiter)
    assert rows(box, text.encode(encoding)) == []
    assert names(box) == {"Berg", "Åström"}


ENGLISH = """employee_number First-Name LASTNAME User-ID E-mail Title Department Mobile Phone
    Manager End-date Protected Groups"""
OTHERWISE = """ANSTNR förnamn EFTERNAMN Konto Mejladress Befattning Avdelning Mobil Telefon
    Närmaste_chef Avgångsdatum Skyddade_personuppgifter Behörighetsgrupper"""


@pytest.mark.parametrize("headers", [ENGLISH, OTHERWISE])
def test_headers_are_known_in_several_spellings(box: Box, headers: str) -> None:
    assert rows(box, staff.text([ANNA], headers=headers.split())) == []
    anna = box.person("000017").account
    assert (anna.title, anna.unit) == ("Sjuksköterska", "Akutmottagningen")
    assert box.person("000017").authenticators[0].detail == "+46701740605"


def test_columns_may_come_in_any_order_with_others_between(box: Box) -> None:
    text = "Skonummer;E-post;Efternamn;Anställningsnummer;Förnamn\n42;a@b.example;Berg;000017;Anna"
    assert rows(box, text) == []
    anna = box.person("000017").account
    assert anna.user_name == "a@b.example"
    assert anna.display_name == "Anna Berg"


def test_what_a_file_lacks_stays_as_it_is(box: Box) -> None:
    rows(box, staff.text([replace(ANNA, protected="J", groups="alla,chefer")]))
    text = "Anställningsnummer;Förnamn;Efternamn;Användarnamn\n000017;Anna;Ek;anna.berg\n"
    assert rows(box, text) == []
    found = box.person("000017")
    assert found.account.family_name == "Ek"
    assert found.account.protected
    assert found.account.groups == {"alla", "chefer"}
    assert found.account.email == "anna.berg@region.example"
    assert found.authenticators[0].detail == "+46701740605"


def test_a_row_of_another_length_is_refused_and_its_person_stays(box: Box) -> None:
    rows(box, GOOD)
    ragged = GOOD.replace("Berg;", "Berg;extra;")
    assert rows(box, ragged) == [(2, "", "ragged")]
    short = GOOD[: GOOD.index("bo.astrom")]
    assert rows(box, short) == [(3, "", "ragged")]
    assert {each["state"] for each in box.good("people", "--json").json} == {"active"}


def test_where_a_row_cannot_be_tied_to_anybody_nobody_is_gone(box: Box) -> None:
    rows(box, GOOD)
    nameless = staff.text([replace(ANNA, number=""), Row(number="000030", user="eva.ek")])
    answer = box.good("import-staff", box.write("staff.csv", nameless), "--json").json
    assert answer["rows"] == [{"row": 2, "field": "external_id", "reason": "missing"}]
    assert (answer["disabled"], answer["kept"], answer["refused"]) == (0, 2, 1)
    assert {each["state"] for each in box.good("people", "--json").json} == {"active"}


def test_an_employee_number_that_comes_twice_changes_nobody(box: Box) -> None:
    rows(box, GOOD)
    twice = staff.text([replace(ANNA, left="2026-01-01", mobile=""), BO, ANNA])
    assert rows(box, twice) == [(4, "external_id", "repeated")]
    assert box.person("000017").account.state is AccountState.ACTIVE


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\u2028", "\x85"])
def test_a_control_character_refuses_its_row(box: Box, control: str) -> None:
    text = staff.text([replace(ANNA, family=f"Be{control}rg"), BO])
    assert rows(box, text) == [(2, "family_name", "control_character")]
    assert names(box) == {"Åström"}


def test_a090_a_name_with_a_line_end_is_refused(box: Box) -> None:
    text = staff.text([replace(ANNA, user="anna\r\n2026-11-22 LOGIN OK admin"), BO])
    assert rows(box, text) == [(2, "user_name", "control_character")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (replace(ANNA, left="snart"), ("end_date", "not_a_date")),
        (replace(ANNA, left="2026-02-30"), ("end_date", "not_a_date")),
        (replace(ANNA, user="", mail=""), ("user_name", "missing")),
        (replace(ANNA, mail="växeln"), ("email", "not_an_address")),
        (replace(ANNA, mail="a@" + "b" * 254), ("email", "unusable")),
        (replace(ANNA, family="B" * 201), ("family_name", "too_long")),
    ],
)
def test_a_row_that_makes_nobody_is_refused(box: Box, row: Row, problem: tuple[str, str]) -> None:
    assert rows(box, staff.text([row, BO])) == [(2, *problem)]
    assert names(box) == {"Åström"}


def test_a093_what_looks_like_markup_or_a_formula_is_a_name(box: Box) -> None:
    family = "<img src=x onerror=alert(1)>"
    rows(box, staff.text([replace(ANNA, family=family, given='=HYPERLINK("x")')]))
    assert box.person("000017").account.family_name == family


def test_quoted_cells_may_hold_delimiters_and_empty_rows_are_nothing(box: Box) -> None:
    text = staff.text([replace(ANNA, unit="Akuten; jour")]) + ";;;;;;;;;;;;\r\n\r\n"
    assert rows(box, text) == []
    assert box.person("000017").account.unit == "Akuten; jour"


def test_a_stray_quotation_mark_refuses_its_row_alone(box: Box) -> None:
    text = GOOD.replace("Anna;", '"Anna"x;')
    assert rows(box, text) == [(2, "", "malformed")]
    assert names(box) == {"Åström"}


HEADER = ";".join(HEADERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "has no header"),
        (b"\n", "the first row names no column for external_id"),
        (b"000017;Anna;Berg\n", "the first row names no column for external_id"),
        (f"{HEADER};Mobil\n".encode(), "“Tjänstemobil” and “Mobil” mean the same"),
        (GOOD.replace("Anna;", '"Anna;').encode(), "a quotation mark is never closed"),
        (GOOD.encode() + b"x" * 20_000, "a field is longer than 10000 characters"),
        (b"\xef\xbb\xbf" + GOOD.encode("cp1252"), "is not utf-8-sig"),
        (GOOD.encode("cp1252") + b"\x81", "is not cp1252"),
        (b"\x7fELF" + bytes(1000), "the first row names no column"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_whole(box: Box, text: bytes, said: str) -> None:
    rows(box, GOOD)
    answer = box.run("import-staff", box.write("staff.csv", text))
    assert answer.status == 1
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
    assert {each["state"] for each in box.good("people", "--json").json} == {"active"}


def test_a_file_that_is_not_there_too_large_or_no_file_is_one_line(box: Box) -> None:
    assert "cannot be read: No such file" in box.run("import-staff", "none.csv").err
    assert "is not a file" in box.run("import-staff", box.folder).err
    large = box.folder / "large.csv"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    assert "is larger than 100 MB" in box.run("import-staff", large).err


def test_the_report_for_people_is_short(box: Box) -> None:
    many = [replace(each, mobile="fel") for each in staff.crowd(30)]
    out = box.good("import-staff", box.write("staff.csv", staff.export(*many))).out
    assert "bad_number" in out
    assert "and 10 rows more: --json has them all" in out
