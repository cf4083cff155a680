"""A phone as the pages of registration meet it: what the API does with one, in the records."""

import html
import re
from datetime import timedelta

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId, PairingId
from portvakt.core.people import Account
from portvakt.core.phones import Phone, PhoneState
from portvakt.core.push_approval import Approval, ApprovalState
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.randomness import SystemRandom
from portvakt.records.pairings import Paired
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.set_up_mfa.people import HOME, comes_to_register, with_rule
from tests.make import NOW
from tests.world import Browser, Page, World

PHONE = f"{HOME}/phone"
TOTP_SECRET = b"09876543210987654321"
ADDRESS = "https://portvakt.region.example/authenticator/#pair="


async def at_the_phone(browser: Browser) -> Page:
    """«Konfigurera Authenticator-appen», somewhere where the password is enough to register."""
    await comes_to_register(browser)
    return await browser.post(PHONE, {})


def long_code(page: Page) -> str:
    """What a phone's camera reads, as the address beside the picture says it."""
    found = re.search(re.escape(ADDRESS) + r"([A-Za-z0-9_-]{22})\b", html.unescape(page.html))
    assert found is not None, page.text
    return found[1]


def short_code(page: Page) -> str:
    found = re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", page.text)
    assert found is not None, page.text
    return found[0].replace("-", "")


def number_on(page: Page) -> str:
    found = re.search(r'class="number"[^>]*aria-label="[^"]*?((?: \d)+)"', page.html)
    assert found is not None, page.text
    return found[1].replace(" ", "")


async def pairs(
    world: World, account: Account, code: str, *, name: str = "Annas Pixel"
) -> AuthenticatorId | None:
    """Come with a long code, as `api/v1/pair` does; None where it is worth nothing."""
    id_ = AuthenticatorId(SystemRandom().id())
    hashed = PairingCodes(world.house.keys).long_hash(code)
    place = {"table": "phones", "column": "totp", "row": id_}
    sealed = world.house.sealer.seal(TOTP_SECRET, **place)

    async def act(unit: Unit) -> AuthenticatorId | None:
        spent = await unit.pairings.spend(hashed, id_, world.clock.at)
        if not isinstance(spent, Paired):
            return None
        phone = Phone(
            id=id_,
            account_id=account.id,
            state=PhoneState.PROVING,
            name=name,
            jwk='{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
            created_at=world.clock.at,
        )
        await unit.phones.add(phone, sealed)
        await unit.wakeups.ring(f"pairing:{spent.pairing.id}")
        return id_

    return await world.house.records.write(act)


async def asked(world: World, account: Account) -> Approval:
    """The one request that waits."""

    async def act(unit: Unit) -> list[Approval]:
        return await unit.approvals.waiting(account.id, world.clock.at)

    [waiting] = await world.house.records.read(act)
    return waiting


async def answers(
    world: World,
    account: Account,
    phone: AuthenticatorId,
    number: str | None = None,
    *,
    approve: bool = True,
) -> ApprovalState | None:
    """Answer what waits, with the right number where none is given."""
    request = await asked(world, account)
    typed = request.number if number is None else number

    async def act(unit: Unit) -> ApprovalState | None:
        state = await unit.approvals.answer(
            request.id, account.id, phone, typed, world.clock.at, approve=approve
        )
        await unit.wakeups.ring(f"approval:{request.id}")
        return state

    return await world.house.records.write(act)


async def registers_a_phone(world: World, browser: Browser, account: Account) -> AuthenticatorId:
    """The whole way, from the button to the page after it."""
    page = await browser.post(PHONE, {})
    phone = await pairs(world, account, long_code(page))
    assert phone is not None
    await browser.submit({})
    assert await answers(world, account, phone) is ApprovalState.APPROVED
    await browser.submit({})
    return phone


async def with_phone(world: World, name: str = "Annas Pixel") -> tuple[Account, AuthenticatorId]:
    """Somebody whose phone was bound a while ago, with its codes."""
    await with_rule(world)
    anna = await world.person()
    id_ = AuthenticatorId(SystemRandom().id())
    await put_phone(world, anna, id_, name)
    return anna, id_


async def put_phone(world: World, anna: Account, id_: AuthenticatorId, name: str) -> None:
    codes = AuthenticatorId(f"{id_}-totp")
    place = {"table": "authenticators", "column": "sealed", "row": codes}
    sealed = world.house.sealer.seal(TOTP_SECRET, **place)

    async def act(unit: Unit) -> None:
        phone = Phone(
            id=id_,
            account_id=anna.id,
            state=PhoneState.ACTIVE,
            name=name,
            jwk='{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
            created_at=NOW - timedelta(days=3),
        )
        await unit.phones.add(phone, None)
        push = make.bound(AuthenticatorType.PUSH, id=id_, account_id=anna.id, label=name)
        await unit.authenticators.bind(push)
        totp = make.bound(
            AuthenticatorType.TOTP, id=codes, account_id=anna.id, label=name, detail=id_
        )
        await unit.authenticators.bind(totp, sealed=sealed)

    await world.house.records.write(act)


async def phones(world: World, account: Account) -> list[tuple[str, str, str]]:
    """Everything that belongs to phones: type, name, state; sorted."""
    standing = await world.standing(account)
    return sorted(
        (each.type.value, each.label, each.state.value)
        for each in standing.authenticators
        if each.type is AuthenticatorType.PUSH or (each.detail and each.type.value != "sms_code")
    )


async def usable(world: World, phone: AuthenticatorId) -> bool:
    """Whether the phone still is one."""
    now = world.clock.at
    return (await world.house.records.read(lambda unit: unit.phones.load(phone, now))) is not None


ACTIVE = AuthenticatorState.ACTIVE


def pairing_of(page: Page) -> PairingId:
    """The pairing that a page is about: it is named as the page is."""
    return PairingId(page.path.rpartition("/")[2])
