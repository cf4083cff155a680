"""The stage: the whole product in this process, as the installation has it, with fictional people.

It answers on the loopback alone, has a database and a key of its own, and sends nothing anywhere.
Each journey is played in a scene: a copy of the same beginning, so that none disturbs another.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portvakt import worker
from portvakt.app import House, opened
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer, make_master_key_file, read_master_keys
from portvakt.demo.region import new_password
from portvakt.guide.cast import Cast, Member, cast_of
from portvakt.guide.errors import GuideError
from portvakt.guide.mailbox import Mailbox
from portvakt.guide.serving import Certificate, Front, serving
from portvakt.guide.stage_settings import HEADS, LETTERS, PROXY, TEXTS, settings_on_stage
from portvakt.guide.stage_state import place_of, write_state
from portvakt.guide.steps import Person, Place
from portvakt.journeys.apply_state.flow import ApplyState, Orders
from portvakt.known_directories import allowed_prefixes
from portvakt.records import open_records
from portvakt.records.migrate import migrate
from portvakt.settings import Settings
from portvakt.settings.own_hosts import own_hosts
from portvakt.strict_toml import BrokenDocumentError
from portvakt.telling_people import notices_of
from portvakt.web.site import origin_of

_PATHS: Mapping[Place, str] = {
    Place.REGISTRATION: "/security-info",
    Place.RESET: "/reset",
    Place.APPS: "/apps",
    Place.SIGN_INS: "/my-sign-ins",
}


_OPENED_DAYS_AGO = 60
"""So that people can have had things for a while."""


class StageClock:
    """The time on the wall, and as much more as somebody would have waited."""

    def __init__(self) -> None:
        """Begin now."""
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the time on the stage."""
        return datetime.now(UTC) + self._ahead

    def move(self, **by: float) -> None:
        """Let time pass, as `timedelta` has it: `move(seconds=31)`."""
        self._ahead += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One journey's own stage: whoever acts has done nothing here before."""

    house: House
    member: Member
    clock: StageClock
    mailbox: Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The product as the installation has it, ready to be played on."""

    settings: Settings
    folder: Path
    cast: Cast
    ports: Mapping[str, int]
    """Where it answers on the loopback, by scheme."""
    certificate: Certificate | None
    names: tuple[str, ...]
    """Every host name that is answered at, and no other is known to the stage's browsers."""
    state: Mapping[str, Any] | None = field(repr=False)
    tiles: Mapping[str, str] = field(repr=False)
    """Names of apps and links by the addresses that they have."""
    _front: Front = field(repr=False)

    def resolved(self) -> list[str]:
        """Return where each name of the installation and of its apps is, as Chromium reads it."""
        rules = dict[str, None]()
        for address in self.tiles:
            parts = urlsplit(address)
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
            rules[f"MAP {parts.hostname}:{port} {PROXY}:{self.ports[parts.scheme]}"] = None
        own = self.ports[urlsplit(self.settings.public_url).scheme]
        return [*rules, *(f"MAP {name} {PROXY}:{own}" for name in self.names)]

    def address(self, place: Place) -> str:
        """Return where a place is, by the name that people are told.

        Raises `GuideError` for the link in a letter, which is in the mailbox of a scene.
        """
        hosts, public = self.settings.hosts, self.settings.public_url
        named = {
            Place.REGISTRATION: hosts.registration,
            Place.RESET: hosts.reset,
            Place.APPS: hosts.apps,
        }.get(place, ())
        if named:
            return origin_of(public, named[0].partition(":")[0])
        if place is Place.AUTHENTICATOR:
            return f"{origin_of(public, hosts.authenticator)}/authenticator/"
        if place not in _PATHS:
            raise GuideError(f"{place.value} has no address of its own")
        return origin_of(public) + _PATHS[place]

    @asynccontextmanager
    async def scene(self, person: Person, *, outside: bool = True) -> AsyncIterator[Scene]:
        """Open the house on a fresh copy of the beginning, for somebody outside or inside."""
        place = place_of(self.state, outside=outside)
        for name in (TEXTS, LETTERS, HEADS):
            (self.folder / name).unlink(missing_ok=True)
        database = self.folder / "scene.db"
        for file in self.folder.glob("scene.db*"):
            file.unlink()
        await asyncio.to_thread(shutil.copyfile, self.folder / "beginning.db", database)
        settings = settings_on_stage(self.settings, self.folder, database)
        clock = StageClock()
        async with (
            opened(settings, clock=clock) as house,
            worker.beside(
                settings,
                records=house.records,
                keys=house.keys,
                hasher=house.hasher,
                clock=clock,
            ),
        ):
            self._front.show(house.asgi, place)
            try:
                yield Scene(
                    house=house,
                    member=self.cast.acting[person],
                    clock=clock,
                    mailbox=Mailbox(self.folder),
                )
            finally:
                self._front.show(None)


