"""Links, collections, pictures, and what people have chosen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.ids import ClientId
from portvakt.core.portal import NOTHING_CHOSEN, Choices, Collection, Link, OwnCollection
from portvakt.records import Unit
from portvakt.records.icons import Icon
from portvakt.records.portal_choices import LARGEST
from portvakt.records.statements import Statement
from tests import make
from tests.records.stored import opened, with_anna

LINK = Link(
    id=ClientId("intranet"),
    name="Intranätet",
    address="https://intra.region.example/",
    groups=frozenset({make.STAFF}),
    icon="mark",
)
CARE = Collection(id="care", name={"sv": "Vård", "en": "Care"}, apps=(make.SHOP, LINK.id), place=0)
CHOICES = Choices(
    order={"": (make.SHOP,), "care": (LINK.id, make.SHOP)},
    hidden=(ClientId("gone"),),
    collections=(OwnCollection(id="abc", name="Varje dag", apps=(LINK.id,)),),
)
SPOIL = Statement("UPDATE portal_choices SET doc = :doc WHERE account_id = :account_id")
PNG, OTHER = Icon("image/png", b"\x89PNG"), Icon("image/webp", b"RIFF")


async def test_links_and_collections_are_read_with_the_rest(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        await unit.configuration.put_links([LINK], "apply")
        await unit.configuration.put_collections([CARE], "apply")

    async with opened(database_url) as records:
        versions = set()
        for act in (
            put,
            lambda unit: unit.configuration.put_links([replace(LINK, name="Nytt")], "apply"),
            lambda unit: unit.configuration.put_collections([replace(CARE, place=3)], "apply"),
        ):
            await records.write(act)
            versions.add(await records.read(lambda unit: unit.configuration.version()))
        assert len(versions) == 3
        before = records.counted
        found = await records.read(lambda unit: unit.configuration.load())
        assert records.counted == before + 1
        assert found.links == (replace(LINK, name="Nytt"),)
        assert found.collections == (replace(CARE, place=3),)
        assert found.owners["link", LINK.id] == found.owners["collection", CARE.id] == "apply"
        assert found.app(LINK.id) is None, "a link is no app"
        await records.write(lambda unit: unit.configuration.put_links([LINK], "console"))
        assert (await records.read(lambda unit: unit.configuration.load())) == found
        for owner, gone in (("console", 0), ("apply", 1)):
            assert gone == await records.write(
                lambda unit, owner=owner: unit.configuration.remove_links([LINK.id], owner)
            )
            assert gone == await records.write(
                lambda unit, owner=owner: unit.configuration.remove_collections([CARE.id], owner)
            )


async def test_a_picture_is_kept_once_and_found_by_its_mark(database_url: str) -> None:
    async with opened(database_url) as records:
        for _ in range(2):
            await records.write(lambda unit: unit.icons.put([PNG, OTHER]))
        assert await records.read(lambda unit: unit.icons.all()) == {
            each.mark: each for each in (PNG, OTHER)
        }
        assert await records.read(lambda unit: unit.icons.load(PNG.mark)) == PNG
        assert await records.read(lambda unit: unit.icons.load("x" * 26)) is None


async def test_pictures_that_nothing_shows_are_removed(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.icons.put([PNG, OTHER]))
        assert await records.write(lambda unit: unit.icons.keep_only({PNG.mark, "x"})) == 1
        assert await records.write(lambda unit: unit.icons.keep_only({PNG.mark})) == 0
        assert set(await records.read(lambda unit: unit.icons.all())) == {PNG.mark}


def test_a_mark_tells_pictures_apart_by_content_and_kind() -> None:
    assert PNG.mark == Icon("image/png", b"\x89PNG").mark
    marks = {PNG.mark, OTHER.mark, Icon("image/webp", b"\x89PNG").mark}
    assert len(marks) == 3
    assert {len(each) for each in marks} == {26}


async def test_what_a_person_chose_is_read_back_and_replaced(database_url: str) -> None:
    async with with_anna(database_url) as records:
        assert await records.read(lambda u: u.portal_choices.load(make.ANNA)) == NOTHING_CHOSEN
        for choices in (CHOICES, replace(CHOICES, hidden=())):
            assert await records.write(
                lambda unit, put=choices: unit.portal_choices.put(make.ANNA, put, make.NOW)
            )
            assert await records.read(lambda u: u.portal_choices.load(make.ANNA)) == choices
        told = await records.read(lambda unit: unit.personal_data.everything(make.ANNA))
        (row,) = told["portal_choices"]
        assert row["changed_at"] == make.NOW
        assert row["doc"]["collections"][0]["name"] == "Varje dag"
        await records.write(lambda unit: unit.personal_data.forget(make.ANNA))
        assert await records.read(lambda u: u.portal_choices.load(make.ANNA)) == NOTHING_CHOSEN


async def test_too_much_to_keep_is_not_kept(database_url: str) -> None:
    much = replace(CHOICES, hidden=(ClientId("x" * LARGEST),))
    async with with_anna(database_url) as records:
        await records.write(lambda u: u.portal_choices.put(make.ANNA, CHOICES, make.NOW))
        later = make.NOW + timedelta(hours=1)
        assert not await records.write(lambda u: u.portal_choices.put(make.ANNA, much, later))
        assert await records.read(lambda u: u.portal_choices.load(make.ANNA)) == CHOICES


@pytest.mark.parametrize("doc", ["", "[]", '{"hidden": 7}', '{"collections": [{"id": "a"}]}'])
async def test_what_cannot_be_read_is_as_if_nothing_was_chosen(database_url: str, doc: str) -> None:
    async def spoil(unit: Unit) -> None:
        await unit.portal_choices.put(make.ANNA, CHOICES, make.NOW)
        await unit._run.changed(  # noqa: SLF001 - nothing of ours would write this
            SPOIL, doc=doc, account_id=make.ANNA
        )

    async with with_anna(database_url) as records:
        await records.write(spoil)
        assert await records.read(lambda u: u.portal_choices.load(make.ANNA)) == NOTHING_CHOSEN
