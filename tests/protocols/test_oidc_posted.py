"""Requests in a form, and answers in one."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.open_app.oidc.authorize.handles import FIRST_USE, HELD
from portvakt.journeys.open_app.oidc.authorize.posted import FROM_ALL, FROM_ONE_ADDRESS
from portvakt.journeys.open_app.oidc.authorize.request import MAX_QUERY
from portvakt.journeys.open_app.oidc.authorize.room import SPAN, Room
from tests import make
from tests.protocols.relying_party import Attempt, Client
from tests.protocols.stage import LEDGER_SECRET, Stage, stage
from tests.protocols.test_oidc_authorize import error_of, follow
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser

LONG = "x" * (MAX_QUERY + 500)


async def posted(region: Stage, attempt: Attempt, **headers: str) -> httpx.Response:
    """Post a request as an app's page does: from its own origin, so no cookie of ours goes along.

    (`SameSite=Lax` keeps them from a form of another site.)
    """
    return await region.shop.http.post(
        "/oidc/authorize",
        data=dict(parse_qsl(urlsplit(attempt.url).query)),
        headers={"origin": "https://app.example", "sec-fetch-site": "cross-site"} | headers,
    )


async def opened(
    region: Stage, browser: Browser, client: Client, **asked: str
) -> tuple[httpx.Response, Attempt]:
    """Post a request and go on where that leads."""
    attempt = client.begin(**asked)
    kept = await posted(region, attempt)
    assert kept.status_code == 303, kept.text
    return (await browser.get(kept.headers["location"])).response, attempt


async def test_a_posted_request_is_kept_and_answered_at_our_own_address(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        attempt = region.shop.begin(login_hint="someone@region.example")
        kept = await posted(region, attempt)
        where = urlsplit(kept.headers["location"])
        assert (kept.status_code, where.path) == (303, "/oidc/authorize")
        assert "set-cookie" not in kept.headers
        named = dict(parse_qsl(where.query))
        assert named.keys() == {"client_id", "request_uri"}, "nothing that was posted is told"
        response = (await browser.get(kept.headers["location"])).response
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        await region.shop.believe(tokens["id_token"], attempt)


async def test_a_request_larger_than_an_address_comes_in_a_form_and_survives_a_sign_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        _, attempt = await opened(
            region, browser, region.shop, state=LONG, login_hint="anna.berg", ui_locales="en"
        )
        assert browser.page.title == "Sign in"
        assert 'value="anna.berg"' in browser.page.html
        assert LONG not in browser.page.html
        await region.sign_in(browser)
        response = await follow(browser)
        answer = region.shop.read_answer(response.headers["location"], attempt)
        await region.shop.exchange(answer["code"], attempt)


async def test_a_handle_is_good_for_one_code(tmp_path: Path, database_url: str) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        kept = await posted(region, region.shop.begin())
        first = await browser.get(kept.headers["location"])
        assert "code=" in first.response.headers["location"]
        again = await browser.get(kept.headers["location"])
        assert again.status == 400
        assert "använts eller är för gammal" in again.text


async def test_a_handle_belongs_to_the_browser_that_began_with_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Who holds the address of a sign-in under way can neither take it over nor end it."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        kept = await posted(region, region.shop.begin())
        address = kept.headers["location"]
        await browser.get(address)
        assert browser.page.title == "Logga in"
        async with region.world.browser(INSIDE) as another:
            await signed_in(region, another)
            assert (await another.get(address)).status == 400
        region.world.clock.move(seconds=int(HELD.total_seconds()) - 60)
        assert (await browser.get(address)).status == 200
        region.world.clock.move(minutes=2)
        assert (await browser.get(address)).status == 400


async def test_a_handle_waits_for_its_browser_for_a_minute_and_a_half(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        kept = await posted(region, region.shop.begin())
        region.world.clock.move(seconds=int(FIRST_USE.total_seconds()))
        assert (await browser.get(kept.headers["location"])).status == 400


@pytest.mark.parametrize(
    "handle", ["urn:ietf:params:oauth:request_uri:" + "A" * 43, "urn:ietf:params:oauth:x"]
)
async def test_a_made_up_handle_opens_nothing(tmp_path: Path, sqlite_url: str, handle: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        page = await browser.get(f"/oidc/authorize?client_id=shop&request_uri={handle}")
        assert page.status == 400
        assert "location" not in page.response.headers


async def test_a_handle_of_one_app_is_nothing_to_another(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        kept = await posted(region, region.shop.begin())
        moved = kept.headers["location"].replace("client_id=shop", "client_id=ledger")
        assert (await browser.get(moved)).status == 400


async def test_a_refused_request_in_a_form_is_refused_as_it_is_in_an_address(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        response, attempt = await opened(region, browser, region.shop, prompt="none login")
        assert error_of(response, region.shop, attempt) == "invalid_request"
        kept = await posted(region, region.shop.begin(redirect_uri="https://evil.example/"))
        assert (await browser.get(kept.headers["location"])).status == 400
        too_large = await posted(region, region.shop.begin(prompt="none login", state=LONG))
        assert (too_large.status_code, too_large.json()["error"]) == (400, "invalid_request")
        twice = await region.shop.http.post(
            "/oidc/authorize", content="a=1&a=2", headers={"content-type": FORM}
        )
        assert twice.status_code == 400
        huge = await posted(region, region.shop.begin(state="x" * 20_000))
        assert huge.status_code == 400


FORM = "application/x-www-form-urlencoded"


async def test_what_strangers_have_kept_is_bounded(tmp_path: Path, sqlite_url: str) -> None:
    """A small request goes on as an address instead; a large one is told to come later."""
    async with stage(tmp_path, sqlite_url) as region:
        attempt = region.shop.begin()
        kept = [await posted(region, attempt) for _ in range(FROM_ONE_ADDRESS + 1)]
        stored = [each for each in kept if "request_uri=" in each.headers["location"]]
        assert len(stored) == FROM_ONE_ADDRESS
        assert kept[-1].headers["location"] == attempt.url.removeprefix(ORIGIN)
        large = await posted(region, region.shop.begin(state=LONG))
        assert (large.status_code, large.headers["retry-after"]) == (503, "60")
        elsewhere = await posted(region, attempt, **{"x-forwarded-for": OUTSIDE})
        assert "request_uri=" in elsewhere.headers["location"]


def test_room_is_bounded_for_one_address_and_for_all_and_comes_back() -> None:
    room = Room(2, 3)
    assert [room.take("a", make.NOW) for _ in range(3)] == [True, True, False]
    assert [room.take(each, make.NOW) for each in ("b", "c")] == [True, False]
    assert room.take("a", make.NOW + SPAN)
    assert room.take("a", make.NOW), "a clock that was put back shuts nobody out"
    assert FROM_ONE_ADDRESS < FROM_ALL
    assert len(SystemRandom().secret()) == 43, "what a handle ends with"


async def test_a_posted_request_keeps_no_session_alive_when_it_asks_silently(
    tmp_path: Path, sqlite_url: str
) -> None:
    """A058, whichever way a silent request comes, and however it is written."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for _ in range(3):
            region.world.clock.move(minutes=19)
            response, attempt = await opened(region, browser, region.shop, prompt="none")
            region.shop.read_answer(response.headers["location"], attempt)
            written = region.shop.begin(prompt="none").url.replace("prompt=none", "prompt=%6eone")
            await browser.get(written.removeprefix(ORIGIN))
        region.world.clock.move(minutes=4)
        response, attempt = await opened(region, browser, region.shop, prompt="none")
        assert error_of(response, region.shop, attempt) == "login_required"


