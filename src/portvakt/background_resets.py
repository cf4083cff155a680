"""Settles resets that were cut off, in the background: any process may, and one does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog

from portvakt.base import directory_passwords
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.sealing import Sealer
from portvakt.known_directories import directories
from portvakt.proving.password_homes import Homes
from portvakt.proving.password_reading_back import ReadingBack
from portvakt.records import Records
from portvakt.settings import Settings
from portvakt.telling_people import notices_of

_log = structlog.get_logger("portvakt.resets")

LOOKS_EVERY: Final = 10.0
"""Seconds between two looks for what was cut off."""


@asynccontextmanager
async def settling(
    settings: Settings,
    records: Records,
    sealer: Sealer,
    hasher: PasswordHasher,
    clock: Callable[[], datetime],
) -> AsyncIterator[Sequence[Callable[[], Awaitable[None]]]]:
    """Open the directories, and give the step that settles. Raises `AdapterSettingsError`."""
    async with directories(settings) as known:
        passwords = directory_passwords(settings, known, records, clock, actor="worker")
        reading = ReadingBack(
            records=records,
            homes=Homes(hasher=hasher, directories=passwords),
            directories=passwords,
            notices=notices_of(settings, sealer),
            clock=clock,
        )

        async def step() -> None:
            settled = await reading.run()
            if settled:
                _log.warning("resets.settled", count=settled)
            await asyncio.sleep(LOOKS_EVERY)

        yield [step]
