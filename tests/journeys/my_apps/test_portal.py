"""Searching, collections, what was used last: the portal as it is shown."""

import re
from collections.abc import Iterable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from portvakt.core.assurance import Aal
from portvakt.core.events import AppOpened
from portvakt.core.ids import AccountId, ClientId, SessionId
from portvakt.core.policy import Require
from portvakt.core.portal import Choices, Collection, OwnCollection
from portvakt.journeys.my_apps.flow import RECENTLY
from portvakt.journeys.my_apps.tiles import ENOUGH_FOR_RECENT, ENOUGH_TO_SEARCH
from portvakt.records import Unit
from tests import make
from tests.journeys.my_apps.test_links_and_icons import link
from tests.journeys.my_apps.test_my_apps import app, inside
from tests.world import Browser, World, world

NAMES = ("Arkiv", "Bild", "Chatt", "Demo", "Epost", "Frånvaro", "Gas", "Hyra", "Inköp", "Jour")


def shelves(browser: Browser) -> dict[str, list[str]]:
    """The names on each shelf that is seen, by its heading."""
    found = {}
    parts = re.findall(r"<section([^>]*)>(.*?)</section>", browser.page.html, re.DOTALL)
    for attributes, inside_ in parts:
        heading = re.search(r"<h2>(.*?)</h2>", inside_)
        names = [unescape(each) for each in re.findall(r"<b>(.*?)</b>", inside_)]
        if "hidden" not in attributes.split():
            found[unescape(heading[1]) if heading else ""] = names
    return found


def collection(id_: str, *names: str, place: int = 0) -> Collection:
    apps = tuple(ClientId(name.lower()) for name in names)
    return Collection(id=id_, name={"sv": id_.title(), "en": f"{id_} en"}, apps=apps, place=place)


async def put(found: World, *collections: Collection, choices: Choices | None = None) -> None:
    async def act(unit: Unit) -> None:
        await unit.configuration.put_collections(collections, "apply")
        if choices is not None:
            await unit.portal_choices.put(make.ANNA, choices, found.clock())

    await found.house.records.write(act)


async def opened(found: World, names: Iterable[str], account: AccountId = make.ANNA) -> None:
    async def act(unit: Unit) -> None:
        for name in names:
            await unit.audit.write(
                AppOpened(
                    at=found.clock(),
                    account_id=account,
                    app=ClientId(name.lower()),
                    session_id=SessionId("s"),
                    aal=Aal.ONE,
                )
            )

    await found.house.records.write(act)


