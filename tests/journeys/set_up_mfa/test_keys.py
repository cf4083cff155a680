"""Lägg till en nyckel: the browser has it made, and what it says of itself is judged here."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.handset import unb64u
from tests.journeys.conftest import Open
from tests.journeys.keys import KEY, adds, begins, keys_of, signs_in, soft_key, to_make
from tests.journeys.set_up_mfa.people import (
    HOME,
    app_code,
    codes_on,
    comes_to_register,
    comes_with_app,
    kinds,
    new_person,
    with_app,
)
from tests.soft_key import BE, BS, UP, UV
from tests.world import Page


async def test_a_first_key_is_added_with_recovery_codes_and_lets_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        key = soft_key()
        page = await adds(browser, key, name="Nyckeln på knippan")
        assert page.title == "Klart!"
        assert "med din nyckel" in page.text
        assert len(codes_on(page)) == 10
        assert await kinds(world, anna) == ["passkey", "recovery_code"]
        (kept,) = await keys_of(world, anna)
        assert (kept.credential_id, kept.verifies, kept.copied) == (key.id, True, False)
        assert kept.transports == ("usb",)
        assert kept.handle == key.handle != anna.id.encode()
        assert "method.added" in await world.events(anna)
        assert any("nyckel" in words for _, words in await world.outbox("mail"))
        page = await browser.get(HOME)
        assert "Nyckeln på knippan" in page.text
        assert "Den finns bara på ett ställe." in page.text


async def test_several_keys_have_names_and_say_what_they_are(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        copied = soft_key(id=b"one", flags=UP | UV | BE | BS)
        beside = soft_key(id=b"two", flags=UP)
        await adds(browser, copied)
        await browser.get(HOME)
        await adds(browser, beside, beside=True)
        page = await browser.get(HOME)
        assert "Den följer med till dina andra enheter." in page.text
        assert "Den används ihop med lösenordet." in page.text
        assert "Inte använd än" in page.text
        one, two = sorted(await keys_of(world, anna), key=lambda each: each.credential_id)
        assert one.handle == two.handle
        assert (one.copied, one.backed_up, two.verifies) == (True, True, False)
        page = await browser.post(f"{HOME}/methods/{one.id}", {"label": "Min telefon"})
        assert "Namnet är sparat" in page.text
        async with world.browser() as other:
            assert (await signs_in(other, copied)).path == "/apps"
        page = await browser.get(HOME)
        assert "Användes senast" in page.text
        page = await browser.get(f"{HOME}/methods/{one.id}/remove")
        assert page.title == "Vill du ta bort nyckeln?"
        await browser.submit({})
        assert [each.id for each in await keys_of(world, anna)] == [two.id]
        assert "method.removed" in await world.events(anna)


async def test_a_key_that_somebody_has_is_named_and_never_bound_twice(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        key = soft_key()
        await adds(browser, key)
        await browser.get(HOME)
        page = await begins(browser)
        known = to_make(page)["excludeCredentials"]
        assert [unb64u(each["id"]) for each in known] == [key.id]
        page = await browser.submit({"key": key.make(to_make(page)), "label": ""})
        assert page.status == 422
        assert "gick inte att lägga till" in page.text
        assert len(await keys_of(world, anna)) == 1
        assert (await kinds(world, anna)).count("passkey") == 1


async def refused(open_world: Open, *, beside: bool = False, **given: Any) -> Page:
    """Try to add a key that has one thing wrong; nothing is bound."""
    said = given.pop("said", {})
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await begins(browser, beside=beside)
        key = soft_key(**given)
        page = await browser.submit({"key": key.make(to_make(page), **said), "label": ""})
        assert await keys_of(world, anna) == []
        assert "passkey" not in await kinds(world, anna)
        return page


@pytest.mark.parametrize(
    "given",
    [
        {"flags": UP},
        {"flags": UV},
        {"flags": UP | UV | BS},
        {"origin": "https://evil.example"},
        {"rp_id": "region.example"},
        {"fmt": "packed", "statement": {"alg": -7}},
        {"alg": -35},
        {"said": {"crossOrigin": True}},
        {"said": {"type": "webauthn.get"}},
        {"said": {"challenge": "eHh4"}},
    ],
    ids=str,
)
async def test_a054_what_is_asked_of_a_new_key_is_judged_here(
    given: dict[str, Any], open_world: Open
) -> None:
    """CVE-2026-8830: policy that only the page's script knows is no policy."""
    page = await refused(open_world, **given)
    assert page.status == 422
    assert "gick inte att lägga till" in page.text


