"""Only our own names are answered, and every address we write is built from settings."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from portvakt.web.errors import Failures
from portvakt.web.health import Health
from portvakt.web.routing import Who, route
from portvakt.web.stack import stack
from tests.web.make_site import HTTPS, make_app, make_client, make_site

HOSTS = {"mfaregistrering.region.example": "/security-info", "apps.region.example": "/apps"}


@pytest.mark.parametrize(
    "host",
    [
        "mfa-region.evil",
        "id.region.example.evil",
        "id.region.example:8443",
        "id.region.example.",
        "evil.id.region.example",
        "id.region.example@evil",
        "id.region.example, evil",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "",
        " ",
        "a" * 4000,
    ],
)
async def test_a067_a_copy_of_us_under_another_name_gets_nothing(host: str) -> None:
    async with make_client() as browser:
        answer = await browser.get("/form", headers={"host": host})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers
        assert "<form" not in answer.text
        assert "<input" not in answer.text


@pytest.mark.parametrize(
    "host", ["id.region.example", "ID.Region.Example", "id.region.example:443"]
)
async def test_our_own_name_is_answered_however_it_is_written(host: str) -> None:
    async with make_client() as browser:
        assert (await browser.get("/form", headers={"host": host})).status_code == 200


async def test_two_host_headers_are_answered_with_421() -> None:
    async with make_client() as browser:
        twice = [("host", "id.region.example"), ("host", "id.region.example")]
        answer = await browser.request("GET", "/form", headers=twice)
        assert answer.status_code == 421


@pytest.mark.parametrize(
    ("host", "path", "part"),
    [
        ("mfaregistrering.region.example", "/", "/security-info"),
        ("MFAregistrering.region.example", "/anything?x=1", "/security-info"),
        ("mfaregistrering.region.example:443", "/", "/security-info"),
        ("apps.region.example", "/", "/apps"),
    ],
)
async def test_a_memorable_name_leads_to_its_part_in_one_step(
    host: str, path: str, part: str
) -> None:
    async with make_client(hosts=HOSTS) as browser:
        answer = await browser.get(path, headers={"host": host})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"{HTTPS}{part}"
        assert "set-cookie" not in answer.headers


async def test_a_memorable_name_takes_no_forms() -> None:
    async with make_client(hosts=HOSTS) as browser:
        answer = await browser.post("/form", headers={"host": "apps.region.example"})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_monitoring_may_use_any_name(path: str) -> None:
    app = make_app(*Health({}).routes())
    async with make_client(app) as probe:
        for host in ("10.0.0.7:8000", "evil", "apps.region.example"):
            assert (await probe.get(path, headers={"host": host})).status_code == 200


async def test_no_header_of_a_request_reaches_an_address_that_we_write() -> None:
    names = ["x-forwarded-host", "forwarded", "x-original-url", "x-rewrite-url", "x-host"]
    headers = dict.fromkeys(names, "evil.example")
    async with make_client(trusted=["203.0.113.9/32"], hosts=HOSTS) as browser:
        for path in ("/form", "/leave", "/unknown", "/broken"):
            answer = await browser.get(path, headers=headers)
            assert "evil" not in answer.text
            assert "evil" not in str(answer.headers)


async def test_a_site_on_localhost_answers_to_its_port() -> None:
    base = "http://localhost:8000"
    async with make_client(base_url=base, public_url=base) as browser:
        assert (await browser.get("/form")).status_code == 200
        other = await browser.get("/form", headers={"host": "localhost"})
        assert other.status_code == 421


APP_HOST = "auth.region.example"


async def _said_of_app(_request: Request) -> Response:
    return Response("the app")


APP_ROUTE = route("/authenticator/", _said_of_app, who=Who.ANYONE)


async def test_the_app_alone_is_served_under_a_name_of_its_own() -> None:
    app = make_app(APP_ROUTE, app_host=APP_HOST)
    async with make_client(app, base_url=f"https://{APP_HOST}") as browser:
        assert (await browser.get("/authenticator/")).text == "the app"
        led = await browser.get("/")
        assert (led.status_code, led.headers["location"]) == (
            303,
            f"https://{APP_HOST}/authenticator/",
        )
        for path in ("/form", "/sign-in", "/apps"):
            answer = await browser.get(path)
            assert answer.status_code == 404
            assert "set-cookie" not in answer.headers
        assert (await browser.post("/form")).status_code == 404


async def test_under_our_own_name_the_app_is_led_to_its_own() -> None:
    app = make_app(APP_ROUTE, app_host=APP_HOST)
    async with make_client(app) as browser:
        led = await browser.get("/authenticator/?x=1")
        assert (led.status_code, led.headers["location"]) == (
            303,
            f"https://{APP_HOST}/authenticator/",
        )
        assert (await browser.get("/form")).status_code == 200
        assert (await browser.post("/authenticator/")).status_code == 404


async def test_without_a_name_of_its_own_the_app_is_served_under_ours() -> None:
    async with make_client(make_app(APP_ROUTE)) as browser:
        assert (await browser.get("/authenticator/")).text == "the app"


async def test_the_app_may_use_a_camera_and_a_worker_and_pages_may_not() -> None:
    async with make_client(make_app(APP_ROUTE)) as browser:
        app = (await browser.get("/authenticator/")).headers
        page = (await browser.get("/form")).headers
    assert "camera=(self)" in app["permissions-policy"]
    assert "worker-src 'self'" in app["content-security-policy"]
    assert "form-action 'none'" in app["content-security-policy"]
    assert "camera=()" in page["permissions-policy"]
    assert "worker-src" not in page["content-security-policy"]
    for headers in (app, page):
        assert "unsafe" not in headers["content-security-policy"]


async def test_a_stream_is_open_to_the_right_name_over_https_only() -> None:
    path = "/authenticator/api/v1/stream"

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"streaming"})

    site = make_site(app_host=APP_HOST)
    app = stack([], site, failures=Failures(), streams={path: stream})
    async with make_client(app, base_url=f"https://{APP_HOST}") as phone:
        assert (await phone.get(path)).text == "streaming"
        assert (await phone.post(path)).status_code == 404
        assert (await phone.get(path, headers={"host": "evil.example"})).status_code == 421
    async with make_client(app) as browser:
        assert (await browser.get(path)).status_code == 303
    async with make_client(app, base_url=f"http://{APP_HOST}") as plain:
        assert (await plain.get(path)).text != "streaming"
