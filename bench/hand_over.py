"""From the request for a text to the operator's having it, at a steady rate.

    .venv/bin/python -m bench.hand_over [RATE [SECONDS]]

A text is put in the outbox as a sign-in does it, in a transaction of its own; the worker is rung,
claims it, hands it over by SMPP to a message centre on loopback (node-smpp), and the centre notes
when it came. Everything runs on this machine, the database and the centre too.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import structlog

from bench.house import DATABASES, database
from bench.measure import cpu_ms, load
from portvakt.crypto.passwords import PasswordHasher
from portvakt.records import open_records
from portvakt.settings import Settings
from portvakt.settings.structs import Keys, Sms
from portvakt.worker import beside, system_clock
from tests.conformance.sms_rigs import smpp_settings
from tests.servers.message_centre import MessageCentre
from tests.worker.office import KEYS, Office

RATE, SECONDS = 200, 30
LIVES = timedelta(minutes=5)
PATIENCE = 60.0


async def waits(
    url: str, centre: MessageCentre, folder: Path, rate: int, count: int
) -> list[float]:
    """Ask for texts at a steady rate; return how long each took, in milliseconds."""
    chosen = Settings(
        public_url="https://login.region.example",
        database_url=url,
        keys=Keys(""),
        sms=(Sms("smpp", options=smpp_settings(folder, centre, window=50)),),
    )
    asked: dict[str, float] = {}
    records = await open_records(url, clock=system_clock)
    hasher = PasswordHasher()
    try:
        async with beside(chosen, records=records, keys=KEYS, hasher=hasher):
            office = Office(records, chosen)
            await centre.until("bind")
            async with asyncio.TaskGroup() as asking:
                began = asyncio.get_running_loop().time()
                for at in range(count):
                    wait = began + at / rate - asyncio.get_running_loop().time()
                    await asyncio.sleep(max(wait, 0))
                    digits = f"{at:06d}"
                    asked[digits] = time.time()
                    asking.create_task(office.put_text(digits, digits=digits, lives=LIVES))
            async with asyncio.timeout(PATIENCE):
                while len(centre.of("submit")) < count:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
    finally:
        await records.close()
        hasher.close()
    came = {each["text"][-6:]: each["at"] / 1000 for each in centre.of("submit")}
    return [(came[digits] - at) * 1000 for digits, at in asked.items()]


def main() -> None:
    """Measure on each database, and print percentiles."""
    rate = int(sys.argv[1]) if sys.argv[1:] else RATE
    seconds = int(sys.argv[2]) if sys.argv[2:] else SECONDS
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        centre = MessageCentre(folder)
        try:
            for kind in DATABASES:
                centre.fresh()
                with database(kind) as made:
                    before = cpu_ms(os.getpid())
                    found = asyncio.run(waits(made.url, centre, folder, rate, rate * seconds))
                    ours = (cpu_ms(os.getpid()) - before) / len(found)
                parts = statistics.quantiles(found, n=100)
                print(
                    f"{kind}: {len(found)} texts at {rate} a second, median {parts[49]:.0f} ms,"
                    f" p95 {parts[94]:.0f}, p99 {parts[98]:.0f}, most {max(found):.0f};"
                    f" {ours:.2f} ms of our CPU each, load {load()}"
                )
        finally:
            centre.close()


if __name__ == "__main__":
    main()
