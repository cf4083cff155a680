import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.one_time_codes import BASE32, group, normalise_base32, normalise_digits, same

CODE = "ABCD2345EFGH6"


@pytest.mark.parametrize("typed", ["123456", " 123456 ", "123 456", "123-456", "1 2 3 4 5 6"])
def test_digits_may_be_parted_by_single_spaces_or_hyphens(typed: str) -> None:
    assert normalise_digits(typed, 6) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "123  456",
        "123--456",
        "123- 456",
        "-123456",
        "12345a",
        "123.456",
        "+123456",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "१२३४५६",
        "12345²",
        "123\t456",
        "123456\n",
        "123\u00a0456",
        "\0123456",
        "1" * 200,
    ],
)
def test_what_is_outside_the_written_form_is_refused_and_not_repaired(typed: str) -> None:
    assert normalise_digits(typed, 6) is None


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), "abcd-2345-efgh6", " ABCD 2345 EFGH6 "])
def test_a_printed_code_is_taken_in_any_case_and_grouping(typed: str) -> None:
    assert normalise_base32(typed, 13) == CODE


@pytest.mark.parametrize("typed", ["", CODE[:-1], CODE + "A", "0BCD2345EFGH6", "åBCD2345EFGH6"])
def test_a_printed_code_has_its_length_and_its_alphabet(typed: str) -> None:
    assert normalise_base32(typed, 13) is None


def test_dotless_and_long_letters_are_no_base32() -> None:
    """Some letters become ASCII only when their case is changed."""
    assert normalise_base32("\u0131" + CODE[1:], 13) is None
    assert normalise_base32("\u017f" + CODE[1:], 13) is None


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (CODE, "ABCD-2345-EFGH6"),
        ("ABCD", "ABCD"),
        ("ABCDE", "ABCDE"),
        ("ABCDEFG", "ABCD-EFG"),
        ("ABCDEFGH", "ABCD-EFGH"),
        ("", ""),
    ],
)
def test_a_code_is_shown_in_groups(code: str, shown: str) -> None:
    assert group(code) == shown


@given(st.text(BASE32, min_size=1, max_size=40), st.integers(1, 8))
def test_codes_survive_grouping_and_letter_case(code: str, size: int) -> None:
    shown = group(code, size)
    assert normalise_base32(shown, len(code)) == code
    assert normalise_base32(shown.lower(), len(code)) == code


@given(st.text(), st.integers(1, 20))
def test_whatever_is_typed_is_digits_or_nothing(typed: str, length: int) -> None:
    found = normalise_digits(typed, length)
    assert found is None or (len(found) == length and set(found) <= set("0123456789"))


def test_codes_are_compared_whole() -> None:
    assert same("123456", "123456")
    assert not same("123456", "12345")
    assert not same("123456", "")
