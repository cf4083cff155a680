"""The three codes that people type, as the tests need them: somebody who has one, and its mark."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from portvakt.records.unit import Unit
from tests import make
from tests.bad_days.site import Site, app_code
from tests.world import Browser

CARD = "AB2CDE-3FGHIJ-4KLMNO"
_numbers = itertools.count(5)


@dataclass(frozen=True)
class Kind:
    """One kind of code: how browsers come to stand before its question, and how one sees it spent.

    `asked` makes a person of that name, leads every browser to the question, and returns the code.
    """

    type: AuthenticatorType
    asked: Callable[[Site, str, list[Browser]], Awaitable[tuple[Account, str]]]
    spent: str
    """A query that counts what is spent of an account."""


async def _app(site: Site, name: str, browsers: list[Browser]) -> tuple[Account, str]:
    account = await site.person_with_app(name)
    for browser in browsers:
        await browser.sign_in(name)
    return account, app_code(1)  # works for a minute or more


async def _text(site: Site, name: str, browsers: list[Browser]) -> tuple[Account, str]:
    """One browser with so many tabs: a code belongs to one sign-in."""
    number = f"+467017406{next(_numbers):02}"
    account = await site.person_with_phone(name, number)
    await browsers[0].sign_in(name)
    for tab in browsers[1:]:
        tab.client, tab.address, tab.page = (
            browsers[0].client,
            browsers[0].address,
            browsers[0].page,
        )
    return account, await site.code_to(number)


async def _card(site: Site, name: str, browsers: list[Browser]) -> tuple[Account, str]:
    account = await site.person_with_app(name)
    await with_card(site, account)
    for browser in browsers:
        page = await browser.sign_in(name)
        await browser.get(f"{page.path}/other")
        await browser.submit({"way": "recovery_code"})
    return account, CARD


async def with_card(site: Site, account: Account) -> None:
    """Give somebody a card with one code on it."""
    bare = CARD.replace("-", "")
    card = make.bound(AuthenticatorType.RECOVERY_CODE, account_id=account.id)
    hash_ = await site.world.house.hasher.hash(Secret(bare[2:]))

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(card.id, [(1, bare[:2], hash_)])

    await site.world.house.records.write(act)


KINDS = {
    "app": Kind(
        AuthenticatorType.TOTP,
        _app,
        "SELECT COUNT(*) FROM authenticators WHERE account_id = ? AND last_step IS NOT NULL",
    ),
    "text": Kind(
        AuthenticatorType.SMS_CODE,
        _text,
        "SELECT COUNT(*) FROM codes WHERE account_id = ? AND spent_at IS NOT NULL",
    ),
    "card": Kind(
        AuthenticatorType.RECOVERY_CODE,
        _card,
        "SELECT COUNT(*) FROM authenticators b JOIN recovery_codes c ON c.authenticator_id = b.id"
        " WHERE b.account_id = ? AND c.used_at IS NOT NULL",
    ),
}
