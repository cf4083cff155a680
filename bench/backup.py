"""What it takes to bring many people to new tables, seal them again, copy them and put them back.

    .venv/bin/python -m bench.backup [PEOPLE]

A database of the oldest tables is filled with people (a password, an app, two events each), and the
commands of an upgrade, a rotation, a backup and two restores are run on it one after the other,
each as a process of its own: seconds by the clock, CPU seconds of the command, and the most memory
it had. PostgreSQL works in processes of its own, whose CPU is not counted. Both write to the disk
as they do in operation.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nacl.pwhash import argon2id

from bench.house import SQLITE, write_settings
from bench.measure import load, table
from bench.visitor import PASSWORD, TOTP_SECRET
from portvakt.crypto.passwords import MEMORY_KIB, PASSES
from portvakt.crypto.sealing import Sealer, read_master_keys
from tests.records import oldest
from tests.servers.postgres import Postgres

PEOPLE = 100_000


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    seconds: float
    cpu: float
    megabytes: float


LAUNCHER = """
import json, os, sys, time
began = time.monotonic()
pid = os.posix_spawn(sys.executable, [sys.executable, "-m", "portvakt", *sys.argv[1:]], os.environ)
_, status, used = os.wait4(pid, 0)
took = time.monotonic() - began
print(json.dumps([status, took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
"""A small process of its own: what a process had before it became another one counts as its own."""


def cost_of(config: Path, *words: str) -> Cost:
    """Run a command to its end. Raises `RuntimeError` where it fails."""
    environ = os.environ | {"PORTVAKT_CONFIG": str(config)}
    command = [sys.executable, "-c", LAUNCHER, *words]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True)
    status, *cost = json.loads(done.stdout.splitlines()[-1])
    if status:
        raise RuntimeError(f"portvakt {' '.join(words)} ended with {status}")
    return Cost(*cost)


def measured(url: str, new: str, people: int) -> Iterator[tuple[str, Cost, str]]:
    """Run everything on one database and yield what each took; `new` is an empty one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_settings(folder, url)
        sealer = Sealer(read_master_keys(folder / "master.key"))
        phc = argon2id.str(PASSWORD.encode(), PASSES, MEMORY_KIB * 1024).decode()
        oldest.fill(url, people, sealer, phc, TOTP_SECRET, datetime.now(UTC))
        file = folder / "b"
        yield "`migrate` from 0002", cost_of(config, "migrate"), ""
        yield "`rotate-keys sealing`", cost_of(config, "rotate-keys", "sealing"), ""
        yield "`backup`", cost_of(config, "backup", str(file)), ""
        size = f"{file.stat().st_size / 1e6:.1f} MB"
        yield "`restore --replace`", cost_of(config, "restore", str(file), "--replace"), size
        text = config.read_text(encoding="utf-8").replace(url, new)
        config.write_text(text, encoding="utf-8")
        yield "`restore` into a new place", cost_of(config, "restore", str(file)), size


def report(people: int) -> str:
    """Measure both databases and return the table."""
    before, rows = load(), []
    with tempfile.TemporaryDirectory() as name:
        urls = [f"sqlite:///{name}/{each}.db" for each in ("old", "new")]
        for what, cost, size in measured(urls[0], urls[1], people):
            rows.append((SQLITE, what, *_row(cost), size))
    server = Postgres.create()
    server.start(fsync="on", synchronous_commit="on", full_page_writes="on", autovacuum="on")
    try:
        urls = [server.url(server.fresh()) for _ in range(2)]
        for what, cost, size in measured(urls[0], urls[1], people):
            rows.append(("PostgreSQL", what, *_row(cost), size))
    finally:
        server.remove()
    head = ("", "command", "seconds", "CPU s of the command", "most MB", "file")
    return f"{people:,} people, load {before} before, {load()} after.\n\n{table(head, rows)}"


def _row(cost: Cost) -> tuple[str, str, str]:
    return f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{cost.megabytes:.0f}"


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE))
