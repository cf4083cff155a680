"""Firefox, our app's own service worker, and a message out of our outbox: the app is closed."""

import asyncio
from pathlib import Path

from portvakt.core.phones import Subscription, decode
from tests.browser.small_service import CODE, SmallService
from tests.browser.test_push_reaches_a_closed_app import (
    in_a_loop_of_its_own,
    public_key,
    with_a_request,
)
from tests.servers.firefox import Firefox, autopush, firefox
from tests.web.serving import served
from tests.worker.office import office, until

HEADING = "document.querySelector('h1')?.textContent"


async def sees(browser: Firefox, tab: str, heading: str) -> None:
    async with asyncio.timeout(20):
        while await browser.run(tab, HEADING) != heading:  # noqa: ASYNC110 - a page tells nobody
            await asyncio.sleep(0.1)


async def paired(browser: Firefox, service: SmallService) -> Subscription:
    """Pair and subscribe with the app open, then close it; what the service was told."""
    await browser.allow("notifications", service.address)
    await browser.do("browsingContext.create", type="tab")  # a browser without any tab would end
    tab = await browser.open(f"{service.address}/authenticator/#pair={CODE}")
    await sees(browser, tab, "Klart!")
    await until(lambda: "subscribe" in service.acts())
    await browser.do("browsingContext.close", context=tab)
    await asyncio.sleep(2)  # the worker stops
    (told,) = (each for each in service.seen if each["act"] == "subscribe")
    return Subscription(
        endpoint=told["endpoint"], p256dh=decode(told["p256dh"]), auth=decode(told["auth"])
    )


def test_our_apps_worker_is_woken_and_fetches_with_its_own_key(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def story() -> None:
        service = SmallService()
        async with (
            autopush() as push,
            served(service.app),
            firefox(tmp_path / "profile", push) as browser,
            office(sqlite_url, push=(push.url,)) as here,
        ):
            service.state["vapid"] = await public_key(here.records)
            where = await paired(browser, service)
            fetched = service.acts().count("fetch")
            await with_a_request(here, where)
            async with here.working():
                await here.state("m1", "handed_over")
                await until(lambda: service.acts().count("fetch") > fetched)
            service.end()

    in_a_loop_of_its_own(story)
