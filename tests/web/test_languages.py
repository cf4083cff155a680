"""Which language a page speaks."""

import pytest

from portvakt.web.languages import chosen_language
from tests.web.make_site import make_client


def test_swedish_is_spoken_until_somebody_chooses() -> None:
    assert chosen_language(None) == "sv"
    assert chosen_language("sv") == "sv"
    assert chosen_language("en") == "en"


@pytest.mark.parametrize("cookie", ["", "fi", "SV", "sv ", "../sv", "en\x00"])
def test_a_cookie_that_names_no_language_of_ours_is_ignored(cookie: str) -> None:
    assert chosen_language(cookie) == "sv"


@pytest.mark.parametrize("header", ["en-US,en;q=0.9", "en", "fi,en;q=0.3", "*", "," * 300])
async def test_a_browser_installed_in_english_still_shows_the_words_of_the_instruction(
    header: str,
) -> None:
    async with make_client() as browser:
        page = await browser.get("/form", headers={"accept-language": header})
        assert '<html lang="sv">' in page.text
