"""Chromium for all stories, and a demo for each file of them.

With several workers each has its own, and the stories of one file stay together."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.demo_at import DemoAt
from tests.browser.phone_sized import Camera, PhoneMaker, phones

SECONDS_TO_START = 40
ARGUMENTS = [
    "--no-sandbox",  # Chromium's own sandbox refuses to start as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every story here needs Chromium."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.fail("Chromium is missing; ./test installs it")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser. Package scope: a running Playwright forbids `asyncio.run` in its thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    return Camera(tmp_path_factory.mktemp("camera") / "seen.y4m")


@pytest.fixture(scope="module")
def new_phone(chromium: Browser, camera: Camera) -> Iterator[PhoneMaker]:
    """Make a new phone of a person's own; its camera films what `camera` sees."""
    with phones(chromium.browser_type, chromium_path(), ARGUMENTS, camera) as new:
        yield new


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoAt]:
    """The product as `./demo` starts it, on free ports, with its own data.

    Each file has one of its own: what became of a person in another's stories would stand in its
    way, and in which order files are run is no file's business.
    """
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@contextmanager
def running_demo(data: Path) -> Iterator[DemoAt]:
    """Start a demo with its data in a new folder, and stop it as Ctrl-C does."""
    said = data / "said.txt"
    portvakt = Path(sys.executable).with_name("portvakt")
    with said.open("w") as out:
        process = subprocess.Popen(
            [portvakt, "demo", "--port", "0", "--data", data / "data"],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while "http://localhost:" not in said.read_text(encoding="utf-8"):
            assert process.poll() is None, said.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
            time.sleep(0.05)
        facts = json.loads((data / "data" / "demo.json").read_text(encoding="utf-8"))
        yield DemoAt(facts)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0, said.read_text(encoding="utf-8")


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Make a new browser of a person's own: `browse(width=320, script=False)`."""
    contexts: list[BrowserContext] = []

    def new(*, width: int = 390, height: int = 844, script: bool = True, **more: object) -> Page:
        context = chromium.new_context(
            timezone_id="Europe/Stockholm",
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            reduced_motion="reduce",
            **more,  # type: ignore[arg-type] # whatever else Playwright knows
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()
