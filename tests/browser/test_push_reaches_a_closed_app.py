"""A message from our outbox wakes the service worker of an app that is closed, in real browsers.

Firefox subscribes with its own push client at a push service on loopback, decrypts what our adapter
encrypted, and checks nothing for us: what comes out of it is what a phone gets.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.phones import Subscription, decode
from portvakt.core.push_approval import Approval
from portvakt.crypto.randomness import SystemRandom
from portvakt.proving.push_key import PushKey
from portvakt.records import Records, Unit
from tests import make
from tests.browser.real_service import bind, phone_that_came, real_service, shows_a_code
from tests.conformance.operator import Operator, Request, answers, operator
from tests.records.a_phone import ID, approval
from tests.records.a_phone import put as put_phone
from tests.records.stored import person
from tests.servers.firefox import Firefox, autopush, firefox
from tests.servers.push_service import WakeablePhone, at, push_service
from tests.worker.office import SEALER, Office, office, until
from tests.world import PASSWORD, World

PAGE = b"""<!doctype html><html lang="sv"><meta charset="utf-8"><title>App</title>
<script>ready = navigator.serviceWorker.register("/worker.js").then(
  () => navigator.serviceWorker.ready)</script>"""
WORKER = b"""self.addEventListener("push", (event) => event.waitUntil(woken(event)));
async function woken(event) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const told = { data: event.data.text(), windows: open.length };
  await fetch("/woken", { method: "POST", body: JSON.stringify(told) });
  await self.registration.showNotification("Titel");
}"""
SUBSCRIBE = """ready.then(async (registration) => JSON.stringify(
  await registration.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: "%s"})))"""


SIGN_IN = """(() => {
  const form = document.querySelector('form[action="/sign-in"]');
  form.elements.name.value = "%s";
  form.elements.password.value = "%s";
  form.requestSubmit();
})()"""
NUMBER = "document.querySelector('.number')?.textContent"


class SmallApp:
    """A page, its worker, and what the worker has told when it was woken."""

    def __init__(self) -> None:
        self.woken: list[dict[str, Any]] = []

    async def serve(self, request: Request, out: asyncio.StreamWriter) -> None:
        if request.target == "/woken":
            self.woken.append(json.loads(request.body))
            await answers(204)(request, out)
        elif request.target == "/worker.js":
            await answers(200, WORKER, "Content-Type: text/javascript")(request, out)
        else:
            await answers(200, PAGE, "Content-Type: text/html; charset=utf-8")(request, out)


def at_localhost(there: Operator) -> str:
    return f"http://localhost:{there.port}"


def described(told: str) -> Subscription:
    """What the app tells the service of its subscription."""
    found = json.loads(told)
    keys = found["keys"]
    return Subscription(
        endpoint=found["endpoint"], p256dh=decode(keys["p256dh"]), auth=decode(keys["auth"])
    )


async def public_key(records: Records) -> str:
    keeper = PushKey(records=records, sealer=SEALER, random=SystemRandom())
    return (await keeper.key(datetime.now(UTC))).published


async def with_a_request(here: Office, subscription: Subscription) -> None:
    """Anna has this phone, and something waits for it."""

    async def put(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await put_phone(unit)
        await unit.approvals.start(approval(created_at=datetime.now(UTC)))

    await here.records.write(put)
    await here.subscribe(ID, subscription)
    await here.put_wake(subscription)


async def until_it_is_there(look: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Look again and again until there is something, and return it."""
    async with asyncio.timeout(30):
        while not (found := await look()):  # noqa: ASYNC110 - it is the browser's doing
            await asyncio.sleep(0.1)
        return found


def in_a_loop_of_its_own(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story beside a running Playwright, which keeps its thread's loop to itself."""
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(story())
        except BaseException as error:  # noqa: BLE001 - it is raised again where pytest sees it
            trouble.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]


def test_firefox_wakes_a_closed_app_by_its_own_push_client(sqlite_url: str, tmp_path: Path) -> None:
    async def story() -> None:
        app = SmallApp()
        async with (
            autopush() as push,
            operator(app.serve) as pages,
            firefox(tmp_path / "profile", push) as browser,
            office(sqlite_url, push=(push.url,)) as here,
        ):
            where = await subscribed(browser, at_localhost(pages), await public_key(here.records))
            await with_a_request(here, where)
            async with here.working():
                await here.state("m1", "handed_over")
                await until(lambda: bool(app.woken))
            assert app.woken == [{"data": '{"v":1}', "windows": 0}]
            await until(lambda: len(push.acknowledged) == 1)

    in_a_loop_of_its_own(story)


async def subscribed(browser: Firefox, origin: str, key: str) -> Subscription:
    """Open the app, have it subscribe, close it, and wait until its worker has stopped."""
    await browser.allow("notifications", origin)
    await browser.do("browsingContext.create", type="tab")  # a browser without any tab would end
    tab = await browser.open(f"{origin}/")
    found = described(await browser.run(tab, SUBSCRIBE % key))
    await browser.do("browsingContext.close", context=tab)
    await asyncio.sleep(2)
    return found


