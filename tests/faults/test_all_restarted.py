"""Every node is restarted while requests wait in phones: they wait on, and count once."""

import asyncio
import html
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from portvakt.core.people import Account
from portvakt.phone.acts import Phone
from portvakt.phone.answers import Request
from portvakt.phone.line import Line
from tests.bad_days.conftest import Open
from tests.bad_days.processes import PATIENCE, eventually
from tests.bad_days.site import Site
from tests.faults.test_two_processes import LISTENING
from tests.journeys.set_up_mfa.people import HOME
from tests.phone.product import comes, line_to, number_on, one, pairing_address
from tests.world import Browser, Page

pytestmark = pytest.mark.slow

PEOPLE = 5


@dataclass
class Waiting:
    """Somebody whose browser shows a number that has not been typed in the phone yet."""

    account: Account
    browser: Browser
    phone: Phone
    request: Request
    number: str
    seen: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def begun(cls, here: Site, opened: AsyncExitStack, at: int) -> "Waiting":
        account = await here.person(f"person.{at}")
        desk, browser = await opened.enter_async_context(here.browsers(2))
        way = await opened.enter_async_context(line_to(*here.nodes))
        desk.address, browser.address = f"10.20.8.{at + 1}", f"198.51.100.{at + 1}"
        phone = await registered(desk, way, account.user_name)
        number = number_on(await browser.sign_in(account.user_name))
        await browser.get(browser.page.path)
        return cls(account, browser, phone, await one(phone), number)

    async def changed(self) -> bool:
        """Ask once what the script of the waiting page asks; False where nobody is there."""
        found = re.search(r'data-waits-for="([^"]+)"', self.browser.page.html)
        assert found is not None, self.browser.page.text
        try:
            answer = await self.browser.client.get(html.unescape(found[1]), params=self.seen)
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            return False
        said = answer.json()
        self.seen = {"seen": said["seen"]} if "seen" in said else self.seen
        return bool(said["changed"])

    async def hears_of_it(self) -> None:
        """Ask again and again, as the script does, until there is something to go on with."""
        await eventually(self.changed, bool, 2 * PATIENCE)

    async def goes_on(self) -> list[Page]:
        """Go on from four tabs at once."""
        tabs = [Browser(self.browser.client, self.browser.address) for _ in range(4)]
        for each in tabs:
            each.page = self.browser.page
        return await asyncio.gather(*(each.submit({}) for each in tabs))


async def registered(desk: Browser, way: Line, name: str) -> Phone:
    """Add a phone by the page: code, number, bound."""
    await desk.sign_in(name, to=HOME)
    phone = await comes(way, pairing_address(await desk.post(f"{HOME}/phone", {})))
    await desk.get(desk.page.path)
    page = await desk.submit({})
    await phone.approve(await one(phone), number_on(page))
    await desk.submit({"step": "number"})
    assert (await phone.fetch()).state == "active", desk.page.text
    return phone


async def test_f42_all_nodes_are_restarted_and_each_waiting_request_is_approved_once(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), AsyncExitStack() as opened:
        everybody = [await Waiting.begun(here, opened, at) for at in range(PEOPLE)]
        before = {
            each.account.id: len(await here.world.sessions(each.account)) for each in everybody
        }
        hearing = [asyncio.create_task(each.hears_of_it()) for each in everybody]
        await eventually(lambda: here.rows(LISTENING), lambda rows: rows == [(2,)])
        ended = (asyncio.to_thread(node.terminate) for node in here.nodes)
        assert await asyncio.gather(*ended) == [0, 0]
        await asyncio.gather(*(node.restart() for node in here.nodes))
        assert not any(each.done() for each in hearing), "they ask on, and nothing has come"
        for each in everybody:
            assert (await one(each.phone)).id == each.request.id, "it waits on"
            await asyncio.gather(*(each.phone.approve(each.request, each.number) for _ in "ab"))
        await asyncio.gather(*hearing)
        for each in everybody:
            await each.goes_on()
            assert len(await here.world.sessions(each.account)) == before[each.account.id] + 1
            events = await here.world.events(each.account)
            assert events.count("phone.request_approved") == 2, "to add the phone, and this one"
