"""Pictures of pages in Chromium: both languages, light and dark, three widths."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WIDTHS = (320, 390, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = ("sv", "en")


@dataclass(frozen=True, slots=True)
class Shot:
    name: str
    address: str


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def take(shots: Sequence[Shot], folder: Path) -> None:
    """Write `name-language-scheme-width.png` for every shot; Playwright makes the folder."""
    async with chromium() as browser:
        for language in LANGUAGES:
            for scheme in SCHEMES:
                context = await browser.new_context(
                    extra_http_headers={"cookie": f"__Host-language={language}"},
                    color_scheme=scheme,
                )
                tab = await context.new_page()
                for shot in shots:
                    for width in WIDTHS:
                        await tab.set_viewport_size({"width": width, "height": 800})
                        await tab.goto(shot.address)
                        file = f"{shot.name}-{language}-{scheme}-{width}.png"
                        await tab.screenshot(path=folder / file, full_page=True)
                await context.close()
