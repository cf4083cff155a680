"""What is known of models of keys, on the pages: their names, and those that nobody should use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.key_models import KeyDemand
from portvakt.core.method_rules import MethodEntry
from portvakt.settings.structs import Passkeys
from tests.journeys.conftest import Open
from tests.journeys.keys import adds, begins, keys_of, signs_in, soft_key, to_make
from tests.journeys.set_up_mfa.people import HOME, comes_with_app, with_app
from tests.key_makers import AAGUID, HOST, NAME, OTHER, Fido, Maker, entry
from tests.soft_key import BE, UP, UV, SoftKey
from tests.world import Browser, Page, World

FIDO = Fido()
MAKER = Maker()
FORMER = Maker(aaguid=OTHER)


def told(folder: Path, *entries: dict[str, object], refuse: bool = False) -> Passkeys:
    """The settings, with a file that says this."""
    blob, root = folder / "fido.jwt", folder / "fido.pem"
    blob.write_bytes(FIDO.blob(*entries))
    root.write_bytes(FIDO.trusted)
    return Passkeys(
        metadata=str(blob),
        metadata_root=str(root),
        metadata_signer=HOST,
        refuse_compromised=refuse,
    )


def key_of(aaguid: str, id_: bytes = b"one") -> SoftKey:
    return soft_key(aaguid=aaguid, id=id_)


async def test_a_key_is_shown_with_the_name_of_its_model(open_world: Open, tmp_path: Path) -> None:
    async with (
        open_world(passkeys=told(tmp_path, entry(MAKER))) as world,
        world.browser() as browser,
    ):
        await with_app(world)
        await comes_with_app(world, browser)
        await adds(browser, key_of(AAGUID))
        page = await browser.get(HOME)
        assert NAME in page.text
        await adds(browser, key_of(OTHER, b"two"))
        page = await browser.get(HOME)
        assert page.text.count(NAME) == 1


async def test_a_key_of_a_model_that_cannot_be_trusted_is_not_added(
    open_world: Open, tmp_path: Path
) -> None:
    known = told(tmp_path, entry(FORMER, "FIDO_CERTIFIED_L1", "USER_KEY_REMOTE_COMPROMISE"))
    async with open_world(passkeys=known) as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await adds(browser, key_of(OTHER))
        assert page.status == 422
        assert "Den sortens nyckel är inte säker längre." in page.text
        assert await keys_of(world, anna) == []
        assert (await adds(browser, key_of(AAGUID))).status == 200
        assert len(await keys_of(world, anna)) == 1


async def test_a_key_that_somebody_has_already_is_refused_where_the_settings_say_so(
    open_world: Open, tmp_path: Path
) -> None:
    key = key_of(OTHER)
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        await comes_with_app(world, browser)
        assert (await adds(browser, key)).status == 200
    for refuse, status in ((False, 200), (True, 422)):
        known = told(tmp_path, entry(FORMER, "REVOKED"), refuse=refuse)
        async with open_world(passkeys=known) as world, world.browser() as browser:
            assert (await signs_in(browser, key)).status == status


async def offered(world: World, browser: Browser, *demands: KeyDemand) -> Page:
    """Anna, whose groups ask this of keys, before the page that makes one."""
    await with_app(world)
    entries = [MethodEntry(id=f"e{at}", keys=each) for at, each in enumerate(demands)]
    await world.configure(methods=entries)
    await comes_with_app(world, browser)
    return await begins(browser)


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        (KeyDemand(device_bound=True), "Nyckeln ska inte gå att kopiera"),
        (KeyDemand(level=0), "Modellen ska vara certifierad av FIDO."),
        (KeyDemand(level=2), "Modellen ska vara certifierad av FIDO, nivå 2 eller högre."),
        (KeyDemand(models=frozenset({AAGUID})), f"Du kan använda: {NAME}."),
        (KeyDemand(models=frozenset({NAME, "Annan"})), f"Du kan använda: Annan, {NAME}."),
    ],
)
async def test_where_an_entry_asks_the_page_says_so_and_a_key_that_is_vouched_for_is_added(
    demand: KeyDemand, said: str, open_world: Open, tmp_path: Path
) -> None:
    known = told(tmp_path, entry(MAKER, "FIDO_CERTIFIED_L2"))
    async with open_world(passkeys=known) as world, world.browser() as browser:
        page = await offered(world, browser, demand)
        assert said in page.text
        assert "Svara ja om webbläsaren frågar" in page.text
        options = to_make(page)
        assert options["attestation"] == "direct"
        key = replace(key_of(AAGUID), vouched=MAKER.packed)
        page = await browser.submit({"key": key.make(options), "label": ""})
        assert page.status == 200, page.text
        assert await world.house.records.read(lambda unit: unit.keys.models()) == {AAGUID: 1}


@pytest.mark.parametrize(
    ("demand", "given", "said"),
    [
        (KeyDemand(device_bound=True), {"vouched": None}, "visade inte vilken modell"),
        (
            KeyDemand(device_bound=True),
            {"vouched": None, "attests_itself": True},
            "visade inte vilken modell",
        ),
        (KeyDemand(device_bound=True), {"flags": UP | UV | BE}, "går att kopiera"),
        (KeyDemand(level=3), {}, "Den modellen går inte att använda här."),
        (KeyDemand(models=frozenset({OTHER})), {}, "Den modellen går inte att använda här."),
        (KeyDemand(), {"vouched": Maker().packed}, "Nyckeln gick inte att lägga till."),
        (KeyDemand(), {"aaguid": OTHER}, "visade inte vilken modell"),
    ],
)
async def test_where_an_entry_asks_no_other_key_is_added_and_why_is_told(
    demand: KeyDemand, given: dict[str, Any], said: str, open_world: Open, tmp_path: Path
) -> None:
    known = told(tmp_path, entry(MAKER, "FIDO_CERTIFIED_L2"))
    async with open_world(passkeys=known) as world, world.browser() as browser:
        page = await offered(world, browser, demand)
        key = replace(key_of(AAGUID), **({"vouched": MAKER.packed} | given))
        page = await browser.submit({"key": key.make(to_make(page)), "label": ""})
        assert page.status == 422
        assert said in page.text
        assert not await world.house.records.read(lambda unit: unit.keys.any())


async def test_without_metadata_an_entry_that_asks_lets_no_key_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        page = await offered(world, browser, KeyDemand(level=0))
        key = replace(key_of(AAGUID), vouched=MAKER.packed)
        page = await browser.submit({"key": key.make(to_make(page)), "label": ""})
        assert page.status == 422
        assert "visade inte vilken modell" in page.text


async def test_where_no_entry_asks_no_browser_is_asked_to_tell(
    open_world: Open, tmp_path: Path
) -> None:
    async with (
        open_world(passkeys=told(tmp_path, entry(MAKER))) as world,
        world.browser() as browser,
    ):
        page = await offered(world, browser)
        assert to_make(page)["attestation"] == "none"
        assert "Svara ja om webbläsaren frågar" not in page.text
