import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.password_outcomes import Refused, RefusedFor, said
from portvakt.core.password_rules import (
    ALONE,
    ALWAYS_MULTIFACTOR,
    CALENDAR,
    LONGEST,
    Finding,
    PasswordRules,
    Violation,
    minimum_of,
    place_words_of,
    prepare,
    words_of,
)
from portvakt.texts import LANGUAGES, Texts
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


def found(password: str, **given: Any) -> tuple[Finding, ...]:
    words = {"own_words": words_of(make.account()), "place_words": place_words_of(make.account())}
    return RULES.review(password, **({"is_common": lambda _: False} | words | given))


@pytest.mark.parametrize(
    ("password", "finding"),
    [
        ("2026Gävleborg2026", Finding(Violation.CONTEXT_WORD, ("Gävleborg",))),
        ("sommarsommar!GAVLE", Finding(Violation.CONTEXT_WORD, ("Gävle", "sommar"))),
        ("S0mmar2026S0mmar", Finding(Violation.CONTEXT_WORD, ("sommar",))),
        ("v1nter-v1nter-v1nter", Finding(Violation.CONTEXT_WORD, ("vinter",))),
        ("Akuten2026Akuten", Finding(Violation.CONTEXT_WORD, ("Akuten",))),
        ("Sjuksköterska2026", Finding(Violation.CONTEXT_WORD, ("Sjuksköterska",))),
        ("annaberg12345678", Finding(Violation.OWN_NAME, ("Anna Berg",))),
        ("Berg20262026Gävle", Finding(Violation.OWN_NAME, ("Berg", "Gävle"))),
    ],
)
def test_a008_the_words_that_a_password_is_made_of_are_named(
    password: str, finding: Finding
) -> None:
    """As the organisation writes them, and not as they were typed."""
    assert found(password) == (finding,)


def test_a_password_that_has_leaked_is_told_apart_from_a_common_one() -> None:
    leaked = found("qjxkvbzwpymnlcr", is_breached=lambda whole: whole.startswith("qjx"))
    assert leaked == (Finding(Violation.BREACHED),)
    assert found("qjxkvbzwpymnlcr") == ()


def test_parts_of_a_unit_that_mean_nothing_are_no_words_of_a_place() -> None:
    words = place_words_of(make.account(unit="Mottagning för öron, näsa och hals", title=""))
    assert {"Mottagning", "öron", "näsa", "hals"} <= words
    assert not {"för", "och", ""} & words


def test_eight_are_asked_for_only_where_no_path_lets_the_password_stand_alone() -> None:
    assert minimum_of(always_multifactor=False) == ALONE
    assert minimum_of(always_multifactor=True) == ALWAYS_MULTIFACTOR


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_sentence_that_can_be_filled_in(language: str) -> None:
    texts = Texts.load()
    for violation in Violation:
        message, values = RULES.said(Finding(violation, ("Gävle", "sommar")))
        text = texts.say(language, message, **values)
        assert "{" not in text
        assert ("Gävle, sommar" in text) == ("parts" in values)
    message, values = RULES.said(Finding(Violation.TOO_LONG))
    assert str(LONGEST) in texts.say(language, message, **values)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_a_directory_has_a_sentence(language: str) -> None:
    texts = Texts.load()
    for why in RefusedFor:
        message, values = said(Refused(why, least=12))
        text = texts.say(language, message, **values)
        assert ("12" in text) == (why is RefusedFor.TOO_SHORT)
    assert said(Refused(RefusedFor.TOO_SHORT))[0] == "passwords.refused_too_short"
