"""Signing out by an app's wish (RP-Initiated Logout 1.0)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import LEDGER, SECRETS, Stage, stage
from tests.world import INSIDE, ORIGIN, Browser, Page

BACK = "https://shop.example/bye"
BACK_WITH_QUERY = "https://shop.example/bye?from=portvakt"
SHOP = make.app(
    id_token_signed_response_alg="ES256",
    post_logout_redirect_uris=(BACK, BACK_WITH_QUERY),
)
ASKS = "Vill du logga ut?"
LEFT = "Du är utloggad"


@dataclass
class SignedIn:
    """Anna in a browser, with the shop open, and what it got."""

    region: Stage
    browser: Browser
    id_token: str
    access_token: str

    async def ask(self, **sent: str | None) -> Page:
        """Send the browser to sign out, as an app does."""
        given = {name: value for name, value in sent.items() if value is not None}
        return await self.browser.get(f"/oidc/end_session?{urlencode(given)}")

    async def is_signed_in(self) -> bool:
        return bool(await self.region.world.sessions(self.region.anna))


@asynccontextmanager
async def signed_in(folder: Path, url: str) -> AsyncIterator[SignedIn]:
    async with stage(folder, url) as region, region.world.browser(INSIDE) as browser:
        await region.world.configure(
            networks=[make.network()],
            rules=[make.rule(networks_not={make.LAN})],
            apps=[SHOP, LEDGER, SECRETS],
        )
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser)
        tokens, _ = await region.tokens(browser, region.shop)
        yield SignedIn(region, browser, tokens["id_token"], tokens["access_token"])


def location(page: Page) -> str:
    assert page.status == 303, page.text
    return page.response.headers["location"]


async def test_discovery_names_the_endpoint(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        assert region.shop.metadata["end_session_endpoint"] == f"{ORIGIN}/oidc/end_session"
        assert region.shop.metadata["backchannel_logout_supported"] is True
        assert region.shop.metadata["backchannel_logout_session_supported"] is True


async def test_an_app_with_its_id_token_signs_out_at_once(
    tmp_path: Path, database_url: str
) -> None:
    async with signed_in(tmp_path, database_url) as anna:
        page = await anna.ask(
            id_token_hint=anna.id_token, post_logout_redirect_uri=BACK, state="a b&c"
        )
        parts = urlsplit(location(page))
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
        assert dict(parse_qsl(parts.query)) == {"state": "a b&c"}
        assert not await anna.is_signed_in()
        assert anna.browser.cookie("session") is None
        (event,) = await anna.region.events("session.ended")
        assert event.detail["reason"] == "by_app"


async def test_an_id_token_that_has_expired_is_as_good(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        anna.region.world.clock.move(minutes=30)
        page = await anna.ask(id_token_hint=anna.id_token, post_logout_redirect_uri=BACK)
        assert location(page) == BACK
        assert not await anna.is_signed_in()


async def test_state_joins_a_query_that_is_there(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(
            id_token_hint=anna.id_token, post_logout_redirect_uri=BACK_WITH_QUERY, state="1"
        )
        assert location(page) == f"{BACK_WITH_QUERY}&state=1"


async def test_without_an_address_the_person_sees_that_they_are_signed_out(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(id_token_hint=anna.id_token)
        assert (page.status, page.title) == (200, LEFT)
        assert not await anna.is_signed_in()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"client_id": "shop"},
        {"client_id": "shop", "post_logout_redirect_uri": BACK},
        {"client_id": "nobody"},
        {"logout_hint": "anna.berg"},
        {"id_token_hint": "x.y.z"},
    ],
)
async def test_a107_a_link_on_an_evil_page_ends_nothing_and_the_person_is_asked(
    tmp_path: Path, sqlite_url: str, sent: dict[str, str]
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.browser.get(
            f"/oidc/end_session?{urlencode(sent)}",
            **{"sec-fetch-site": "cross-site", "referer": "https://evil.example/"},
        )
        assert (page.status, page.title) == (200, ASKS)
        assert await anna.is_signed_in()
        assert "evil" not in page.html


async def test_a107_the_question_cannot_be_answered_by_another_page(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(client_id="shop")
        action, hidden = page.forms()[0]
        assert action == "/oidc/end_session/confirm"
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        for fields, headers in (
            (hidden, foreign),
            (hidden | {"csrf": "0" * 64}, {}),
            ({"ticket": hidden["ticket"]}, {"origin": "null"}),
        ):
            sent = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "x-forwarded-for": INSIDE}
            answer = await anna.browser.client.post(
                f"{ORIGIN}{action}", data=fields, headers=sent | headers
            )
            assert answer.status_code == 403
        assert await anna.is_signed_in()


async def test_the_person_says_yes_and_goes_back_to_the_app(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(client_id="shop", post_logout_redirect_uri=BACK, state="s")
        assert "Demobutiken frågar" in page.text
        policy = page.response.headers["content-security-policy"]
        assert "form-action 'self' https:" in policy  # or the browser would stop the way back
        page = await anna.browser.submit({})
        assert location(page) == f"{BACK}?state=s"
        assert not await anna.is_signed_in()
        (event,) = await anna.region.events("session.ended")
        assert event.detail["reason"] == "signed_out"


async def test_the_person_says_yes_where_nobody_is_named(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask()
        assert "form-action 'self';" in page.response.headers["content-security-policy"]
        page = await anna.browser.submit({})
        assert (page.path, page.title) == ("/signed-out", LEFT)
        assert not await anna.is_signed_in()


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        f"{BACK}/",
        f"{BACK}?x=1",
        f"{BACK}#x",
        "https://shop.example/BYE",
        "https://shop.example:443/bye",
        "https://shop.example/a/../bye",
        "javascript:alert(1)",
        "//evil.example",
        "http://localhost:8003/callback",
    ],
)
async def test_an_address_that_is_not_in_the_entry_is_never_gone_to(
    tmp_path: Path, sqlite_url: str, uri: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(client_id="shop", post_logout_redirect_uri=uri, state="1")
        assert page.title == ASKS
        assert uri not in page.html
        page = await anna.ask(id_token_hint=anna.id_token, post_logout_redirect_uri=uri)
        assert (page.status, page.title) == (200, LEFT)
        assert "evil" not in page.html
        assert not await anna.is_signed_in()


async def test_an_address_of_another_app_is_never_gone_to(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(client_id="ledger", post_logout_redirect_uri=BACK)
        assert page.title == ASKS
        page = await anna.browser.submit({})
        assert (page.title, "shop.example" in page.html) == (LEFT, False)


async def test_an_app_and_an_id_token_of_another_are_neither(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(
            client_id="ledger", id_token_hint=anna.id_token, post_logout_redirect_uri=BACK
        )
        assert page.title == ASKS
        assert "En länk som du följde" in page.text
        assert await anna.is_signed_in()


async def test_an_id_token_of_another_session_asks_the_person(
    tmp_path: Path, sqlite_url: str
) -> None:
    """An attacker's own ID token signs nobody else out."""
    async with signed_in(tmp_path, sqlite_url) as anna, anna.region.world.browser(INSIDE) as other:
        region = anna.region
        await region.open(other, region.shop.begin())
        await region.sign_in(other)
        tokens, _ = await region.tokens(other, region.shop)
        page = await anna.ask(id_token_hint=tokens["id_token"], post_logout_redirect_uri=BACK)
        assert page.title == ASKS
        assert len(await region.world.sessions(region.anna)) == 2


