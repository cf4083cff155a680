from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.people import MAX_IDENTIFIER, AccountState, canonical_identifier
from tests import make


def test_a004_every_spelling_of_a_name_is_one_name() -> None:
    spellings = ["Anna.Svensson", "anna.svensson", "  ANNA.SVENSSON ", "anna.Svensson"]
    assert {canonical_identifier(each) for each in spellings} == {"anna.svensson"}


def test_a_name_is_the_same_composed_and_decomposed() -> None:
    assert canonical_identifier("a\u030asa") == canonical_identifier("\u00e5sa") == "\u00e5sa"


def test_a125_a_letter_that_looks_alike_is_another_person() -> None:
    assert canonical_identifier("\u0430nna") not in {canonical_identifier("anna"), None}
    assert canonical_identifier("\uff41nna") != canonical_identifier("anna")
    assert canonical_identifier("ﬁa") != canonical_identifier("ﬁa".upper() + "x")


def test_what_nobody_can_be_called_is_no_name() -> None:
    for typed in ("", "   ", "anna\0", "anna\nroot", "a\u2028b", "\ud800", "a" * 255, "a" * 5000):
        assert canonical_identifier(typed) is None, typed
    assert canonical_identifier("a" * MAX_IDENTIFIER) == "a" * MAX_IDENTIFIER


@given(st.text())
def test_a_canonical_name_stays_what_it_is(typed: str) -> None:
    name = canonical_identifier(typed)
    assert name is None or canonical_identifier(name) == name


def test_a_person_is_shown_by_name_and_by_user_name_where_none_is_known() -> None:
    assert make.account().display_name == "Anna Berg"
    assert make.account(given_name="", family_name="").display_name == "anna.berg"


def test_a_disabled_account_is_not_usable() -> None:
    assert make.account().usable
    assert not make.account(state=AccountState.DISABLED).usable
