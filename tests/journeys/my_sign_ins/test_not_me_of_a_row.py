"""«Det var inte jag» of something in one's own list: everything ends, and support has a case."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import PasswordReopened
from portvakt.core.freezing import LINK_LIVES, Change, Disowned
from portvakt.core.ids import AuthenticatorId, ClientId
from portvakt.core.people import Account
from portvakt.core.totp import code_at, step_of
from portvakt.records.audit import StoredEvent
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.conftest import Open
from tests.protocols.refreshing import opened
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import TOTP_SECRET, Stage
from tests.records.a_phone import approval
from tests.world import INSIDE, OUTSIDE, Browser, Page, World

HERE = "/my-sign-ins"
OFFLINE = "openid profile offline_access"
NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
SMS_CODE = AuthenticatorType.SMS_CODE


async def events(world: World, account: Account) -> list[StoredEvent]:
    return await world.house.records.read(lambda unit: unit.audit.of_account(account.id, 200))


async def disowned(world: World, account: Account) -> Disowned | None:
    async def act(unit: Unit) -> Disowned | None:
        return (await unit.freezes.of(account.id)).disowned

    return await world.house.records.read(act)


def rows(page: Page) -> list[tuple[str, str]]:
    """Each row that can be disowned: in words, and where its link leads."""
    body = page.html.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    found = [(re.sub(r"<[^>]+>", " ", row), re.search(r'href="([^"]+)"', row)) for row in body]
    return [(" ".join(words.split()), link[1]) for words, link in found if link]


async def press(browser: Browser, words: str) -> Page:
    """Choose the newest row with these words, and press the button of the page it leads to."""
    address = next(link for row, link in rows(await browser.get(HERE)) if words in row)
    actions = [action for action, _ in (await browser.get(address)).forms()]
    return await browser.submit({}, form=actions.index(""))


async def comes_in(region: Stage, browser: Browser) -> None:
    """Sign in from outside, with the password and the app with codes."""
    await browser.sign_in()
    await region.give_code(browser)


async def test_everything_ends_and_support_finds_it_by_the_number_on_the_page(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        opened(tmp_path, database_url) as (region, owner),
        region.world.browser(OUTSIDE) as thief,
    ):
        world, anna = region.world, region.anna
        at_home, _ = await region.tokens(owner, region.ledger, scope=OFFLINE)
        world.clock.move(minutes=1)
        await comes_in(region, thief)
        taken, _ = await region.tokens(thief, region.shop, scope=OFFLINE)
        waiting = approval(account_id=anna.id, created_at=world.clock.at)

        async def afterwards(unit: Unit) -> None:
            young = make.bound(
                SMS_CODE,
                id=AuthenticatorId("young"),
                account_id=anna.id,
                detail="+46701740699",
                created_at=world.clock.at,
                changed_at=world.clock.at,
            )
            await unit.authenticators.bind(young)
            await unit.approvals.start(waiting)
            for app, ago in (("foreign", 0), ("known", 3)):
                at = world.clock.at - timedelta(days=ago)
                await unit.consents.give(anna.id, ClientId(app), ("openid",), at)

        await world.house.records.write(afterwards)
        world.clock.move(minutes=1)

        page = await press(owner, "Du loggade in Två steg")
        assert (page.status, page.title) == (200, "Kontot är fryst")
        assert not owner.cookie("session")
        for each in (owner, thief):
            assert (await each.get("/apps")).path.startswith("/sign-in")
        assert await world.sessions(anna) == []
        for client, tokens in ((region.ledger, at_home), (region.shop, taken)):
            with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
                await client.refresh(tokens["refresh_token"])
            with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
                await client.userinfo(tokens["access_token"])
        standing = await world.standing(anna)
        assert {f"{each.type}": each.state.value for each in standing.authenticators} == {
            "password": "active",
            "totp": "active",
            "sms_code": "suspended",
        }
        left = await world.house.records.read(lambda unit: unit.consents.of(anna.id))
        assert [each.client_id for each in left] == ["known"]
        still = await world.house.records.read(lambda unit: unit.approvals.load(waiting.id))
        assert still is None or still.state.value == "denied"

        numbers = NUMBER.findall(page.text)
        case = {each.name: each for each in await events(world, anna)}
        told, frozen = case["account.sign_in_disowned"], case["account.frozen"]
        assert {told.request_id, frozen.request_id} == set(numbers)
        assert told.detail["happened"] == "authentication.succeeded"
        assert told.detail["happened_from"] == OUTSIDE
        assert frozen.detail["change"] == "sign_in"
        assert frozen.detail["put_aside"] == ["sms_code"]
        [mail] = [words for _, words in await world.outbox("mail") if "fryst" in words]
        assert "/not-me/" not in mail


async def test_what_was_done_in_a_session_is_as_old_as_the_session(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        opened(tmp_path, database_url) as (region, owner),
        region.world.browser(OUTSIDE) as thief,
    ):
        world, anna = region.world, region.anna
        await comes_in(region, thief)
        began = world.clock.at
        world.clock.move(minutes=20)
        await region.tokens(thief, region.shop)
        await owner.get(HERE)
        await press(owner, "Du öppnade Demobutiken")
        found = await disowned(world, anna)
        assert found is not None
        assert found.since == began


async def test_the_person_comes_back_with_what_is_older_and_unlocks(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        world, anna = region.world, region.anna
        world.clock.move(minutes=1)
        await press(browser, "Du loggade in")
        world.clock.move(minutes=1)
        browser.address = OUTSIDE
        await comes_in(region, browser)
        assert browser.page.path == "/apps"
        page = await browser.get("/security-info")
        await browser.submit({})  # «Visa att det är du»
        while browser.page.path.startswith("/sign-in"):
            field = "password" if 'name="password"' in browser.page.html else "code"
            world.clock.move(seconds=30)
            now = step_of(world.clock())
            typed = "Vinterdäck i augusti" if "lösenord" in browser.page.title.lower() else ""
            await browser.submit({field: typed or code_at(TOTP_SECRET, now)})
        page = browser.page
        assert page.title == "Ditt konto är fryst"
        assert "Du sa att något på kontot inte var du." in page.text
        await browser.submit({})
        assert await disowned(world, anna) is None
        page = await browser.get(HERE)
        assert "Du sa att det inte var du, och kontot frystes" in page.text


async def test_the_page_says_what_will_follow_and_looking_changes_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        [(_, link)] = rows(await browser.get(HERE))
        before = region.world.house.records.transactions
        page = await browser.get(link)
        assert page.title == "Var det inte du?"
        assert "Du loggade in Ett steg, lösenord" in page.text
        assert "På Regionens nät" in page.text
        assert "Sätt att logga in som är nya sedan 22 november 2026" in page.text
        assert "Nej, det var jag" in page.text
        assert "ingen kom in" not in page.text
        assert region.world.house.records.transactions == before
        assert await disowned(region.world, region.anna) is None


async def test_what_was_stopped_says_that_nobody_came_in(tmp_path: Path, sqlite_url: str) -> None:
    async with (
        opened(tmp_path, sqlite_url) as (region, browser),
        region.world.browser(OUTSIDE) as stranger,
    ):
        await stranger.sign_in(password="en gissning till")
        (words, link), *_ = rows(await browser.get(HERE))
        assert "gick fel" in words
        assert "ingen kom in" in (await browser.get(link)).text
        assert (await browser.submit({})).title == "Kontot är fryst"


@pytest.mark.parametrize("row", ["999999", "0", "x", "9" * 30, "-1"])
async def test_what_is_no_row_of_theirs_is_not_there(
    tmp_path: Path, sqlite_url: str, row: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        page = await browser.get(f"{HERE}/row/{row}/not-me")
        assert page.status == 404
        await browser.get(HERE)
        assert (await browser.post(f"{HERE}/row/{row}/not-me", {})).status == 404
        assert await disowned(region.world, region.anna) is None


async def test_nobody_disowns_for_somebody_else_nor_what_the_list_does_not_tell(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        opened(tmp_path, sqlite_url) as (region, anna),
        region.world.browser(INSIDE) as bo,
    ):
        who = make.account(id="bo", external_id="000018", user_name="bo.ek", given_name="Bo")
        await region.world.person(who)
        await bo.sign_in(name="bo.ek", to=HERE)
        [(_, annas)] = rows(await anna.get(HERE))
        assert (await bo.get(annas)).status == 404
        await bo.get(HERE)
        assert (await bo.post(annas, {})).status == 404
        assert await disowned(region.world, region.anna) is None

        untold = PasswordReopened(
            at=region.world.clock.at, account_id=region.anna.id, method=AuthenticatorType.TOTP
        )
        await region.world.house.records.write(lambda unit: unit.audit.write(untold))
        newest = (await events(region.world, region.anna))[0]
        assert newest.name == untold.name
        assert (await anna.get(f"{HERE}/row/{newest.id}/not-me")).status == 404


async def test_two_buttons_at_once_are_one_case(tmp_path: Path, database_url: str) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        [(_, link)] = rows(await browser.get(HERE))
        page = await browser.get(link)
        fields = page.forms()[0][1]
        headers = {
            "x-forwarded-for": INSIDE,
            "origin": region.shop.issuer,
            "sec-fetch-site": "same-origin",
            "accept": "text/html",
        }
        answers = await asyncio.gather(
            *(browser.client.post(link, data=fields, headers=headers) for _ in range(4))
        )
        assert [each.status_code for each in answers].count(200) == 1
        names = await region.world.events(region.anna)
        assert names.count("account.frozen") == names.count("account.sign_in_disowned") == 1


@pytest.mark.parametrize(
    ("address", "reaches"), [(INSIDE, False), (OUTSIDE, True)], ids=["one-factor", "two-factors"]
)
async def test_one_factor_freezes_no_further_back_than_a_link_does(
    open_world: Open, address: str, reaches: bool
) -> None:
    """A colleague at a computer that stands open could else put everything aside."""
    async with open_world() as world, world.browser(address) as browser:
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
        anna = await world.person(totp=TOTP_SECRET)
        old = world.clock.at + timedelta(seconds=1)
        await browser.sign_in(to=HERE)
        if reaches:
            await browser.submit({"code": code_at(TOTP_SECRET, step_of(world.clock()))})
        await browser.post("/sign-out", {})
        world.clock.move(days=10)
        await browser.sign_in(to=HERE)
        if reaches:
            await browser.submit({"code": code_at(TOTP_SECRET, step_of(world.clock()))})
        oldest = rows(await browser.get(HERE))[-1][1]
        page = await browser.get(oldest)
        await browser.submit({})
        found = await disowned(world, anna)
        assert found is not None
        assert found.change is Change.SIGN_IN
        if reaches:
            assert abs(found.since - old) < timedelta(minutes=1)
            assert "sedan 22 november 2026" in page.text
        else:
            assert found.since == world.clock.at - LINK_LIVES
            assert "sedan 29 november 2026" in page.text


async def test_on_a_shared_computer_the_answer_is_nobodys_page(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await world.configure([], [make.network(shared=True)])
        await world.person()
        await browser.sign_in(to=HERE)
        assert "Byt person" in browser.page.text
        page = await press(browser, "Du loggade in")
        assert page.title == "Kontot är fryst"
        assert "Byt person" not in page.text
        assert "Anna Berg" not in page.text
        assert not browser.cookie("session")
        assert (await browser.get("/apps")).title == "Logga in"
