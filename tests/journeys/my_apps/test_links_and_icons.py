"""Tiles with pictures, and tiles that only lead somewhere."""

from pathlib import Path

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.policy import Require
from portvakt.core.portal import Link
from portvakt.records import Unit
from portvakt.records.icons import Icon
from tests import make
from tests.journeys.my_apps.test_my_apps import SECRET, app, inside, tiles
from tests.pictures import picture
from tests.world import world

ICON = Icon("image/png", picture())


def link(name: str, **given: object) -> Link:
    fields: dict[str, object] = {
        "id": ClientId(name.lower()),
        "name": name,
        "address": f"https://{name.lower()}.example/",
        "groups": frozenset({make.STAFF}),
    }
    return Link(**(fields | given))  # type: ignore[arg-type]  # what a test names


async def test_a_link_is_a_tile_that_asks_for_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        links = [
            link("Intranätet"),
            link("Andras", groups=frozenset({GroupId("styrelsen")})),
            link("Ingens", groups=frozenset()),
        ]

        async def put(unit: Unit) -> None:
            await unit.configuration.put_links(links, "apply")

        await found.house.records.write(put)
        rules = [make.rule(id="all", apps_not={"portvakt"})]
        await found.configure(rules=rules, networks=[make.network()], apps=[app("Schema")])
        await inside(browser)
        assert tiles(browser) == [
            "Intranätet Länk",
            "Schema Kräver en kod här. Du är utanför regionens nät.",
        ]
        assert 'href="https://intranätet.example/"' in browser.page.html


async def test_a_link_is_no_app_that_could_be_signed_in_to(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.house.records.write(
            lambda unit: unit.configuration.put_links([link("Intranätet")], "apply")
        )
        await found.configure(networks=[make.network()])
        await inside(browser)
        asked = "client_id=intranätet&redirect_uri=https://intranätet.example/&response_type=code"
        page = await browser.get(f"/oidc/authorize?{asked}")
        assert page.status == 400


async def test_a_picture_is_served_by_us_for_ever_and_as_what_it_is(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await found.person()
        await found.house.records.write(lambda unit: unit.icons.put([ICON]))
        apps = [app("Schema", icon=ICON.mark), app("Löner")]
        await found.configure(networks=[make.network()], apps=apps)
        await inside(browser)
        assert browser.page.html.count("<img") == 1
        assert f'src="/icons/{ICON.mark}"' in browser.page.html
        async with found.browser() as stranger:
            page = await stranger.get(f"/icons/{ICON.mark}")
            assert page.response.content == ICON.content
            headers = page.response.headers
            assert headers["content-type"] == "image/png"
            assert headers["cache-control"] == "public, max-age=31536000, immutable"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "set-cookie" not in headers
            assert (await stranger.get(f"/icons/{'a' * 26}")).status == 404


async def test_apps_that_rules_name_are_judged_by_those_rules(
    tmp_path: Path, sqlite_url: str
) -> None:
    """The others are judged once for all, and one that is named never lends them its answer."""
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        rules = [
            make.rule(Require.BLOCK, id="no", apps={"arkivet"}),
            make.rule(id="pay", reason={"sv": "Löner."}, apps={"löner"}),
            make.rule(id="most", reason={"sv": "Andra."}, apps_not={"portvakt", "schema", "löner"}),
        ]
        names = ["Arkivet", "Bild", "Löner", "Schema", "Zonen"]
        await found.configure(
            rules=rules, networks=[make.network()], apps=[app(name) for name in names]
        )
        await inside(browser)
        assert tiles(browser) == [
            "Bild Kräver en kod här. Andra.",
            "Löner Kräver en kod här. Löner.",
            "Schema",
            "Zonen Kräver en kod här. Andra.",
        ]


async def test_who_has_the_app_in_the_phone_is_told_that_it_is_asked_for(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(bound=[make.bound(make.PUSH)])
        rule = make.rule(id="pay", reason={}, apps={"löner"})
        await found.configure(rules=[rule], networks=[make.network()], apps=[app("Löner")])
        await inside(browser)
        assert tiles(browser) == ["Löner Kräver appen i telefonen här."]


async def test_what_the_entry_of_an_app_demands_is_told_as_well(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Beside the rules: a level, an age of the sign-in, or a new one every time."""
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        both = ("urn:portvakt:aal1", "urn:portvakt:aal2")
        apps = [
            app("Arkiv", default_acr_values=both),
            app("Betyg", default_acr_values=both[1:]),
            app("Chatt", default_max_age=600),
            app("Demo", profile="sweden-connect"),
        ]
        await found.configure(networks=[make.network()], apps=apps)
        await inside(browser)
        again = "Frågar igen om det är du."
        assert tiles(browser) == ["Arkiv", "Betyg Kräver en kod här.", "Chatt", f"Demo {again}"]
        found.clock.move(minutes=11)
        await browser.get("/apps")
        assert tiles(browser)[2] == f"Chatt {again}"
