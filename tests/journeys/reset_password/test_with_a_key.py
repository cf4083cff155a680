"""A key that verifies who holds it is a kind of proof of its own where a password is reset."""

from dataclasses import replace

from portvakt.core.authenticators import BESIDE
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.records import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import asked, soft_key
from tests.journeys.reset_password.forgetful import anna, begin, by_app, choose
from tests.records import a_key
from tests.soft_key import UP, SoftKey, cose_of
from tests.world import Browser, Page, World


async def with_key(world: World, account: Account, key: SoftKey, *, beside: bool = False) -> None:
    """Give somebody a key that is old enough to be believed."""
    key.handle = b"h" * 32
    bound = make.bound(
        make.PASSKEY,
        id=AuthenticatorId("a-key"),
        account_id=account.id,
        detail=BESIDE if beside else "",
        last_used_at=account.created_at,
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(bound)
        await unit.keys.add(
            replace(
                a_key.KEY,
                id=bound.id,
                account_id=account.id,
                credential_id=key.id,
                public_key=cose_of(key.key),
                handle=key.handle,
                verifies=not beside,
                sign_count=0,
            )
        )

    await world.house.records.write(act)


async def by_key(browser: Browser, key: SoftKey) -> Page:
    """Choose the key, and answer with it."""
    await choose(browser, "key")
    answer = key.use(await asked(browser, f"{browser.page.path}/key"))
    return await browser.submit({"key": answer})


async def test_a_key_and_an_app_are_two_kinds(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await with_key(world, await anna(world), key)
        await begin(browser)
        page = await by_key(browser, key)
        assert page.status == 200
        await by_app(browser, world)
        assert browser.page.title == "Välj ett nytt lösenord"


async def test_a050_a051_what_a_key_does_not_verify_or_has_said_before_counts_nothing(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key(counts=False)
        await with_key(world, await anna(world), key)
        await begin(browser)
        assert (await by_key(browser, replace(key, flags=UP))).status == 422
        evil = replace(key, origin="https://evil.example")
        assert (await by_key(browser, evil)).status == 422
        assert (await by_key(browser, replace(key, id=b"another"))).status == 422
        assert (await by_key(browser, key)).status == 200


async def test_a_key_beside_the_password_is_no_proof_that_it_is_not_needed(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await with_key(world, await anna(world), key, beside=True)
        await begin(browser)
        assert (await by_key(browser, key)).status == 422
        await choose(browser, "other")
        await by_app(browser, world)
        assert "Din nyckel" not in browser.page.text


async def test_a_name_that_nobody_has_is_asked_for_a_key_like_any_other(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await with_key(world, await anna(world), key)
        await begin(browser, "nobody.at.all")
        page = await by_key(browser, key)
        assert page.status == 422
        assert "Nyckeln fungerade inte här" in page.text


async def test_a052_a_copy_is_refused_and_told_here_too(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        key = soft_key()
        account = await anna(world)
        await with_key(world, account, key)
        copy = replace(key)
        await begin(one)
        assert (await by_key(one, key)).status == 200
        await begin(other)
        assert (await by_key(other, copy)).status == 422
        assert "method.key_copied" in await world.events(account)
        assert any("kopia av din nyckel" in words for _, words in await world.outbox("mail"))
