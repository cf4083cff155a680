"""Whether Anna's computer is the region's: the page finds out, and she presses nothing more."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.bad_days.processes import free_port
from tests.protocols.our_device_site import (
    DEVICES,
    HOME,
    installed,
    is_ready,
    proxy_file,
    running,
)
from tests.servers.authority import Authority
from tests.servers.device_authority import Computer
from tests.world import PASSWORD

IN, ASKED = "Dina appar", "Vilken kod visar din app?"
HERE, THERE = "localhost", socket.gethostname().lower()
"""Two names of this machine: Playwright shows certificates through a line of its own, which looks
names up as any program does, and knows nothing below `localhost`."""


@dataclass(frozen=True)
class Site:
    folder: Path
    port: int
    computers: dict[str, Computer]

    @property
    def home(self) -> str:
        return f"https://{HERE}:{self.port}"

    @property
    def devices(self) -> str:
        return f"https://{THERE}:{self.port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("our-devices")
    try:
        second = socket.gethostbyname(THERE)
    except OSError as error:
        pytest.skip(f"this machine's own name leads nowhere: {error}")
    port, service = free_port(), f"127.0.0.1:{free_port()}"
    with ThreadPoolExecutor(1) as apart:  # a running Playwright forbids `asyncio.run` here
        box, issued = apart.submit(
            installed,
            folder,
            home=f"{HERE}:{port}",
            devices=THERE,
            service=service,
            proxy="127.0.0.1",
            inside="10.99.1.0/24",
        ).result()
    authority = Authority(folder / "tls")
    addresses = sorted({"127.0.0.1", second})
    places = {
        "127.0.0.1:8000": service,
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl": " ".join(f"listen {each}:{port} ssl;" for each in addresses)[:-1],
        "Host $host": "Host $http_host",
        DEVICES: THERE,
        HOME: HERE,
    }
    server = authority.certificate(HERE, THERE)
    at = f"127.0.0.1:{port}"
    file = proxy_file(folder, server, places)
    with running(box, file, lambda: is_ready(at, HERE, authority)):
        yield Site(folder, port, issued)


def context(chromium: Browser, site: Site, name: str | None, **given: object) -> BrowserContext:
    """Open a browser on a computer with this certificate, or with none."""
    own = {}
    if name is not None:
        certificate, key = site.computers[name].files(site.folder, name)
        shown = {"origin": site.devices, "certPath": certificate, "keyPath": key}
        own = {"client_certificates": [shown]}
    return chromium.new_context(ignore_https_errors=True, locale="sv-SE", **own, **given)  # type: ignore[arg-type]  # Playwright's own dictionaries


def sign_in(page: Page, site: Site) -> str:
    page.goto(f"{site.home}/sign-in?to=/apps")
    page.get_by_label("Användarnamn").fill("anna.berg")
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()
    page.locator(f"h1:has-text('{IN}'), h1:has-text('{ASKED}')").wait_for()
    return page.locator("h1").inner_text()


@pytest.mark.parametrize(
    ("name", "title"), [("ours", IN), (None, ASKED), ("revoked", ASKED), ("strangers", ASKED)]
)
def test_one_form_is_all_on_our_own_computer_and_a_private_one_is_asked_for_more(
    chromium: Browser, site: Site, name: str | None, title: str
) -> None:
    one = context(chromium, site, name)
    page = one.new_page()
    assert sign_in(page, site) == title
    one.close()


def test_a_private_browser_is_answered_though_it_has_no_certificate_to_choose(
    chromium: Browser, site: Site
) -> None:
    """In Chromium's own TLS, with one certificate for both names, as most have."""
    one = context(chromium, site, None)
    page = one.new_page()
    with page.expect_response("**/our-device/told?*") as told:
        page.goto(f"{site.home}/sign-in?to=/apps")
    assert told.value.json() == {"ours": False}
    one.close()


def test_a_host_for_devices_that_is_away_keeps_nobody(chromium: Browser, site: Site) -> None:
    one = context(chromium, site, None)
    one.route(f"{site.devices}/**", lambda route: route.abort("connectionrefused"))
    assert sign_in(one.new_page(), site) == ASKED
    one.close()


def test_a_host_for_devices_that_hangs_holds_the_form_for_two_seconds_only(
    chromium: Browser, site: Site
) -> None:
    one = context(chromium, site, None)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    one.route(f"{site.devices}/**", hold)
    assert sign_in(one.new_page(), site) == ASKED
    assert held
    one.close()


def test_a_page_that_wants_more_looks_again_and_goes_on_by_itself(
    chromium: Browser, site: Site
) -> None:
    one = context(chromium, site, "ours")
    page = one.new_page()
    assert sign_in(page, site) == IN
    one.clear_cookies(name="__Host-device")  # as when what was shown is too old
    page.goto(f"{site.home}/apps")
    page.locator(f"h1:has-text('{IN}')").wait_for()
    assert page.url == f"{site.home}/apps"
    one.close()


def test_without_script_a_link_does_it(chromium: Browser, site: Site) -> None:
    one = context(chromium, site, "ours", java_script_enabled=False)
    page = one.new_page()
    page.goto(f"{site.home}/sign-in?to=/apps")
    page.get_by_role("link", name="Visa att datorn hör till").click()
    page.get_by_label("Användarnamn").fill("anna.berg")
    page.get_by_label("Lösenord").fill(PASSWORD)
    page.get_by_role("button", name="Logga in", exact=True).click()
    page.locator(f"h1:has-text('{IN}')").wait_for()
    one.close()
