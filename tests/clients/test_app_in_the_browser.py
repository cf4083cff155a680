"""openid-client in Chromium: an app without a server of its own, on another origin than ours."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.clients.node_app import NodeApp, node_app
from tests.clients.site import Site
from tests.world import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(region: Site) -> Iterator[NodeApp]:
    words = ("--public", "--refresh", "--redirect-uri", "{origin}/spa")
    with node_app(region, "spa", *words) as found:
        yield found


def test_it_signs_in_renews_and_takes_back_from_its_page(region: Site, app: NodeApp) -> None:
    with region.somebody() as person, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(f"{app.origin}/spa")
        page.get_by_label("E-postadress eller användarnamn").fill(f"{person.name}.berg")
        page.get_by_label("Lösenord", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Logga in", exact=True).click()
        page.wait_for_url(f"{app.origin}/spa?*")
        page.wait_for_function("['done', 'failed'].includes(document.title)")
        said = json.loads(page.inner_text("#said"))
        browser.close()
    assert "error" not in said, said
    assert said["user"]["preferred_username"] == f"{person.name}.berg"
    assert said["renewed"] is True
    assert said["after"] == "invalid_grant"
