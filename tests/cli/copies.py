"""An installation that is lived in, and others that its backup is brought to."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.records import Unit
from tests import make
from tests.cli.box import Box
from tests.journeys.sign_in.region import anna_with_app, app_code
from tests.world import World, world

T = TypeVar("T")
CARD = "AB2CDE-3FGHIJ-4KLMNO"


def live(box: Box, story: Callable[[World], Awaitable[T]]) -> T:
    """Have the product run on a box's database at the box's time, and something happen there."""

    async def main() -> T:
        async with world(box.folder, box.url) as open_now:
            open_now.clock.at = box.now
            return await story(open_now)

    return asyncio.run(main())


def beside(box: Box, folder: Path, url: str, *, key: bool = True) -> Box:
    """Another place with the same master key, as after a fire."""
    folder.mkdir(exist_ok=True)
    other = Box.make(folder, url)
    if key:
        shutil.copy(box.key, other.key)
    other.now = box.now
    return other


@dataclass
class Left:
    """What people had in their hands when the backup was made."""

    cookies: dict[str, str] = field(default_factory=dict)


async def settle_in(here: World) -> Left:
    """Let Anna have an app and a card, be signed in, and have asked for something that waits."""
    anna = await anna_with_app(here)
    bare = CARD.replace("-", "")
    card = make.bound(AuthenticatorType.RECOVERY_CODE, account_id=anna.id)
    hash_ = await here.house.hasher.hash(Secret(bare[2:]))

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(card.id, [(1, bare[:2], hash_)])

    await here.house.records.write(act)
    async with here.browser() as browser:
        await browser.sign_in()
        assert (await browser.submit({"code": app_code(here)})).path == "/apps"
        return Left(cookies=dict(browser.client.cookies.items()))


async def signs_in(here: World) -> str:
    """Sign Anna in with name, password and the code of her app; return where she arrives."""
    async with here.browser() as browser:
        await browser.sign_in()
        return (await browser.submit({"code": app_code(here)})).path


async def is_signed_in(here: World, left: Left) -> bool:
    """Come back with the cookies from before."""
    async with here.browser() as browser:
        for name, value in left.cookies.items():
            browser.client.cookies.set(name, value, domain="portvakt.region.example")
        return (await browser.get("/apps")).path == "/apps"
