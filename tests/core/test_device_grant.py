"""How codes for devices are written and read, and what the page for them asks."""

import pytest

from portvakt.core.assurance import Requirement
from portvakt.core.device_grant import CAREFUL, LENGTH, LETTERS, asked_by_page, grouped, normalised


@pytest.mark.parametrize(
    "typed", ["BCDFGHJK", "bcdf-ghjk", " BCDF GHJK ", "b.c.d.f.g.h.j.k", "BCDF\u2013GHJK"]
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert normalised(typed) == "BCDFGHJK"


@pytest.mark.parametrize("typed", ["", "BCDFGHJ", "BCDFGHJKL", "AEIOUYÅÄ", "12345678", "B" * 61])
def test_what_is_not_eight_of_the_letters_is_no_code(typed: str) -> None:
    assert normalised(typed) is None


def test_a_code_is_shown_in_two_groups_that_are_read_back() -> None:
    code = LETTERS[:LENGTH]
    assert grouped(code) == "BCDF-GHJK"
    assert normalised(grouped(code)) == code


@pytest.mark.parametrize("to", ["/device", "/device?code=x"])
def test_the_page_for_codes_asks_for_two_factors_just_now(to: str) -> None:
    assert asked_by_page(to) == CAREFUL


@pytest.mark.parametrize("to", ["/apps", "/devices", "/oidc/authorize?to=/device", ""])
def test_no_other_page_asks_for_more_than_the_rules(to: str) -> None:
    assert asked_by_page(to) == Requirement()
