import csv
import itertools
from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.phone_numbers import (
    NotUsable,
    Reason,
    Usable,
    is_prefix,
    partly_hidden,
    to_e164,
    usable_for_text,
    written_for_people,
)

SEPARATORS = st.sampled_from(["", "", "", " ", "-"])
SWEDISH_MOBILES = ("+467",)
ANNA = Usable("+46701740605")


@pytest.mark.parametrize(
    "written",
    [
        "070-174 06 05",
        "0701740605",
        "+46701740605",
        "+46 70 174 06 05",
        "0046701740605",
        "+46 (0)70-174 06 05",
        "070\u00a0174\u00a006\u00a005",
        "070/1740605",
        " 070.174.06.05 ",
        "070\u2013174 06 05",
        "+46 0701740605",
    ],
)
def test_a_number_is_understood_the_ways_people_write_it(written: str) -> None:
    assert usable_for_text(written, SWEDISH_MOBILES) == ANNA


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, Reason.NO_NUMBER),
        ("", Reason.NO_NUMBER),
        (" \u00a0", Reason.NO_NUMBER),
        ("saknas", Reason.BAD_NUMBER),
        ("-", Reason.BAD_NUMBER),
        ("070-12", Reason.BAD_NUMBER),
        ("0701234567890", Reason.BAD_NUMBER),
        ("se växel", Reason.BAD_NUMBER),
        ("070-ABC DE FG", Reason.BAD_NUMBER),
        ("070-174 06 05 / 070-174 06 06", Reason.BAD_NUMBER),
        ("070-174 06 05 ankn 3", Reason.BAD_NUMBER),
        ("٠٧٠١٧٤٠٦٠٥", Reason.BAD_NUMBER),
        ("070174060\uff15", Reason.BAD_NUMBER),
        ("070-174 06 05\u202e", Reason.BAD_NUMBER),
        ("112", Reason.BAD_NUMBER),
        ("9" * 5_000, Reason.BAD_NUMBER),
        ("026-15 40 00", Reason.LANDLINE),
        ("+47 406 12 345", Reason.FOREIGN),
        ("+358 40 123 4567", Reason.FOREIGN),
        ("+12125550123", Reason.FOREIGN),
        ("020-123456", Reason.NOT_MOBILE),
        ("075-123 45 67", Reason.NOT_MOBILE),
    ],
)
def test_a_number_that_gets_no_text_says_why(written: str | None, reason: Reason) -> None:
    assert usable_for_text(written, SWEDISH_MOBILES) == NotUsable(reason)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+46701740605", ANNA),
        ("+881612345678", NotUsable(Reason.FOREIGN)),  # satellite
        ("+46900123456", NotUsable(Reason.NOT_MOBILE)),  # premium rate
        ("+447700900123", NotUsable(Reason.FOREIGN)),
    ],
)
def test_a023_only_mobiles_within_the_allowed_prefixes_get_texts(
    written: str, expected: Usable | NotUsable
) -> None:
    assert usable_for_text(written, SWEDISH_MOBILES) == expected


WIDE = ("+46", "+44", "+1", "+88", "+87", "+8", "+80", "+979", "+37", "+7", "+47", "+358")
"""More than anybody should allow: what is no mobile of a country that was meant gets nothing."""


@pytest.mark.parametrize(
    "written",
    [
        "+881612345678",  # Globalstar
        "+881712345678",  # Iridium
        "+8816 3145 1234",
        "+870773112345",  # Inmarsat
        "+88213300655",  # international networks
        "+883510012345678",
        "+80012345678",  # international freephone
        "+80812345678",  # international shared cost
        "+87812345678912",  # a number for life
        "+979123456789",  # international premium rate
        "+46900123456",  # premium rate
        "+46939123456",
        "+46944123456",
        "+4699123456",
        "+4677123456",  # shared cost
        "+4620123456",  # free to call
        "+46118118",
        "+46751234567",  # personal number
        "+46740123456",  # pager
        "+46841021234",  # landlines: Stockholm, Gävle
        "+4626154000",
        "+442079460123",  # London
        "+441632960123",
        "+445612345678",  # over the internet
        "+447012345678",  # personal number
        "+447640123456",  # pager
        "+448712345678",
        "+449012345678",
        "+448456412345",
        "+19005550123",  # premium rate
        "+18005550123",
        "+18765230123",  # Jamaica
        "+18092345678",  # the Dominican Republic
        "+12642351234",  # Anguilla
        "+447797712345",  # Jersey
        "+447781123456",  # Guernsey
        "+447624123456",  # the Isle of Man
        "+77710009998",  # Kazakhstan
        "+112",
        "+4612",
    ],
)
def test_a023_only_mobiles_of_a_country_that_was_meant_get_texts_however_wide_the_prefixes(
    written: str,
) -> None:
    assert isinstance(usable_for_text(written, WIDE), NotUsable)


def test_a023_a_neighbour_that_shares_a_country_code_is_reached_by_a_prefix_of_its_own() -> None:
    assert usable_for_text("+12015550123", ("+1",)) == Usable("+12015550123")
    assert usable_for_text("+15062345678", ("+1",)) == Usable("+15062345678")  # Canada
    assert usable_for_text("+18762101234", ("+1",)) == NotUsable(Reason.FOREIGN)
    assert usable_for_text("+18762101234", ("+1", "+1876")) == Usable("+18762101234")
    assert usable_for_text("+447797712345", ("+447797",)) == Usable("+447797712345")


