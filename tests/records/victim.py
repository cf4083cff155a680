"""A process that is killed in the middle of its work. `python -m tests.records.victim WHAT URL`."""

import asyncio
import sys
import time

from portvakt.core.ids import FlowId
from portvakt.records import Records, Unit
from tests import make
from tests.records.stored import opened

CODE_STEP = 11


async def sign_in(unit: Unit) -> None:
    """Everything that the last answer of a sign-in writes."""
    totp = make.bound(make.TOTP)
    assert await unit.authenticators.burn_step(totp.id, CODE_STEP, make.NOW)
    assert await unit.flows.close(FlowId("flow"), 0)
    await unit.sessions.open(make.session(), b"s" * 32)


async def before_the_commit(records: Records) -> None:
    """Everything is written, nothing committed, and that is how it stays."""

    async def act(unit: Unit) -> None:
        await sign_in(unit)
        print("written", flush=True)  # noqa: T201
        time.sleep(600)  # noqa: ASYNC251

    await records.write(act)


async def after_the_commit(records: Records) -> None:
    await records.write(sign_in)
    print("committed", flush=True)  # noqa: T201
    time.sleep(600)  # noqa: ASYNC251


async def over_and_over(records: Records) -> None:
    """Say a number when it is stored, as fast as it goes."""

    async def one(lane: int) -> None:
        for n in range(1_000_000):
            name = f"{lane}.{n}"
            await records.write(lambda unit: unit.meta.set(name, "1"))  # noqa: B023
            print(name, flush=True)  # noqa: T201

    await asyncio.gather(*(one(lane) for lane in range(4)))


async def main(what: str, url: str) -> None:
    async with opened(url) as records:
        await {
            "before_the_commit": before_the_commit,
            "after_the_commit": after_the_commit,
            "over_and_over": over_and_over,
        }[what](records)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
