"""A browser without a screen, for what only the wire shows."""

import html
import re
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpx

from tests.bad_days.processes import PATIENCE
from tests.protocols.behind_proxies import Service, Started
from tests.protocols.guarded import PAGE
from tests.world import PASSWORD

STRANGER = 401


def is_known(at: Started) -> None:
    """Return when the service has read that it guards this host (rule R27: at once, nearly)."""
    browser, last = Browser(at.service), time.monotonic() + PATIENCE
    while browser.send(at.origin).status_code != STRANGER:
        assert time.monotonic() < last, at.log.read_text(encoding="utf-8")
        time.sleep(0.05)
    browser.close()


class Browser:
    """A browser without a screen: it keeps cookies, and follows redirects where it is told to."""

    def __init__(self, where: Service) -> None:
        trusts = ssl.create_default_context(cafile=str(where.authority.ca_file))
        self._where = where
        # From an address of its own, so that no proxy takes it for one that it trusts.
        self._client = httpx.Client(
            transport=_ToLoopback(trusts), headers={"user-agent": "Test"}, timeout=PATIENCE
        )

    def close(self) -> None:
        self._client.close()

    def send(
        self, url: str, method: str = "GET", headers: Iterable[tuple[str, str]] = (), **more: Any
    ) -> httpx.Response:
        return self._client.request(method, url, headers=list(headers), **more)

    def open(self, url: str, stop: str = "\0") -> httpx.Response:
        """Move to a page, as far as redirects lead, or to the one that leads to `stop`."""
        for _ in range(12):
            answer = self.send(url, headers=PAGE.items())
            if answer.status_code not in (302, 303) or stop in answer.headers["location"]:
                return answer
            url = str(httpx.URL(url).join(answer.headers["location"]))
        raise AssertionError(f"in a circle at {url}")

    def fill_in(self, page: httpx.Response, stop: str = "\0", **fields: str) -> httpx.Response:
        """Send the form of a page of ours, and go on where the page after it leads."""
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
        action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
        assert action is not None, page.text
        own = {name: html.unescape(value) for name, value in hidden.items()}
        home = self._where.home
        sent = [*PAGE.items(), ("origin", home), ("sec-fetch-site", "same-origin")]
        answer = self.send(home + html.unescape(action[1]), "POST", sent, data=own | fields)
        onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
        if onward is not None:
            return self.open(home + html.unescape(onward[1]), stop)
        return self.open(home + answer.headers["location"], stop)

    def sign_in(self, at: Started, path: str = "/", stop: str = "\0") -> httpx.Response:
        """Open a page of the app as a stranger, and sign Anna in on the way."""
        page = self.open(at.origin + path)
        assert "Logga in" in page.text, (page.status_code, page.text[:500])
        return self.fill_in(page, stop, name="anna.berg", password=PASSWORD)

    @property
    def cookies(self) -> set[tuple[str, str]]:
        return {(each.domain, each.name) for each in self._client.cookies.jar}


class _ToLoopback(httpx.HTTPTransport):
    """Finds every `localhost` and what is below it at 127.0.0.1, as real browsers do."""

    def __init__(self, trusts: ssl.SSLContext) -> None:
        super().__init__(verify=trusts, local_address="127.0.0.2")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        assert name == "localhost" or name.endswith(".localhost")
        there = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": name},
        )
        return super().handle_request(there)
