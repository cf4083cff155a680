"""“Show me my apps.”"""

from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.policy import Require
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.totp import code_at, step_of
from portvakt.journeys.my_apps.flow import letter_of, start_address
from tests import make
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser, world

SECRET = b"0123456789abcdefghij"
RULE = make.rule(networks_not={make.LAN})


def app(name: str, **given: object) -> RelyingParty:
    fields = {
        "client_id": ClientId(name.lower()),
        "client_name": name,
        "redirect_uris": (f"https://{name.lower()}.example/cb",),
    }
    return make.app(**(fields | given))


async def inside(browser: Browser) -> None:
    browser.address = INSIDE
    await browser.sign_in()
    assert browser.page.title == "Dina appar"


def tiles(browser: Browser) -> list[str]:
    """The words of each tile, without its letter."""
    parts = browser.page.html.split('class="tile"')[1:]
    words = []
    for part in parts:
        from_name = part.partition("<b>")[2].partition("</a>")[0]
        plain = from_name.replace("</b>", " ").replace("<small>", " ").replace("</small>", " ")
        words.append(" ".join(plain.replace("</span>", " ").split()))
    return words


async def test_the_tiles_are_the_persons_own_by_name(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await found.person()
        others = app("Styrelsen", groups=frozenset({GroupId("styrelsen")}))
        nobodys = app("Ingens", groups=frozenset())
        names = ["Östlig", "Ärenden", "Åkeriet", "schema", "Zonen", "Bokningen"]
        await found.configure(
            networks=[make.network()], apps=[others, nobodys, *(app(name) for name in names)]
        )
        await inside(browser)
        assert tiles(browser) == ["Bokningen", "schema", "Zonen", "Åkeriet", "Ärenden", "Östlig"]
        assert "Du är inloggad som Anna Berg." in browser.page.text
        for link in ("/security-info", "/my-sign-ins"):
            assert f'href="{link}"' in browser.page.html


async def test_a_tile_says_in_words_what_it_will_ask_for(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        said = {"sv": "Löner kräver alltid två steg.", "en": "Pay always takes two steps."}
        always = make.rule(id="pay", reason=said, apps={"löner"})
        never = make.rule(Require.BLOCK, id="locked", apps={"arkivet"})
        await found.configure(
            rules=[RULE, always, never],
            networks=[make.network()],
            apps=[app("Schema"), app("Löner"), app("Arkivet")],
        )
        await inside(browser)
        assert tiles(browser) == [
            "Löner Kräver en kod här. Löner kräver alltid två steg.",
            "Schema",
        ]


async def test_outside_the_portal_itself_asks_for_the_second_factor(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        await found.configure(rules=[RULE], networks=[make.network()], apps=[app("Schema")])
        await inside(browser)
        browser.address = OUTSIDE
        page = await browser.get("/apps")
        assert page.title == "Visa att det är du"
        await browser.submit({})
        await browser.submit({"code": code_at(SECRET, step_of(found.clock()))})
        assert tiles(browser) == ["Schema"]


async def test_no_apps_is_explained_with_who_can_help(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()])
        await inside(browser)
        assert "Du har inga appar här än. Din chef beställer dem." in browser.page.text
        assert "026-15 40 00" in browser.page.text


async def test_the_front_door_leads_to_the_portal(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        page = await browser.get("/")
        assert page.title == "Logga in"
        assert page.path == "/sign-in?to=/apps"


async def test_a122_after_signing_out_nothing_is_left_to_go_back_to(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()], apps=[app("Schema")])
        await inside(browser)
        assert browser.page.response.headers["cache-control"] == "no-store"
        stolen = browser.cookie("session")
        assert stolen
        await browser.post("/sign-out", {})
        assert browser.page.title == "Du är utloggad"
        assert browser.page.path == "/signed-out"
        assert not browser.cookie("session")
        assert (await browser.get("/apps")).title == "Logga in"
        browser.client.cookies.set("__Host-session", stolen)
        assert (await browser.get("/apps")).title == "Logga in", "the session itself has ended"


async def test_signing_out_twice_is_no_mistake(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()])
        await inside(browser)
        hidden = browser.page.forms()[0][1]
        for _ in range(2):
            page = await browser.post("/sign-out", hidden)
            assert page.title == "Du är utloggad"


async def test_a061_a_stranger_s_page_cannot_sign_anybody_out(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()])
        await inside(browser)
        page = await browser.post("/sign-out", {}, origin="https://evil.tld")
        assert page.status == 403
        assert (await browser.get("/apps")).title == "Dina appar"
        assert (await browser.get("/sign-out")).status == 405


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        ({}, "https://shop.example/"),
        ({"client_uri": "https://shop.example/start"}, "https://shop.example/start"),
        (
            {"client_uri": "https://x.example", "initiate_login_uri": "https://shop.example/login"},
            f"https://shop.example/login?iss={ORIGIN.replace(':', '%3A').replace('/', '%2F')}",
        ),
        (
            {"initiate_login_uri": "https://shop.example/login?a=1"},
            f"https://shop.example/login?a=1&iss={ORIGIN.replace(':', '%3A').replace('/', '%2F')}",
        ),
        ({"client_uri": "javascript:alert(1)"}, "https://shop.example/"),
        ({"redirect_uris": ("se.region.app:/cb", "http://127.0.0.1:8/cb")}, "http://127.0.0.1:8/"),
        ({"redirect_uris": ("se.region.app:/cb",)}, None),
        (
            {"redirect_uris": (), "forward_auth_hosts": ("wiki.example:8443", "b.example")},
            "https://wiki.example:8443/",
        ),
    ],
)
def test_a_tile_leads_where_the_app_begins(given: dict[str, object], leads_to: str | None) -> None:
    assert start_address(app("Shop", **given), ORIGIN) == leads_to


def test_a_tile_without_a_picture_shows_a_letter() -> None:
    assert [letter_of(name) for name in ("ärenden", " 2C", "«Öppet»", "—")] == ["Ä", "2", "Ö", "•"]
