"""A sealer that is killed in the middle of its work. `python -m tests.audit.victim HOW URL`."""

import asyncio
import sys
import time

from portvakt.records import Unit
from tests import make
from tests.audit.trails import KEYS, seal
from tests.records.stored import opened


async def before_the_commit(unit: Unit) -> None:
    """Everything of a batch is written, nothing committed, and that is how it stays."""
    await unit.audit_chain.seal(KEYS, make.NOW, 500)
    print("written", flush=True)  # noqa: T201
    time.sleep(600)  # noqa: ASYNC251


async def main(how: str, url: str) -> None:
    async with opened(url) as records:
        if how == "before_the_commit":
            await records.write(before_the_commit)
        while True:
            await seal(records, 7)
            print("sealed", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
