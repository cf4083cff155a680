"""A phone in the hand: what it is asked, and its answer. The wire between is another part's."""

from datetime import timedelta

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.phones import Phone, PhoneState, Subscription
from portvakt.core.push_approval import Approval, ApprovalState
from portvakt.records.unit import Unit
from tests import make
from tests.journeys.sign_in.region import SECRET, with_rule
from tests.world import Browser, Page, World

PHONE = AuthenticatorId("annas-phone")
OTHER = AuthenticatorId("annas-other-phone")
NUMBER_PAGE = "Öppna appen och skriv numret"


def parts_of(id_: AuthenticatorId, account: Account, *, sign_in: bool) -> list[Authenticator]:
    """What a phone is bound with."""
    mine = {"account_id": account.id, "label": f"Telefonen {id_}"}
    parts = [
        make.bound(AuthenticatorType.PUSH, id=id_, **mine),
        make.bound(AuthenticatorType.TOTP, id=AuthenticatorId(f"{id_}-codes"), detail=id_, **mine),
    ]
    if sign_in:
        lock = AuthenticatorId(f"{id_}-sign-in")
        parts.append(make.bound(AuthenticatorType.PHONE_SIGN_IN, id=lock, detail=id_, **mine))
    return parts


async def pair(
    world: World,
    account: Account,
    id_: AuthenticatorId = PHONE,
    *,
    sign_in: bool = False,
    woken: bool = False,
) -> None:
    """Bind a phone; `woken` gives it a subscription."""
    subscription = None
    if woken:
        plain = Subscription(
            endpoint=f"https://push.example/{id_}", p256dh=b"\x04" + b"k" * 64, auth=b"a" * 16
        ).to_json()
        place = {"table": "phones", "column": "subscription", "row": id_}
        subscription = world.house.sealer.seal(plain, **place)
    phone = Phone(
        id=id_,
        account_id=account.id,
        state=PhoneState.ACTIVE,
        name=f"Telefonen {id_}",
        jwk='{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
        subscription=subscription,
        created_at=world.clock.at,
    )

    async def act(unit: Unit) -> None:
        await unit.phones.add(phone, None)
        for each in parts_of(id_, account, sign_in=sign_in):
            sealed = None
            if each.type is AuthenticatorType.TOTP:
                place = {"table": "authenticators", "column": "sealed", "row": each.id}
                sealed = world.house.sealer.seal(SECRET, **place)
            await unit.authenticators.bind(each, sealed=sealed)

    await world.house.records.write(act)


async def anna(world: World, *, sign_in: bool = False, woken: bool = False) -> Account:
    """Anna, who must show a second factor from outside and has a phone with our app."""
    await with_rule(world)
    account = await world.person()
    await pair(world, account, sign_in=sign_in, woken=woken)
    return account


async def waiting(world: World, account: Account) -> list[Approval]:
    """What waits for an answer, the oldest first."""
    return await world.house.records.read(
        lambda unit: unit.approvals.waiting(account.id, world.clock.at)
    )


async def answer(
    world: World,
    asked: Approval,
    number: str | None = None,
    *,
    phone: AuthenticatorId = PHONE,
    approve: bool = True,
) -> ApprovalState | None:
    """Answer on the phone: with the number that is asked for, unless another is typed."""
    account_id = asked.account_id
    assert account_id is not None
    typed = asked.number if number is None else number

    async def act(unit: Unit) -> ApprovalState | None:
        state = await unit.approvals.answer(
            asked.id, account_id, phone, typed if approve else None, world.clock.at, approve=approve
        )
        await unit.wakeups.ring(f"approval:{asked.id}")
        return state

    return await world.house.records.write(act)


async def approve(world: World, account: Account, phone: AuthenticatorId = PHONE) -> Approval:
    """Type the number of the newest request in the phone."""
    asked = (await waiting(world, account))[-1]
    assert await answer(world, asked, phone=phone) is ApprovalState.APPROVED
    return asked


async def woken(world: World) -> list[str]:
    """Take the messages that wake phones: which phones they are for."""

    async def act(unit: Unit) -> list[str]:
        found = await unit.outbox.claim("wake", world.clock.at, 10, timedelta(minutes=1))
        for each in found:
            await unit.outbox.handed_over(each.id, world.clock.at, "test")
        return [each.to for each in found]

    return await world.house.records.write(act)


def wrong(asked: Approval) -> str:
    """Another number of as many digits."""
    return str((int(asked.number) + 1) % 10**asked.digits).zfill(asked.digits)


async def go_on(browser: Browser) -> Page:
    """Press «Jag har svarat i telefonen»."""
    return await browser.submit({})


async def by_phone(browser: Browser, name: str = "anna.berg", to: str = "/apps") -> Page:
    """Press «Logga in med telefonen i stället» with a name, and whatever is in the other field."""
    await browser.get(f"/sign-in?to={to}")
    return await browser.submit({"name": name, "password": "", "way": "phone_sign_in"})


async def known(world: World, browser: Browser, account: Account) -> None:
    """Have the account known in this browser, with nobody signed in."""
    await browser.sign_in()
    await approve(world, account)
    assert (await go_on(browser)).path == "/apps"
    browser.client.cookies.delete("__Host-session")