def forged(token: str, how: str, keys: Any) -> str:
    """Make a hint that is not ours of one that is."""
    claims = jwt.decode(token, keys, algorithms=["ES256"]).claims
    if how == "none":
        head, body, _ = token.split(".")
        return f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}."
    if how == "hs256":
        secret = OctKey.import_key("a-secret-that-is-nobodys-public-key-at-all")
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, secret, algorithms=["HS256"])
    if how == "strange_key":
        key = ECKey.generate_key("P-256", {"kid": "strange"})
        return jwt.encode({"alg": "ES256", "kid": "strange", "typ": "JWT"}, claims, key)
    head, body, signature = token.split(".")
    return f"{head}.{body}.{'A' * len(signature)}"


@pytest.mark.parametrize("how", ["none", "hs256", "strange_key", "signature"])
async def test_a101_a_hint_that_we_did_not_sign_counts_for_nothing(
    tmp_path: Path, sqlite_url: str, how: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        hint = forged(anna.id_token, how, await anna.region.shop.keys())
        page = await anna.ask(id_token_hint=hint, post_logout_redirect_uri=BACK)
        assert page.title == ASKS
        assert await anna.is_signed_in()
        assert BACK not in page.html


async def test_an_access_token_is_no_hint(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(id_token_hint=anna.access_token)
        assert page.title == ASKS
        assert await anna.is_signed_in()


async def test_who_is_signed_out_already_goes_on_with_an_id_token_and_has_a_link_without(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        await anna.ask(id_token_hint=anna.id_token)
        page = await anna.ask(id_token_hint=anna.id_token, post_logout_redirect_uri=BACK)
        assert location(page) == BACK
        page = await anna.ask(client_id="shop", post_logout_redirect_uri=BACK, state="7")
        assert page.title == LEFT
        assert f'href="{BACK}?state=7"' in page.html
        page = await anna.ask()
        assert page.title == LEFT
        assert "Tillbaka" not in page.text


async def posted(anna: SignedIn, **sent: str) -> httpx.Response:
    """Post as a form on the app's own page does: the browser sends no cookie of ours along."""
    headers = {"origin": "https://shop.example", "sec-fetch-site": "cross-site"}
    return await anna.region.shop.http.post(
        f"{ORIGIN}/oidc/end_session", data=sent, headers=headers
    )


async def test_what_is_posted_goes_on_with_get_and_the_id_token_stands_in_no_address(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        answer = await posted(
            anna, id_token_hint=anna.id_token, post_logout_redirect_uri=BACK, state="9"
        )
        assert answer.status_code == 303
        assert await anna.is_signed_in()
        to = answer.headers["location"]
        assert to.startswith("/oidc/end_session?ticket=")
        assert anna.id_token.split(".")[1] not in to
        page = await anna.browser.get(to)
        assert location(page) == f"{BACK}?state=9"
        assert not await anna.is_signed_in()


async def test_a_ticket_is_of_no_use_when_it_is_old_or_changed(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        answer = await posted(anna, id_token_hint=anna.id_token)
        to = answer.headers["location"]
        for wrong in (to[:-9] + "AAAA" + to[-5:], to + "A" * 4000, to[:40], to + "%C3%A5"):
            assert (await anna.browser.get(wrong)).status == 400
        anna.region.world.clock.move(minutes=30)
        assert (await anna.browser.get(to)).status == 400
        assert await anna.is_signed_in()


@pytest.mark.parametrize(
    "query",
    ["client_id=shop&client_id=ledger", "id_token_hint=%ff", "state=%00", "a=b&" * 60],
)
async def test_what_cannot_be_read_ends_nothing(
    tmp_path: Path, sqlite_url: str, query: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.browser.get(f"/oidc/end_session?{query}")
        assert page.status == 400
        assert await anna.is_signed_in()
        answer = await anna.region.shop.http.post(
            f"{ORIGIN}/oidc/end_session",
            content=query.encode(),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 400


async def test_head_ends_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        query = urlencode({"id_token_hint": anna.id_token})
        headers = {"x-forwarded-for": INSIDE}
        answer = await anna.browser.client.head(
            f"{ORIGIN}/oidc/end_session?{query}", headers=headers
        )
        assert answer.status_code == 405
        assert await anna.is_signed_in()


async def test_the_question_is_asked_in_the_language_that_the_app_names(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(client_id="shop", ui_locales="fr en-GB sv")
        assert page.title == "Do you want to sign out?"
        page = await anna.ask(client_id="shop", ui_locales="sv")  # chosen once, it stays
        assert page.title == "Do you want to sign out?"


async def test_what_an_app_holds_ends_with_the_session(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        shop: Client = anna.region.shop
        assert (await shop.userinfo(anna.access_token))["sub"]
        await anna.ask(id_token_hint=anna.id_token)
        answer = await shop.http.get(
            shop.metadata["userinfo_endpoint"],
            headers={"authorization": f"Bearer {anna.access_token}"},
        )
        assert answer.status_code == 401


async def test_an_app_is_gone_between_question_and_answer(tmp_path: Path, sqlite_url: str) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        await anna.ask(client_id="shop")
        await anna.region.world.configure(apps=[LEDGER])
        assert (await anna.browser.submit({})).path == "/signed-out"
        assert not await anna.is_signed_in()


async def test_nothing_of_what_was_sent_stays_in_the_address_of_a_page(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with signed_in(tmp_path, sqlite_url) as anna:
        page = await anna.ask(id_token_hint="x.y.z", state="my-state", client_id="shop")
        assert page.path.startswith("/oidc/end_session?ticket=")
        assert "my-state" not in page.html
