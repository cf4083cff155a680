"""The same guard on every answer: pages, redirects, errors, files."""

import re

import pytest

from portvakt.web.health import Health
from tests.web.make_site import make_app, make_client

PATHS = {
    "/form": 200,
    "/leave": 303,
    "/unknown": 404,
    "/broken": 500,
    "/down": 503,
    "/busy": 503,
    "/healthz": 200,
    "/search?q=%ff": 400,
    "/search?" + "q" * 50_000: 414,
}


@pytest.mark.parametrize(("path", "status"), PATHS.items(), ids=[p[:12] for p in PATHS])
async def test_a062_every_answer_is_guarded_alike(path: str, status: int) -> None:
    async with make_client(make_app(*Health({}).routes())) as browser:
        answer = await browser.get(path)
        assert answer.status_code == status
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        hsts = answer.headers["strict-transport-security"]
        assert int(hsts.split("=")[1].split(";")[0]) >= 31_536_000
        assert "includeSubDomains" in hsts
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        for name in set(answer.headers) - {"set-cookie"}:
            assert len(answer.headers.get_list(name)) == 1, name


async def test_a122_pages_are_never_stored() -> None:
    async with make_client() as browser:
        for path in ("/form", "/about", "/unknown"):
            assert (await browser.get(path)).headers["cache-control"] == "no-store"


async def test_plain_http_on_localhost_promises_no_https() -> None:
    base = "http://localhost:8000"
    async with make_client(base_url=base, public_url=base) as browser:
        assert "strict-transport-security" not in (await browser.get("/form")).headers


async def test_pages_hold_no_inline_script_or_style() -> None:
    async with make_client() as browser:
        html = (await browser.get("/form")).text
        assert not re.search(r"<script(?![^>]* src=)", html)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)


async def test_every_answer_carries_the_number_of_its_request() -> None:
    async with make_client() as browser:
        first = (await browser.get("/about")).headers["x-request-id"]
        second = await browser.get("/about", headers={"x-request-id": "EVIL"})
        assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", first)
        assert second.headers["x-request-id"] not in (first, "EVIL")
        assert second.json()["request_id"] == second.headers["x-request-id"]


async def test_types_name_their_encoding() -> None:
    async with make_client() as browser:
        assert (await browser.get("/form")).headers["content-type"] == "text/html; charset=utf-8"
