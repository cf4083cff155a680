"""A newer version of the authenticator app comes whole or not at all, and strands no phone."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import Eyes
from tests.guards.tree import PACKAGE

Browse = Callable[..., Page]
UPDATE = "() => navigator.serviceWorker.getRegistration().then((one) => one.update())"
CACHES = "() => caches.keys()"


class Quiet(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name it has there)
        """Say nothing."""


class Published:
    """The app's files on a server of their own, of whichever version."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        (self.script,) = (path.name for path in folder.glob("app-*.js"))

    def publish(self, mark: str, *, whole: bool = True) -> None:
        """Put a version there that says `mark`; without its script where it is not whole."""
        script = f"app-{mark * 8}.js"
        text = (self.folder / self.script).read_text(encoding="utf-8")
        if whole:
            changed = text.replace("Lägg till ditt konto", f"Lägg till ditt konto {mark}")
            (self.folder / script).write_text(changed, encoding="utf-8")
        for name in ("index.html", "sw.js"):
            file = self.folder / name
            file.write_text(
                re.sub(r"app-[0-9A-Z]{8}\.js", script, file.read_text(encoding="utf-8")),
                encoding="utf-8",
            )
        worker = self.folder / "sw.js"
        told = re.sub(r'"shell-\w+"', f'"shell-{mark}"', worker.read_text(encoding="utf-8"))
        worker.write_text(told, encoding="utf-8")


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Published]:
    folder = tmp_path / "authenticator"
    shutil.copytree(PACKAGE / "authenticator_app", folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Published(folder, f"http://localhost:{server.server_port}/authenticator/")
    server.shutdown()
    thread.join()
    server.server_close()


def started(published: Published, page: Page) -> Eyes:
    page.goto(published.address)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    return Eyes(page)


def only(page: Page, name: str) -> None:
    """Wait until that version is the one that is kept."""
    for _ in range(100):
        if page.evaluate(CACHES) == [name]:
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.evaluate(CACHES))


def test_a_newer_version_takes_over_at_the_next_start(published: Published, browse: Browse) -> None:
    page = browse()
    eyes = started(published, page)
    published.publish("B")
    page.evaluate(UPDATE)
    only(page, "shell-B")
    page.reload()
    eyes.title("Lägg till ditt konto B")
    page.context.set_offline(True)
    page.reload()
    eyes.title("Lägg till ditt konto B")


def test_half_a_version_changes_nothing_until_it_is_whole(
    published: Published, browse: Browse
) -> None:
    page = browse()
    eyes = started(published, page)
    before = page.evaluate(CACHES)
    published.publish("B", whole=False)
    page.evaluate(UPDATE)
    page.wait_for_timeout(500)
    page.reload()
    eyes.title("Lägg till ditt konto")
    page.wait_for_timeout(500)
    assert page.evaluate(CACHES) == before
    published.publish("C")
    page.evaluate(UPDATE)
    only(page, "shell-C")
    page.reload()
    eyes.title("Lägg till ditt konto C")


def test_the_app_starts_though_the_server_is_gone(published: Published, browse: Browse) -> None:
    page = browse()
    started(published, page)
    shutil.rmtree(published.folder)
    page.reload()
    expect(page.get_by_role("heading", name="Lägg till ditt konto")).to_be_visible()
