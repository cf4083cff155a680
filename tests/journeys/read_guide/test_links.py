"""«Så gör du» on the pages of registration and reset."""

import re
from pathlib import Path

import pytest

from portvakt.settings.guide_structs import Guide
from portvakt.web.guide_links import TOLD_AT, UNTOLD
from tests import make
from tests.guards.tree import PACKAGE
from tests.journeys.read_guide.made import make_guide, write_steps
from tests.world import INSIDE, Page, world

LINK = re.compile(r'<a href="(/guide/[^"]*)"[^>]*>')
LINKED = ("set_up_mfa", "reset_password")


def link(page: Page) -> str | None:
    found = LINK.findall(page.html)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("journey", LINKED)
def test_every_page_of_registration_and_reset_is_told_or_known_not_to_be(journey: str) -> None:
    pages = {
        f"journeys/{journey}/{file.name}"
        for file in (PACKAGE / "journeys" / journey).glob("*.html")
        if file.name != "parts.html"
    }
    told = {page.partition("#")[0] for page in TOLD_AT if f"/{journey}/" in page}
    untold = {f"journeys/{page}" for page in UNTOLD if page.startswith(journey)}
    assert told | untold == pages
    assert not told & untold


async def test_a_page_leads_to_its_step_in_the_language_it_is_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    folder = tmp_path / "guide"
    for language in ("sv", "en"):
        own = make_guide(folder, language)
        write_steps(own, {"forgotten-password": ["name"], "register-app": ["choose", "number"]})
    chosen = Guide(folder=str(folder))
    async with world(tmp_path, sqlite_url, guide=chosen) as one, one.browser(INSIDE) as browser:
        await one.configure(networks=[make.network()])
        await one.person()
        reset = await browser.get("/reset")
        assert link(reset) == "/guide/sv/#forgotten-password-name"
        assert "Så gör du" in reset.text
        await browser.post("/language", {"language": "en", "to": "/reset"})
        assert link(browser.page) == "/guide/en/#forgotten-password-name"
        assert "How to do it" in browser.page.text
        sheet = await browser.sign_in(to="/security-info")
        assert link(sheet) == "/guide/en/#register-app-choose"
        assert link(await browser.get("/sign-in")) is None


async def test_without_a_guide_there_is_no_link(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as one, one.browser() as browser:
        page = await browser.get("/reset")
        assert link(page) is None
        assert "Så gör du" not in page.text


async def test_the_link_comes_with_the_guide_while_everything_runs(
    tmp_path: Path, sqlite_url: str
) -> None:
    folder = tmp_path / "guide"
    chosen = Guide(folder=str(folder))
    async with world(tmp_path, sqlite_url, guide=chosen) as one, one.browser() as browser:
        assert link(await browser.get("/reset")) is None
        write_steps(make_guide(folder), {"forgotten-password": ["name"]})
        assert link(await browser.get("/reset")) is not None
