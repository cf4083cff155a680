"""Contrast is measured, not believed."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.web import assets
from portvakt.web.colours import (
    DARK_SURFACES,
    LIGHT_SURFACES,
    BadColourError,
    accent_on_dark,
    accent_on_light,
    contrast,
    organisation_stylesheet,
)

STYLE = (Path(assets.__file__).parent / "static" / "portvakt.css").read_text(encoding="utf-8")
_LIGHT, _DARK = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", block))


LIGHT = tokens(_LIGHT)
DARK = {**LIGHT, **tokens(_DARK)}
SCHEMES = pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
TEXTS = ["ink", "quiet", "accent", "good", "care", "danger"]

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


@SCHEMES
@pytest.mark.parametrize("ground", ["canvas", "surface"])
@pytest.mark.parametrize("text", TEXTS)
def test_text_has_a_contrast_of_six_on_both_grounds(
    scheme: dict[str, str], ground: str, text: str
) -> None:
    assert contrast(scheme[text], scheme[ground]) >= 6


@SCHEMES
@pytest.mark.parametrize("ground", ["canvas", "surface"])
def test_edges_have_a_contrast_of_four_on_both_grounds(scheme: dict[str, str], ground: str) -> None:
    assert contrast(scheme["edge"], scheme[ground]) >= 4


@SCHEMES
@pytest.mark.parametrize(("text", "button"), [("on-accent", "accent"), ("on-danger", "danger")])
def test_words_on_buttons_have_a_contrast_of_six(
    scheme: dict[str, str], text: str, button: str
) -> None:
    assert contrast(scheme[text], scheme[button]) >= 6


@SCHEMES
def test_one_of_the_two_rings_of_the_focus_stands_out_on_any_ground(
    scheme: dict[str, str],
) -> None:
    for ground in ("canvas", "surface"):
        best = max(contrast(scheme[ring], scheme[ground]) for ring in ("focus", "ink"))
        assert best >= 3


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert contrast("#FFFFFF", "#777777") == contrast("#777777", "#FFFFFF")


def test_a_colour_that_can_be_read_is_kept() -> None:
    assert accent_on_light("#7A1F5C").colour == "#7A1F5C"
    assert not accent_on_light("#7A1F5C").changed


def test_a_colour_that_is_too_pale_is_darkened_and_says_so() -> None:
    accent = accent_on_light("#FFD200")
    assert accent.changed
    assert contrast(accent.colour, "#FFFFFF") >= 4.5


@given(colours)
def test_any_colour_becomes_one_that_can_be_read(colour: str) -> None:
    for accent, grounds, least in (
        (accent_on_light(colour), LIGHT_SURFACES, 4.5),
        (accent_on_dark(colour), DARK_SURFACES, 6),
    ):
        assert all(contrast(accent.colour, ground) >= least for ground in (*grounds, accent.on))


@pytest.mark.parametrize("bad", ["", "red", "#FFF", "#GGGGGG", "0B5A8A", "#0B5A8A;}*{x:url(//e)}"])
def test_only_a_colour_reaches_the_stylesheet(bad: str) -> None:
    with pytest.raises(BadColourError):
        organisation_stylesheet(bad)


def test_the_surfaces_of_the_rule_are_those_of_the_stylesheet() -> None:
    assert set(LIGHT_SURFACES) == {LIGHT["surface"], LIGHT["canvas"]}
    assert set(DARK_SURFACES) == {DARK["surface"], DARK["canvas"]}
