"""Pictures, links and collections in a state file."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from portvakt.core.portal import Collection, Link
from portvakt.records import Configuration, Unit
from portvakt.records.icons import Icon
from tests import make
from tests.cli.box import Box
from tests.pictures import picture

INTRANET = {
    "id": "intranet",
    "name": "Intranätet",
    "address": "https://intra.region.example/",
    "groups": ["alla"],
}
CARE = {"id": "care", "name": {"sv": "Vård", "en": "Care"}, "apps": ["intranet", "shop"]}
DAILY = {"id": "a", "name": {"sv": "Varje dag", "en": "Daily"}, "apps": ["shop"]}


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def region(**more: object) -> dict[str, Any]:
    shop = {
        "client_id": "shop",
        "client_name": "Butiken",
        "redirect_uris": ["https://shop.example/cb"],
        "token_endpoint_auth_method": "none",
    }
    state = {"groups": [{"id": "alla"}], "apps": [shop], "links": [INTRANET]}
    return state | {"collections": [CARE, DAILY]} | more


def with_icons(shop: str, intranet: str) -> dict[str, Any]:
    state = region(links=[INTRANET | {"icon": intranet}])
    state["apps"][0]["icon"] = shop
    return state


def put(box: Box, state: dict[str, Any]) -> Path:
    return box.write("region.toml", tomli_w.dumps(state))


def changes(box: Box, state: dict[str, Any], *words: str) -> set[tuple[str, str, str]]:
    found = box.good("apply", put(box, state), "--json", *words).json["changes"]
    return {(each["kind"], each["id"], each["change"]) for each in found}


def stored(box: Box) -> tuple[Configuration, dict[str, Icon]]:
    async def act(unit: Unit) -> tuple[Configuration, dict[str, Icon]]:
        return await unit.configuration.load(), await unit.icons.all()

    return box.do(act)


def test_links_and_collections_are_stored_in_the_order_of_the_file(box: Box) -> None:
    assert changes(box, region()) == {
        ("group", "alla", "created"),
        ("app", "shop", "created"),
        ("link", "intranet", "created"),
        ("collection", "care", "created"),
        ("collection", "a", "created"),
    }
    found, _ = stored(box)
    (link,) = found.links
    assert link == Link(
        id=link.id,
        name="Intranätet",
        address="https://intra.region.example/",
        groups=frozenset({make.STAFF}),
    )
    assert {each.id: each.place for each in found.collections} == {"care": 0, "a": 1}
    care = next(each for each in found.collections if each.id == "care")
    assert care == Collection(
        id="care", name={"sv": "Vård", "en": "Care"}, apps=(link.id, make.SHOP), place=0
    )
    assert changes(box, region()) == set()
    kinds = {each.detail["kind"] for each in box.events()}
    assert {"link", "collection"} <= kinds


def test_only_with_prune_they_go(box: Box) -> None:
    changes(box, region())
    assert changes(box, region(collections=[DAILY])) == {("collection", "a", "changed")}
    assert changes(box, region(collections=[DAILY]), "--prune") == {
        ("collection", "care", "removed")
    }
    emptied = put(box, region(links=[], collections=[]))
    assert box.run("apply", emptied, "--prune").status == 1, "a file that lost all of a kind"
    box.good("apply", emptied, "--prune", "--override-brake")
    found, _ = stored(box)
    assert (found.links, found.collections) == ((), ())


def test_pictures_are_read_beside_the_file_kept_once_and_removed_with_the_last(box: Box) -> None:
    (box.folder / "icons").mkdir()
    (box.folder / "icons" / "shop.png").write_bytes(picture("PNG"))
    (box.folder / "same.png").write_bytes(picture("PNG"))
    assert ("app", "shop", "created") in changes(box, with_icons("icons/shop.png", "same.png"))
    found, icons = stored(box)
    (mark,) = icons
    assert found.apps[0].icon == found.links[0].icon == mark
    assert icons[mark].media_type == "image/png"
    (box.folder / "same.png").write_bytes(picture("WEBP"))
    answer = box.good("apply", put(box, with_icons("icons/shop.png", "same.png")), "--json")
    (changed,) = answer.json["changes"]
    assert (changed["id"], changed["fields"]) == ("intranet", ["icon"])
    assert {each.media_type for each in stored(box)[1].values()} == {"image/png", "image/webp"}
    assert changes(box, region()) == {("app", "shop", "changed"), ("link", "intranet", "changed")}
    assert stored(box)[1] == {}


def test_a_dry_run_keeps_no_picture(box: Box) -> None:
    (box.folder / "shop.png").write_bytes(picture())
    box.good("apply", put(box, with_icons("shop.png", "shop.png")), "--dry-run")
    assert stored(box)[1] == {}


def test_what_is_exported_holds_its_pictures_and_changes_nothing(box: Box) -> None:
    (box.folder / "shop.jpg").write_bytes(picture("JPEG", (64, 32)))
    answer = box.good("apply", put(box, with_icons("shop.jpg", "shop.jpg")))
    assert "apps[1].icon: is not square" in answer.err
    exported = tomllib.loads(box.good("export").out)
    assert exported["apps"][0]["icon"].startswith("data:image/jpeg;base64,")
    assert [each["id"] for each in exported["collections"]] == ["care", "a"]
    assert exported["links"][0]["address"] == INTRANET["address"]
    before = stored(box)
    assert changes(box, exported, "--prune") == set()
    assert stored(box) == before


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (region(links=[INTRANET, INTRANET]), "links[2].id: “intranet” is links[1] already"),
        (region(links=[INTRANET | {"id": "shop"}]), "links[1].id: “shop” is the name of an app"),
        (region(links=[INTRANET | {"id": "portvakt"}]), "links[1].id: “portvakt” is the name of"),
        (region(links=[INTRANET | {"groups": ["x"]}]), "links[1].groups[1]: “x” is neither in"),
        (
            region(links=[INTRANET | {"address": "javascript:alert(1)"}]),
            "links[1].address: is not an address",
        ),
        (
            region(links=[INTRANET | {"address": "http://intra.example/"}]),
            "links[1].address: must be https",
        ),
        (region(links=[INTRANET | {"redirect_uris": []}]), "links[1].redirect_uris: unknown key"),
        (region(collections=[CARE, CARE]), "collections[2].id: “care” is collections[1] already"),
        (
            region(collections=[CARE | {"apps": ["shop", "borta"]}]),
            "collections[1].apps[2]: “borta” is neither in this file nor stored",
        ),
        (
            region(collections=[CARE | {"apps": ["shop", "shop"]}]),
            "collections[1].apps[2]: “shop” is in this collection already",
        ),
        (region(collections=[CARE | {"apps": []}]), "collections[1].apps: names no tile"),
        (region(collections=[CARE | {"apps": "shop"}]), "collections[1].apps"),
        (
            region(collections=[CARE | {"name": {"sv": "Vård"}}]),
            "collections[1].name: says nothing in “en”",
        ),
        (region(collections=[CARE | {"name": "Vård"}]), "collections[1].name"),
        (with_icons("none.png", "none.png"), "none.png cannot be read: No such file"),
        (with_icons("../..", "../.."), "cannot be read: Is a directory"),
        (with_icons("region.toml", "region.toml"), "apps[1].icon: is no PNG, WebP or JPEG"),
        (with_icons("data:image/svg+xml;base64,eA==", "x"), "must be PNG, WebP or JPEG in base64"),
        (with_icons("data:image/png;base64,%%", "x"), "apps[1].icon: does not hold base64"),
        (with_icons("data:image/png;base64,eA==", "x"), "apps[1].icon: is no PNG, WebP or JPEG"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_changed(
    box: Box, state: dict[str, Any], said: str
) -> None:
    answer = box.run("apply", put(box, state))
    assert answer.status == 1
    assert said in answer.err
    assert stored(box)[0].groups == frozenset()


def test_a_link_that_is_stored_keeps_its_name_from_an_app(box: Box) -> None:
    changes(box, region())
    state = region(links=[], collections=[])
    state["apps"][0]["client_id"] = "intranet"
    assert "“intranet” is the name of a link" in box.run("apply", put(box, state)).err
    assert changes(box, region(apps=[], links=[])) == set(), "collections may name what is stored"


def test_an_app_made_by_hand_takes_no_name_of_a_link(box: Box) -> None:
    changes(box, region())
    answer = box.run("app", "add", "intranet", "--url", "https://x.example", "--group", "alla")
    assert answer.status == 1
    assert "“intranet” is the name of a link" in answer.err
