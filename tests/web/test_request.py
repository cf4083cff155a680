"""What the shell reads of a request, and what it leaves alone."""

import httpx

from portvakt.web.cookies import Cookie
from portvakt.web.request import Here
from tests.web.make_site import make_client

SECRET = "s" * 43


async def about(client: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, object]:
    answer: dict[str, object] = (await client.get("/about", headers=headers)).json()
    return answer


async def test_a068_a_header_from_outside_moves_nobody_inside() -> None:
    async with make_client(trusted=["10.0.0.5/32"]) as outside:
        seen = await about(outside, {"x-forwarded-for": "10.20.1.1", "forwarded": "for=10.20.1.1"})
        assert seen["address"] == "203.0.113.9"


async def test_a069_behind_two_proxies_the_client_is_still_the_client() -> None:
    async with make_client(trusted=["10.0.0.5/32", "10.9.9.9/32"], peer="10.0.0.5") as proxied:
        seen = await about(proxied, {"x-forwarded-for": "203.0.113.5, 10.9.9.9"})
        assert seen["address"] == "203.0.113.5"


async def test_only_one_header_speaks_for_the_address() -> None:
    others = ["x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip", "forwarded"]
    async with make_client(trusted=["10.0.0.5/32"], peer="10.0.0.5") as proxied:
        assert (await about(proxied, dict.fromkeys(others, "10.20.1.1")))["address"] is None


async def test_cookies_are_read_in_the_form_we_wrote_them() -> None:
    async with make_client() as browser:
        cookies = "; ".join(
            (
                f"{Cookie.BINDING.value}={SECRET}",
                f"{Cookie.BROWSER.value}={SECRET}",
                f"{Cookie.SESSION.value}={'b' * 26}.{SECRET}",
                f"{Cookie.LANGUAGE.value}=en",
            )
        )
        seen = await about(browser, {"cookie": cookies})
        assert (seen["binding"], seen["browser"]) == (SECRET, SECRET)
        assert seen["session"] == ["b" * 26, SECRET]
        assert seen["language"] == "en"


async def test_a072_forged_cookies_change_nothing() -> None:
    forged = "; ".join(f"{cookie.value}=forged" for cookie in Cookie)
    async with make_client() as browser:
        plain, seen = await about(browser, {}), await about(browser, {"cookie": forged})
        assert {**seen, "request_id": ""} == {**plain, "request_id": ""}


async def test_a_user_agent_is_printable_and_short() -> None:
    async with make_client() as browser:
        answer = await browser.get(
            "/about", headers=[(b"user-agent", "Fire\x07fox\x1b[31m åäö".encode() + b"x" * 900)]
        )
        agent = answer.json()["user_agent"]
        assert agent.startswith("Firefox[31m ")
        assert len(agent) <= 300


def test_secrets_do_not_show_when_it_is_printed() -> None:
    shown = repr(
        Here(
            address="203.0.113.9",
            language="sv",
            request_id="A",
            binding=SECRET,
            browser=SECRET,
            session=("b" * 26, SECRET),
            user_agent="",
            https=True,
        )
    )
    assert SECRET not in shown


async def test_the_language_is_changed_by_a_button_and_one_stays_where_one_is() -> None:
    async with make_client() as browser:
        html = (await browser.get("/form?a=1")).text
        token = html.split('name="csrf" value="')[1][:64]
        answer = await browser.post(
            "/language", data={"csrf": token, "language": "en", "to": "/form?a=1"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == "/form?a=1"
        assert "__Host-language=en" in answer.headers["set-cookie"]
        assert 'lang="en"' in (await browser.get("/form")).text


async def test_a120_the_language_button_leads_nowhere_else() -> None:
    async with make_client() as browser:
        token = (await browser.get("/form")).text.split('name="csrf" value="')[1][:64]
        fields = {"csrf": token, "language": "en", "to": "//evil"}
        answer = await browser.post("/language", data=fields)
        assert answer.headers["location"] == "/apps"
        wrong = await browser.post("/language", data={**fields, "language": "fi"})
        assert wrong.status_code == 400
