"""One of the processes that want the same thing at the same moment.

Reads lines «thing number moment» and answers each with «won» or «lost», tried at that moment.
"""

import asyncio
import sys
import time

from tests.records.spendable import SPENDABLE
from tests.records.stored import opened


async def contend(url: str) -> None:
    async with opened(url) as records:
        await records.schema_version()
        print("here", flush=True)  # noqa: T201
        while line := await asyncio.to_thread(sys.stdin.readline):
            thing, number, moment = line.split()
            spendable = SPENDABLE[thing]
            await asyncio.sleep(max(0.0, float(moment) - time.time()))
            won = await records.write(lambda unit: spendable.take(unit, int(number)))  # noqa: B023
            print("won" if won else "lost", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(contend(sys.argv[1]))
