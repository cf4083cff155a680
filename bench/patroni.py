"""What a failover of the database costs: three Patroni nodes, their leader killed and frozen.

    .venv/bin/python -m bench.patroni [killed frozen …]

Needs root, Debian's `etcd-server`, `postgresql-15` and `python3-venv`; Patroni itself (4 or later)
is installed from `bench/patroni.txt` into a folder of its own that is removed at the end. Two
`portvakt serve` on an address with three hosts are asked by people who sign in, one after another.
Each sign-in that was acknowledged must have its session in the database afterwards. Takes two to
three minutes for each fault; everything listens on loopback.
"""

import asyncio
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import asyncpg

from bench.cluster import NAME, READY, Cluster, clustered, send, wait_for
from bench.house import port_of, serving, store, user_name, write_settings
from bench.measure import load, table
from bench.pictures import Line, drawn
from bench.visitor import Connection, Visitor
from portvakt.records.migrate import migrate

PEOPLE, WALKERS = 8_000, 4
"""Nobody signs in twice within one fault: a code of an app counts once in thirty seconds."""
BEFORE, AFTER, FROZEN = 10.0, 15.0, 45.0
"""Seconds of load before a fault and after it, and for how long a leader stays frozen."""
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "failover.png"


@dataclass
class Walkers:
    """People who sign in one after another; each time in a new session."""

    ports: list[int]
    first: int
    """Where among the people to begin."""
    done: list[tuple[float, str]] = field(default_factory=list)
    """When a sign-in was acknowledged, and whose."""
    refused: list[float] = field(default_factory=list)
    _going: bool = True

    def walk(self, first: int) -> None:
        """Sign in people of one kind until told to stop; a refusal is tried again."""
        number, connections = self.first + first, [Connection(port) for port in self.ports]
        while self._going:
            name = user_name(number % PEOPLE)
            visitor = Visitor(connections[number % len(connections)], name)
            try:
                visitor.sign_in()
            except (AssertionError, OSError):
                visitor.connection.close()
                self.refused.append(time.monotonic())
                time.sleep(0.2)
            else:
                self.done.append((time.monotonic(), name))
            number += WALKERS

    @contextmanager
    def walking(self) -> Iterator[None]:
        """Have them walk during the block."""
        threads = [threading.Thread(target=self.walk, args=(at,)) for at in range(WALKERS)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self._going = False
            for each in threads:
                each.join()


@dataclass(frozen=True)
class Found:
    """What came of one fault."""

    fault: str
    done: list[float]
    """Seconds from the fault to each sign-in that was acknowledged."""
    refused: int
    lost: int
    gap: float
    whole_after: float


def measured(cluster: Cluster, fault: str, files: list[Path], first: int) -> Found:
    """Break the leader under load and see what comes of it."""
    wait_for(cluster.whole, READY)
    walkers = Walkers([port_of(file) for file in files], first)
    before = asyncio.run(_sessions(cluster.url))
    with walkers.walking():
        time.sleep(BEFORE)
        leader = cluster.leader()
        if leader is None:
            raise AssertionError("nobody leads")
        processes, broken = cluster.processes(leader), time.monotonic()
        if fault == "killed":
            send(processes, signal.SIGKILL)
            cluster.running[f"patroni{leader}"].wait()
            wait_for(lambda: cluster.leader() is not None, READY)
            time.sleep(AFTER)
            cluster.start_patroni(leader)
        else:
            send(processes, signal.SIGSTOP)
            time.sleep(FROZEN)
            send(processes[1:] + processes[:1], signal.SIGCONT)
        wait_for(cluster.whole, READY)
        whole_after = time.monotonic() - broken
        time.sleep(AFTER)
    times = [at for at, _ in walkers.done]
    gap = max(later - earlier for earlier, later in pairwise(times))
    stored = asyncio.run(_sessions(cluster.url))
    acknowledged: dict[str, int] = {}
    for _, name in walkers.done:
        acknowledged[name] = acknowledged.get(name, 0) + 1
    lost = sum(
        max(many - (stored.get(name, 0) - before.get(name, 0)), 0)
        for name, many in acknowledged.items()
    )
    since = [at - broken for at in times]
    return Found(fault, since, len(walkers.refused), lost, gap, whole_after)


async def _sessions(url: str) -> dict[str, int]:
    """Count whose sessions were opened."""
    connection = await asyncpg.connect(url, target_session_attrs="read-write", timeout=30)
    try:
        rows = await connection.fetch(
            "SELECT user_name, COUNT(*) FROM sessions JOIN accounts ON accounts.id = account_id"
            " GROUP BY user_name"
        )
        return {row[0]: row[1] for row in rows}
    finally:
        await connection.close()


async def _make_database(cluster: Cluster) -> None:
    url = cluster.url.removesuffix(NAME) + "postgres"
    connection = await asyncpg.connect(url, target_session_attrs="read-write")
    await connection.execute(f"CREATE DATABASE {NAME}")
    await connection.close()


def report(faults: list[str]) -> str:
    """Measure each fault, draw the picture, and return the table."""
    before = load()
    with ExitStack() as stack:
        cluster = stack.enter_context(clustered())
        asyncio.run(_make_database(cluster))
        migrate(cluster.url, lambda _line: None)
        files = []
        for _ in range(2):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            files.append(write_settings(folder, cluster.url))
        shutil.copy(files[0].with_name("master.key"), files[1].with_name("master.key"))
        asyncio.run(store(files[0], PEOPLE))
        for file in files:
            stack.enter_context(serving(file))
        apart = PEOPLE // len(faults)
        found = [measured(cluster, each, files, apart * at) for at, each in enumerate(faults)]
    draw(found)
    rows = [
        (
            *(each.fault, len(each.done), each.refused, f"{each.gap:.1f} s"),
            *(f"**{each.lost}**", f"{each.whole_after:.0f} s"),
        )
        for each in found
    ]
    head = (
        *("the leader was", "sign-ins acknowledged", "refused or cut off"),
        *("longest time without one", "acknowledged and lost", "three nodes well again after"),
    )
    return f"Load {before} before, {load()} after.\n\n{table(head, rows)}"


def draw(found: list[Found]) -> None:
    """Draw how many sign-ins were acknowledged in each second around the fault."""
    lines = []
    for each in found:
        first, last = int(min(each.done)) - 1, int(max(each.done))
        counts = [(second, 0.0) for second in range(first, last)]
        for at in each.done:
            place = int(at // 1) - first
            if 0 <= place < len(counts):
                counts[place] = (counts[place][0], counts[place][1] + 1)
        lines.append(Line(f"leader {each.fault}", [(float(x), y) for x, y in counts]))
    drawn(PICTURE, "Sign-ins per second around the fault", "seconds since the fault", lines)


if __name__ == "__main__":
    print(report(sys.argv[1:] or ["killed", "frozen"]))
