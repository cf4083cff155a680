"""Text-message gateways and mail servers on their bad days: pages answer at once, all the same."""

import asyncio
import re
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import PATIENCE, eventually, free_port, until
from tests.bad_days.site import MAIL, SMS, Site, app_code
from tests.conformance.operator import (
    Behave,
    Operator,
    Request,
    answers,
    closes,
    drips,
    hangs,
    operator,
    writes,
)
from tests.conformance.post_office import post_office
from tests.world import Browser, Page

pytestmark = pytest.mark.slow

AT_ONCE = 20.0
"""Ten times what a page may take whatever the gateway does (F36): a hang, not a figure."""
BAD: dict[str, Behave] = {
    "refuses": answers(503),
    "hangs": hangs,
    "hangs up": closes,
    "drips": drips,
    "answers garbage": writes(b"\x00\xff\x16\x03 what?\r\n\r\n" * 50),
    "answers without end": writes(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000),
    "breaks": answers(500, b"Traceback"),
}


async def in_time(asked: Awaitable[Page]) -> Page:
    began = time.monotonic()
    page = await asked
    assert time.monotonic() - began < AT_ONCE
    return page


def code_in(request: Request) -> str:
    [text] = request.form["text"]
    found = re.search(r"#(\d{6})$", text)
    assert found is not None
    return found[1]


def keys(there: Operator) -> list[tuple[str, str]]:
    """Under which key each try came, and with which code."""
    return [(each.headers["idempotency-key"], code_in(each)) for each in there.requests]


async def waits_for_a_code(here: Site, browser: Browser, name: str = "anna.berg") -> Page:
    """Come to the question for a code by text, at once, with another way in sight."""
    number = f"+467017406{len(here.people) + 5:02}"
    await here.person_with_phone(name, number, app=True)
    page = await browser.sign_in(name)
    await browser.get(f"{page.path}/other")
    page = await in_time(browser.submit({"way": f"{name}-phone"}))
    assert page.title == "Vilken kod fick du?"
    assert "Ta ett annat sätt" in page.text
    return page


async def message(here: Site) -> tuple[str, int, bool]:
    """The one text's state, tries, and whether its words are still there."""
    found = "SELECT state, tries, body IS NOT NULL FROM outbox WHERE channel = 'sms'"
    [row] = await here.rows(found)
    return row[0], row[1], bool(row[2])


