"""Over plain http people are led to https, and programs are refused."""

import pytest

from portvakt.web.health import Health
from tests.web.make_site import HTTPS, make_app, make_client

PLAIN = "http://id.region.example"


async def test_a123_a_page_over_plain_http_leads_to_https() -> None:
    async with make_client(base_url=PLAIN) as browser:
        answer = await browser.get("/form?x=1")
        assert answer.status_code == 308
        assert answer.headers["location"] == f"{HTTPS}/form?x=1"
        assert "set-cookie" not in answer.headers


async def test_a123_an_api_over_plain_http_refuses() -> None:
    async with make_client(base_url=PLAIN) as program:
        answer = await program.post("/token")
        assert answer.status_code == 403
        assert answer.json()["error"] == "plain_http"


async def test_a_form_sent_over_plain_http_is_not_taken() -> None:
    async with make_client(base_url=PLAIN) as browser:
        assert (await browser.post("/form", data={"name": "x"})).status_code == 403


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ([], 200),
        (["https"], 200),
        (["http"], 308),
        (["HTTPS"], 308),
        (["https, http"], 308),
        (["https", "https"], 308),
        ([""], 308),
    ],
)
async def test_a_trusted_proxy_says_what_it_took_the_request_over(
    said: list[str], status: int
) -> None:
    headers = [("x-forwarded-proto", each) for each in said]
    async with make_client(base_url=PLAIN, trusted=["203.0.113.9/32"]) as browser:
        answer = await browser.request("GET", "/form", headers=headers)
        assert answer.status_code == status


async def test_a_stranger_cannot_claim_to_have_come_over_https() -> None:
    async with make_client(base_url=PLAIN) as browser:
        answer = await browser.get("/form", headers={"x-forwarded-proto": "https"})
        assert answer.status_code == 308


async def test_monitoring_may_ask_over_plain_http() -> None:
    async with make_client(make_app(*Health({}).routes()), base_url=PLAIN) as probe:
        assert (await probe.get("/healthz")).status_code == 200


async def test_a_site_on_localhost_needs_no_https() -> None:
    base = "http://localhost:8000"
    async with make_client(base_url=base, public_url=base) as browser:
        assert (await browser.get("/form")).status_code == 200
