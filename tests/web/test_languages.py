"""Which language a page speaks."""

import pytest

from portvakt.web.languages import chosen_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "sv"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        ("en;q=0.5, sv;q=0.4", "en"),
        ("en;q=0.4, sv;q=0.5", "sv"),
        ("EN-us", "en"),
        ("fi, en;q=0.3", "en"),
        ("fi", "sv"),
        ("*", "sv"),
        ("en;q=0", "sv"),
        ("en;q=2", "sv"),
        ("en;q=abc", "sv"),
        ("english", "sv"),
        ("sv;q=0.1, en", "en"),
        (",,,;;;q=1", "sv"),
        ("fi," * 1000 + "en", "sv"),
    ],
)
def test_the_browsers_wish_is_heard_and_swedish_is_what_is_spoken_here(
    header: str, language: str
) -> None:
    assert chosen_language(None, header) == language


def test_a_choice_wins_over_the_browser() -> None:
    assert chosen_language("en", "sv") == "en"
    assert chosen_language("sv", "en") == "sv"


@pytest.mark.parametrize("cookie", ["", "fi", "SV", "sv ", "../sv", "en\x00"])
def test_a_cookie_that_names_no_language_of_ours_is_ignored(cookie: str) -> None:
    assert chosen_language(cookie, "en") == "en"
