"""What is shipped: passwords that people here choose, and how others are judged."""

import time
import tomllib
from pathlib import Path

import pytest

import portvakt.common_passwords as lists
from portvakt.common_passwords import estimate, expand, is_common, shipped
from portvakt.core.password_rules import ALWAYS_MULTIFACTOR, PasswordRules, Violation, prepare

WORDS = Path(lists.__file__).parent / "words.toml"


@pytest.mark.parametrize(
    "password",
    [
        "Sommar2026",
        "hejhej123456",
        "Kaffe2026Kaffe2026",
        "jag älskar dig så mycket",
        "JagÄlskarDigSåMycket",
        "jagälskardigsåmycket",
        "Dethärärmittlösenord!",
        "djurgårdendjurgården",
        "Brynäs1234",
        "asdfghjklöäasdfghjklöä",
        "äölkjhgfdsaäölkjhg",
        "1234567890123456",
        "qwertyuiopåqwert",
        "ååååååååååååååå",
        "correcthorsebatterystaple",
        "liverpool1liverpool1",
        "minst femton tecken",
    ],
)
def test_a008_what_people_here_choose_is_common(password: str) -> None:
    assert is_common(password)
    found = PasswordRules().review(password, is_common=is_common)
    assert Violation.COMMON in {each.violation for each in found}


@pytest.mark.parametrize(
    "password",
    [
        "hästar springer fort över blöta ängar",
        "qjxkvbzwpymnlcr",
        "Sju korvar låg kvar i bastun",
        "fyra gröna skor på väg till Ockelbo",
        "tjugotre lampor under isen",
    ],
)
def test_a_phrase_of_ones_own_is_not(password: str) -> None:
    assert not is_common(password)
    assert PasswordRules().review(password, is_common=is_common) == ()


def test_words_of_ones_own_make_a_password_weaker() -> None:
    password = "vendelsöpjältgatan"
    assert estimate(password).enough
    assert not estimate(password, ["Vendelsö", "Pjältgatan"]).enough


def test_nothing_is_weakest_and_a_long_one_is_judged_by_its_beginning() -> None:
    assert estimate("").score == 0
    assert not estimate("a" * 120 + "qjxkvbzw").enough


def test_what_is_shipped_is_small_and_of_a_length_that_could_be_chosen() -> None:
    made = list(expand(tomllib.loads(WORDS.read_text(encoding="utf-8"))))
    assert all(len(each) >= ALWAYS_MULTIFACTOR and prepare(each) == each for each in made)
    assert 50_000 < shipped().count < 150_000
    assert WORDS.stat().st_size < 20_000


def test_each_word_is_written_down_once() -> None:
    written = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    for name, values in written.items():
        twice = {each for each in values if values.count(each) > 1}
        assert not twice, name


@pytest.mark.parametrize(
    "password",
    ["4@8({[<369&#!1|0$5+7%2" * 4, "({[<4@69!1|$5+7" * 5, "q9#Vx2!mZp7&Lw4@Rk8$Ty6%Bn3^Hc5*" * 3],
)
def test_signs_that_may_be_letters_do_not_take_the_time_of_others(password: str) -> None:
    """zxcvbn tries every reading: the first of these took three seconds of CPU."""
    estimate("the first one loads the lists")
    began = time.process_time()
    assert estimate(password).score == 4
    assert time.process_time() - began < 0.5
