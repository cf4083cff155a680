"""The picture of the README, taken from a running demo.

tools/overview.py DEMO_JSON PICTURE: `./demo` writes DATA/demo.json; start it afresh first, because
the people in the picture have not registered yet.
"""

import io
import json
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WIDTH, HEIGHT = 390, 720
GAP = 48
CANVAS = (223, 229, 235)


def _signed_in(page: Page, start: str, person: dict[str, str]) -> None:
    page.goto(start)
    page.get_by_label("E-postadress eller användarnamn").fill(person["email"])
    page.get_by_label("Lösenord", exact=True).fill(person["password"])
    page.get_by_role("button", name="Logga in").click()
    page.wait_for_load_state()


def _taken(browser: Browser, start: str, person: dict[str, str]) -> Image.Image:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, locale="sv-SE"
    )
    page = context.new_page()
    _signed_in(page, start, person)
    page.evaluate("document.activeElement.blur()")
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return picture.convert("RGB")


def overview(facts: dict[str, object]) -> Image.Image:
    """Put sign-in, registration and the question for a code beside each other."""
    people = {each["user_name"]: each for each in facts["people"]}  # type: ignore[attr-defined]  # JSON
    registration, apps = str(facts["registration"]), str(facts["apps"])
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        first = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, locale="sv-SE"
        )
        first.goto(registration)
        first.evaluate("document.activeElement.blur()")
        pages = [
            Image.open(io.BytesIO(first.screenshot())).convert("RGB"),
            _taken(browser, registration, people["bo.astrom"]),
            _taken(browser, apps, people["anna.berg"]),
        ]
        browser.close()
    wide = sum(page.width for page in pages) + GAP * (len(pages) + 1)
    whole = Image.new("RGB", (wide, pages[0].height + 2 * GAP), CANVAS)
    left = GAP
    for page in pages:
        whole.paste(page, (left, GAP))
        left += page.width + GAP
    return whole.resize((whole.width // 2, whole.height // 2))


if __name__ == "__main__":
    overview(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).save(
        sys.argv[2], optimize=True
    )
