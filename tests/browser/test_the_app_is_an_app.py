"""The authenticator app as something installed: manifest, icons, and how it is read."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.seeing import Eyes
from tests.browser.small_service import CODE, SmallService, small_service, with_screen_lock

Browse = Callable[..., Page]
WIDTH_AND_HEIGHT = """src => new Promise((done, wrong) => {
  const picture = new Image();
  picture.onload = () => done([picture.naturalWidth, picture.naturalHeight]);
  picture.onerror = () => wrong(new Error(src));
  picture.src = src;
})"""


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as one:
        yield one


def paired(service: SmallService, page: Page) -> Eyes:
    with_screen_lock(page)
    page.goto(f"{service.address}/authenticator/#pair={CODE}")
    eyes = Eyes(page)
    eyes.title("Klart!")
    eyes.press("Till mina konton")
    eyes.sees("Telefonen är på.")
    return eyes


def test_chromium_would_install_it_with_every_icon_of_its_size(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    page.goto(f"{service.address}/authenticator/")
    page.evaluate("() => navigator.serviceWorker.ready")
    devtools = page.context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{service.address}/authenticator/manifest.webmanifest"
    refused = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in refused] in ([], ["in-incognito"])
    said = page.evaluate("async url => (await fetch(url)).json()", manifest["url"])
    assert (said["display"], said["start_url"], said["scope"]) == ("standalone", "./", "./")
    for icon in said["icons"]:
        if icon["sizes"] != "any":
            size = page.evaluate(WIDTH_AND_HEIGHT, icon["src"])
            assert "x".join(map(str, size)) == icon["sizes"], icon["src"]
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in said["icons"]}
    assert {"any", "maskable"} <= {icon["purpose"] for icon in said["icons"]}


def test_a_screen_reader_meets_a_request_in_the_order_that_it_is_decided(
    service: SmallService, browse: Browse
) -> None:
    """What it opens, from where, in what, then the number, and the three answers (WCAG 1.3.2)."""
    page = browse()
    eyes = paired(service, page)
    service.ask("one", known_browser=False)
    eyes.title("Är det du som loggar in?")
    read = page.locator("main").aria_snapshot()
    in_order = [
        'heading "Är det du som loggar in?" [level=1]',
        "Du har inte loggat in i den webbläsaren förut.",
        "Lön & tid",
        "Utanför regionens nät, adress 203.0.113.7",
        "Chrome, Windows",
        'textbox "Vilket nummer står på den andra skärmen?"',
        'button "Godkänn"',
        'button "Neka"',
        'button "Det var inte jag"',
    ]
    places = [read.find(each) for each in in_order]
    assert -1 not in places, read
    assert places == sorted(places), read


def test_the_keyboard_meets_the_answers_in_the_same_order(
    service: SmallService, browse: Browse
) -> None:
    page = browse()
    eyes = paired(service, page)
    service.ask("one")
    eyes.title("Är det du som loggar in?")
    page.get_by_label("Vilket nummer står på den andra skärmen?").focus()
    met = []
    for _ in range(3):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.innerText"))
    assert met == ["Godkänn", "Neka", "Det var inte jag"]
