"""“I want my apps in my own order.”"""

import asyncio
import re
from html import unescape
from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.portal import (
    MOST_COLLECTIONS,
    MOST_IN_COLLECTION,
    NOTHING_CHOSEN,
    Choices,
    OwnCollection,
)
from tests import make
from tests.journeys.my_apps.test_my_apps import app, inside
from tests.journeys.my_apps.test_portal import collection, put, shelves
from tests.world import Browser, World, world

ARRANGE, COLLECTION = "/apps/arrange", "/apps/collection"


async def begin(found: World, browser: Browser, *names: str) -> None:
    await found.person()
    await put(found, collection("vård", "Arkiv", "Bild"))
    names = names or ("Arkiv", "Bild", "Demo", "Epost", "Gas")
    await found.configure(networks=[make.network()], apps=[app(name) for name in names])
    await inside(browser)


async def chosen(found: World) -> Choices:
    return await found.house.records.read(lambda unit: unit.portal_choices.load(make.ANNA))


async def press(browser: Browser, act: str, name: str, place: str = "") -> str:
    """Press a button on the page, and return what it then says."""
    await browser.get(ARRANGE)
    await browser.post(ARRANGE, {"place": place, act: name.lower()})
    said = re.search(r'role="status"[^>]*>.*?<span>(.*?)</span>', browser.page.html, re.DOTALL)
    return unescape(said[1]) if said else ""


def focused(browser: Browser) -> str:
    found = re.search(r"<(\w+)[^>]* autofocus[^>]*>(.*?)</", browser.page.html, re.DOTALL)
    assert found is not None
    return (
        unescape(found[2].replace('<span class="unseen">', ""))
        if found[1] == "button"
        else found[1]
    )


async def test_a_tile_is_moved_and_the_focus_stays_with_it(
    tmp_path: Path, database_url: str
) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await begin(found, browser)
        assert await press(browser, "up", "Gas") == "Gas är nu nummer 2 av 3."
        assert focused(browser) == "Upp Gas"
        assert await press(browser, "up", "Gas") == "Gas är nu nummer 1 av 3."
        assert focused(browser) == "Ner Gas", "there is no more up"
        assert await press(browser, "down", "Demo") == "Demo är nu nummer 3 av 3."
        assert focused(browser) == "Upp Demo", "there is no more down"
        assert await press(browser, "first", "Demo") == "Demo är nu nummer 1 av 3."
        assert await press(browser, "down", "Arkiv", "vård") == "Arkiv är nu nummer 2 av 2."
        await browser.get("/apps")
        assert shelves(browser) == {
            "Vård": ["Bild", "Arkiv"],
            "Övriga appar": ["Demo", "Gas", "Epost"],
        }
        assert (await browser.get("/apps")).title == "Dina appar"


