"""Restores half of a backup and waits to be killed. `python -m tests.cli.restoring FILE CONFIG`."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from portvakt.commands.restore import begun
from portvakt.crypto.sealing import read_master_keys
from portvakt.records.driver import Run
from portvakt.records.restoring import Plan, restore
from portvakt.settings import load_settings


def main(file: str, config: str, after: str) -> None:
    settings = load_settings(Path(config), {})
    copy = begun(Path(file), read_master_keys(Path(settings.keys.master_file)))

    def progress(done: int) -> None:
        if after == "rows" and done > copy.total // 2:
            wait()

    async def finish(_: Run) -> datetime:
        if after == "all":
            wait()
        return datetime.now(UTC)

    plan = Plan(
        version=copy.schema,
        frames=lambda: copy.frames(lambda _: None),
        finish=finish,
        replace=True,
        progress=progress,
    )
    asyncio.run(restore(settings.database_url, plan))


def wait() -> None:
    print("far enough", flush=True)  # noqa: T201
    time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
