"""“Where am I signed in, and was that really me?”"""

import re
from pathlib import Path

from portvakt.core.policy import Require
from portvakt.core.totp import code_at, step_of
from tests import make
from tests.world import INSIDE, OUTSIDE, Browser, World, world

SECRET = b"0123456789abcdefghij"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
HERE = "/my-sign-ins"


async def prepared(found: World) -> None:
    await found.person(totp=SECRET)
    await found.configure(
        rules=[make.rule(networks_not={make.LAN})], networks=[make.network()], apps=[make.app()]
    )


async def signed_in(found: World, browser: Browser, to: str = HERE) -> None:
    browser.client.headers["user-agent"] = FIREFOX
    await browser.sign_in(to=to)
    if browser.page.path.startswith("/sign-in/"):
        found.clock.move(seconds=30)
        await browser.submit({"code": code_at(SECRET, step_of(found.clock()))})


def happened(browser: Browser) -> list[str]:
    """Each row of what has happened, in words."""
    rows = browser.page.html.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


async def test_it_tells_where_how_and_why(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as found, found.browser(OUTSIDE) as browser:
        await prepared(found)
        await signed_in(found, browser)
        assert browser.page.title == "Mina inloggningar"
        text = browser.page.text
        assert "Firefox på Windows Den du använder nu" in text
        assert "Du är bara inloggad här." in text
        [row] = happened(browser)
        assert "Du loggade in Två steg, lösenord, kod från appen" in row
        assert "Därför frågade vi: Du är utanför regionens nät." in row
        assert "Utanför nätet hos Region Exempel, från 203.0.113.7 Firefox på Windows" in row


async def test_inside_there_was_nothing_to_ask(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await prepared(found)
        await signed_in(found, browser)
        [row] = happened(browser)
        assert "Du loggade in Ett steg, lösenord" in row
        assert "På Regionens nät" in row
        assert "Därför" not in row


async def test_failures_are_told_too(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as found, found.browser(OUTSIDE) as browser:
        await prepared(found)
        await browser.sign_in(password="fel lösenord, helt fel")
        await browser.sign_in()
        await browser.submit({"code": "000000"})
        found.clock.move(seconds=30)
        await browser.submit({"code": code_at(SECRET, step_of(found.clock()))})
        await browser.get(HERE)
        rows = happened(browser)
        assert len(rows) == 3
        assert "Ett försök att logga in gick fel Fel kod från appen" in rows[1]
        assert "Ett försök att logga in gick fel Fel lösenord" in rows[2]
        assert "fel lösenord, helt fel" not in browser.page.html


async def test_a_refused_app_is_told_with_the_rule_that_refused(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await prepared(found)
        await signed_in(found, browser)
        said = {"sv": "Butiken är stängd.", "en": "The shop is closed."}
        closed = make.rule(Require.BLOCK, id="closed", reason=said, apps={make.SHOP})
        await found.configure(rules=[closed], networks=[make.network()], apps=[make.app()])
        challenge = "code_challenge=" + "a" * 43 + "&code_challenge_method=S256"
        await browser.get(
            "/oidc/authorize?client_id=shop&redirect_uri=http://localhost:8003/callback"
            f"&response_type=code&scope=openid&{challenge}"
        )
        assert browser.page.status == 403
        await browser.get(HERE)
        assert "En regel stoppade Demobutiken Därför: Butiken är stängd." in (happened(browser)[0])


async def test_a065_another_session_is_ended_with_one_factor(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        world(tmp_path, database_url) as found,
        found.browser(INSIDE) as one,
        found.browser(OUTSIDE) as other,
    ):
        await prepared(found)
        await signed_in(found, other)
        await signed_in(found, one)
        assert "Logga ut överallt utom här" in one.page.text
        action = next(action for action, _ in one.page.forms() if action.endswith("/end"))
        assert action.startswith("/my-sign-ins/one/")
        await one.post(action, {})
        assert "Inloggningen är avslutad." in one.page.text
        assert "Du är bara inloggad här." in one.page.text
        assert (await other.get("/apps")).title == "Logga in"
        assert (await one.get("/apps")).title == "Dina appar"
        await one.get(HERE)
        assert "En eller flera inloggningar avslutades" in happened(one)[0]


async def test_all_others_are_ended_at_once(tmp_path: Path, sqlite_url: str) -> None:
    async with (
        world(tmp_path, sqlite_url) as found,
        found.browser(INSIDE) as one,
        found.browser(INSIDE) as two,
        found.browser(INSIDE) as three,
    ):
        await prepared(found)
        for browser in (three, two, one):
            await signed_in(found, browser)
        await one.post("/my-sign-ins/others/end", {})
        assert "Du är utloggad överallt utom här." in one.page.text
        for browser in (two, three):
            assert (await browser.get("/apps")).title == "Logga in"
        assert (await one.get("/apps")).title == "Dina appar"


async def test_nobody_ends_or_sees_a_session_of_somebody_else(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        world(tmp_path, sqlite_url) as found,
        found.browser(INSIDE) as anna,
        found.browser(INSIDE) as bo,
    ):
        await prepared(found)
        bosse = make.account(
            id="bo", external_id="000018", user_name="bo.ek", given_name="Bo", family_name="Ek"
        )
        await found.person(bosse)
        await signed_in(found, anna)
        await bo.sign_in(name="bo.ek", to=HERE)
        annas = (anna.cookie("session") or "").partition(".")[0]
        assert annas not in bo.page.html
        assert len(happened(bo)) == 1
        await bo.get("/apps")
        await bo.post(f"/my-sign-ins/one/{annas}/end", {})
        assert "Den inloggningen var redan avslutad." in bo.page.text
        assert (await anna.get("/apps")).title == "Dina appar"


async def test_ending_this_very_session_is_signing_out(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await prepared(found)
        await signed_in(found, browser)
        mine = (browser.cookie("session") or "").partition(".")[0]
        await browser.get("/apps")
        await browser.post(f"/my-sign-ins/one/{mine}/end", {})
        assert browser.page.title == "Du är utloggad"
        assert not browser.cookie("session")


async def test_expired_is_gone_from_the_list(tmp_path: Path, sqlite_url: str) -> None:
    async with (
        world(tmp_path, sqlite_url) as found,
        found.browser(INSIDE) as one,
        found.browser(INSIDE) as other,
    ):
        await prepared(found)
        await signed_in(found, other)
        found.clock.move(hours=2)
        await signed_in(found, one)
        assert "Du är bara inloggad här." in one.page.text


async def test_strangers_are_asked_to_sign_in_and_a_made_up_notice_is_not_shown(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await prepared(found)
        assert (await browser.get(HERE)).title == "Logga in"
        await signed_in(found, browser)
        page = await browser.get(f"{HERE}?done=<script>")
        assert page.status in {200, 400}
        assert "<script>" not in page.html


async def test_everywhere_is_here_too(tmp_path: Path, sqlite_url: str) -> None:
    async with (
        world(tmp_path, sqlite_url) as found,
        found.browser(INSIDE) as one,
        found.browser(INSIDE) as two,
    ):
        await prepared(found)
        for browser in (two, one):
            await signed_in(found, browser)
        await one.post("/my-sign-ins/all/end", {})
        assert one.page.title == "Du är utloggad"
        assert not one.cookie("session")
        for browser in (one, two):
            assert (await browser.get("/apps")).title == "Logga in"
        assert (await found.events()).count("session.ended") == 1