async def test_an_unknown_curve_is_refused(open_world: Open) -> None:
    page = await refused(open_world, key=ec.generate_private_key(ec.SECP256R1()), alg=999)
    assert page.status == 422


async def test_a048_ten_keys_and_no_more(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        waiting = await begins(browser)
        for number in range(10):
            await browser.get(HOME)
            await adds(browser, soft_key(id=b"key%d" % number))
        page = await browser.get(HOME)
        assert "Du har redan 10 nycklar" in page.text
        assert (await browser.post(KEY, {})).path == HOME
        late = soft_key(id=b"one too many")
        browser.page = waiting
        await browser.submit({"key": late.make(to_make(waiting)), "label": ""})
        assert len(await keys_of(world, anna)) == 10


async def test_a042_a_key_takes_fresh_proof(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        await comes_with_app(world, browser)
        world.clock.move(minutes=6)
        page = await begins(browser)
        assert page.path.startswith("/sign-in")


async def test_a045_a_key_half_made_is_for_its_own_session_and_ten_minutes(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await begins(browser)
        answer = soft_key().make(to_make(page))
        world.clock.move(seconds=31)
        await other.sign_in(to=HOME)
        await other.submit({"code": app_code(world)})
        theirs = await other.get(page.path)
        assert theirs.status == 410
        world.clock.move(minutes=10)
        await browser.submit({"key": answer, "label": ""})
        assert await keys_of(world, anna) == []


async def test_one_answer_binds_one_key(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await begins(browser)
        options = to_make(page)
        await browser.submit({"key": soft_key().make(options), "label": ""})
        browser.page = page
        again = await browser.submit({"key": soft_key(id=b"x").make(options), "label": ""})
        assert again.status == 410
        assert len(await keys_of(world, anna)) == 1


async def test_a_name_that_cannot_be_kept_is_said_at_its_field(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await adds(browser, soft_key(), name="x" * 41)
        assert page.status == 422
        assert await keys_of(world, anna) == []
        page = await browser.submit({"key": soft_key().make(to_make(page)), "label": "<b>Kort"})
        assert "&lt;b&gt;Kort" in (await browser.get(HOME)).html


async def test_names_in_what_the_browser_shows_are_data(open_world: Open) -> None:
    """Kanidm 1.10.0: a display name with marks reached the page as marks."""
    async with open_world() as world, world.browser() as browser:
        await new_person(world, given_name="<script>alert(1)</script>")
        await comes_to_register(browser)
        page = await begins(browser)
        assert "<script>alert" not in page.html
        assert "<script>" in to_make(page)["user"]["displayName"]


async def test_without_a_script_the_page_says_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        await comes_with_app(world, browser)
        page = await begins(browser)
        assert "Nycklar fungerar bara när webbläsaren får köra skript." in page.text
        page = await browser.submit({"key": "", "label": ""})
        assert page.status == 422


async def test_a_removed_key_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        key = soft_key()
        await adds(browser, key)
        (kept,) = await keys_of(world, anna)
        await browser.get(f"{HOME}/methods/{kept.id}/remove")
        await browser.submit({})
        async with world.browser() as other:
            assert (await signs_in(other, key)).status == 422
        assert json.dumps(await world.events(anna)).count("method.removed") == 1
