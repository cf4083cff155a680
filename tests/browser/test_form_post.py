"""An answer in a form reaches the app, under the policy of its page, with and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route

from portvakt.web.headers import policy_for_posting_to
from tests.pages.hung import hung

SAMPLE = "open_app-posting"


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    with hung() as address:
        yield address


@pytest.mark.parametrize("script", [True, False])
def test_an_answer_in_a_form_goes_to_the_app(
    chromium: Browser, gallery: str, *, script: bool
) -> None:
    context = chromium.new_context(java_script_enabled=script, locale="sv-SE")
    tab = context.new_page()
    got: list[str] = []

    def with_its_policy(route: Route) -> None:
        answer = route.fetch()
        policy = {"content-security-policy": policy_for_posting_to("https")}
        route.fulfill(response=answer, headers=answer.headers | policy)

    def app(route: Route) -> None:
        got.append(f"{route.request.method} {route.request.post_data or ''}")
        route.fulfill(status=200, content_type="text/html", body="<title>inside</title>")

    tab.route(f"{gallery}/{SAMPLE}", with_its_policy)
    tab.route("https://pay.example/**", app)
    tab.goto(f"{gallery}/{SAMPLE}", wait_until="commit")
    if not script:
        tab.get_by_role("button", name="Öppna Löneportalen").click()
    tab.wait_for_url("https://pay.example/cb")
    assert tab.title() == "inside"
    context.close()
    assert got == ["POST code=abc&state=%22%3E%3Cb%3E"]
