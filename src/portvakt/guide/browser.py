"""The browsers of the stage: a desk, and phones with a camera and a screen lock.

They know the host names of the installation and no others: nothing that is shown can come from
anywhere else, and nothing is sent anywhere.
"""

import os
import shutil
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portvakt.guide.missing import see_what_is_missing
from portvakt.guide.serving import Certificate
from portvakt.guide.stage import Stage
from portvakt.guide.steps import At
from portvakt.guide.telling import SCALE
from portvakt.web.cookies import Cookie
from portvakt.web.site import origin_of

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

    from portvakt.guide.camera import Camera

DESK = (1280, 800)
PHONE = (390, 844)
"""In CSS pixels."""
PATIENCE = 20_000
_PAGE_WITHIN = 60_000
"""Milliseconds: many things may be made on this machine at once."""
_LOCALES = {"sv": "sv-SE", "en": "en-GB"}
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _chromium() -> str | None:
    return next((found for name in _CHROMIUM if (found := shutil.which(name))), None)


def chromium_arguments(rules: Iterable[str], certificate: Certificate | None) -> list[str]:
    """Return how Chromium is started, so that names lead where the rules say, and none elsewhere.

    A rule is a host, or a host with a port, and where it is: `("MAP mfa.region.se 127.0.0.1:80")`.
    """
    arguments = [*_ARGUMENTS, f"--host-resolver-rules={', '.join([*rules, 'MAP * ~NOTFOUND'])}"]
    if certificate is not None:
        arguments.append(f"--ignore-certificate-errors-spki-list={certificate.mark}")
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # it refuses to start for root
    return arguments


@dataclass(frozen=True, slots=True)
class Browsers:
    """Two running browsers, and what the phones' camera films."""

    stage: Stage
    desk: "Browser"
    phone: "Browser"
    camera: "Camera"
    patience: int = PATIENCE
    """Milliseconds until what is not there is missing."""

    @asynccontextmanager
    async def at_hand(
        self, language: str, places: Collection[At] = tuple(At)
    ) -> AsyncIterator[dict[At, "Page"]]:
        """Open a desk and phones that nobody has used, and close them at the end.

        Only those of `places`: each takes a moment.
        """
        self.camera.sees_nothing()
        pages: dict[At, Page] = {}
        try:
            for at in places:
                opens = self._desk if at is At.DESK else self._phone
                pages[at] = await opens(language)
            yield pages
        finally:
            for page in pages.values():
                await page.context.close()

    async def _desk(self, language: str) -> "Page":
        width, height = DESK
        context = await self.desk.new_context(
            viewport={"width": width, "height": height},
            user_agent=_agent(self.desk, "Windows NT 10.0; Win64; x64"),
            **_usual(language),
        )
        return await self._page(context, language)

    async def _phone(self, language: str) -> "Page":
        width, height = PHONE
        context = await self.phone.new_context(
            viewport={"width": width, "height": height},
            user_agent=_agent(self.phone, "Linux; Android 10; K", "Mobile "),
            has_touch=True,
            is_mobile=True,
            permissions=["camera", "notifications"],
            **_usual(language),
        )
        page = await self._page(context, language)
        await _with_screen_lock(page)
        return page

    async def _page(self, context: "BrowserContext", language: str) -> "Page":
        context.set_default_timeout(self.patience)
        context.set_default_navigation_timeout(_PAGE_WITHIN)
        public = self.stage.settings.public_url
        await context.add_cookies(
            [
                {
                    "name": Cookie.LANGUAGE.value,
                    "value": language,
                    "url": origin_of(public).replace("http:", "https:"),
                    "secure": True,
                    "sameSite": "Lax",
                    "httpOnly": True,
                }
            ]
        )
        return await context.new_page()


def _agent(browser: "Browser", system: str, mobile: str = "") -> str:
    """Return what the browser calls itself: what most people have, not what a guide is made on."""
    version = f"{browser.version.partition('.')[0]}.0.0.0"
    return (
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version} {mobile}Safari/537.36"
    )


def _usual(language: str) -> dict[str, Any]:
    return {
        "device_scale_factor": SCALE,
        "locale": _LOCALES[language],
        "timezone_id": "Europe/Stockholm",
        "reduced_motion": "reduce",
        "color_scheme": "light",
    }


async def _with_screen_lock(page: "Page") -> None:
    """Give the phone a screen lock that is shown at once, whenever it is asked for."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@asynccontextmanager
async def browsers(
    stage: Stage, folder: Path, *, patience: int = PATIENCE
) -> AsyncIterator[Browsers]:
    """Start the browsers of a stage, and stop them at the end.

    What is not there after so many milliseconds of `patience` is missing; `folder` keeps what the
    camera films. Raises `GuideError` with the command that installs what this machine lacks.
    """
    see_what_is_missing(films=False)
    from playwright.async_api import async_playwright  # noqa: PLC0415 - of the extra `guide`

    from portvakt.guide.camera import Camera  # noqa: PLC0415 - Pillow is of the same extra

    camera = Camera(folder / "seen.y4m")
    camera.sees_nothing()
    arguments = chromium_arguments(stage.resolved(), stage.certificate)
    path = _chromium()
    async with async_playwright() as playwright:
        start = playwright.chromium.launch
        desk = await start(executable_path=path, args=arguments, chromium_sandbox=os.geteuid() != 0)
        try:
            phone = await start(
                executable_path=path,
                args=[*arguments, *camera.arguments],
                chromium_sandbox=os.geteuid() != 0,
            )
            try:
                yield Browsers(stage, desk, phone, camera, patience)
            finally:
                await phone.close()
        finally:
            await desk.close()
