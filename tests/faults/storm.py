"""People who sign in and out again and again, and what they were told: all of it must be true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.bad_days.processes import TornPage, torn, until
from tests.bad_days.site import Site
from tests.bad_days.test_overload import crowd
from tests.world import Browser, Page

OPENED = "SELECT COUNT(*) FROM sessions WHERE account_id = ?"
STANDING = f"{OPENED} AND closed_at IS NULL"

CROWDED = "Många loggar in just nu"
"""An honest no, which the next try makes good."""


@dataclass
class Visitor:
    """One person at one inside address, where the password is enough."""

    name: str
    browser: Browser
    in_: int = 0
    """How often they were told that they are signed in."""
    out: int = 0
    """How often they were told that they are signed out."""
    torn: int = 0
    """How many answers never came."""
    refused: list[str] = field(default_factory=list)
    """What else they were told."""

    async def sign_in_and_out(self) -> None:
        """Do it once; stop where something else came than what was asked for."""
        if not self._took(await torn(self.browser.sign_in(self.name)), "/apps"):
            return
        self.in_ += 1
        if self._took(await torn(self.browser.post("/sign-out", {})), "/signed-out"):
            self.out += 1

    def _took(self, page: Page, wanted: str) -> bool:
        if isinstance(page, TornPage):
            self.torn += 1
            self.browser.client.cookies.clear()  # they begin anew, wherever they had come to
        elif (page.status, page.path) != (200, wanted) and page.title != CROWDED:
            self.refused.append(f"{page.status} {page.path}: {page.title}")
        return page.path == wanted and page.status == 200

    async def is_true(self, here: Site) -> bool:
        """Say whether what they were told is what is stored; a torn answer may have been either."""
        [(opened,)] = await here.rows(OPENED, self.name)
        [(standing,)] = await here.rows(STANDING, self.name)
        either = range(self.torn + 1)
        return opened - self.in_ in either and opened - self.out - standing in either


class Storm:
    """All of them at once, until it is over."""

    def __init__(self, visitors: list[Visitor]) -> None:
        self.visitors = visitors
        self._over = False

    async def _keeps_on(self, visitor: Visitor) -> None:
        while not self._over:
            await visitor.sign_in_and_out()

    async def everybody_once_more(self) -> None:
        """Wait until each has been signed in and out from now on."""
        before = [each.out for each in self.visitors]
        await until(
            lambda: all(now.out > then + 1 for now, then in zip(self.visitors, before, strict=True))
        )

    def told(self) -> list[str]:
        """Everything that was no answer to what they asked."""
        return [each for visitor in self.visitors for each in visitor.refused]

    @property
    def torn(self) -> int:
        return sum(each.torn for each in self.visitors)

    @asynccontextmanager
    async def raging(self) -> AsyncIterator[None]:
        """Let it rage; at the end everybody finishes what they began."""
        going = asyncio.gather(*(self._keeps_on(each) for each in self.visitors))
        try:
            yield
        finally:
            self._over = True
            await going


@asynccontextmanager
async def storm(here: Site, people: int) -> AsyncIterator[Storm]:
    """Gather so many people, who are handed to every node of the place in turn."""
    names = await crowd(here, people)
    async with here.browsers(people) as browsers:
        for at, each in enumerate(browsers):
            each.address = f"10.20.9.{at + 1}"
        yield Storm([Visitor(name, each) for name, each in zip(names, browsers, strict=True)])


async def all_true(here: Site, of: Storm) -> None:
    """Everything that anybody was told is stored (I1), and nothing was counted against them."""
    assert of.visitors
    assert [each.name for each in of.visitors if not await each.is_true(here)] == []
