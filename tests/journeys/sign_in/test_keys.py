"""Keys: with a name and without, in place of the password and beside it (WebAuthn Level 3)."""

import asyncio
import json
from dataclasses import replace

import pytest

from portvakt.core.assurance import Evidence
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Require
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.keys import HOME, adds, answers, asked, keys_of, shows, signs_in, soft_key
from tests.journeys.sign_in.region import SECRET, app_code, failures, with_rule
from tests.soft_key import UP, UV, SoftKey
from tests.world import World


async def anna_with_key(world: World, key: SoftKey, *, beside: bool = False) -> Account:
    """Anna, who has a password, an app and a key; a second factor is asked for outside."""
    await with_rule(world)
    anna = await world.person(totp=SECRET)
    async with world.browser() as browser:
        await browser.sign_in(to=HOME)
        await browser.submit({"code": app_code(world)})
        page = await adds(browser, key, beside=beside)
        assert page.status == 200, page.text
    world.clock.move(minutes=1)
    return anna


async def newest_evidence(world: World, account: Account) -> tuple[Evidence, ...]:
    return max(await world.sessions(account), key=lambda each: each.created_at).evidence


async def test_a_key_alone_signs_in_with_two_factors_and_no_name(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        page = await signs_in(browser, key)
        assert page.path == "/apps"
        (shown,) = await newest_evidence(world, anna)
        assert (shown.type, shown.user_verified, shown.device_bound) == (make.PASSKEY, True, True)
        assert (await keys_of(world, anna))[0].sign_count == 1


async def test_a010_a_key_signs_in_from_the_page_of_a_locked_password(open_world: Open) -> None:
    """Nobody guesses a signature, so whoever has a key waits for no lock, and types no code."""
    async with open_world() as world, world.browser() as stranger, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        await failures(stranger, 10)
        pages = [await each.sign_in(to="/my-sign-ins") for each in (stranger, browser)]
        assert {each.title for each in pages} == {"Visa först att det är du"}
        form = [action for action, _ in browser.page.forms()].index("/sign-in")
        told = await asked(browser, to="/my-sign-ins")
        assert told["allowCredentials"] == [], "alike for every name there is or is not"
        page = await browser.submit({"key": key.use(told)}, form)
        assert page.path == "/my-sign-ins"
        assert [each.type for each in await newest_evidence(world, anna)] == [make.PASSKEY]
        assert (await stranger.sign_in()).title == "Visa först att det är du", "still locked there"
        wrong = await asked(stranger, to="/apps")
        page = await stranger.submit({"key": soft_key().use(wrong)}, form)
        assert page.status == 422


async def test_a_name_beside_a_key_must_be_its_owners(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        page = await signs_in(browser, key, name="nobody.at.all")
        assert page.status == 422
        assert "Nyckeln fungerade inte här" in page.text
        assert (await signs_in(browser, key, name="Anna.Berg")).path == "/apps"


async def test_what_is_asked_is_the_same_whoever_there_is(open_world: Open) -> None:
    """Section 14.6.2: no key is named before a password has been shown."""
    async with open_world() as world, world.browser() as browser:
        await anna_with_key(world, soft_key())
        await browser.get("/sign-in")
        options = [await asked(browser, name=name) for name in ("anna.berg", "nobody", "")]
        assert {json.dumps(each["allowCredentials"]) for each in options} == {"[]"}
        assert len({each["challenge"] for each in options}) == 3
        assert {each["userVerification"] for each in options} == {"required"}


async def test_a049_an_answer_given_to_another_origin_opens_nothing(open_world: Open) -> None:
    """A067: a proxy between us and the person gets an answer that was made for its own name."""
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        for other in (
            replace(key, origin="https://evil.example"),
            replace(key, rp_id="evil.example"),
            replace(key, rp_id="region.example"),
        ):
            assert (await signs_in(browser, other)).status == 422
        assert len(await world.sessions(anna)) == 1
        assert "authentication.failed" in await world.events(anna)


async def test_a050_a_whole_answer_is_taken_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key(counts=False)
        anna = await anna_with_key(world, key)
        await browser.get("/sign-in")
        answer = key.use(await asked(browser))
        assert (await answers(browser, answer)).path == "/apps"
        await browser.get("/sign-in?for=anew")
        page = await browser.submit({"key": answer, "for": "sign_in"})
        assert page.status == 422
        assert "redan använt" in page.text
        assert len(await world.sessions(anna)) == 2


async def test_a050_an_answer_belongs_to_its_browser_and_its_time(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        key = soft_key()
        anna = await anna_with_key(world, key)
        await one.get("/sign-in")
        await other.get("/sign-in")
        options = await asked(one)
        assert (await answers(other, key.use(options))).status == 422
        world.clock.move(minutes=10)
        assert (await answers(one, key.use(options))).status == 422
        assert len(await world.sessions(anna)) == 1
        fresh = await asked(one)
        made_up = fresh | {"challenge": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg"}
        assert (await answers(one, key.use(made_up))).status == 422
        assert (await answers(one, key.use(fresh))).path == "/apps"


async def test_a050_of_many_at_once_one_is_taken(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key(counts=False)
        anna = await anna_with_key(world, key)
        await browser.get("/sign-in")
        answer = key.use(await asked(browser))
        action, hidden = browser.page.forms()[0]
        pages = await asyncio.gather(
            *(
                browser.client.post(
                    action,
                    data=hidden | {"key": answer},
                    headers={"origin": "https://portvakt.region.example"},
                )
                for _ in range(8)
            )
        )
        assert sorted(each.status_code for each in pages)[:2] == [303, 422]
        assert len(await world.sessions(anna)) == 2


async def test_a051_a_touch_alone_opens_nothing_without_the_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        assert (await signs_in(browser, replace(key, flags=UP))).status == 422
        assert (await signs_in(browser, replace(key, flags=UV))).status == 422
        assert len(await world.sessions(anna)) == 1


async def test_a051_a_key_without_a_pin_stands_beside_the_password_only(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key(flags=UP)
        anna = await anna_with_key(world, key, beside=True)
        assert (await signs_in(browser, key)).status == 422
        key.flags = UP | UV
        page = await signs_in(browser, key)
        assert page.title == "Skriv ditt lösenord"
        page = await browser.sign_in()
        assert page.title == "Visa din nyckel"
        key.flags = UP
        assert (await shows(browser, key)).path == "/apps"
        password, touched = await newest_evidence(world, anna)
        assert (password.type, touched.type) == (make.PASSWORD, make.PASSKEY)
        assert not touched.user_verified


async def test_a052_a_count_that_goes_back_is_refused_and_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key(count=4)
        anna = await anna_with_key(world, key)
        copy = replace(key)
        for _ in range(5):
            assert (await signs_in(browser, key)).path == "/apps"
            await browser.post("/sign-out", {})
        assert key.count == 9
        await world.outbox("mail")
        before = len(await world.sessions(anna))
        page = await signs_in(browser, copy)
        assert page.status == 422
        assert "kan vara kopierad" in page.text
        assert len(await world.sessions(anna)) == before
        assert "method.key_copied" in await world.events(anna)
        letters = await world.outbox("mail")
        assert any("kopia av din nyckel" in words for _, words in letters)
        assert (await signs_in(browser, key)).path == "/apps"


async def test_a053_a_key_that_names_another_person_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key, evas = soft_key(), soft_key(id=b"evas-key")
        anna = await anna_with_key(world, key)
        eva = await world.person(
            make.account(id="eva", external_id="000042", user_name="eva.lind"), totp=SECRET
        )
        async with world.browser() as hers:
            await hers.sign_in("eva.lind", to=HOME)
            await hers.submit({"code": app_code(world)})
            await adds(hers, evas)
        assert key.handle != evas.handle
        stolen = replace(evas, handle=key.handle)
        assert (await signs_in(browser, stolen)).status == 422
        assert (await signs_in(browser, replace(key, id=evas.id))).status == 422
        assert len(await world.sessions(anna)) + len(await world.sessions(eva)) == 2
        assert (await signs_in(browser, evas)).path == "/apps"


@pytest.mark.parametrize(
    "text", ["{}", "nonsense", "[" * 4000, '{"id":"a","rawId":"a","type":"public-key"}']
)
async def test_a054_what_no_browser_sends_is_refused(text: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_key(world, soft_key())
        await browser.get("/sign-in")
        page = await browser.submit({"key": text})
        assert page.status == 422
        assert "Nyckeln fungerade inte här" in page.text


async def test_a055_in_a_group_that_must_use_keys_nothing_weaker_is_offered(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        strong = make.rule(Require.PHISHING_RESISTANT, id="key")
        await world.configure([strong], [make.network()])
        page = await browser.sign_in()
        assert page.title == "Visa din nyckel"
        assert "bara att logga in med nyckel" in page.text
        assert "Nycklar fungerar bara när webbläsaren får köra skript" in page.text
        assert "annat sätt" not in page.text
        flow = page.path
        for way in ("totp", "sms_code", "push", "recovery_code", "password"):
            await browser.post(f"{flow}/choose", {"way": way})
            page = await browser.get(flow)
            assert page.title == "Visa din nyckel"
        page = await browser.submit({"code": app_code(world)})
        assert page.path != "/apps"
        await browser.get(flow)
        assert (await shows(browser, key)).path == "/apps"


async def test_a055_somebody_without_a_key_is_told_what_to_do(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.person(totp=SECRET)
        await world.configure([make.rule(Require.PHISHING_RESISTANT, id="key")], [make.network()])
        page = await browser.sign_in()
        assert page.title == "Du kommer inte in härifrån"
        assert "Be supporten om en startkod" in page.text


async def test_a_disabled_person_with_a_key_meets_what_a_stranger_meets(open_world: Open) -> None:
    """CVE-2025-10908: a way round the password is no way round a closed account."""
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        page = await signs_in(browser, replace(key, id=b"nobodys"))
        words = page.text
        await world.house.records.write(
            lambda unit: unit.people.disable_many([anna.id], world.clock.at)
        )
        assert anna.state is AccountState.ACTIVE  # as it was read before
        page = await signs_in(browser, key)
        assert (page.status, page.text) == (422, words)


async def test_a_key_that_was_put_aside_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        anna = await anna_with_key(world, key)
        await world.house.records.write(
            lambda unit: unit.authenticators.suspend_all(anna.id, world.clock.at)
        )
        assert (await signs_in(browser, key)).status == 422


async def test_fresh_proof_can_be_given_with_a_key(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        await signs_in(browser, key)
        world.clock.move(minutes=6)
        page = await browser.get(HOME)
        page = await browser.submit({})
        assert "lösenord" in page.title.lower()
        assert (await shows(browser, key)).path == HOME


async def test_failed_answers_are_counted_by_person_and_address(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        wrong = replace(key, origin="https://evil.example")
        pages = [await signs_in(browser, wrong) for _ in range(11)]
        assert [each.status for each in pages] == [422] * 10 + [429]
        assert (await signs_in(browser, key)).status == 429
        async with world.browser("198.51.100.9") as elsewhere:
            assert (await signs_in(elsewhere, key)).path == "/apps"


async def test_a_right_answer_forgets_the_wrong_ones_before_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        wrong = replace(key, origin="https://evil.example")
        for _ in range(2):
            pages = [await signs_in(browser, wrong) for _ in range(9)]
            assert {each.status for each in pages} == {422}
            assert (await signs_in(browser, key)).path == "/apps"
            await browser.post("/sign-out", {})


async def test_asking_writes_nothing_and_a_right_answer_commits_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        assert (await signs_in(browser, key)).path == "/apps"  # what is noted once a day is noted
        await browser.post("/sign-out", {})
        await browser.get("/sign-in")
        records = world.house.records
        before, committed = records.counted, records.transactions
        options = await asked(browser)
        assert (records.counted, records.transactions) == (before, committed)
        assert (await answers(browser, key.use(options))).path == "/apps"
        assert records.transactions == committed + 1


async def test_after_the_password_the_key_of_that_person_is_asked_for(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        key = soft_key()
        await anna_with_key(world, key)
        page = await browser.sign_in()
        options = await asked(browser, f"{page.path}/key")
        assert len(options["allowCredentials"]) == 1
        other = soft_key(id=b"another", handle=key.handle)
        answer = other.use(options)
        page = await browser.submit({"key": answer})
        assert page.status == 422
        assert (await shows(browser, key)).path == "/apps"


async def test_a_sign_in_of_another_browser_tells_nothing_of_its_keys(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_key(world, soft_key())
        page = await one.sign_in()
        await other.get("/sign-in")
        told = await other.post(f"{page.path}/key", {})
        assert told.status == 404
