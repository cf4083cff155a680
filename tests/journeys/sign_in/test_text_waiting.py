"""The page that waits for the code in a text: it tells what is known, when it is known."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest

from portvakt.core.text_fates import ReceiptState
from portvakt.records import Message
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_phone
from tests.world import Browser, Page, World

SOON = 5.0
"""Seconds in which an answer must have come through, however busy the machine is: a hang guard."""
GATEWAY = "first"


def told(page: Page) -> str:
    found = re.search(r'<p class="waiting" role="status"[^>]*>([^<]*)</p>', page.html)
    assert found is not None
    return found[1]


def address(page: Page) -> str:
    """Where the page's script asks for more."""
    found = re.search(r'data-waits-for="([^"]+)"', page.html)
    assert found is not None
    return found[1]


async def ask(browser: Browser, where: str) -> httpx.Response:
    """Ask as the script does."""
    headers = {"accept": "application/json", "x-forwarded-for": browser.address}
    return await browser.client.get(where, headers=headers)


async def tried(world: World) -> str:
    """Claim the one text that waits, as a worker does; return its id."""
    now = world.clock.at
    claimed: Sequence[Message] = await world.house.records.write(
        lambda unit: unit.outbox.claim("sms", now, 9, timedelta(seconds=25))
    )
    (message,) = claimed
    return message.id


async def handed_over(world: World, id_: str) -> None:
    now = world.clock.at
    await world.house.records.write(lambda unit: unit.outbox.handed_over(id_, now, "op-1", GATEWAY))


async def receipt(world: World, state: ReceiptState) -> None:
    now = world.clock.at
    await world.house.records.write(lambda unit: unit.outbox.receipted(GATEWAY, "op-1", state, now))


async def failed(world: World, id_: str, *, taken: bool) -> None:
    now = world.clock.at
    await world.house.records.write(
        lambda unit: unit.outbox.failed(id_, now, "why", taken=taken, gateway=GATEWAY)
    )


async def dropped(world: World, id_: str, *, taken: bool) -> None:
    now = world.clock.at
    await world.house.records.write(lambda unit: unit.outbox.dropped(id_, now, "why", taken=taken))


async def test_the_page_tells_when_it_was_sent_and_when_it_arrived(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        assert told(page) == "Sms:et är på väg till operatören"
        world.clock.move(seconds=1)
        await handed_over(world, await tried(world))
        assert told(await browser.get(page.path)) == "Skickat 13:00:02 till ••• 05"
        world.clock.move(seconds=2)
        await receipt(world, "delivered")
        page = await browser.get(page.path)
        assert told(page) == "Skickat 13:00:02 till ••• 05 · Framme 13:00:04"
        assert "data-waits-for" not in page.html, "nothing more will become of it"


async def test_after_a_while_without_a_receipt_the_page_says_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        await handed_over(world, await tried(world))
        world.clock.move(seconds=10)
        page = await browser.get(page.path)
        assert told(page).endswith("· Operatören har inte kvitterat ännu")


@pytest.mark.parametrize(
    ("taken", "while_waiting", "given_up"),
    [
        (False, "Operatören tar inte emot just nu", "kunde inte skickas"),
        (True, "Vi vet inte om sms:et kom i väg", "Vi vet inte om sms:et kom i väg"),
    ],
)
async def test_what_went_wrong_is_told_as_it_is_and_another_way_is_in_sight(
    taken: bool, while_waiting: str, given_up: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        await failed(world, await tried(world), taken=taken)
        page = await browser.get(page.path)
        assert while_waiting in told(page)
        assert "Ta ett annat sätt" in page.text
        await dropped(world, await tried(world), taken=taken)
        page = await browser.get(page.path)
        assert given_up in told(page)
        assert "Be om en ny" in told(page)
        assert "Ta ett annat sätt" in page.text


async def test_a_text_that_did_not_arrive_is_told_of_and_a_new_one_can_be_asked_for(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        await handed_over(world, await tried(world))
        await receipt(world, "failed")
        page = await browser.get(page.path)
        assert "Det kom inte fram" in told(page)
        assert "Du kan be om en ny kod klockan 13:00:31." in page.text
        assert 'data-counts-down="30"' in page.html
        world.clock.move(seconds=30)
        page = await browser.get(page.path)
        assert "Du kan be om en ny kod" not in page.text
        page = await browser.submit({}, form=1)
        assert told(page) == "Sms:et är på väg till operatören"


async def test_a_waiting_page_is_told_as_soon_as_there_is_something_new(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        asking = asyncio.create_task(ask(browser, address(page)))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await handed_over(world, await tried(world))
        found = (await asyncio.wait_for(asking, SOON)).json()
        assert found == {
            "changed": False,
            "seen": "sent",
            "told": "Skickat 13:00:01 till ••• 05",
            "over": False,
        }
        asking = asyncio.create_task(ask(browser, f"{page.path}/text?seen=sent"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await receipt(world, "delivered")
        found = (await asyncio.wait_for(asking, SOON)).json()
        assert (found["told"], found["over"]) == (
            "Skickat 13:00:01 till ••• 05 · Framme 13:00:01",
            True,
        )


async def test_a_page_that_shows_something_old_is_answered_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        for seen in ("", "?seen=", "?seen=sent", "?seen=" + "x" * 2000):
            found = await asyncio.wait_for(ask(browser, f"{page.path}/text{seen}"), SOON)
            assert found.json()["seen"] == "queued"


async def test_a_question_that_is_held_asks_the_database_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in()
        pages = [asyncio.create_task(ask(browser, address(page))) for _ in range(20)]
        await asyncio.sleep(0.5)
        before = world.house.records.counted
        await asyncio.sleep(0.5)
        assert world.house.records.counted == before
        for each in pages:
            each.cancel()
        await asyncio.wait(pages)


async def test_a037_another_browser_learns_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as mine, world.browser() as theirs:
        await anna_with_phone(world)
        page = await mine.sign_in()
        await theirs.get("/sign-in")
        nothing = await ask(theirs, f"/sign-in/{'a' * 26}/text?seen=")
        found = await ask(theirs, address(page))
        assert (found.status_code, found.content) == (404, nothing.content)


async def test_a025_before_a_proof_nothing_is_told_of_any_text(open_world: Open) -> None:
    """A name whose password is locked gets a code sent: no digits, and no fate of a text."""
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        page = await browser.sign_in(password="fel")
        while page.path == "/sign-in":
            world.clock.move(seconds=1)
            page = await browser.sign_in(password="fel")
        assert "Kod från appen, sms eller reservkod" in page.text
        await browser.submit({}, form=1)
        await handed_over(world, await tried(world))
        page = await browser.get(browser.page.path)
        assert "••" not in page.text
        assert "data-waits-for" not in page.html
        assert (await ask(browser, f"{page.path}/text?seen=")).status_code == 404
