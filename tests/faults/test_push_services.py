"""Push services that are down, slow or have forgotten every phone; and phones without a network.

Being woken is a kindness: a phone that is opened asks by itself, so a sign-in needs no service.
"""

import base64
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.phones import Phone as StoredPhone
from portvakt.core.phones import PhoneState
from portvakt.phone.acts import Identity, Phone
from portvakt.phone.codes import code_at
from portvakt.phone.errors import RefusedError, UnreachableError
from portvakt.phone.keys import Key
from portvakt.phone.line import Line
from portvakt.records import Message, Unit
from portvakt.wake import to_body
from tests import make
from tests.bad_days.conftest import Open
from tests.bad_days.processes import eventually, free_port, until
from tests.bad_days.site import Site
from tests.bad_days.test_texts import BAD, in_time
from tests.conformance.operator import answers
from tests.phone.product import added, line_to, number_on, one
from tests.servers.push_service import WakeablePhone, push_service
from tests.world import INSIDE, Browser, Page

pytestmark = pytest.mark.slow

WAKE = """
[wake]
gateway = "web_push"
hosts = ["http://127.0.0.1:{port}"]
"""
MANY = 150
"""Phones that lose their subscriptions at once: more than all slots, and several claims."""


@dataclass
class Day:
    """Anna, whose phone is woken by a push service, and the product as it runs."""

    here: Site
    way: Line
    phone: Phone

    @property
    def phone_id(self) -> AuthenticatorId:
        return AuthenticatorId(self.phone.identity.phone)

    async def asked(self, browser: Browser) -> str:
        """Sign in as far as the number, and return it."""
        page = await in_time(browser.sign_in())
        assert page.title == "Öppna appen och skriv numret"
        return number_on(page)

    async def signs_in(self, browser: Browser) -> Page:
        """Sign in by opening the app, whether it was woken or not."""
        number = await self.asked(browser)
        answer = await self.phone.approve(await one(self.phone), number)
        assert answer.result == "approved"
        return await in_time(browser.submit({}))

    async def subscribes(self, port: int) -> WakeablePhone:
        """Say where the phone is woken, signed with its own key."""
        mine = WakeablePhone()
        told = mine.subscription(f"http://127.0.0.1:{port}")
        await self.phone.subscribe(told.endpoint, _b64u(told.p256dh), _b64u(told.auth))
        return mine

    async def subscribed(self) -> list[str]:
        """Name the phones that can be woken."""
        sql = "SELECT id FROM phones WHERE subscription IS NOT NULL ORDER BY id"
        return [row[0] for row in await self.here.rows(sql)]


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@asynccontextmanager
async def day(open_small_site: Open, port: int) -> AsyncIterator[Day]:
    """Run the product with a push service at a port, which may be there or not."""
    async with open_small_site() as here:
        here.configure(WAKE.format(port=port))
        async with (
            here.serving() as node,
            line_to(node) as way,
            here.browser(address=INSIDE) as desk,
        ):
            await here.person()
            found = Day(here, way, await added(desk, way))
            await found.subscribes(port)
            yield found


async def wakes(here: Site) -> Counter[str]:
    """Count the messages that wake phones, by what became of them."""
    rows = await here.rows("SELECT state FROM outbox WHERE channel = 'wake'")
    return Counter(row[0] for row in rows)


async def test_f40_whatever_the_push_service_does_the_opened_app_has_the_request_and_is_enough(
    open_small_site: Open,
) -> None:
    async with push_service() as there, day(open_small_site, there.port) as today:
        work_phone = make.work_phone(account_id=AccountId("anna.berg"), detail="+46701740605")
        house = today.here.world.house
        await house.records.write(lambda unit: unit.authenticators.bind(work_phone))
        for how, there.behave in BAD.items():
            async with today.here.browser() as browser:
                assert (await today.signs_in(browser)).path == "/apps", how
        async with today.here.browser() as browser:
            await today.asked(browser)
            assert "Väntar i appen" in browser.page.text
            assert "Skickat" not in browser.page.text, "nobody has taken it, and nobody says so"
            await browser.get(f"{browser.page.path}/other")
            assert "sms" in browser.page.text.lower()
            await in_time(browser.submit({"way": "totp"}))
            codes = today.phone.identity.totp
            assert codes is not None
            code, _ = code_at(codes, today.way.clock.now())
            page = await in_time(browser.submit({"code": code}))
            assert page.path == "/apps"
        assert (await wakes(today.here))["handed_over"] == 0
        assert len(there.requests) <= 2 * (1 + len(BAD)), "a service in trouble is not stormed"
        assert await today.subscribed() == [today.phone_id], "trouble there is not the phone's"


async def test_f40_a_service_that_comes_back_wakes_the_phone_for_what_still_waits(
    open_small_site: Open,
) -> None:
    port = free_port()
    async with day(open_small_site, port) as today, today.here.browser() as browser:
        number = await today.asked(browser)
        tries = "SELECT tries FROM outbox WHERE channel = 'wake'"
        await eventually(lambda: today.here.rows(tries), lambda rows: rows[0][0] >= 2)
        came_back = time.monotonic()
        async with push_service(port=port) as there:
            await until(lambda: there.requests)
            assert time.monotonic() - came_back < 30
            await eventually(lambda: wakes(today.here), lambda found: found["handed_over"] == 1)
            await browser.get(browser.page.path)
            assert "Skickat" in browser.page.text
            assert (await today.phone.approve(await one(today.phone), number)).result == "approved"
            assert (await browser.submit({})).path == "/apps"
            assert len(there.requests) == 1