@pytest.mark.parametrize(
    "written",
    [
        "+46 (0) 900 123 456",
        "0046900123456",
        "0900-123456",
        "00881612345678",
        "+46\u00a0900\u00a0123456",
        "+46701740605;+46900123456",
        "+46701740605,900",
        "+46701740605p900",
        "tel:+46701740605",
        "+46701740605#",
    ],
)
def test_a023_no_spelling_hides_what_a_number_is(written: str) -> None:
    assert isinstance(usable_for_text(written, SWEDISH_MOBILES), NotUsable)


def test_allowed_prefixes_are_the_organisations_own_choice() -> None:
    assert usable_for_text("+47 406 12 345", ("+467", "+47")) == Usable("+4740612345")
    assert usable_for_text("070-174 06 05", ("+4673",)) == NotUsable(Reason.FOREIGN)
    assert usable_for_text("070-174 06 05", ()) == NotUsable(Reason.FOREIGN)


def test_national_forms_belong_to_the_country_of_the_organisation() -> None:
    assert usable_for_text("406 12 345", ("+47",), "NO") == Usable("+4740612345")


@given(st.text(max_size=60))
def test_no_text_is_a_crash_and_what_is_usable_is_e164(written: str) -> None:
    found = usable_for_text(written, SWEDISH_MOBILES)
    if isinstance(found, Usable):
        assert found.number.startswith("+467")
        assert found.number[1:].isascii()
        assert found.number[1:].isdigit()


def test_other_kinds_of_number_have_an_e164_form_too() -> None:
    assert to_e164("026-15 40 00") == "+4626154000"
    assert to_e164("växeln") is None


def test_a_number_is_shown_by_its_last_two_digits() -> None:
    assert partly_hidden("+46701740605") == "••• 05"


def test_a_number_is_written_as_people_of_the_country_write_it() -> None:
    assert written_for_people("+46701740605") == "070-174 06 05"
    assert written_for_people("+4740612345") == "+47 40 61 23 45"
    assert written_for_people("none") == "none"


def test_a_prefix_is_a_plus_and_digits() -> None:
    assert is_prefix("+467")
    assert not any(is_prefix(text) for text in ("467", "+0", "+", "+46 7", "+467*", "+٤٦"))


STAFF = """070-174 06 05;ok
+46 (0)70-174 06 99;shared
0701740699;shared
026-15 12 34;landline
saknas;bad_number
+45 20 12 34 56;foreign
;no_number
"""


def test_each_row_of_an_export_falls_in_one_kind() -> None:
    rows = list(csv.reader(STAFF.splitlines(), delimiter=";"))
    judged = [usable_for_text(written, SWEDISH_MOBILES) for written, _ in rows]
    times = Counter(each.number for each in judged if isinstance(each, Usable))
    kinds = [
        str(each.reason)
        if isinstance(each, NotUsable)
        else ("shared" if times[each.number] > 1 else "ok")
        for each in judged
    ]
    assert kinds == [kind for _, kind in rows]


def judged_by_the_library(written: str, allowed: tuple[str, ...], region: str) -> Usable | None:
    """Judge anew and at length, by Google's metadata alone."""
    parsed = phonenumbers.parse(written, region)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    fine = (
        phonenumbers.is_possible_number(parsed)
        and phonenumbers.is_valid_number(parsed)
        and phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
        and any(prefix.startswith(f"+{parsed.country_code}") for prefix in allowed)
        and number.startswith(allowed)
    )
    return Usable(number) if fine else None


@given(
    start=st.sampled_from(["0", "+46", "+46 ", "+46-", "0046", "+460", "+46 (0)", "0 ", "46", ""]),
    second=st.sampled_from("0123456789"),
    rest=st.lists(st.tuples(SEPARATORS, st.sampled_from("0123456789")), min_size=6, max_size=8),
    allowed=st.sampled_from([("+467",), ("+46",), ("+4670", "+4676"), ("+4",), ("+45", "+47")]),
    region=st.sampled_from(["SE", "NO", "US"]),
)
def test_plain_mobiles_are_those_of_the_library(
    start: str,
    second: str,
    rest: list[tuple[str, str]],
    allowed: tuple[str, ...],
    region: str,
) -> None:
    written = f"{start}7{second}{''.join(map(''.join, rest))}"
    judged = usable_for_text(written, allowed, region)
    told = judged if isinstance(judged, Usable) else None
    assert told == judged_by_the_library(written, allowed, region)


def test_every_block_of_plain_mobiles_is_mobile_to_the_library() -> None:
    """Kinds differ by the first digits; if Sweden's plan changes, this says so."""
    for block in itertools.product("02369", "0123456789", "0123456789", "0123456789"):
        written = f"07{''.join(block)}1740"
        judged = usable_for_text(written, SWEDISH_MOBILES)
        assert judged == Usable(f"+46{written[1:]}")
        assert judged == judged_by_the_library(written, SWEDISH_MOBILES, "SE")