async def test_a_tile_is_hidden_found_by_search_and_shown_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        said = await press(browser, "hide", "Arkiv", "vård")
        assert said == "Arkiv är gömd. Du hittar den när du söker."
        assert focused(browser) == "p", "what was done is read out"
        await browser.get("/apps")
        assert shelves(browser)["Vård"] == ["Bild"]
        await browser.get("/apps?q=arkiv")
        assert shelves(browser) == {"": ["Arkiv"]}
        assert await press(browser, "show", "Arkiv") == "Arkiv visas igen."
        await browser.get("/apps")
        assert shelves(browser)["Vård"] == ["Arkiv", "Bild"]
        assert (await chosen(found)).hidden == ()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"up": ""},
        {"up": "finns-inte"},
        {"hide": "andras"},
        {"burn": "demo"},
        {"up": "demo", "place": "vård"},
        {"up": "demo", "place": "finns-inte"},
    ],
)
async def test_what_no_page_of_ours_could_say_changes_nothing(
    tmp_path: Path, sqlite_url: str, fields: dict[str, str]
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        await found.configure(apps=[app("Andras", groups=frozenset({GroupId("x")}))])
        await browser.get(ARRANGE)
        page = await browser.post(ARRANGE, {"place": ""} | fields)
        assert page.title == "Ordna dina appar"
        assert 'class="notice' not in page.html
        assert await chosen(found) == NOTHING_CHOSEN


async def test_an_address_that_somebody_sent_says_nothing_untrue(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        for query in (
            "did=hide&app=demo",
            "did=up&app=finns-inte&place=",
            "did=saved&place=v%C3%A5rd",
            "did=<script>",
        ):
            page = await browser.get(f"{ARRANGE}?{query}")
            assert page.status == 200
            assert 'class="notice' not in page.html, query


def fields(*names: str, **more: str) -> dict[str, str]:
    ticked = {f"a{at}": name.lower() for at, name in enumerate(names, 1)}
    return {"id": "", "name": "Varje dag"} | ticked | more


async def test_a_collection_is_made_changed_and_removed(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await begin(found, browser)
        await browser.get(COLLECTION)
        assert browser.page.title == "Ny samling"
        await browser.post(COLLECTION, fields("Gas", "Arkiv", name="  Varje   dag "))
        assert "Samlingen Varje dag är sparad." in browser.page.text
        (made,) = (await chosen(found)).collections
        assert (made.name, made.apps) == ("Varje dag", ("arkiv", "gas"))
        await browser.get("/apps")
        assert shelves(browser) == {
            "Varje dag": ["Arkiv", "Gas"],
            "Vård": ["Arkiv", "Bild"],
            "Övriga appar": ["Demo", "Epost"],
        }
        assert await press(browser, "down", "Arkiv", made.id) == "Arkiv är nu nummer 2 av 2."
        await browser.get(f"{COLLECTION}?id={made.id}")
        assert browser.page.title == "Ändra samlingen"
        assert browser.page.html.count(" checked") == 2
        await browser.post(COLLECTION, fields("Arkiv", "Demo", "Gas", id=made.id, name="Mest"))
        (changed,) = (await chosen(found)).collections
        assert changed == OwnCollection(
            id=made.id, name="Mest", apps=tuple(map(ClientId, ("gas", "arkiv", "demo")))
        )
        await browser.get(f"{COLLECTION}?id={made.id}")
        await browser.post(COLLECTION, {"id": made.id, "name": "", "remove": "yes"})
        assert "Samlingen är borttagen. Apparna finns kvar." in browser.page.text
        assert (await chosen(found)).collections == ()


async def test_what_cannot_be_opened_from_here_stays_in_a_collection(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        board = GroupId("styrelsen")
        await found.house.records.write(
            lambda unit: unit.configuration.put_groups([board], "apply")
        )
        await found.configure(apps=[app("Andras", groups=frozenset({board}))])
        mine = OwnCollection(id="m", name="Mitt", apps=(ClientId("andras"), ClientId("demo")))
        await put(found, choices=Choices(collections=(mine,)))
        await browser.get(f"{COLLECTION}?id=m")
        assert "Andras" not in browser.page.text
        await browser.post(COLLECTION, fields("Gas", id="m", name="Mitt"))
        (own,) = (await chosen(found)).collections
        assert own.apps == ("andras", "gas")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (fields("Gas", name="  "), "Skriv vad samlingen ska heta."),
        (fields("Gas", name="a\tb\x07"), "Skriv vad samlingen ska heta."),
        (fields("Gas", name="x" * 41), "Namnet får ha högst 40 tecken."),
        (fields(), "Välj minst en app."),
        (fields("Finns-inte"), "Välj minst en app."),
    ],
)
async def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(
    tmp_path: Path, sqlite_url: str, sent: dict[str, str], said: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        await browser.get(COLLECTION)
        page = await browser.post(COLLECTION, sent)
        assert page.status == 422
        assert page.text.count(said) == 2, "in the summary and at the field"
        assert ("checked" in page.html) is ("gas" in sent.values())
        assert await chosen(found) == NOTHING_CHOSEN


async def test_far_too_many_boxes_get_a_page_that_says_so(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        await browser.get(COLLECTION)
        page = await browser.post(COLLECTION, fields(*(f"App{each}" for each in range(120))))
        assert page.status == 422, "read, and told at its field"
        page = await browser.post(COLLECTION, fields(*(f"App{each}" for each in range(600))))
        assert (page.status, page.title) == (400, "Det blev för mycket på en gång")


async def test_there_is_an_end_to_collections_and_to_what_is_in_them(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        names = [f"App{number:02}" for number in range(MOST_IN_COLLECTION + 1)]
        await begin(found, browser, *names)
        await browser.get(COLLECTION)
        page = await browser.post(COLLECTION, fields(*names))
        assert (page.status, "Välj högst 50 appar." in page.text) == (422, True)
        await browser.post(COLLECTION, fields(*names[1:]))
        (own,) = (await chosen(found)).collections
        assert len(own.apps) == MOST_IN_COLLECTION
        many = tuple(
            OwnCollection(id=f"c{at}", name="C", apps=(ClientId("app01"),))
            for at in range(MOST_COLLECTIONS)
        )
        await put(found, choices=Choices(collections=many))
        await browser.get(COLLECTION)
        page = await browser.post(COLLECTION, fields("App02"))
        assert "Du har redan 20 samlingar." in page.text
        await browser.post(COLLECTION, fields("App02", id="c3"))
        changed = (await chosen(found)).own("c3")
        assert changed is not None
        assert changed.apps == ("app02",)


async def test_a_collection_of_somebody_else_or_of_before_is_not_there(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        assert (await browser.get(f"{COLLECTION}?id=gone")).status == 404
        await browser.get(COLLECTION)
        page = await browser.post(COLLECTION, fields("Gas", id="gone"))
        assert page.title == "Ordna dina appar"
        assert await chosen(found) == NOTHING_CHOSEN


async def test_changes_in_two_windows_are_both_kept(tmp_path: Path, database_url: str) -> None:
    async with world(tmp_path, database_url) as found, found.browser() as browser:
        await begin(found, browser)
        await browser.get(ARRANGE)
        hidden = browser.page.forms()[-1][1] | {"place": ""}
        headers = {"origin": "https://portvakt.region.example", "x-forwarded-for": browser.address}
        names = ("arkiv", "bild", "demo", "epost", "gas")
        answers = await asyncio.gather(
            *(
                browser.client.post(ARRANGE, data=hidden | {"hide": name}, headers=headers)
                for name in names
            )
        )
        assert {answer.status_code for answer in answers} == {303}
        assert set((await chosen(found)).hidden) == set(names)


async def test_what_apps_are_gone_is_forgotten_with_the_next_change(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        gone = Choices(hidden=(ClientId("borta"),), order={"borta": (ClientId("gas"),)})
        await put(found, choices=gone)
        await press(browser, "hide", "Gas")
        assert await chosen(found) == Choices(hidden=(ClientId("gas"),))


async def test_one_persons_order_is_not_anothers(tmp_path: Path, sqlite_url: str) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await begin(found, browser)
        await press(browser, "hide", "Gas")
        await found.person(make.account(id="bo", user_name="bo.ek", external_id="2"))
        async with found.browser(browser.address) as other:
            await other.sign_in("bo.ek")
            assert "Gas" in shelves(other)["Övriga appar"]
