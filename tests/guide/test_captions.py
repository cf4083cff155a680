"""Captions can be read: short, long enough there, and at the same time in both languages."""

import re
from itertools import pairwise

import pytest

from portvakt.guide.captions import (
    LINE,
    TICKS,
    Cue,
    lines_of,
    reading_ticks,
    sentences,
    spread,
    units,
    web_vtt,
)

LONG = (
    "Öppna https://mfaregistrering.region.example på en dator på jobbet, skriv din e-postadress "
    "och ditt lösenord, och välj sedan ”Fortsätt” längst ner på sidan så att du kommer vidare."
)
SWEDISH = f"Ta fram telefonen. {LONG} Klart! Du får ett sms t.ex. på morgonen. Det tar en stund."
ENGLISH = (
    "Take your phone. Open https://mfaregistrering.region.example at work, and sign in. Done! "
    "You get a text in the morning, and it is sent to the number that your employer has for you. "
    "Please wait."
)


def cues_of(ticks: int = 2000, start: int = 50) -> dict[str, list[Cue]]:
    return spread(units({"sv": SWEDISH, "en": ENGLISH}), start, ticks)


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_a_full_stop_inside_a_sentence_does_not_end_it() -> None:
    assert sentences("Du får t.ex. ett sms. Vänta!  Skriv «koden».") == (
        "Du får t.ex. ett sms.",
        "Vänta!",
        "Skriv «koden».",
    )


@pytest.mark.parametrize(("language", "text"), [("sv", SWEDISH), ("en", ENGLISH)])
def test_every_word_is_there_in_its_order(language: str, text: str) -> None:
    assert words(" ".join(cue.text for cue in cues_of()[language])) == words(text)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_caption_has_at_most_two_lines_of_42_characters(language: str) -> None:
    for cue in cues_of()[language]:
        lines = cue.text.split("\n")
        assert len(lines) <= 2
        assert max(map(len, lines)) <= LINE


@pytest.mark.parametrize("language", ["sv", "en"])
def test_captions_follow_each_other_from_the_first_moment_to_the_last(language: str) -> None:
    cues = cues_of()[language]
    assert cues[0].start == 50
    assert cues[-1].end == 2050
    for one, after in pairwise(cues):
        assert one.start < one.end == after.start


def test_a_span_as_long_as_it_asks_for_lets_everybody_read_in_both_languages() -> None:
    cut = units({"sv": SWEDISH, "en": ENGLISH})
    for cues in spread(cut, 0, sum(unit.ticks for unit in cut)).values():
        for cue in cues:
            shown = (cue.end - cue.start + 1) / TICKS  # shares are rounded to whole ticks
            assert shown >= 3
            assert len(cue.text) / shown <= 15.1


def test_the_same_sentences_begin_at_the_same_time_in_both_languages() -> None:
    cues = cues_of()
    starts = {
        language: {
            start: next(cue.start for cue in cues[language] if cue.text.startswith(start))
            for start in firsts
        }
        for language, firsts in {
            "sv": ("Ta fram", "Öppna", "Det tar"),
            "en": ("Take", "Open", "Please"),
        }.items()
    }
    assert list(starts["sv"].values()) == list(starts["en"].values())


def test_languages_with_different_numbers_of_sentences_share_the_whole_span() -> None:
    cut = units({"sv": "Välj ”Spara”. Sedan är det klart.", "en": "Choose “Save” and it is done."})
    cues = spread(cut, 0, 200)
    assert len(cut) == 1
    assert cues["sv"][0].start == cues["en"][0].start == 0
    assert cues["sv"][-1].end == cues["en"][-1].end == 200


def test_short_sentences_share_a_caption_and_long_ones_do_not() -> None:
    assert [unit.texts["sv"] for unit in units({"sv": "Klart! Du är inne."})] == [
        ("Klart! Du är inne.",)
    ]
    assert len(units({"sv": f"Klart! {LONG}"})) == 2


def test_a_long_sentence_is_cut_where_one_would_pause() -> None:
    (unit,) = units(
        {
            "sv": "Skriv din e-postadress och ditt lösenord på datorn, och välj sedan ”Fortsätt” "
            "längst ner på sidan som du har öppnat."
        }
    )
    assert unit.texts["sv"] == (
        "Skriv din e-postadress och ditt lösenord på datorn,",
        "och välj sedan ”Fortsätt” längst ner på sidan som du har öppnat.",
    )


def test_an_address_longer_than_a_line_is_broken_where_it_has_a_mark() -> None:
    assert lines_of("https://registrera.mfa.region.example/mer/lagg-till-appen") == (
        "https://registrera.mfa.region.example/mer/",
        "lagg-till-appen",
    )


def test_no_caption_is_gone_before_three_seconds() -> None:
    assert reading_ticks("Klart!") == 3 * TICKS
    assert reading_ticks("x" * 75) == 5 * TICKS


def test_web_vtt_has_hours_and_milliseconds_and_escapes_what_it_must() -> None:
    assert web_vtt([Cue(1, 90_001, "a < b & c")]) == (
        "WEBVTT\n\n1\n00:00:00.040 --> 01:00:00.040\na &lt; b &amp; c\n"
    )
