"""The whole product on a port of this machine, at the time on the wall, with its worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from portvakt import worker
from portvakt.app import House, opened
from portvakt.core.ids import AccountId, AuthenticatorId, PairingId, SessionId
from portvakt.core.phones import Pairing
from portvakt.core.push_approval import PAIRING_LIVES
from portvakt.crypto.pairing_codes import PairingCodes, draw_pairing_code
from portvakt.crypto.randomness import SystemRandom
from portvakt.records import Unit
from portvakt.settings.structs import Proxies, Sms, Wake
from portvakt.web.server import UVICORN_OPTIONS
from tests import make
from tests.bad_days.processes import free_port
from tests.world import Clock, World, settings

RANDOM = SystemRandom()


class WallClock(Clock):
    """Goes by itself."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    @property
    def at(self) -> datetime:
        return datetime.now(UTC)

    @at.setter
    def at(self, value: datetime) -> None:
        del value

    def move(self, **by: float) -> None:
        del by


@asynccontextmanager
async def real_service(
    folder: Path,
    database_url: str,
    push: tuple[str, ...],
    sms: tuple[Sms, ...] = (),
    **different: Any,
) -> AsyncIterator[tuple[World, str]]:
    """Serve it with these settings too, and yield what tests ask of it with its origin."""
    port = free_port()
    origin = f"http://localhost:{port}"
    chosen = msgspec.structs.replace(
        settings(folder, database_url, sms=sms),
        public_url=origin,
        proxies=Proxies(),
        wake=Wake("web_push", options={"hosts": push}),
        **different,
    )
    async with (
        opened(chosen, clock=WallClock()) as house,
        worker.beside(chosen, records=house.records, keys=house.keys, hasher=house.hasher),
        _served(house, port),
    ):
        yield World(house, WallClock()), origin


@asynccontextmanager
async def _served(house: House, port: int) -> AsyncIterator[None]:
    options: dict[str, Any] = {**UVICORN_OPTIONS, "lifespan": "off", "log_config": None}
    server = uvicorn.Server(uvicorn.Config(house.asgi, host="127.0.0.1", port=port, **options))
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            assert not running.done()
            await asyncio.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        await running


async def shows_a_code(world: World, account_id: AccountId) -> tuple[str, PairingId]:
    """Show a pairing code, as the registration page does."""
    code, now = draw_pairing_code(RANDOM), datetime.now(UTC)
    codes = PairingCodes(world.house.keys)
    pairing = Pairing(
        id=PairingId(RANDOM.id()),
        account_id=account_id,
        session_id=SessionId("session"),
        old_phone=None,
        code_hash=codes.long_hash(code.long),
        short_hash=codes.short_hash(account_id, code.short),
        created_at=now,
        expires_at=now + PAIRING_LIVES,
    )
    await world.house.records.write(lambda unit: unit.pairings.start(pairing))
    return code.long, pairing.id


async def phone_that_came(world: World, account_id: AccountId) -> AuthenticatorId | None:
    """The phone that paired, once it can be woken."""
    found = await world.house.records.read(lambda unit: unit.phones.of(account_id))
    return found[0].id if found and found[0].subscription is not None else None


async def bind(world: World, id_: AuthenticatorId) -> None:
    """Bind a phone, as the registration page does when its test request was answered."""
    now = datetime.now(UTC)

    async def act(unit: Unit) -> None:
        found = await unit.phones.load(id_, now)
        assert found is not None
        phone = found[0]
        assert await unit.phones.activate(id_, now)
        kept = make.bound(make.PUSH, id=id_, account_id=phone.account_id, label=phone.name)
        await unit.authenticators.bind(replace(kept, created_at=now, changed_at=now))

    await world.house.records.write(act)
