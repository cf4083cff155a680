"""What is missing is named all at once, before anything is begun."""

import pytest

from portvakt.guide.errors import GuideError
from portvakt.guide.missing import ESPEAK, see_what_is_missing

EVERYTHING = {
    "chromium",
    "ffmpeg",
    "fc-match",
    "espeak-ng",
    "libpango-1.0.so.0",
    "libpangoft2-1.0.so.0",
    "libharfbuzz-subset.so.0",
    "PIL",
    "playwright",
    "weasyprint",
}


def said(*gone: str, also: str = "", films: bool = True, voice: str | None = None) -> str:
    there = EVERYTHING - set(gone) | {also}
    try:
        see_what_is_missing(
            films=films,
            voice=voice,
            program=lambda name: f"/usr/bin/{name}" if name in there else None,
            library=lambda name: name in there,
            module=lambda name: name in there,
        )
    except GuideError as error:
        return str(error)
    return ""


def test_this_machine_makes_guides() -> None:
    see_what_is_missing(films=True, voice=ESPEAK)


def test_nothing_is_said_where_all_is_there() -> None:
    assert said() == ""


def test_all_is_named_at_once_with_one_command() -> None:
    assert said("chromium", "ffmpeg", "weasyprint") == (
        "to make guides, chromium, ffmpeg, weasyprint are missing here; run: "
        "sudo apt-get install -y --no-install-recommends chromium ffmpeg "
        "&& pip install 'portvakt[guide]'"
    )


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("libpango-1.0.so.0", "apt-get install -y --no-install-recommends libpango-1.0-0"),
        ("libpangoft2-1.0.so.0", "libpangoft2-1.0-0"),
        ("libharfbuzz-subset.so.0", "libharfbuzz-subset0"),
        ("fc-match", "fontconfig is missing"),
        ("PIL", "pillow is missing here; run: pip install 'portvakt[guide]'"),
        ("playwright", "pip install 'portvakt[guide]'"),
    ],
)
def test_each_is_named_by_what_installs_it(gone: str, named: str) -> None:
    assert named in said(gone)


def test_what_films_need_is_needed_for_films_only() -> None:
    assert said("ffmpeg", "fc-match", "espeak-ng", films=False, voice=ESPEAK) == ""
    assert said("espeak-ng") == ""
    assert "espeak-ng" in said("espeak-ng", voice=ESPEAK)


def test_any_of_chromiums_names_will_do() -> None:
    assert said("chromium", also="google-chrome") == ""