async def test_an_answer_goes_in_a_form_where_the_app_wants_it_so(
    tmp_path: Path, sqlite_url: str
) -> None:
    """OAuth 2.0 Form Post Response Mode section 2, with `iss` of RFC 9207."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        attempt = region.ledger.begin(response_mode="form_post")
        response = await region.open(browser, attempt)
        assert response.status_code == 200
        [(action, fields)] = browser.page.forms()
        assert action == region.ledger.redirect_uri
        assert fields.keys() == {"code", "state", "iss"}
        assert (fields["state"], fields["iss"]) == (attempt.state, ORIGIN)
        await region.ledger.exchange(fields["code"], attempt)
        assert "data-goes-on" in browser.page.html
        assert "Öppna Ekonomi" in browser.page.text
        assert response.headers["cache-control"] == "no-store"
        [policy] = response.headers.get_list("content-security-policy")
        assert "form-action 'self' https:;" in policy
        assert "frame-ancestors 'none'" in policy


async def test_a102_an_error_goes_in_the_form_as_well(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        attempt = region.ledger.begin(response_mode="form_post", prompt="none")
        await region.open(browser, attempt)
        [(action, fields)] = browser.page.forms()
        assert action == region.ledger.redirect_uri
        assert (fields["error"], fields["state"]) == ("login_required", attempt.state)
        assert fields["iss"] == ORIGIN
        assert LEDGER_SECRET not in browser.page.html


async def test_what_an_app_sends_stays_data_in_the_form(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        hostile = '"><svg/onload=alert(1)>&code=evil'
        await region.open(browser, region.shop.begin(response_mode="form_post", state=hostile))
        assert "<svg/onload" not in browser.page.html
        [(_, fields)] = browser.page.forms()
        assert fields["state"] == hostile
        assert "form-action 'self' http:;" in browser.page.response.headers[POLICY]


POLICY = "content-security-policy"


async def test_a_form_is_posted_to_the_web_only(tmp_path: Path, sqlite_url: str) -> None:
    phone = make.app(redirect_uris=("se.region.app:/cb",), application_type="native")
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.world.configure(apps=[phone])
        client = Client(
            ORIGIN, "shop", phone.redirect_uris[0], region.shop.http, region.world.clock
        )
        await client.discover()
        attempt = client.begin(response_mode="form_post")
        response = await region.open(browser, attempt)
        assert error_of(response, client, attempt) == "invalid_request"