@asynccontextmanager
async def stage(
    settings: Settings,
    state: Mapping[str, Any] | None,
    folder: Path,
    *,
    groups: tuple[str, ...] = (),
) -> AsyncIterator[Stage]:
    """Make the stage in an empty `folder` and serve it until the end.

    `state` is what `portvakt export` wrote, read as TOML; its people are left out. The fictional
    people are in `groups`, or in the group that most tiles are for. Raises `GuideError` where the
    state cannot be applied.
    """
    clock = StageClock()
    clock.move(days=-_OPENED_DAYS_AGO)
    cast = cast_of(settings.public_url, [new_password() for _ in range(4)])
    await _beginning(settings, state, folder, cast, groups=groups, clock=clock)
    names = tuple(sorted(own_hosts(settings)))
    tiles = _tiles(state or {})
    schemes = {urlsplit(each).scheme for each in (settings.public_url, *tiles)}
    apps = {urlsplit(each).hostname or "" for each in tiles}
    front, certificate = Front(tiles), None
    async with AsyncExitStack() as open_now:
        ports = {}
        if "http" in schemes:
            ports["http"] = await open_now.enter_async_context(serving(front, None))
        if "https" in schemes:
            certificate = Certificate.make(folder, {*names, *apps}, StageClock()())
            ports["https"] = await open_now.enter_async_context(serving(front, certificate))
        yield Stage(
            settings=settings,
            folder=folder,
            cast=cast,
            ports=ports,
            certificate=certificate,
            names=names,
            state=state,
            tiles=tiles,
            _front=front,
        )


async def _beginning(
    settings: Settings,
    state: Mapping[str, Any] | None,
    folder: Path,
    cast: Cast,
    *,
    groups: tuple[str, ...],
    clock: StageClock,
) -> None:
    """Make the database that each scene is a copy of."""
    own = settings_on_stage(settings, folder, folder / "beginning.db")
    today = StageClock()().date()
    make_master_key_file(Path(own.keys.master_file), made=today)
    await asyncio.to_thread(migrate, own.database_url, lambda _: None)
    hashes = await _hashes(cast)
    file = write_state(folder, state, cast, hashes, groups=groups, today=today)
    sealer = Sealer(read_master_keys(Path(own.keys.master_file)))
    orders = Orders(
        now=clock(),
        actor="guide",
        allowed_prefixes=allowed_prefixes(own),
        country=own.organisation.country,
        own_hosts=own_hosts(own),
        allow_weaker=True,
        allow_left_out=True,
    )
    records = await open_records(own.database_url, clock=clock)
    try:
        flow = ApplyState(records, SystemRandom(), sealer, notices_of(own, sealer))
        await flow.run(file, orders)
    except BrokenDocumentError as error:
        raise GuideError(f"the state cannot be put on the stage: {error}") from error
    finally:
        await records.close()


async def _hashes(cast: Cast) -> dict[str, str]:
    hasher = PasswordHasher()
    try:
        return {each.id: await hasher.hash(Secret(each.password)) for each in cast.everybody()}
    finally:
        hasher.close()


def _tiles(state: Mapping[str, Any]) -> dict[str, str]:
    """Name what stands behind the addresses that tiles and apps lead to."""
    found: dict[str, str] = {}
    for link in state.get("links", ()):
        found[link["address"]] = link["name"]
    for app in state.get("apps", ()):
        leads = (app.get(each) for each in ("initiate_login_uri", "client_uri"))
        for address in (*leads, *app.get("redirect_uris", ())):
            if address:
                found.setdefault(address, app["client_name"])
    return {each: name for each, name in found.items() if each.startswith(("http:", "https:"))}
