"""A047: one story in which everything changes, and a mail for each with the link that freezes.

Phones have theirs in `approve_push`, passwords in `change_password` and `reset_password`, what
support and imports do in `cli` and `sync_people`.
"""

import re

from portvakt.core.authenticators import AuthenticatorType
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    OTHER_TYPED,
    app_code,
    comes_with_app,
    key_on,
    with_app,
)
from tests.world import Browser, World

LINK = re.compile(r"/not-me/[A-Za-z0-9_-]{43}\n")


async def told(world: World) -> list[str]:
    """Take the mails about changes, by subject; each says when and where, and has its link."""
    found = []
    for _, words in await world.outbox("mail"):
        subject = words.partition("\n")[0]
        assert len(LINK.findall(words)) == 1, subject
        assert "När: 2026-11-22 13:" in words
        assert "Var: adress 203.0.113.7" in words
        assert "026-15 40 00" in words
        if subject != "Inloggning från en ny plats":
            found.append(subject)
    return found


async def a_number(world: World, browser: Browser) -> None:
    await browser.get(f"{HOME}/number")
    await browser.submit({"number": OTHER_TYPED})
    await browser.submit({"code": await world.last_code()})


async def test_a047_every_change_of_how_somebody_signs_in_is_told_of_by_mail(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        assert await told(world) == []

        await a_number(world, browser)
        added = await told(world)
        assert added[0] == "Nytt sätt att logga in på ditt konto"
        standing = await world.standing(anna)
        [phone] = standing.active(AuthenticatorType.SMS_CODE)
        at = f"{HOME}/methods/{phone.authenticator.id}"

        await browser.get(at)
        await browser.submit({"label": "Min privata"})
        assert await told(world) == ["Ett sätt att logga in är ändrat"]

        await browser.get(at)
        await browser.post(f"{at}/prefer", {})
        assert await told(world) == ["Nytt förstaval när du loggar in"]

        await browser.get(f"{HOME}/recovery-codes")
        await browser.post(f"{HOME}/recovery-codes", {})
        assert await told(world) == ["Nya reservkoder för ditt konto"]

        await browser.get(HOME)
        page = await browser.post(f"{HOME}/app", {})
        await browser.submit({"code": app_code(world, key_on(page))})
        assert (await told(world))[0] == "Nytt sätt att logga in på ditt konto"

        await browser.get(f"{at}/remove")
        await browser.post(f"{at}/remove", {})
        assert await told(world) == ["Ett sätt att logga in är borttaget"]
