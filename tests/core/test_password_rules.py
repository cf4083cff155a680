import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.password_rules import (
    ALWAYS_MULTIFACTOR,
    CALENDAR,
    PasswordRules,
    Violation,
    prepare,
    words_of,
)
from tests import make

RULES = PasswordRules(
    context_words=frozenset({"Region Gävleborg", "Region", "Gävleborg", "Gävle", "MyApps"})
)


def wrong(
    password: str, rules: PasswordRules = RULES, current: str | None = None
) -> tuple[Violation, ...]:
    return rules.check(
        password,
        is_common=lambda whole: whole == "correcthorsebatterystaple",
        own_words=words_of(make.account(given_name="Anna-Karin", family_name="Öberg von Essen")),
        current=current,
    )


def test_a007_fifteen_characters_are_asked_for_and_nothing_of_their_kind() -> None:
    assert wrong("a b c d e f g h"[:14]) == (Violation.TOO_SHORT,)
    assert wrong("qjxkvbzwpymnlcr") == ()
    assert wrong("hästar springer fort över blöta ängar i mars och maj 64") == ()
    assert wrong("x y" * 42 + "zz") == ()
    assert wrong("x y" * 43) == (Violation.TOO_LONG,)


def test_eight_are_enough_where_a_second_factor_is_always_asked_for() -> None:
    rules = PasswordRules(minimum=ALWAYS_MULTIFACTOR)
    assert wrong("qjxkvbz", rules) == (Violation.TOO_SHORT,)
    assert wrong("qjxkvbzw", rules) == ()


@pytest.mark.parametrize(
    "password",
    [
        "Sommar2026Sommar2026",
        "Gävleborg123456",
        "Regiongavleborg2026",
        "grobelväG!!!1234",
        "2026-sommar-sommar-2026",
        "VÅRVÅRVÅRVÅRVÅRVÅR",
        "region.gävleborg.region",
        "rammos2026rammos2026",
        "lösenordlösenord1",
    ],
)
def test_a008_a_word_of_the_place_or_the_season_is_no_password(password: str) -> None:
    assert wrong(password) == (Violation.CONTEXT_WORD,)


@pytest.mark.parametrize(
    "password", ["Gävle har tre stora broar", "sommarängar doftar", "region vår gävle", "1" * 15]
)
def test_a_word_within_a_longer_phrase_is_allowed(password: str) -> None:
    assert Violation.CONTEXT_WORD not in wrong(password)


@pytest.mark.parametrize(
    "password",
    [
        "anna.berg@region.example",
        "AnnaKarinÖberg1",
        "essen1234567890",
        "Anna-Karin Öberg von Essen!",
    ],
)
def test_somebodys_own_name_is_no_password(password: str) -> None:
    assert wrong(password) == (Violation.OWN_NAME,)


def test_what_was_breached_is_compared_whole() -> None:
    assert wrong("correcthorsebatterystaple") == (Violation.COMMON,)
    assert wrong("correcthorsebatterystaples") == ()


@pytest.mark.parametrize("new", ["{0}", "{0}1", "{0}!!", "1{0}", "xx{0}"])
def test_a_new_password_is_more_than_the_old_one_and_two_characters(new: str) -> None:
    old = "qjxkvbzwpymnlcr"
    assert wrong(new.format(old), current=old) == (Violation.LIKE_CURRENT,)


def test_a_password_three_characters_longer_or_all_different_is_new() -> None:
    old = "qjxkvbzwpymnlcr"
    assert wrong(old + "abc", current=old) == ()
    assert wrong("tfhqdgsawoepzmx", current=old) == ()
    assert wrong(old, current="\0") == ()


def test_every_violation_is_told_and_not_the_first() -> None:
    assert wrong("Gävle12", current="Gävle1") == (
        Violation.TOO_SHORT,
        Violation.CONTEXT_WORD,
        Violation.LIKE_CURRENT,
    )


def test_what_cannot_be_hashed_is_refused_before_it_is() -> None:
    assert wrong("\0" * 20) == (Violation.UNREADABLE,)
    assert wrong("\ud800" * 20) == (Violation.UNREADABLE,)
    assert wrong("å" * 600) == (Violation.TOO_LONG,)
    assert wrong("a" * 2000) == (Violation.TOO_LONG,)


def test_a006_a_password_is_composed_and_nothing_else() -> None:
    composed = unicodedata.normalize("NFC", "Blåbärsgröt-på-fjället")
    assert prepare(unicodedata.normalize("NFD", composed)) == composed
    assert prepare("ﬁ Ⅷ  ") == "ﬁ Ⅷ  "
    assert prepare("ÅSA") != prepare("åsa")


def test_a005_a_password_is_never_cut() -> None:
    assert prepare("a" * 80) == "a" * 80
    assert prepare("a" * 1024) == "a" * 1024
    assert prepare("a" * 1025) is None
    assert prepare("å" * 513) is None


@given(st.text(max_size=300))
def test_preparing_twice_changes_nothing(typed: str) -> None:
    prepared = prepare(typed)
    assert prepared is None or prepare(prepared) == prepared


@given(
    st.lists(st.sampled_from(sorted(CALENDAR)), min_size=1, max_size=2),
    st.text("0123!-.", max_size=9),
)
def test_no_way_of_dressing_up_two_calendar_words_makes_a_password(
    words: list[str], trim: str
) -> None:
    dressed = trim.join(["", *words, *words, ""]).swapcase()
    assert Violation.CONTEXT_WORD in PasswordRules().check(dressed, is_common=lambda _: False)


def test_every_part_of_a_name_is_somebodys_own_word() -> None:
    words = words_of(make.account(given_name="Anna-Karin", family_name="", email="ak@x.example"))
    assert {"Anna-Karin", "Anna", "Karin", "anna.berg", "anna", "berg", "ak"} <= words
    assert "" not in words
