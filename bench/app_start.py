"""How much the authenticator app loads first, and how soon it stands there without network.

`python -m bench.app_start`: an installed app in Chromium, its processor four times slower.
"""

import gzip
import json
import re
import shutil
import statistics
from importlib.resources import files

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.small_service import CODE, SmallService, small_service

STARTS = 15
SLOWER = 4
READY = "() => navigator.serviceWorker.ready.then(() => true)"
WATCH = """new MutationObserver((_, watching) => {
  if (!document.querySelector("h1")) return;
  watching.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.shown = performance.now(); }));
}).observe(document, { childList: true, subtree: true });"""


def first_load() -> int:
    """Bytes, compressed, of everything that starts the app: its page, parts and service worker."""
    folder = files("portvakt") / "authenticator_app"
    worker = (folder / "sw.js").read_bytes()
    found = re.search(rb'\["\./".*?\]', worker)
    if found is None:
        raise ValueError("the service worker names no files")
    names = ["index.html" if name == "./" else name for name in json.loads(found[0])]
    parts = [(folder / name).read_bytes() for name in names]
    return sum(len(gzip.compress(part, 9)) for part in [worker, *parts])


def installed(browser: Browser, service: SmallService) -> Page:
    """Pair a phone, and let its service worker keep the app."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.add_init_script(WATCH)
    page.goto(f"{service.address}/authenticator/#pair={CODE}")
    page.locator(".done").wait_for()
    page.evaluate(READY)
    return page


def starts(page: Page) -> list[float]:
    """Milliseconds from each start until the list of accounts has been painted."""
    page.context.set_offline(offline=True)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    found = []
    for _ in range(STARTS):
        page.reload()
        page.locator(".row").first.wait_for()
        page.wait_for_timeout(300)
        found.append(float(page.evaluate("() => window.shown")))
    return found


def main() -> None:
    """Print both."""
    print(f"first load: {first_load() / 1000:.1f} kB compressed")
    with small_service() as service, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        took = sorted(starts(installed(browser, service)))
        browser.close()
    print(
        f"offline start, processor {SLOWER} times slower: median {statistics.median(took):.0f} ms"
    )
    print(f"slowest of {STARTS}: {took[-1]:.0f} ms")


if __name__ == "__main__":
    main()