async def stores_a_phone(here: Site, port: int, number: int) -> None:
    """Store somebody whose phone is to be woken now."""
    name = f"person.{number}"
    account = await here.person(name, password=None)
    row, subscription = f"wake-{number}", WakeablePhone().subscription(f"http://127.0.0.1:{port}")
    id_, now, house = AuthenticatorId(f"{name}-phone"), datetime.now(UTC), here.world.house

    def sealed(content: bytes, table: str, column: str, row: str) -> bytes:
        return house.sealer.seal(content, table=table, column=column, row=row)

    phone = StoredPhone(
        id=id_,
        account_id=account.id,
        state=PhoneState.ACTIVE,
        name="Telefon",
        jwk='{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
        subscription=sealed(subscription.to_json(), "phones", "subscription", id_),
        created_at=now,
    )
    body = to_body(subscription, id_, f"request-{number}")
    message = Message(
        id=row,
        channel="wake",
        to=id_,
        body=sealed(body, "outbox", "body", row),
        purpose="approval",
        account_id=account.id,
        created_at=now,
        not_after=now + timedelta(minutes=10),
        idempotency_key=row,
    )

    async def act(unit: Unit) -> None:
        await unit.phones.add(phone, None)
        await unit.authenticators.bind(make.bound(make.PUSH, id=id_, account_id=account.id))
        if number < MANY:
            await unit.outbox.put(message)

    await house.records.write(act)


async def test_f41_hundreds_of_subscriptions_gone_at_once_cost_nobody_their_phone(
    open_small_site: Open,
) -> None:
    async with (
        push_service(answers(410)) as there,
        day(open_small_site, there.port) as today,
        today.here.browser() as browser,
    ):
        here = today.here
        for number in range(MANY + 1):
            await stores_a_phone(here, there.port, number)
        assert (await today.signs_in(browser)).path == "/apps"
        await eventually(lambda: wakes(here), lambda found: found == {"dropped": MANY + 1}, 120)
        assert len(there.requests) == MANY + 1, "each is asked once"
        assert await today.subscribed() == [f"person.{MANY}-phone"], "nobody was sent to that one"
        states = await here.rows("SELECT state, COUNT(*) FROM phones GROUP BY state")
        bound = "SELECT state, COUNT(*) FROM authenticators WHERE type = 'push' GROUP BY state"
        assert states == [("active", MANY + 2)]
        assert await here.rows(bound) == [("active", MANY + 2)]
        there.behave = answers(201)
        mine = await today.subscribes(there.port)
        assert (await today.phone.fetch()).state == "active"
        async with here.browser() as another:
            assert (await today.signs_in(another)).path == "/apps"
        await until(lambda: there.requests[-1].target == f"/{mine.name}")
        assert mine.opened(there.requests[-1].body) == b'{"v":1}'


@asynccontextmanager
async def without_network(phone: Phone) -> AsyncIterator[Phone]:
    """The same phone where no request of it arrives."""
    port = free_port()

    async def nowhere(request: httpx.Request) -> None:
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)

    async with httpx.AsyncClient(trust_env=False, event_hooks={"request": [nowhere]}) as client:
        yield Phone(phone.identity, Line(client, phone.line.origin, phone.line.clock))


async def test_f72_an_answer_after_ten_minutes_without_network_is_refused_in_plain_words(
    open_small_site: Open,
) -> None:
    """The clock of a row is turned back instead of waiting."""
    async with (
        push_service() as there,
        day(open_small_site, there.port) as today,
        today.here.browser() as browser,
    ):
        number = await today.asked(browser)
        request = await one(today.phone)
        async with without_network(today.phone) as cut_off:
            with pytest.raises(UnreachableError):
                await cut_off.approve(request, number)
        ago = "UPDATE approvals SET created_at = created_at - ?, expires_at = expires_at - ?"
        await today.here.rows(ago, 600_000, 600_000)
        assert (await today.phone.approve(request, number)).result == "ended"
        page = await browser.submit({})
        assert page.title == "Ingen telefon har svarat"
        assert "Förfrågan har gått ut. Du kan också välja ett annat sätt." in page.text
        assert (await browser.get("/apps")).path != "/apps"


async def test_f72_a_phone_that_dies_after_its_yes_has_answered(open_small_site: Open) -> None:
    async with (
        push_service() as there,
        day(open_small_site, there.port) as today,
        today.here.browser() as browser,
    ):
        number = await today.asked(browser)
        assert (await today.phone.approve(await one(today.phone), number)).result == "approved"
        async with without_network(today.phone) as dead:
            with pytest.raises(UnreachableError):
                await dead.fetch()
            assert (await browser.submit({})).path == "/apps"


async def test_f72_what_a_backup_brings_to_a_new_phone_is_not_the_old_phone(
    open_small_site: Open,
) -> None:
    """A browser's key cannot be copied, so everything comes along but that; it is paired anew."""
    async with (
        push_service() as there,
        day(open_small_site, there.port) as today,
        today.here.browser() as browser,
    ):
        old, number = today.phone, await today.asked(browser)
        request = await one(old)
        restored = Phone(
            Identity(old.identity.origin, old.identity.phone, Key.made(), old.identity.totp),
            today.way,
        )
        for act in (restored.fetch(), restored.approve(request, number)):
            with pytest.raises(RefusedError, match="refused the signature"):
                await act
        await browser.submit({})
        assert (await browser.get("/apps")).path != "/apps", "its yes was none"
        page = await browser.get("/security-info")
        assert page.path.startswith("/sign-in"), "adding it again takes signing in first"
        async with today.here.browser(address=INSIDE) as desk:
            page = await desk.sign_in(to="/security-info/phone")
            assert page.title == "Öppna appen och skriv numret", "and a password is not enough"
