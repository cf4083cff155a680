"""Who exists, who has which method and who is privileged cannot be seen before a proof."""

import re
from dataclasses import dataclass, replace

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId
from portvakt.core.people import AccountState
from portvakt.core.roles import Role
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import anna, begin, choose
from tests.journeys.sign_in.region import NUMBER, SECRET, app_code
from tests.world import Browser, Page, World

NAMES = ("anna.berg", "nobody.here", "gun.left", "sven.admin")


@dataclass(frozen=True)
class Seen:
    """Everything that an outsider could compare, and what the work consisted of."""

    status: int
    path: str
    body: str
    headers: tuple[str, ...]
    cookies: tuple[str, ...]
    hashes: int


def seen(world: World, browser: Browser, page: Page, hashes: int) -> Seen:
    hidden = re.sub(r"[0-9a-z]{26,}|value=\"[^\"]*\"|<span>\d{3}</span>|(\d ){5}\d", "…", page.html)
    return Seen(
        status=page.status,
        path=re.sub(r"[a-z2-7]{26}", "…", page.path),
        body=hidden,
        headers=tuple(sorted(page.response.headers.keys())),
        cookies=tuple(sorted(browser.client.cookies.keys())),
        hashes=world.house.hasher.calls - hashes,
    )


async def people(world: World) -> None:
    await anna(world)
    gun = make.account(
        id=AccountId("gun"), external_id="000019", user_name="gun.left", email="gun@region.example"
    )
    await world.person(replace(gun, state=AccountState.DISABLED), totp=SECRET)
    sven = make.account(
        id=AccountId("sven"),
        external_id="000020",
        user_name="sven.admin",
        email="sven@region.example",
        roles=frozenset({Role.ADMINISTRATOR}),
        created_at=world.clock.at,
    )
    phone = make.work_phone(id=AuthenticatorId("svens"), account_id=sven.id, detail=NUMBER)
    await world.person(sven, totp=SECRET, bound=[phone])


@pytest.mark.parametrize(("way", "typed"), [("code", ""), ("text", "123456"), ("card", "ABCD")])
async def test_a011_every_name_walks_the_same_pages(way: str, typed: str, open_world: Open) -> None:
    async with open_world() as world:
        await people(world)
        walks = set()
        for name in NAMES:
            async with world.browser() as browser:
                hashes = world.house.hasher.calls
                steps = [seen(world, browser, await begin(browser, name), hashes)]
                steps.append(seen(world, browser, await choose(browser, way), hashes))
                wrong = typed or f"{(int(app_code(world)) + 1) % 10**6:06d}"
                page = await browser.submit({"code": wrong})
                steps.append(seen(world, browser, page, hashes))
                walks.add(tuple(steps))
        assert len(walks) == 1


async def test_a011_every_name_gets_a_number_for_the_phone(open_world: Open) -> None:
    async with open_world() as world:
        await people(world)
        walks = set()
        for name in NAMES:
            async with world.browser() as browser:
                await begin(browser, name)
                page = await choose(browser, "phone")
                assert page.title == "Öppna appen och skriv numret"
                walks.add(seen(world, browser, page, 0))
                page = await browser.submit({})
                assert page.status == 422
                walks.add(replace(seen(world, browser, page, 0), status=0))
        assert len({each.body for each in walks}) == 2


async def test_a025_no_digits_of_any_number_before_a_proof(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        pages = [await begin(browser), await choose(browser, "text")]
        (to, _) = (await world.outbox("sms"))[0]
        assert to == NUMBER
        pages.append(await browser.submit({"code": "000000"}))
        pages.append(await browser.submit({}, form=1))
        for page in pages:
            assert "•" not in page.text
            assert "70" not in re.sub(r"[0-9a-z]{26}|026-15 40 00", "", page.text)
        bound = (await world.standing(account)).authenticators
        assert any(each.type is AuthenticatorType.SMS_CODE for each in bound)


async def test_a078_privileged_people_do_not_reset_here(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await people(world)
        await begin(browser, "sven.admin")
        await choose(browser, "code")
        page = await browser.submit({"code": app_code(world)})
        assert page.status == 422
        assert "Koden stämde inte" in page.text
        await choose(browser, "text")
        assert await world.outbox("sms") == []
        sven = make.account(id=AccountId("sven"))
        events = await world.events(sven)
        assert "password_reset.privileged_tried" in events
        assert "password_reset.started" not in events


@pytest.mark.parametrize("group", ["domain admins", "Domain-Admins"])
async def test_a078_members_of_the_directorys_admins_do_not_reset_here(
    group: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        admins = GroupId(group)
        await world.house.records.write(
            lambda unit: unit.configuration.put_groups([admins], "apply")
        )
        account = make.account(groups=frozenset({admins}))
        await world.person(account, totp=SECRET)
        await begin(browser)
        await choose(browser, "code")
        page = await browser.submit({"code": app_code(world)})
        assert page.status == 422
        assert "password_reset.privileged_tried" in await world.events(account)


async def test_a_disabled_account_leads_nowhere(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await people(world)
        await begin(browser, "gun.left")
        await choose(browser, "code")
        page = await browser.submit({"code": app_code(world)})
        assert page.status == 422


@pytest.mark.parametrize("name", ["", "   ", "a\x01b"])
async def test_what_nobody_can_be_called_is_asked_for_again(name: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        page = await begin(browser, name)
        assert page.status == 422
        assert "Skriv din e-postadress" in page.text
