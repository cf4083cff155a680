"""A small site in memory: routes of the test's choosing behind the real stack."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from portvakt.texts import Texts
from portvakt.web.errors import Failures
from portvakt.web.routing import Route
from portvakt.web.site import Logo, Organisation, Site
from portvakt.web.stack import stack
from portvakt.web.templates import PACKAGE
from tests.web.trial_routes import ROUTES, PartDownError, PoolFullError

SPECIMENS = Path(__file__).parent / "specimens"
TEXTS = Texts.load()
HTTPS = "https://id.region.example"


def counted_bytes() -> Callable[[int], bytes]:
    """Return bytes that look random and are the same on every run."""
    numbers = itertools.count()
    return lambda size: hashlib.shake_256(str(next(numbers)).encode()).digest(size)


def make_site(
    *,
    public_url: str = HTTPS,
    colour: str = "#0B5A8A",
    name: str = "Region Exempel",
    trusted: Sequence[str] = (),
    hosts: dict[str, str] | None = None,
    logo: Logo | None = None,
    app_host: str | None = None,
) -> Site:
    return Site(
        public_url=public_url,
        organisation=Organisation(
            name=name, colour=colour, support_phone="026-15 40 00", logo=logo
        ),
        texts=TEXTS,
        random_bytes=counted_bytes(),
        hosts=hosts or {},
        app_host=app_host,
        trusted_proxies=tuple(ip_network(each) for each in trusted),
    )


FAILURES = Failures(down=(PartDownError,), busy=(PoolFullError,))


def make_app(*more: Route, **site: Any) -> ASGIApp:
    return stack(
        [*ROUTES, *more], make_site(**site), failures=FAILURES, folders=(PACKAGE, SPECIMENS)
    )


def make_client(
    app: ASGIApp | None = None,
    *,
    base_url: str = HTTPS,
    peer: str = "203.0.113.9",
    **site: Any,
) -> httpx.AsyncClient:
    """Return something like a browser, in front of the trial routes unless an app is given."""
    transport = httpx.ASGITransport(app=app or make_app(**site), client=(peer, 50000))
    return httpx.AsyncClient(
        transport=transport, base_url=base_url, headers={"accept": "text/html"}
    )
