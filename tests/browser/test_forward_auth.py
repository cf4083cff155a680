"""Anna opens two apps that know nothing of sign-in, each behind its own nginx, in Chromium."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from portvakt.core.ids import AccountId
from portvakt.records.unit import Unit
from tests import make
from tests.protocols.behind_proxies import Service, Started, configure, proxy, service
from tests.protocols.plain_browser import Browser as Without
from tests.protocols.plain_browser import is_known
from tests.world import PASSWORD

Apps = tuple[Started, Started]
ASKS = """async () => {
    const answer = await fetch("/data", { redirect: "manual" });
    return [answer.status, answer.type];
}"""
SOCKET = """() => new Promise((done) => {
    const line = new WebSocket(`wss://${location.host}/line`);
    line.onopen = () => done("open");
    line.onerror = () => done("refused");
})"""


@pytest.fixture(scope="module")
def apps(migrated_file: Path) -> Iterator[Apps]:
    with TemporaryDirectory() as made:
        folder = Path(made)
        database = folder / "portvakt.db"
        database.write_bytes(migrated_file.read_bytes())
        with (
            service(folder, f"sqlite:///{database}") as running,
            proxy(running, "nginx", "wiki") as wiki,
            proxy(running, "nginx", "plans") as plans,
        ):
            configure(running, [wiki.host, plans.host])
            is_known(wiki)
            is_known(plans)
            yield wiki, plans


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def context(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[BrowserContext]:
    # The authority is the tests' own; whether proxies check certificates is shown elsewhere.
    one = chromium.new_context(
        ignore_https_errors=True, java_script_enabled=request.param, locale="sv-SE"
    )
    yield one
    one.close()


def sign_in(page: Page, name: str = "anna.berg") -> None:
    page.get_by_label("Användarnamn").fill(name)
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()


def is_in(page: Page, at: Started, path: str, name: str = "anna.berg") -> None:
    page.get_by_role("heading", name=name, exact=True).wait_for()
    assert page.url == at.origin + path


def is_asked(page: Page, service: Service) -> None:
    page.get_by_label("Lösenord").wait_for()
    assert page.url.startswith(f"{service.home}/sign-in")


def test_one_sign_in_opens_both_apps_and_one_sign_out_closes_both(
    apps: Apps, context: BrowserContext
) -> None:
    wiki, plans = apps
    page = context.new_page()
    page.goto(wiki.origin + "/vård.html?q=1")
    is_asked(page, wiki.service)
    sign_in(page)
    is_in(page, wiki, "/v%C3%A5rd.html?q=1")
    page.goto(plans.origin + "/plan.html")
    is_in(page, plans, "/plan.html")

    cookies = {(each["domain"], each["name"]): each for each in context.cookies()}
    own = cookies["wiki.localhost", "__Host-portvakt"]
    assert own["secure"]
    assert own["httpOnly"]
    assert own["sameSite"] == "Lax"
    assert own["value"] != cookies["plans.localhost", "__Host-portvakt"]["value"]
    assert ("wiki.localhost", "__Host-session") not in cookies, "ours stays at home"

    page.get_by_role("link", name="Logga ut").click()
    page.get_by_role("heading", name="Vill du logga ut?").wait_for()
    page.get_by_role("button", name="Logga ut").click()
    page.get_by_role("heading", name="Du är utloggad").wait_for()
    for app in apps:
        page.goto(app.origin + "/again.html")
        is_asked(page, app.service)


def test_what_an_open_page_asks_for_is_refused_without_a_redirect_when_it_is_over(
    apps: Apps, chromium: Browser
) -> None:
    wiki, _ = apps
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    world = wiki.service.world
    bo = make.account(id=AccountId("bo"), external_id="18", user_name="bo.lund")
    wiki.service.do(world.person(bo))
    page.goto(wiki.origin + "/open.html")
    sign_in(page, "bo.lund")
    is_in(page, wiki, "/open.html", "bo.lund")
    assert page.evaluate(ASKS) == [200, "basic"]

    async def disable(unit: Unit) -> None:
        await unit.people.disable_many([bo.id], world.clock())

    wiki.service.do(world.house.records.write(disable))
    before = len(wiki.service.app.seen)
    assert page.evaluate(ASKS) == [401, "basic"]
    assert page.evaluate(SOCKET) == "refused"
    page.reload()
    is_asked(page, wiki.service)
    sign_in(page, "bo.lund")
    page.get_by_role("link", name="lösenord").first.wait_for()
    assert page.title().startswith("Fel:")
    assert len(wiki.service.app.seen) == before
    context.close()


def test_a_link_of_somebody_elses_signs_nobody_in(apps: Apps, chromium: Browser) -> None:
    """Mallory signs in, stops short of using the ticket, and has Anna's browser open it."""
    wiki, _ = apps
    mallory = Without(wiki.service)
    ticket = mallory.sign_in(wiki, stop="/.portvakt/ticket").headers["location"]
    mallory.close()
    anna = chromium.new_context(ignore_https_errors=True, locale="sv-SE")
    victim = anna.new_page()
    victim.goto(wiki.origin + "/open.html")  # her browser has begun, too
    victim.goto(ticket)
    victim.get_by_role("heading", name="Vi kunde inte öppna Wiki").wait_for()
    assert urlsplit(victim.url).netloc == urlsplit(wiki.service.home).netloc
    victim.get_by_role("link", name="Öppna Wiki").click()
    is_asked(victim, wiki.service)
    anna.close()
