"""A product with `/metrics` open to the inside, and what a scrape of it says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from portvakt.app import opened
from portvakt.crypto.passwords import PasswordHasher
from portvakt.settings.structs import Metrics
from tests import make
from tests.world import INSIDE, Browser, Clock, World, no_hold, settings

NETWORKS = ("10.20.0.0/16",)


@dataclass
class Scrape:
    """What one answer says; read by the parser that comes with the library."""

    text: str

    def families(self) -> dict[str, str]:
        """Every family and its type."""
        return {each.name: each.type for each in text_string_to_metric_families(self.text)}

    def values(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Every sample of a name, by its labels."""
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name
        }

    def value(self, name: str, **labels: str) -> float:
        """One number."""
        return self.values(name)[tuple(sorted(labels.items()))]


async def scrape(world: World, address: str = INSIDE) -> Scrape:
    async with world.browser(address) as browser:
        answer = await ask(browser, "/metrics")
    assert answer.status_code == 200
    return Scrape(answer.text)


async def ask(browser: Browser, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    sent = {"x-forwarded-for": browser.address} | headers
    return await browser.client.request(method, path, headers=sent)


@asynccontextmanager
async def measured_world(
    folder: Path, database_url: str, *, hasher: PasswordHasher | None = None, **different: Any
) -> AsyncIterator[World]:
    """Open a whole product, with a rule that wants two factors outside."""
    clock = Clock()
    chosen = msgspec.structs.replace(
        settings(folder, database_url), **{"metrics": Metrics(NETWORKS)} | different
    )
    async with opened(chosen, clock=clock, hold=no_hold, hasher=hasher) as house:
        world = World(house, clock)
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
        yield world
