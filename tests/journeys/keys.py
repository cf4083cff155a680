"""Somebody with a key, at the pages that ask for one."""

import html
import json
import re
from dataclasses import replace
from typing import Any

from portvakt.core.people import Account
from portvakt.records.keys import Passkey
from tests.soft_key import SoftKey
from tests.world import ORIGIN, Browser, Page, World

HOME = "/security-info"
KEY = f"{HOME}/key"


def soft_key(**given: Any) -> SoftKey:
    return replace(SoftKey(ORIGIN), **given)


def to_make(page: Page) -> Any:
    """What the page's script gives to the browser."""
    found = re.search(r'data-makes-key="([^"]*)"', page.html)
    assert found is not None, page.text
    return json.loads(html.unescape(found[1]))


async def begins(browser: Browser, *, beside: bool = False) -> Page:
    """Press «Lägg till en nyckel»; whoever is here may change methods."""
    return await browser.post(KEY, {"kind": "beside"} if beside else {})


async def adds(browser: Browser, key: SoftKey, *, name: str = "", beside: bool = False) -> Page:
    page = await begins(browser, beside=beside)
    return await browser.submit({"key": key.make(to_make(page)), "label": name})


async def asked(browser: Browser, path: str = "/sign-in/key", **fields: str) -> Any:
    """What the script of the page that is shown is told to have signed; the page stays."""
    page = browser.page
    told = await browser.post(path, fields)
    browser.page = page
    assert told.status == 200, told.text
    return json.loads(told.response.text)


async def signs_in(browser: Browser, key: SoftKey, *, name: str = "", to: str = "/apps") -> Page:
    """Open the first page and press «Logga in med nyckel»."""
    await browser.get(f"/sign-in?to={to}")
    return await answers(browser, key.use(await asked(browser, to=to)), name=name)


async def answers(browser: Browser, answer: str, *, name: str = "") -> Page:
    return await browser.submit({"key": answer, "name": name})


async def shows(browser: Browser, key: SoftKey) -> Page:
    """Answer the page that asks for a key, or has one in place of the password."""
    path = browser.page.path
    answer = key.use(await asked(browser, f"{path}/key"), named=False)
    form = next(
        at
        for at, (action, _) in enumerate(browser.page.forms())
        if action == path and f'action="{action}" data-uses-key' in browser.page.html
    )
    return await browser.submit({"key": answer}, form)


async def keys_of(world: World, account: Account) -> list[Passkey]:
    return await world.house.records.read(lambda unit: unit.keys.of(account.id))
