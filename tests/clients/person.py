"""Somebody at a browser, who goes from app to app."""

import html
import re
import ssl
import time
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx

from portvakt.core.totp import code_at, step_of
from tests.bad_days.processes import PATIENCE
from tests.world import PASSWORD, Page

TOTP_SECRET = b"12345678901234567890"
_ONWARD = re.compile(r'http-equiv="refresh" content="0; ?url=([^"]+)"', re.IGNORECASE)


class Person:
    """Somebody at a browser that follows every redirect, here and at the apps."""

    def __init__(self, origin: str, trust: ssl.SSLContext, name: str) -> None:
        self.name = name
        self._origin = origin
        self.http = httpx.Client(verify=trust, timeout=PATIENCE)
        self.page: Page
        self.seen: list[str] = []
        """Every address of the last journey."""
        self.seen_before: list[str] = []
        """And of the one before."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def at(self) -> str:
        """Where the browser is, without the query."""
        url = self.page.response.request.url
        return str(url.copy_with(query=None))

    @property
    def ours(self) -> bool:
        return self.at.startswith(self._origin)

    def get(self, url: str) -> Page:
        return self._go("GET", url, None)

    def submit(self, form: int = 0, **fields: str) -> Page:
        """Fill in a form of the page that is shown, and send it."""
        action, hidden = self.page.forms()[form]
        return self._go("POST", action or str(self.page.response.request.url), hidden | fields)

    def give_password(self) -> Page:
        return self.submit(name=f"{self.name}.berg", password=PASSWORD)

    def go_on(self) -> Page:
        """Press on, where a page of ours says that the app asks for more."""
        assert self.page.forms()[0][0] == "/sign-in/again", self.page.text
        return self.submit()

    def give_code(self) -> Page:
        """Type what the app with codes shows, on whatever page of ours asks for it."""
        return self.submit(code=code_at(TOTP_SECRET, step_of(datetime.now(UTC))))

    def until(self, url: str, status: int) -> None:
        """Ask an app until it answers so: what is told behind the browser's back takes a moment."""
        end = time.monotonic() + PATIENCE
        while (found := self.http.get(url)).status_code != status:
            assert time.monotonic() < end, found.text
            time.sleep(0.05)

    def json(self, url: str) -> Any:
        """Ask an app for something."""
        answered = self.http.get(url)
        assert answered.headers["content-type"].startswith("application/json"), answered.text
        return answered.json()

    def _go(self, method: str, url: str, fields: dict[str, str] | None) -> Page:
        here = str(self.page.response.request.url) if hasattr(self, "page") else ""
        url, self.seen_before, self.seen = urljoin(here, url), self.seen, []
        for _ in range(20):
            self.seen.append(url)
            parts = urlsplit(url)
            sent = {"accept": "text/html"}
            if method == "POST":
                sent |= {"origin": f"{parts.scheme}://{parts.netloc}"}
            self.page = Page(self.http.request(method, url, data=fields, headers=sent))
            location = self.page.response.headers.get("location")
            if location is None:
                onward = _ONWARD.search(self.page.html)
                if onward is None:
                    return self.page
                location = html.unescape(onward[1])
            url, method, fields = urljoin(url, location), "GET", None
        raise AssertionError(self.seen)
