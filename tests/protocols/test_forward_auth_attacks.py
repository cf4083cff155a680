"""Forward-auth under attack: tickets in wrong hands, forged words, and ways out of the app."""

import asyncio
from pathlib import Path

import pytest

from portvakt.journeys.open_app.forward_auth.start import TICKET_LIVES
from tests.protocols.guarded import (
    BINDING,
    DATA,
    GUARDED,
    PAGE,
    PLANS,
    WIKI,
    AtHost,
    guarded,
)
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.test_forward_auth import LETS_IN, STOPS, let_in
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import ORIGIN

AGAIN = f"{ORIGIN}/forward-auth/again?host="


async def refused(at: AtHost, ticket: str) -> None:
    """Bring a ticket that does not count."""
    answer = await at.passed_on(ticket)
    assert answer.status_code == 303
    assert answer.headers["location"] == AGAIN + at.host
    assert GUARDED not in at.cookies
    assert (await at.check(browser=DATA)).status_code == STOPS


async def test_a_ticket_counts_for_thirty_seconds(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        assert TICKET_LIVES.total_seconds() == 30
        at = AtHost(region.world)
        late, in_time = await at.ticket(browser), await at.ticket(browser)
        region.world.clock.move(seconds=29.9)
        assert (await at.passed_on(in_time)).headers["location"] == f"https://{WIKI}/"
        at.cookies.pop(GUARDED)
        region.world.clock.move(seconds=0.1)
        await refused(at, late)


async def test_a_ticket_that_comes_twice_ends_what_came_of_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        ticket = await at.ticket(browser)
        assert GUARDED in (await at.passed_on(ticket)).headers["set-cookie"]
        assert (await at.check(browser=DATA)).status_code == LETS_IN
        thief = AtHost(region.world)
        await refused(thief, ticket)
        assert (await at.check(browser=DATA)).status_code == STOPS
        await refused(thief, ticket)
        reused = await region.events("app.code_reused")
        assert [each.detail["app"] for each in reused] == ["wiki"]


async def test_a_ticket_is_for_one_host(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at, other = AtHost(region.world), AtHost(region.world, PLANS)
        await other.begin()
        other.cookies[BINDING] = at.cookies[BINDING] = "b" * 43
        ticket = await at.ticket(browser)
        await refused(other, ticket.replace(WIKI, PLANS))


async def test_nobody_is_signed_in_as_somebody_else_by_a_link(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Neither with the ticket of an attacker, nor with one's own that an attacker began."""
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        mallory, anna = AtHost(region.world), AtHost(region.world)
        await anna.begin()
        await refused(anna, await mallory.ticket(browser))  # which is in Mallory's name

        begun_by_mallory = await mallory.begin()
        page = await browser.get(begun_by_mallory.removeprefix(ORIGIN))
        ticket = page.response.headers["location"]
        await refused(anna, ticket)  # where it ends up
        await refused(mallory, ticket)  # had it been seen on the way
        without = AtHost(region.world)
        await refused(without, await mallory.ticket(browser))


async def test_what_is_no_ticket_opens_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        await at.begin()
        here = f"https://{WIKI}/.portvakt/ticket"
        for query in ("", "?ticket=", "?ticket=A", f"?ticket={'A' * 43}", f"?ticket={'A' * 6000}"):
            await refused(at, here + query)
        await refused(at, f"{here}?ticket=%00%FF")
        ticket = await at.ticket(browser)
        await refused(at, f"{ticket}&{ticket.partition('?')[2]}")


async def test_codes_and_tickets_do_not_pass_for_each_other(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        code, attempt = await region.code(browser, region.shop)
        await at.begin()
        await refused(at, f"https://{WIKI}/.portvakt/ticket?ticket={code}")
        assert "id_token" in await region.shop.exchange(code, attempt)
        ticket = (await at.ticket(browser)).partition("=")[2]
        for text in (ticket, f"ticket:{WIKI}:{ticket}"):
            with pytest.raises(OAuthAnswerError, match="invalid_grant"):
                await region.shop.exchange(
                    text,
                    attempt,
                    redirect_uri=f"https://{WIKI}/",
                    code_verifier=at.cookies[BINDING],
                )


async def test_an_assertion_is_no_token_of_ours(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        told = (await at.check()).headers["remote-assertion"]
        with pytest.raises(OAuthAnswerError):
            await region.shop.userinfo(told)


async def test_a_cookie_is_for_one_host_and_is_not_made_by_hand(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        right = at.cookies[GUARDED]
        other = AtHost(region.world, PLANS, cookies={GUARDED: right})
        assert (await other.check(browser=DATA)).status_code == STOPS
        session = browser.cookie("session") or ""
        wrong = ["", "A", "A" * 100, right[:-1], right + "A", right[:30] + "A" + right[31:]]
        wrong += [right.swapcase(), right + "=", f"{right};", session, right * 20, "å", "%00"]
        for value in wrong:
            forged = AtHost(region.world, cookies={GUARDED: value} if value else {})
            if value == f"{right};":
                forged.cookies = {GUARDED: right, f" {GUARDED}": right}  # the same name twice
            assert (await forged.check(browser=DATA)).status_code == STOPS, value


async def test_an_unknown_host_is_sent_nowhere(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        digest = "A" * 43
        for query in (
            f"host=evil.example&to=%2F&browser={digest}",
            f"host={WIKI}.evil.example&to=%2F&browser={digest}",
            f"host={WIKI}%40evil.example&to=%2F&browser={digest}",
            f"host={WIKI.upper()}&to=%2F&browser={digest}",
            f"host={WIKI}&host=evil.example&to=%2F&browser={digest}",
            f"host={WIKI}&to=%2F",
            f"host={WIKI}&to=%2F&browser={digest}A",
            f"host={WIKI}&browser={digest}",
            "host=%FF&to=%2F",
            "&".join(f"a{each}=1" for each in range(20)),
            "",
        ):
            page = await browser.get(f"/forward-auth/start?{query}")
            assert (page.status, page.title) == (400, "Vi kan inte öppna appen"), query
        for host in ("evil.example", f"{WIKI}@evil.example", ""):
            assert (await browser.get(f"/forward-auth/again?host={host}")).path == "/apps"


async def test_words_of_a_proxy_count_from_trusted_ones_alone_and_once(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        stranger = AtHost(region.world, peer="203.0.113.9", cookies=dict(at.cookies))
        answers = [await stranger.check(at=asked) for asked in ("check", "auth_request")]
        said = [(name, value) for name, value in at.said("/") if name != "x-forwarded-host"]
        for hosts in (
            [],
            [WIKI, PLANS],
            [WIKI, WIKI],
            [f"{WIKI}, {PLANS}"],
            ["evil.example"],
            [f"evil.{WIKI}"],
            [f"{WIKI}."],
            [f"{WIKI}:8443"],
            [f"{WIKI}/"],
            [f" {WIKI}\t"],
            ["å"],
            ["a" * 5000],
        ):
            named = [("x-forwarded-host", host) for host in hosts]
            headers = [*said, *named, *PAGE.items()]
            answers.append(await at.send("/.portvakt/check", headers))
            for path in ("start", "ticket", "sign-out"):
                passed = await at.send(f"/.portvakt/{path}", headers)
                assert passed.status_code == 421, hosts
                assert "location" not in passed.headers
                assert "set-cookie" not in passed.headers
        for answer in answers:
            assert answer.status_code == 403
            assert answer.json()["error"] == "misdirected"
            assert not [name for name in answer.headers if name.startswith("remote-")]
        for host in (WIKI.upper(), f"{WIKI}:443"):
            at.host = host
            assert (await at.check(browser=DATA)).status_code == LETS_IN


async def test_our_own_addresses_are_not_to_be_had_under_the_name_of_an_app(
    tmp_path: Path, sqlite_url: str
) -> None:
    """The recipes ask us under our own name; a copy of us under another name gets nothing."""
    async with guarded(tmp_path, sqlite_url) as region:
        at = AtHost(region.world)
        for host in (WIKI, "evil.example", "portvakt.region.example.evil.example"):
            answer = await at.send("/.portvakt/check", [("host", host), *at.said("/")])
            assert answer.status_code == 421
        for path in (
            "/.portvakt//check",
            "/.portvakt/check/",
            "/.portvakt/check%2F..%2Fstart",
            "/.portvakt",
            "/.portvakt/",
            "/.PORTVAKT/check",
        ):
            answer = await at.send(path, at.said("/"))
            assert answer.status_code == 404, path


async def test_a_ticket_is_neither_asked_for_nor_spent_by_other_methods(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        home = await at.begin()
        for method in ("HEAD", "POST", "PUT", "OPTIONS"):
            answer = await browser.client.request(
                method, home, headers={"x-forwarded-for": browser.address, "accept": "text/html"}
            )
            assert answer.status_code == 405, method
        assert await region.events("app.opened") == []
        ticket = await at.ticket(browser)
        for method in ("HEAD", "POST", "PUT", "OPTIONS"):
            assert (await at.passed_on(ticket, method=method)).status_code == 405, method
        assert (await at.passed_on(ticket)).headers["location"] == f"https://{WIKI}/"


async def test_what_is_huge_is_refused(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region:
        at = AtHost(region.world)
        assert (await at.check("/" + "a" * 4000)).headers["location"].endswith("?to=%2F")
        large = AtHost(region.world, cookies={f"c{each}": "x" * 900 for each in range(20)})
        assert (await large.check()).status_code == 431
        many = [(f"x-{each}", "1") for each in range(70)]
        assert (await at.send("/.portvakt/check", [*at.said("/"), *many])).status_code == 431
        long = f"https://{WIKI}/.portvakt/start?to={'a' * 9000}"
        assert (await at.passed_on(long)).status_code == 414


async def test_plain_http_is_no_way_in(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        at.home = ORIGIN.replace("https", "http")
        said = [pair for pair in at.said("/") if pair[0] != "x-forwarded-proto"]
        assert (await at.check(browser=DATA)).status_code == LETS_IN  # the proxy ends TLS
        answer = await at.send("/.portvakt/check", [*said, ("x-forwarded-proto", "http")])
        assert answer.status_code == 403


async def test_the_apps_host_is_not_told_how_it_is_to_be_reached(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Whether all hosts below the app's want https is for the app to say."""
    async with guarded(tmp_path, sqlite_url) as region:
        at = AtHost(region.world)
        stopped = await at.check()
        started = await at.passed_on(stopped.headers["location"])
        for answer in (stopped, started):
            assert "strict-transport-security" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"


async def test_one_of_eight_who_bring_a_ticket_at_once_is_let_in(
    tmp_path: Path, database_url: str
) -> None:
    async with guarded(tmp_path, database_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        ticket = await at.ticket(browser)
        answers = await asyncio.gather(*(at.passed_on(ticket) for _ in range(8)))
        ways = [answer.headers["location"] for answer in answers]
        assert sorted(ways) == sorted([f"https://{WIKI}/"] + [AGAIN + WIKI] * 7)
        # Seven brought it a second time, so nobody knows whose hands it is in.
        assert (await at.check(browser=DATA)).status_code == STOPS


async def test_the_page_for_a_ticket_that_does_not_count_leads_back(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        page = await browser.get(f"/forward-auth/again?host={WIKI}")
        assert (page.status, page.title) == (400, "Vi kunde inte öppna Wiki")
        assert f'href="https://{WIKI}/"' in page.html