async def test_collections_stand_in_their_order_and_the_rest_after_them(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await found.person()
        mine = OwnCollection(id="m", name="Varje <dag>", apps=(ClientId("hyra"), ClientId("x")))
        await put(
            found,
            collection("vård", "Jour", "Arkiv", "Borta", place=1),
            collection("tomt", "Borta", place=2),
            collection("administration", "Arkiv", place=0),
            choices=Choices(collections=(mine,)),
        )
        await found.configure(
            networks=[make.network()],
            apps=[app(name) for name in ("Arkiv", "Demo", "Hyra", "Jour")],
        )
        await inside(browser)
        assert list(shelves(browser).items()) == [
            ("Varje <dag>", ["Hyra"]),
            ("Administration", ["Arkiv"]),
            ("Vård", ["Jour", "Arkiv"]),
            ("Övriga appar", ["Demo"]),
        ]
        browser.client.cookies.set("__Host-language", "en")
        await browser.get("/apps")
        assert list(shelves(browser)) == [
            "Varje <dag>",
            "administration en",
            "vård en",
            "Other apps",
        ]


async def test_what_was_opened_last_stands_on_top_the_newest_first(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await found.person()
        await found.person(make.account(id=AccountId("bo"), user_name="bo.ek", external_id="2"))
        await found.configure(networks=[make.network()], apps=[app(name) for name in NAMES])
        await opened(found, ["Jour"])
        found.clock.move(seconds=(RECENTLY + timedelta(seconds=1)).total_seconds())
        await opened(found, ["Arkiv", "Bild", "Gas", "Chatt", "Demo", "Bild", "Borta"])
        await opened(found, ["Epost"], AccountId("bo"))
        await put(found, choices=Choices(hidden=(ClientId("demo"),)))
        await inside(browser)
        assert shelves(browser)["Senast använda"] == ["Bild", "Chatt", "Gas", "Arkiv"]
        assert len(shelves(browser)["Övriga appar"]) == len(NAMES) - 1


async def test_who_has_few_apps_sees_them_once(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        few = NAMES[:ENOUGH_FOR_RECENT]
        await found.configure(networks=[make.network()], apps=[app(name) for name in few])
        await opened(found, few)
        await inside(browser)
        assert shelves(browser) == {"": list(few)}


@pytest.mark.parametrize(
    ("asked", "names", "said"),
    [
        ("jour", ["Jour"], "1 app stämmer med det du skrev."),
        ("FRAN", ["Frånvaro"], "1 app stämmer med det du skrev."),
        ("a", ["Arkiv", "Chatt", "Frånvaro", "Gas", "Hyra"], "5 appar stämmer"),
        ("gömd", ["Gömd"], "1 app stämmer"),
        ("zzz", [], "Ingen av dina appar stämmer med det du skrev."),
    ],
)
async def test_a_search_is_an_address(
    tmp_path: Path, sqlite_url: str, asked: str, names: list[str], said: str
) -> None:
    """So it works without script; what is hidden or in collections is found once."""
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await put(
            found,
            collection("a", "Arkiv"),
            collection("b", "Arkiv"),
            choices=Choices(hidden=(ClientId("gömd"),)),
        )
        await found.configure(
            networks=[make.network()], apps=[app(name) for name in (*NAMES, "Gömd")]
        )
        await inside(browser)
        await browser.get(f"/apps?q={asked}")
        assert shelves(browser) == ({"": names} if names else {})
        assert said in browser.page.text
        assert f'value="{asked}"' in browser.page.html
        assert 'href="/apps">Visa alla appar' in browser.page.html
        assert browser.page.title == "Dina appar"


async def test_what_is_searched_for_is_shown_as_text(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()], apps=[app("Arkiv")])
        await inside(browser)
        page = await browser.get('/apps?q="><script>alert(1)</script>')
        assert "<script>alert" not in page.html
        assert (await browser.get("/apps?q=" + "a" * 5000)).status == 200
        assert 'maxlength="100"' in browser.page.html


@pytest.mark.parametrize(("count", "searches"), [(6, False), (7, True)])
async def test_the_search_is_there_where_there_is_much_to_look_through(
    tmp_path: Path, sqlite_url: str, count: int, *, searches: bool
) -> None:
    assert ENOUGH_TO_SEARCH == 6
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.configure(networks=[make.network()], apps=[app(each) for each in NAMES[:count]])
        await inside(browser)
        assert ("Sök bland dina appar" in browser.page.text) is searches
        await put(found, choices=Choices(hidden=(ClientId("arkiv"),)))
        await browser.get("/apps")
        assert "Sök bland dina appar" in browser.page.text, "a hidden one is found only so"


async def test_hidden_tiles_are_in_the_page_for_the_script_alone(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await put(found, choices=Choices(hidden=(ClientId("bild"), ClientId("borta"))))
        await found.configure(networks=[make.network()], apps=[app("Arkiv"), app("Bild")])
        await inside(browser)
        assert shelves(browser) == {"": ["Arkiv"]}
        assert browser.page.html.count("<section hidden data-hidden>") == 1
        await put(found, choices=Choices(hidden=(ClientId("bild"), ClientId("arkiv"))))
        await browser.get("/apps")
        assert shelves(browser) == {}
        assert "Alla dina appar är gömda." in browser.page.text
        assert 'href="/apps/arrange"' in browser.page.html


async def test_a_rule_takes_a_tile_off_every_shelf(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        mine = OwnCollection(id="m", name="Mitt", apps=(ClientId("arkiv"),))
        await put(
            found,
            collection("vård", "Arkiv"),
            choices=Choices(collections=(mine,), hidden=(ClientId("bild"),)),
        )
        block = make.rule(Require.BLOCK, apps={"arkiv", "bild"})
        await found.configure([block], [make.network()], [app("Arkiv"), app("Bild"), app("Demo")])
        await opened(found, ["Arkiv"])
        await inside(browser)
        for path in ("/apps", "/apps?q=a", "/apps/arrange", "/apps/collection"):
            await browser.get(path)
            assert "Arkiv" not in browser.page.text, path
            assert "Bild" not in browser.page.text, path


async def test_the_portal_is_read_in_few_statements(tmp_path: Path, sqlite_url: str) -> None:
    """The session with the person; and who asks, what was opened, what was chosen."""
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        await found.house.records.write(
            lambda unit: unit.configuration.put_links([link("Intranätet")], "apply")
        )
        await found.configure(networks=[make.network()], apps=[app(name) for name in NAMES])
        await inside(browser)
        before = found.house.records.counted
        await browser.get("/apps")
        assert found.house.records.counted - before == 4
