"""Forms from strangers are refused: by origin, then by token."""

import re

import httpx
import pytest

from portvakt.web.cookies import Cookie
from tests.web.make_site import HTTPS, make_client

BINDING = Cookie.BINDING.value


async def hidden_token(browser: httpx.AsyncClient) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await browser.get("/form")).text)
    assert found is not None
    return found[1]


async def test_a_form_of_ours_is_listened_to_and_the_token_stays_with_the_shell() -> None:
    async with make_client() as browser:
        token = await hidden_token(browser)
        answer = await browser.post(
            "/form",
            data={"csrf": token, "name": "åsa"},
            headers={"origin": HTTPS, "sec-fetch-site": "same-origin"},
        )
        assert (answer.status_code, answer.text) == (200, "saved åsa True")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://id.region.example.evil"},
        {"origin": "http://id.region.example"},
        {"origin": "https://id.region.example:444"},
        {"origin": "https://ID.region.example"},
        {"origin": f"{HTTPS}/"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": HTTPS, "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
async def test_a061_a_form_from_elsewhere_is_refused_even_with_cookie_and_token(
    headers: dict[str, str],
) -> None:
    async with make_client() as browser:
        token = await hidden_token(browser)
        answer = await browser.post("/form", data={"csrf": token, "name": "x"}, headers=headers)
        assert answer.status_code == 403
        assert "saved" not in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "å", "A" * 64, "x" * 9])
async def test_a061_a_form_without_the_right_token_is_refused(token: str) -> None:
    async with make_client() as browser:
        await hidden_token(browser)
        answer = await browser.post("/form", data={"csrf": token}, headers={"origin": HTTPS})
        assert answer.status_code == 403
        assert "legat öppen för länge" in answer.text


async def test_the_token_of_another_browser_is_refused() -> None:
    async with make_client() as attacker, make_client() as victim:
        token = await hidden_token(attacker)
        await attacker.get("/form")
        victim.cookies.set(BINDING, "v" * 43)
        answer = await victim.post("/form", data={"csrf": token}, headers={"origin": HTTPS})
        assert answer.status_code == 403


async def test_a_browser_that_keeps_no_cookies_is_told_so() -> None:
    async with make_client() as browser:
        token = await hidden_token(browser)
        browser.cookies.clear()
        answer = await browser.post("/form", data={"csrf": token}, headers={"origin": HTTPS})
        assert answer.status_code == 403
        assert "Tillåt kakor" in answer.text


async def test_all_tabs_of_a_browser_share_one_token_and_the_cookie_is_set_once() -> None:
    async with make_client() as browser:
        first, second = await hidden_token(browser), await hidden_token(browser)
        again = await browser.get("/form")
        assert first == second
        assert "set-cookie" not in again.headers


async def test_a_program_brings_its_own_proof_and_needs_no_form() -> None:
    async with make_client() as program:
        answer = await program.post("/token", headers={"origin": "https://app.example"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=latin-1",
        "application/x-www-form-urlencoded, text/plain",
        "",
    ],
)
async def test_only_one_way_of_writing_a_form_is_read(kind: str) -> None:
    async with make_client() as browser:
        await hidden_token(browser)
        answer = await browser.post(
            "/form", content=b"csrf=x", headers={"origin": HTTPS, "content-type": kind}
        )
        assert answer.status_code == 415
