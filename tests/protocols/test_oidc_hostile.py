"""What no app would send, to every address that anybody can reach: a plain no, each time."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.protocols.guarded import DATA, GUARDED, WIKI, AtHost, guarded_app
from tests.protocols.refreshing import opened, put
from tests.protocols.stage import SHOP, Stage
from tests.world import OUTSIDE, PASSWORD

MARK = "'\"><svg/onload=alert(1)>"
BROKEN_KEY = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwiY3J2IjoiUC0yNTYiLCJ4IjoxLC"
    "J5IjpudWxsfX0.e30.AA"
)
WORDS = [
    MARK,
    "\u202eevil",
    "\0",
    "9" * 400,
    "{" * 2000,
    "A" * 86,  # as a refresh token
    "pvat_é",
    "urn:ietf:params:oauth:request_uri:" + "a" * 43,
    "eyJhbGciOiJub25lIn0.W10.",  # a JWT without a signature, whose claims are a list
    "bnVsbA.e30.AA",  # one whose header is null
    "eyJhbGciOiJFUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.e30.AA",  # one of RFC 7797
    BROKEN_KEY,
]
BY_PROGRAMS = (
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "registration_endpoint",
)
ASSERTED = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
ASKED = ("client_id", "redirect_uri", "state", "claims", "request", "request_uri", "id_token_hint",
         "max_age", "prompt", "ui_locales", "acr_values", "login_hint", "resource", "dpop_jkt",
         "response_mode", "asked", "need", "ticket", "post_logout_redirect_uri")  # fmt: skip


def bodies(word: str) -> Iterator[dict[str, str]]:
    """Put a word in every place of the forms that programs send."""
    yield {"grant_type": "authorization_code", "client_id": "shop", "code": word,
           "code_verifier": "a" * 43, "redirect_uri": word}  # fmt: skip
    yield {"grant_type": "refresh_token", "client_id": "shop", "refresh_token": word,
           "scope": word, "resource": word}  # fmt: skip
    yield {"grant_type": word, "client_id": word, "client_secret": word}
    yield {"grant_type": "client_credentials", "client_assertion": word} | ASSERTED
    yield {"client_id": "shop", "token": word, "token_type_hint": word}
    yield {"client_id": "shop", "request": word}


def headers(word: str) -> Iterator[dict[bytes, bytes]]:
    """Put a word in every header that they send."""
    for value in (word, f"Basic {word}", f"Bearer {word}", f"DPoP {word}"):
        yield {b"authorization": value.encode()}
    for name in (b"dpop", b"client-cert", b"accept", b"origin"):
        yield {name: word.encode()}
    yield {b"client-cert": f":{word}:".encode()}


def harmless(answer: httpx.Response) -> bool:
    """Whether an answer is a plain one, keeps to itself, and repeats nothing that was sent."""
    return (
        answer.status_code < 500
        and "no-store" in answer.headers["cache-control"]
        and answer.headers["referrer-policy"] == "same-origin"
        and MARK not in answer.text
    )


@pytest.mark.slow
async def test_no_word_that_a_program_sends_breaks_anything(
    tmp_path: Path, postgresql_url: str
) -> None:
    """On the database that takes fewer words than the other."""
    async with opened(tmp_path, postgresql_url) as (region, _browser):
        http = region.shop.http
        for name in BY_PROGRAMS:
            address = region.shop.metadata[name]
            for word in WORDS:
                for body in bodies(word):
                    assert harmless(await http.post(address, data=body)), (name, body)
                for each in headers(word):
                    assert harmless(await _send(http, address, each)), (name, each)


async def _send(
    http: httpx.AsyncClient, address: str, headers: dict[bytes, bytes]
) -> httpx.Response:
    if address.endswith("/userinfo"):
        return await http.get(address, headers=[*headers.items()])
    kind = {b"content-type": b"application/x-www-form-urlencoded"}
    content = b"client_id=shop&grant_type=client_credentials"
    return await http.post(address, content=content, headers=[*(headers | kind).items()])


@pytest.mark.slow
async def test_no_word_in_an_address_breaks_anything(tmp_path: Path, postgresql_url: str) -> None:
    async with opened(tmp_path, postgresql_url) as (region, browser):
        good = {"response_type": "code", "client_id": "shop", "scope": "openid",
                "redirect_uri": region.shop.redirect_uri, "code_challenge": "a" * 43,
                "code_challenge_method": "S256"}  # fmt: skip
        for word in WORDS:
            for name in ASKED:
                sent = urlencode(good | {name: word})
                for path in ("authorize", "end_session"):
                    answer = await browser.client.get(
                        f"/oidc/{path}?{sent}", headers={"x-forwarded-for": OUTSIDE}
                    )
                    assert harmless(answer), (path, name, word)


def by_basic(region: Stage) -> dict[str, str]:
    both = f"{region.anna.user_name}:{PASSWORD}".encode()
    return {"authorization": f"Basic {base64.b64encode(both).decode()}"}


async def test_a073_a_persons_name_and_password_open_nothing_by_basic(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Neither at the addresses of programs, nor at a page, nor behind the proxy of an app."""
    async with opened(tmp_path, sqlite_url) as (region, _browser):
        await put(region, SHOP, guarded_app(WIKI))
        http = region.shop.http
        sent = {"grant_type": "client_credentials", "token": "x", "scope": "openid"}
        for name in BY_PROGRAMS:
            mine, address = by_basic(region), region.shop.metadata[name]
            if name == "registration_endpoint":
                answer = await http.post(address, headers=mine, json=sent)
            else:
                answer = await http.post(address, headers=mine, data=sent)
            assert answer.status_code == 401, name
        for page in ("/apps", "/security-info", "/my-sign-ins"):
            answer = await http.get(page, headers=by_basic(region))
            assert answer.status_code == 303, page
            assert answer.headers["location"].startswith("/sign-in?")
        at = AtHost(region.world)
        assert (await at.check(browser=DATA | by_basic(region))).status_code == 401
        assert GUARDED not in at.cookies
