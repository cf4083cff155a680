"""Names and passwords are taken whole, in one spelling each."""

import unicodedata

import pytest

from portvakt.core.ids import AccountId
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import failures, with_rule
from tests.world import INSIDE, PASSWORD


async def test_a004_two_spellings_of_a_name_share_one_count(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        await failures(browser, 5, "Anna.Berg")
        await failures(browser, 5, "anna.berg@region.example")
        page = await browser.sign_in("ANNA.BERG")
        assert page.title == "Visa först att det är du"


async def test_a005_a_password_is_compared_to_its_last_character(open_world: Open) -> None:
    whole = "x" * 72 + "rätt slut"
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person(password=whole)
        page = await browser.sign_in(password="x" * 72 + "fel slut!")
        assert page.status == 422
        page = await browser.sign_in(password=whole)
        assert page.path == "/apps"


async def test_a006_a_password_is_the_same_however_its_letters_are_composed(
    open_world: Open,
) -> None:
    password = "Blåbärsgröt-på-fjället"
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person(password=unicodedata.normalize("NFC", password))
        before = world.house.hasher.calls
        page = await browser.sign_in(password=unicodedata.normalize("NFD", password))
        assert page.path == "/apps"
        assert world.house.hasher.calls == before + 1


@pytest.mark.parametrize("name", ["annа.berg", "anna.berg\u200b", "ａnna.berg", "ɑnna.berg"])
async def test_a125_a_name_that_only_looks_like_hers_is_nobodys(
    name: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        page = await browser.sign_in(name)
        assert (page.status, page.title) == (422, "Logga in")


async def test_a119_a_name_that_two_people_claim_signs_in_neither(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        other = make.account(
            id=AccountId("bo"),
            external_id="000018",
            user_name="bo.ek",
            email="anna.berg@region.example",
        )
        await world.person(other, password="Sommardäck i januari")
        page = await browser.sign_in("anna.berg@region.example")
        assert page.status == 422
        page = await browser.sign_in("anna.berg@region.example", "Sommardäck i januari")
        assert page.status == 422
        page = await browser.sign_in("bo.ek", "Sommardäck i januari")
        assert page.path == "/apps"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("", PASSWORD),
        ("   ", PASSWORD),
        ("anna.berg", ""),
        ("anna.berg", "å" * 4000),
        ("a" * 4000, PASSWORD),
        ("anna.berg", "\ud7ff\u2028"),
        ("anna\r\nberg", PASSWORD),
        ("*)(uid=*", PASSWORD),
    ],
)
async def test_wrong_empty_and_huge_input_gets_the_form_back(
    name: str, password: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person()
        page = await browser.sign_in(name, password)
        assert (page.status, page.title) == (422, "Logga in")
        assert "Fel:" in page.html


async def test_a_disabled_person_is_told_the_same_as_a_stranger(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        anna = await world.person()

        async def leave(unit: Unit) -> None:
            await unit.people.disable_many([anna.id], world.clock.at)

        await world.house.records.write(leave)
        page = await browser.sign_in()
        assert page.status == 422
        assert "hör inte ihop" in page.text
