"""The apps and links of the region, and the one server that plays all of them."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from portvakt.demo.pages import page
from portvakt.demo.shop import Shop

ICONS = Path(__file__).parent / "icons"


@dataclass(frozen=True, slots=True)
class DemoApp:
    """An app that stands under its id at the shop's address."""

    id: str
    name: str
    icon: str | None = None


SHOP = DemoApp("shop", "Demobutiken")
APPS = (
    DemoApp("journal", "Journalen", "journal.png"),
    DemoApp("labb", "Labbsvar", "labb.png"),
    DemoApp("schema", "Schema", "schema.png"),
    DemoApp("loner", "Lönespecifikation", "loner.png"),
    DemoApp("tid", "Tidrapport", "tid.png"),
    DemoApp("mat", "Måltidsbeställning", "mat.png"),
    DemoApp("fel", "Felanmälan"),
)
LINKS = (
    DemoApp("intranet", "Intranätet", "intranet.png"),
    DemoApp("handbok", "Vårdhandboken", "handbok.png"),
)
COLLECTIONS = (
    ("vard", "Vård", "Care", ("journal", "labb", "handbok", "mat")),
    ("anstallning", "Min anställning", "My employment", ("schema", "tid", "loner")),
)


def entries(shop: str) -> dict[str, Any]:
    """Return what `region.toml` says of them; `shop` is the address of the server."""
    return {
        "apps": [_entry(SHOP, shop), *(_entry(each, f"{shop}/{each.id}") for each in APPS)],
        "links": [
            {"id": each.id, "name": each.name, "address": f"{shop}/{each.id}", "groups": ["alla"]}
            | _icon(each)
            for each in LINKS
        ],
        "collections": [
            {"id": id_, "name": {"sv": sv, "en": en}, "apps": list(apps)}
            for id_, sv, en, apps in COLLECTIONS
        ],
    }


def _entry(app: DemoApp, url: str) -> dict[str, Any]:
    return {
        "client_id": app.id,
        "client_name": app.name,
        "redirect_uris": [f"{url}/callback"],
        "client_uri": url,
        "initiate_login_uri": f"{url}/sign-in",
        "token_endpoint_auth_method": "none",
        "groups": ["alla"],
    } | _icon(app)


def _icon(app: DemoApp) -> dict[str, str]:
    return {} if app.icon is None else {"icon": f"icons/{app.icon}"}


class AppServer:
    """Plays every app at one address: the shop at its root, the others below."""

    def __init__(
        self, *, issuer: str, url: str, trust: ssl.SSLContext, clock: Callable[[], datetime]
    ) -> None:
        """Take the issuer that they ask, the address, and whom TLS believes."""

        def one(app: DemoApp, at: str) -> Shop:
            return Shop(
                issuer=issuer, client_id=app.id, url=at, trust=trust, clock=clock, name=app.name
            )

        self._shop = one(SHOP, url)
        self._others = {each.id: one(each, f"{url}/{each.id}") for each in APPS}

    def app(self) -> Starlette:
        """Return the server's app."""
        mounted = [Mount(f"/{id_}", each.app()) for id_, each in self._others.items()]
        return self._shop.app(*mounted, *_links(LINKS))

    async def close(self) -> None:
        """Drop the connections to the issuer."""
        for each in (self._shop, *self._others.values()):
            await each.close()


def _links(links: Sequence[DemoApp]) -> list[BaseRoute]:
    def leading_to(link: DemoApp) -> Route:
        async def answer(_: Request) -> Response:
            return page("link.html", name=link.name)

        return Route(f"/{link.id}", answer)

    return [leading_to(each) for each in links]
