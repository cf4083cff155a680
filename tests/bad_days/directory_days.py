"""Bad days of a directory, and a product whose people live in it.

Each day is a way to spoil a real server and a way to mend it, the same for both kinds. The product
is the whole of it: pages, background work that follows the directory, and the numbers of it.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import tomli_w

from portvakt import background_sync, stored_numbers
from portvakt.app import opened
from portvakt.background_sync import following
from portvakt.settings import Settings
from portvakt.settings.structs import Metrics
from portvakt.worker import Step
from tests import make
from tests.cli.box import SETTINGS, Answer, Box
from tests.directories.homes import RIGHT, AtSamba, AtSlapd, Home, grant, somebody
from tests.journeys.sign_in.directory import settings_of
from tests.metrics.scrape import NETWORKS, Scrape, scrape
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.authority import LIVES, Authority, Certificate
from tests.servers.region import Somebody
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd
from tests.world import Browser, Clock, Page, World, no_hold, settings

ANOTHER = "Ett annat lösen för tjänsten 7!"
EVERY = timedelta(minutes=15)


@dataclass
class Directory:
    """A server of a test's own, with a certificate of our choosing."""

    home: Home
    authority: Authority
    right: Certificate
    url: str = ""
    """How the product calls it, where that is not by its address."""

    def restart(self) -> None:
        """Connections that the product keeps end with it."""
        self.home.server.stop()
        self.home.server.start()

    def show(self, certificate: Certificate) -> None:
        """Have it show another certificate from now on."""
        self.home.server.stop()
        server = self.home.server
        if isinstance(server, Samba):
            tls = server.folder / "tls"
            (tls / "server.pem").write_bytes(certificate.certificate.read_bytes())
            (tls / "server.key").write_bytes(certificate.key.read_bytes())
        else:
            server.certificate = certificate
            server.write_config()
        server.start()

    def certificate(self, authority: Authority, lives: timedelta = LIVES) -> Certificate:
        server = self.home.server
        host = server.address if isinstance(server, Samba) else "127.0.0.1"
        return authority.certificate("localhost", host, lives=lives)

    def set_service_password(self, password: str) -> None:
        """Do it as an administrator who forgets to tell us."""
        server = self.home.server
        if isinstance(server, Samba):
            server.set_password(ad.SERVICE, password)
        else:
            server.modify(openldap.SERVICE, f"replace: userPassword\nuserPassword: {password}")
            server.modify(openldap.SERVICE, "replace: pwdReset")  # else it must be changed first
        self.restart()

    @property
    def service_password(self) -> str:
        return ad.SERVICE_PASSWORD if isinstance(self.home, AtSamba) else openldap.SERVICE_PASSWORD


def at_slapd() -> Directory:
    server = Slapd.create()
    server.start()
    return Directory(AtSlapd(server), server.authority, server.certificate)


def at_samba() -> Directory:
    server = Samba.create()
    authority = Authority(server.folder / "tls")
    found = Directory(AtSamba(server), authority, authority.certificate("localhost"))
    found.right = found.certificate(authority)
    found.show(found.right)
    grant(server)
    return found


@dataclass(frozen=True)
class BadDay:
    """One way in which a directory is of no use."""

    name: str
    spoil: Callable[[Directory, Path], None]
    mend: Callable[[Directory, Path], None]
    """Gets the folder of the product, where the file with the service account's password is."""
    said: str
    """A word that operators find in the event."""
    sync: str = "away"
    """How following says what is wrong."""


def _stop(directory: Directory, _folder: Path) -> None:
    directory.home.server.stop()


def _start(directory: Directory, _folder: Path) -> None:
    directory.home.server.start()


def _freeze(directory: Directory, _folder: Path) -> None:
    directory.home.server.signal(signal.SIGSTOP)


def _thaw(directory: Directory, _folder: Path) -> None:
    directory.home.server.signal(signal.SIGCONT)


def _by_a_stranger(directory: Directory, folder: Path) -> None:
    directory.show(directory.certificate(Authority(folder / "stranger")))


def _expired(directory: Directory, _folder: Path) -> None:
    directory.show(directory.certificate(directory.authority, lives=timedelta(days=-1)))


def _somebody_elses(directory: Directory, _folder: Path) -> None:
    directory.show(directory.authority.certificate("elsewhere.region.example"))


def _right_certificate(directory: Directory, _folder: Path) -> None:
    directory.show(directory.right)


def _new_password(directory: Directory, _folder: Path) -> None:
    directory.set_service_password(ANOTHER)


def _told_of_it(_directory: Directory, folder: Path) -> None:
    (folder / "bind-password").write_text(ANOTHER, encoding="utf-8")


STOPPED = BadDay("stopped", _stop, _start, "refused")
SILENT = BadDay("silent", _freeze, _thaw, "no answer")
STRANGER = BadDay("stranger", _by_a_stranger, _right_certificate, "certificate")
ELSEWHERE = BadDay("elsewhere", _somebody_elses, _right_certificate, "not valid for")
EXPIRED = BadDay("expired", _expired, _right_certificate, "expired")
SERVICE = BadDay("service", _new_password, _told_of_it, "service account", "service_account")


@dataclass
class Region:
    """The product, somebody in its directory, and the background work of one process."""

    world: World
    directory: Directory
    steps: list[Step]
    folder: Path
    settings: Settings
    one: Somebody = field(default_factory=somebody)

    async def follow(self) -> None:
        """Do what the background work does when a quarter of an hour has gone."""
        self.world.clock.at += EVERY
        for step in self.steps:
            await step()

    async def sign_in(self, browser: Browser) -> Page:
        at_samba = isinstance(self.directory.home, AtSamba)
        domain = f"@{samba_domain.REALM.lower()}" if at_samba else ""
        return await browser.sign_in(self.one.user_name + domain, RIGHT.open())

    async def command(self) -> Answer:
        """Run `portvakt sync` for show, as an operator would who wonders."""
        box = Box(self.folder, self.settings.database_url, now=self.world.clock.at)
        (block,) = self.settings.directories
        table = {"name": block.name, "kind": block.kind, **block.options}
        text = SETTINGS.format(url=self.settings.database_url, folder=self.folder)
        box.config.write_text(text + tomli_w.dumps({"directories": [table]}), encoding="utf-8")
        return await asyncio.to_thread(box.run, "sync", "--dry-run")

    async def told(self) -> Scrape:
        return await scrape(self.world)

    async def happened(self, *names: str) -> list[str]:
        return [each for each in await self.world.events() if each in names]


@asynccontextmanager
async def region(
    directory: Directory, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Region]:
    """Open it with one person, whom following has found."""
    monkeypatch.setattr(background_sync, "LOOKS_EVERY", 0.0)
    monkeypatch.setattr(stored_numbers, "KEPT", -1.0)  # a scrape after each step tells of it
    clock = Clock()
    chosen = chosen_settings(directory, folder, url)
    async with opened(chosen, clock=clock, hold=no_hold) as house:
        world = World(house, clock)
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
        async with following(chosen, house.records, house.sealer, clock) as steps:
            found = Region(world, directory, list(steps), folder, chosen)
            directory.home.add(found.one)
            await found.follow()
            yield found


def chosen_settings(directory: Directory, folder: Path, url: str) -> Settings:
    home = directory.home
    block = settings_of(home, folder, servers=[directory.url or home.server.ldaps])
    return msgspec.structs.replace(
        settings(folder, url), directories=(block,), metrics=Metrics(NETWORKS)
    )