async def test_f35_f36_f37_whatever_the_gateway_does_the_page_is_there_and_another_way_works(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, operator(hangs) as there:
        here.configure(SMS.format(url=there.url))
        async with here.serving() as node:
            for number, (how, there.behave) in enumerate(BAD.items()):
                async with here.browser() as browser:
                    there.requests.clear()
                    page = await waits_for_a_code(here, browser, f"person.{number}")
                    await until(lambda: there.requests)
                    await in_time(browser.get(page.path))
                    await in_time(browser.get(f"{page.path}/other"))
                    await in_time(browser.submit({"way": "totp"}))
                    page = await in_time(browser.submit({"code": app_code()}))
                    assert page.path == "/apps", how
            assert await node.status("/readyz") == 200


async def test_f35_a_gateway_that_comes_back_gets_what_still_helps_and_the_sign_in_goes_on(
    open_small_site: Open,
) -> None:
    port = free_port()
    async with open_small_site() as here:
        here.configure(SMS.format(url=f"http://127.0.0.1:{port}/send"))
        async with here.serving(), here.browser() as browser:
            await waits_for_a_code(here, browser)
            await eventually(lambda: message(here), lambda found: found[1] >= 2)
            asking = browser.page
            came_back = time.monotonic()
            async with operator(answers(200), port=port) as there:
                await until(lambda: there.requests)
                assert time.monotonic() - came_back < 30
                browser.page = asking
                page = await browser.submit({"code": code_in(there.requests[0])})
                assert page.path == "/apps"
                await eventually(lambda: message(here), lambda found: found[0] == "handed_over")
                assert not (await message(here))[2], "its words are erased"
                assert len(there.requests) == 1


async def test_f37_a_gateway_that_breaks_after_taking_a_text_gets_the_same_code_once_more(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, operator(answers(500)) as there:
        here.configure(SMS.format(url=there.url))
        async with here.serving(), here.browser() as browser:
            await waits_for_a_code(here, browser)
            await eventually(lambda: message(here), lambda found: found[0] == "dropped")
            assert len(there.requests) == 2
            assert len(set(keys(there))) == 1, "the same key and the same code"
            assert "message.failed" in await here.world.events()
            page = await browser.submit({"code": code_in(there.requests[0])})
            assert page.path == "/apps", "it may have arrived, so it works"


async def test_f35_a_text_is_never_sent_after_its_code_is_dead(open_small_site: Open) -> None:
    """The clock of a row is turned back instead of waiting for five minutes."""
    async with open_small_site() as here, operator(answers(503)) as there:
        here.configure(SMS.format(url=there.url))
        async with here.serving(), here.browser() as browser:
            await waits_for_a_code(here, browser)
            await until(lambda: there.requests)
            there.behave = answers(200)
            late = int((datetime.now(UTC) - timedelta(seconds=1)).timestamp() * 1000)
            tried = len(there.requests)
            await here.rows("UPDATE outbox SET not_after = ?", late)
            await eventually(lambda: message(here), lambda found: found[0] == "dropped")
            assert len(there.requests) <= tried + 1  # one may have been on its way just then
            assert not (await message(here))[2]


async def test_f38_of_two_texts_out_of_order_only_the_newest_code_counts(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, operator(answers(200)) as there:
        here.configure(SMS.format(url=there.url))
        async with here.serving(), here.browser() as browser:
            await waits_for_a_code(here, browser)
            await until(lambda: there.requests)
            await here.rows("UPDATE outbox SET created_at = created_at - 31000")
            await browser.submit({}, form=1)
            await until(lambda: len(there.requests) == 2)
            old, new = (code_in(each) for each in there.requests)
            assert (await browser.submit({"code": old})).status == 422
            assert (await browser.submit({"code": new})).path == "/apps"


async def test_f04_a_text_that_was_queued_before_a_kill_is_sent_once_after_it(
    open_site: Open,
) -> None:
    async with open_site() as here, operator(hangs) as nobody, operator(answers(200)) as there:
        here.configure(SMS.format(url=nobody.url))
        async with here.serving() as node, here.browser() as browser:
            await waits_for_a_code(here, browser)
            asking = browser.page
            node.kill()
            text = here.config.read_text(encoding="utf-8")
            here.config.write_text(text.replace(nobody.url, there.url), encoding="utf-8")
            # what a dead worker had claimed is free again when its claim has run out
            await here.rows("UPDATE outbox SET due_at = created_at")
            await node.restart()
            if here.url.startswith("postgresql"):
                here.worker()
            await until(lambda: there.requests)
            browser.page = asking
            assert (await browser.submit({"code": code_in(there.requests[0])})).path == "/apps"
            await eventually(lambda: message(here), lambda found: found[0] == "handed_over")
            assert len(there.requests) == 1


async def test_f05_killed_after_the_gateways_yes_the_same_code_comes_once_more_within_30_s(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, operator(hangs) as there:
        here.configure(SMS.format(url=there.url))
        worker = here.worker()
        async with here.serving(), here.browser() as browser:
            await waits_for_a_code(here, browser)
            await until(lambda: there.requests)
            worker.kill()
            killed = time.monotonic()
            there.behave = answers(200)
            worker.start()
            await until(lambda: len(there.requests) == 2, patience=PATIENCE + 10)
            assert time.monotonic() - killed < PATIENCE + 5
            assert len(set(keys(there))) == 1
            assert (await browser.submit({"code": code_in(there.requests[1])})).path == "/apps"
            await eventually(lambda: message(here), lambda found: found[0] == "handed_over")


async def test_mail_that_cannot_be_sent_holds_up_no_sign_in_and_arrives_later(
    open_small_site: Open,
) -> None:
    port = free_port()
    async with open_small_site() as here:
        here.configure(MAIL.format(port=port))
        async with here.serving(), here.browser() as browser:
            await here.person_with_app()
            await browser.sign_in()
            for _ in range(10):
                assert (await in_time(browser.submit({"code": "000000"}))).status == 422
            state = "SELECT state, tries FROM outbox WHERE channel = 'mail'"
            await eventually(lambda: here.rows(state), lambda rows: bool(rows and rows[0][1]))
            async with post_office(port) as office:
                await until(lambda: office.envelopes)
                words = office.message().get_body(("plain",))
                assert words is not None
                assert "skrivit fel kod" in words.get_content()
            await eventually(lambda: here.rows(state), lambda rows: rows[0][0] == "handed_over")


async def test_f36_a_gateway_that_is_slow_holds_up_nobody_elses_page(
    open_small_site: Open,
) -> None:
    """Twenty people at once ask for texts, and each page is there."""

    async def slow(request: Request, out: asyncio.StreamWriter) -> None:
        await asyncio.sleep(4)
        await answers(200)(request, out)

    async with open_small_site() as here, operator(slow) as there:
        here.configure(SMS.format(url=there.url))
        async with here.serving(), here.browsers(20) as browsers:
            for number, each in enumerate(browsers):
                await here.person_with_phone(f"person.{number}", f"+467017406{number + 5:02}")
                page = await in_time(each.sign_in(f"person.{number}"))
                assert page.title == "Vilken kod fick du?"
            await until(lambda: len(there.requests) == 20)
            assert len({each.headers["idempotency-key"] for each in there.requests}) == 20
