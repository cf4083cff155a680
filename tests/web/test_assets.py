"""Files are named after what is in them, kept for ever, and small."""

import gzip
import re

import pytest

from portvakt.web.assets import draw
from portvakt.web.site import Logo
from tests.web.make_site import make_client


async def test_a_file_is_kept_for_ever_under_a_name_that_changes_with_it() -> None:
    async with make_client() as browser:
        html = (await browser.get("/form")).text
        addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
        assert len(addresses) == 4
        for address in addresses:
            answer = await browser.get(address)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert "set-cookie" not in answer.headers
            assert re.search(r"-[a-z2-7]{12}\.(css|js|svg)$", address)


async def test_a_file_under_another_mark_does_not_exist() -> None:
    async with make_client() as browser:
        for path in ("/static/portvakt.css", "/static/portvakt-aaaaaaaaaaaa.css", "/static/../x"):
            assert (await browser.get(path)).status_code == 404


async def test_files_are_plain_for_those_who_do_not_unpack() -> None:
    async with make_client() as browser:
        html = (await browser.get("/form")).text
        (style,) = re.findall(r'href="(/static/portvakt-[^"]+)"', html)
        plain = await browser.get(style, headers={"accept-encoding": "identity"})
        packed = await browser.get(style, headers={"accept-encoding": "gzip, br"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert plain.text == packed.text


async def test_the_organisations_colour_comes_as_a_stylesheet_of_its_own() -> None:
    async with make_client(colour="#7A1F5C") as browser:
        html = (await browser.get("/form")).text
        (style,) = re.findall(r'href="(/static/organisation-[^"]+)"', html)
        assert "--accent:#7A1F5C" in (await browser.get(style)).text


async def test_a_sign_in_page_and_its_styles_are_at_most_14_kilobytes_compressed() -> None:
    async with make_client() as browser:
        page = await browser.get("/form")
        styles = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
        sizes = [len(gzip.compress((await browser.get(each)).content)) for each in styles]
        whole = len(gzip.compress(page.content)) + sum(sizes)
        assert whole <= 14 * 1024


@pytest.mark.parametrize("name", ["../icon", "a/b", "", "Mark", "mark.svg"])
def test_a_pictogram_is_named_by_small_letters(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        draw(name)


@pytest.mark.parametrize("name", ["totp", "sms_code", "password", "recovery_code", "start_code"])
def test_every_method_has_a_pictogram_that_says_nothing_to_screen_readers(name: str) -> None:
    drawn = draw(name)
    assert 'aria-hidden="true"' in drawn
    assert "currentColor" in drawn
    assert "<script" not in drawn


async def test_the_logo_of_the_organisation_stands_on_every_page() -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>'
    async with make_client(logo=Logo(name="logo.svg", content=picture)) as browser:
        page = await browser.get("/form")
        found = re.search(r'src="(/static/logo-[a-z2-7]+\.svg)"', page.text)
        assert found is not None
        answer = await browser.get(found[1])
    assert answer.content == picture
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
