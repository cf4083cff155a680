"""An address that no entry names is never gone to, and found by the number on the page."""

from pathlib import Path

import pytest

from tests.protocols.test_end_session import ASKS, BACK, LEFT, signed_in


@pytest.mark.parametrize("method", ["get", "post"])
async def test_an_address_that_is_not_in_the_entry_has_a_number(
    tmp_path: Path, database_url: str, method: str
) -> None:
    """The person can quote it, and `portvakt why` says which check said no; once for a request."""
    async with signed_in(tmp_path, database_url) as anna:
        uri = "https://evil.example/"
        sent = {"client_id": "shop", "post_logout_redirect_uri": uri}
        if method == "get":
            page = await anna.ask(**sent)
        else:
            kept = await anna.region.shop.http.post("/oidc/end_session", data=sent)
            page = await anna.browser.get(kept.headers["location"])
        [event] = await anna.region.events("app.request_refused")
        assert page.title == ASKS
        assert event.request_id in page.text
        assert event.detail["rule"] == "check_post_logout_redirect_uri"
        assert (event.detail["app"], event.actor) == ("shop", "app:shop")
        assert uri not in event.detail["said"]
        page = await anna.browser.submit({})
        assert page.title == LEFT
        assert event.request_id in page.text
        assert not await anna.is_signed_in()
        assert len(await anna.region.events("app.request_refused")) == 1


async def test_an_address_that_is_not_in_the_entry_has_a_number_where_it_ends_at_once(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        uri = "https://evil.example/"
        page = await anna.ask(id_token_hint=anna.id_token, post_logout_redirect_uri=uri)
        [event] = await anna.region.events("app.request_refused")
        assert (page.title, event.request_id in page.text) == (LEFT, True)
        page = await anna.ask(client_id="nobody", post_logout_redirect_uri=uri)
        found = await anna.region.events("app.request_refused")
        assert [each.actor for each in found if each.detail["app"] is None] == ["stranger"]


async def test_who_wants_to_go_nowhere_has_no_number(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        await anna.ask(client_id="shop")
        await anna.ask(client_id="shop", post_logout_redirect_uri=BACK)
        assert not await anna.region.events("app.request_refused")
