"""One judge for every page that asks for a new password."""

from pathlib import Path

import pytest

from portvakt.common_passwords import Level, Measure, PasswordJudge
from portvakt.common_passwords.blocklist import BrokenListError, digest, write
from portvakt.core.password_rules import Finding, Violation
from tests import make

LEAKED = "fyra gröna skor på väg till Ockelbo"


@pytest.fixture
def judge(tmp_path: Path) -> PasswordJudge:
    write(tmp_path / "list", [digest(LEAKED)])
    return PasswordJudge.over(
        organisation="Region Gävleborg",
        words=["Gävle", "MyApps"],
        breached_file=str(tmp_path / "list"),
    )


def review(judge: PasswordJudge, typed: str, **given: object) -> set[Violation]:
    found = judge.review(typed, make.account(), **given)  # type: ignore[arg-type]  # a test's own words
    return {each.violation for each in found}


def test_a008_the_rows_of_the_list_are_refused_for_what_they_are(judge: PasswordJudge) -> None:
    for typed in ("Sommar2026Sommar2026", "Gävleborg123456", "Regiongavleborg2026"):
        assert Violation.CONTEXT_WORD in review(judge, typed)
    assert Finding(Violation.OWN_NAME, ("Berg", "Gävle")) in judge.review(
        "Berg2026Gävle2026", make.account()
    )


def test_what_has_leaked_is_refused_and_only_where_a_list_was_brought(judge: PasswordJudge) -> None:
    assert review(judge, LEAKED) == {Violation.BREACHED}
    assert review(PasswordJudge.over(organisation="Region"), LEAKED) == set()


def test_everything_is_said_at_once(judge: PasswordJudge) -> None:
    found = review(judge, "Anna2026", current="Anna2025")
    assert found == {Violation.TOO_SHORT, Violation.COMMON, Violation.OWN_NAME}
    assert Violation.LIKE_CURRENT in review(judge, "Anna20251", current="Anna2025")


def test_a_directory_may_ask_for_more_and_never_for_less(judge: PasswordJudge) -> None:
    typed = "qjxkvbzwpymnlcr"
    assert review(judge, typed) == review(judge, typed, least=8) == set()
    assert review(judge, typed, least=16) == {Violation.TOO_SHORT}
    assert judge.asking(16).minimum == 16
    assert judge.asking(8).minimum == 15


def test_the_meter_knows_the_words_of_the_place_and_the_person(judge: PasswordJudge) -> None:
    assert judge.strength("fyra gröna skor").enough
    assert judge.strength("region-gavleborg").score == 0
    assert judge.strength("Akuten-Anna-Akuten", make.account()).score == 0
    assert judge.strength("", make.account()).score == 0
    assert judge.strength("\ud800" * 20, make.account()).score == 0


@pytest.mark.parametrize(
    ("typed", "least", "measure"),
    [
        ("", 0, Measure(Level.WEAK, 15)),
        ("kort", 0, Measure(Level.WEAK, 11)),
        ("fyra gröna skor", 20, Measure(Level.WEAK, 5)),
        ("sju korvar låg kvar", 0, Measure(Level.STRONG, 0)),
        ("Akuten-Anna-Akuten", 0, Measure(Level.WEAK, 0)),
        (LEAKED, 0, Measure(Level.WEAK, 0)),
        ("a\u030a" * 15, 0, Measure(Level.WEAK, 0)),  # fifteen characters in NFC
        ("åäö " * 40, 0, Measure(Level.TOO_LONG, 0)),
        ("\ud800" * 20, 0, Measure(Level.WEAK, 0)),
    ],
)
def test_the_meter_never_praises_what_would_be_refused(
    typed: str, least: int, measure: Measure, judge: PasswordJudge
) -> None:
    assert judge.measure(typed, make.account(), least=least) == measure
    refused = bool(judge.review(typed, make.account(), least=least))
    assert (measure.level in {Level.FAIR, Level.STRONG}) is not refused


def test_a_list_that_is_damaged_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"hemligt")
    with pytest.raises(BrokenListError):
        PasswordJudge.over(organisation="Region", breached_file=str(tmp_path / "list"))
