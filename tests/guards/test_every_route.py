"""Asked of every address the product answers, from its own table of routes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from portvakt.journeys.approve_push.files import AppFiles
from portvakt.web import choose_language
from portvakt.web.routing import Route, Who
from tests.world import ORIGIN, Browser, World, world

SOME_ID = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
FORMS = {Who.ANYONE, Who.BROWSER, Who.SIGNED_IN}

APP_FILES = {route.path for route in AppFiles().routes()}
"""What the authenticator app is made of: nothing that is anybody's in particular."""

MORE = {"/oidc/register/{client}": frozenset({"PUT", "DELETE"})}
"""Where methods that no browser sends from a page are answered, too (RFC 7592 section 2)."""

KNOWN = {
    Who.ANYONE: {
        "/",
        "/.well-known/change-password",
        "/guide",
        "/guide/",
        "/guide/{language}",
        "/guide/{language}/",
        "/guide/{language}/films/{file}",
        "/guide/{language}/pictures/{file}",
        "/guide/{language}/{file}",
        "/icons/{mark}",
        "/kerberos",
        "/sign-in",
        "/sign-in/key",
        "/signed-out",
        "/language",
        "/oidc/authorize",
        "/oidc/end_session",
        "/oidc/end_session/confirm",
        "/.portvakt/start",
        "/.portvakt/ticket",
        "/.portvakt/sign-out",
        "/forward-auth/start",
        "/forward-auth/again",
        "/forward-auth/sign-out",
        "/break-glass",
        "/break-glass/key",
        "/break-glass/new/{token}",
        "/not-me/{token}",
        "/reset",
    }
    | APP_FILES,
    Who.CLIENT: {
        "/.portvakt/check",
        "/.portvakt/auth_request",
        "/.well-known/openid-configuration",
        "/oidc/authorize",
        "/oidc/device_authorization",
        "/oidc/end_session",
        "/oidc/introspect",
        "/oidc/jwks",
        "/oidc/par",
        "/oidc/register",
        "/oidc/register/{client}",
        "/oidc/revoke",
        "/oidc/token",
        "/oidc/userinfo",
        "/receipts/{gateway}",
        *(
            f"/authenticator/api/v1/{act}"
            for act in (
                "answer",
                "fetch",
                "lock_account",
                "opened",
                "pair",
                "rename",
                "retire",
                "screen_lock",
                "subscribe",
                "transfer",
            )
        ),
    },
    Who.OPERATIONS: {"/healthz", "/readyz"},
}


@asynccontextmanager
async def house(folder: Path, url: str) -> AsyncIterator[tuple[World, list[Route]]]:
    async with world(folder, url) as one:
        yield one, [*one.house.routes, *choose_language.routes()]


def filled(route: Route) -> str:
    return re.sub(r"\{[a-z_]+\}", SOME_ID, route.path)


async def token(browser: Browser) -> str:
    """Open the sign-in page, which hands out a binding, and return its token."""
    page = await browser.get("/sign-in")
    return page.forms()[0][1]["csrf"]


async def test_every_route_says_who(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (_, routes):
        assert len(routes) > 20
        for route in routes:
            assert isinstance(route.who, Who), route.path
            known = {"GET", "HEAD", "POST"}
            if route.who is Who.CLIENT:  # a browser asks first, for a page of another origin
                known |= {"OPTIONS"}
            assert route.methods <= known | MORE.get(route.path, frozenset()), route.path


async def test_the_doors_that_strangers_may_open_are_few_and_known(
    tmp_path: Path, sqlite_url: str
) -> None:
    """A new address for anyone, or for monitoring, is a decision: it is added here by hand."""
    async with house(tmp_path, sqlite_url) as (_, routes):
        for who, known in KNOWN.items():
            found = {route.path for route in routes if route.who is who}
            assert found == known, who


async def test_nobody_without_a_session_sees_what_belongs_to_a_person(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        for route in routes:
            if route.who is not Who.SIGNED_IN or "GET" not in route.methods:
                continue
            answer = await browser.client.get(filled(route), headers={"accept": "text/html"})
            assert answer.status_code == 303, (route.path, answer.status_code)
            assert answer.headers["location"].startswith("/sign-in?"), route.path


async def test_a061_every_form_refuses_a_foreign_origin(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        field = {"csrf": await token(browser)}
        for route in posts(routes):
            for headers in (
                {"origin": "https://evil.example"},
                {"origin": "null"},
                {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
                {"origin": ORIGIN.replace("https", "http")},
                {"origin": f"{ORIGIN}.evil.example"},
            ):
                answer = await browser.client.post(filled(route), data=field, headers=headers)
                assert answer.status_code == 403, (route.path, headers)
                assert "set-cookie" not in answer.headers, (route.path, headers)


async def test_a061_every_form_refuses_a_missing_or_another_browsers_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        async with one.browser() as other:
            foreign = await token(other)
        own = await token(browser)
        headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
        for route in posts(routes):
            for field in ({"a": ""}, {"csrf": ""}, {"csrf": foreign}, {"csrf": own[:-1]}):
                answer = await browser.client.post(filled(route), data=field, headers=headers)
                assert answer.status_code == 403, (route.path, field)


async def test_every_form_takes_its_own_token(tmp_path: Path, sqlite_url: str) -> None:
    """The other side of the guards above: without it they could pass by refusing everything."""
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "accept": "text/html"}
        for route in posts(routes):
            own = {"csrf": await token(browser)}  # «Byt person» gives the browser another one
            answer = await browser.client.post(filled(route), data=own, headers=headers)
            assert answer.status_code < 500, (route.path, answer.text)
            assert answer.status_code != 403, (route.path, answer.text)


async def test_a124_no_route_answers_other_methods(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        for route in routes:
            others = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}
            for method in sorted(others - MORE.get(route.path, frozenset())):
                answer = await browser.client.request(method, filled(route))
                assert answer.status_code == 405, (route.path, method)


async def test_a124_what_is_not_there_is_not_found(tmp_path: Path, sqlite_url: str) -> None:
    async with house(tmp_path, sqlite_url) as (one, _), one.browser() as browser:
        for name in ("docs", "openapi.json", "metrics", ".git/config", "admin", "setup"):
            assert (await browser.get(f"/{name}")).status == 404


async def test_no_get_changes_anything(tmp_path: Path, sqlite_url: str) -> None:
    """R14: whoever only looks, such as a mail scanner that follows links, spends nothing."""
    async with house(tmp_path, sqlite_url) as (one, routes), one.browser() as browser:
        await token(browser)
        await browser.get("/oidc/jwks")  # the keys of a new installation are made once
        before = one.house.records.transactions
        for route in routes:
            if "GET" in route.methods:
                await browser.client.get(filled(route), headers={"accept": "text/html"})
        assert one.house.records.transactions == before


def posts(routes: list[Route]) -> list[Route]:
    found = [route for route in routes if "POST" in route.methods and route.who in FORMS]
    assert found
    return found