def test_a_firefox_that_has_unsubscribed_is_forgotten(sqlite_url: str, tmp_path: Path) -> None:
    async def story() -> None:
        app = SmallApp()
        async with (
            autopush() as push,
            operator(app.serve) as pages,
            firefox(tmp_path / "profile", push) as browser,
            office(sqlite_url, push=(push.url,)) as here,
        ):
            where = await subscribed(browser, at_localhost(pages), await public_key(here.records))
            push.channels.clear()
            await with_a_request(here, where)
            async with here.working():
                row = await here.state("m1", "dropped")
            assert row["why"] == "status 410"
            found = await here.records.read(lambda unit: unit.phones.load(ID, datetime.now(UTC)))
            assert found is not None
            assert found[0].subscription is None
            assert app.woken == []

    in_a_loop_of_its_own(story)


def test_chromium_wakes_a_closed_app_with_what_we_sent(sqlite_url: str, chromium: Browser) -> None:
    """Chromium's own push client needs its maker's service, so its tools deliver in its place."""
    phone, told, app = WakeablePhone(), list[bytes](), SmallApp()
    stop = threading.Event()
    ports: list[int] = []

    async def pages() -> None:
        async with operator(app.serve) as there:
            ports.append(there.port)
            await asyncio.to_thread(stop.wait)

    async def send() -> None:
        async with push_service() as there, office(sqlite_url, push=(at(there),)) as here:
            await with_a_request(here, phone.subscription(at(there)))
            async with here.working():
                await here.state("m1", "handed_over")
            told.extend(request.body for request in there.requests)

    serving = threading.Thread(target=lambda: asyncio.run(pages()))
    serving.start()
    try:
        in_a_loop_of_its_own(send)
        (body,) = told
        deliver(chromium, f"http://localhost:{ports[0]}", phone.opened(body).decode(), app)
    finally:
        stop.set()
        serving.join()
    assert app.woken == [{"data": '{"v":1}', "windows": 0}]


def deliver(chromium: Browser, origin: str, data: str, app: SmallApp) -> None:
    """Give a message to the worker of a closed app."""
    context = chromium.new_context(permissions=["notifications"])
    try:
        elsewhere = context.new_page()
        tools = context.new_cdp_session(elsewhere)
        found: list[dict[str, Any]] = []
        tools.on(
            "ServiceWorker.workerRegistrationUpdated", lambda e: found.extend(e["registrations"])
        )
        tools.send("ServiceWorker.enable")
        page = context.new_page()
        page.goto(f"{origin}/")
        page.evaluate("ready.then(() => true)")
        page.close()
        here = {"origin": origin, "registrationId": found[-1]["registrationId"], "data": data}
        tools.send("ServiceWorker.deliverPushMessage", here)
        for _ in range(100):
            if app.woken:
                break
            elsewhere.wait_for_timeout(50)
    finally:
        context.close()


def test_a_sign_in_on_the_computer_wakes_the_real_app_and_it_asks_what_there_is(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with (
            autopush() as push,
            real_service(tmp_path, sqlite_url, (push.url,)) as (world, origin),
            firefox(tmp_path / "profile", push) as browser,
        ):
            anna = await world.person()
            await world.configure([make.rule()])
            await pairs_and_closes(browser, origin, world, anna)
            tab = await browser.open(f"{origin}/sign-in?to=/apps")
            await browser.run(tab, SIGN_IN % (anna.user_name, PASSWORD))
            await until_it_is_there(lambda: browser.run(tab, NUMBER))
            request = await until_it_is_there(lambda: delivered(world, anna))
            assert request.sent_at is not None
            assert request.sent_at <= request.delivered_at
            assert len(push.acknowledged) == 1

    in_a_loop_of_its_own(story)


async def pairs_and_closes(browser: Firefox, origin: str, world: World, anna: Account) -> None:
    """Pair the app as a person does, with notifications allowed, and close it."""
    await browser.allow("notifications", origin)
    await browser.do("browsingContext.create", type="tab")  # a browser without any tab would end
    code, _ = await shows_a_code(world, anna.id)
    app = await browser.open(f"{origin}/authenticator/#pair={code}")

    async def goes_on() -> AuthenticatorId | None:
        """Say yes to the name that is suggested, if it is asked for."""
        await browser.run(app, "document.querySelector('form button')?.click()")
        return await phone_that_came(world, anna.id)

    phone = await until_it_is_there(goes_on)
    await bind(world, phone)
    await browser.do("browsingContext.close", context=app)
    await asyncio.sleep(2)


async def delivered(world: World, anna: Account) -> Approval | None:
    """The request that waits, once a phone has fetched it."""
    now = datetime.now(UTC)
    waiting = await world.house.records.read(lambda unit: unit.approvals.waiting(anna.id, now))
    return waiting[0] if waiting and waiting[0].delivered_at is not None else None
