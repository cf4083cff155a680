"""What a failover of the database costs: three Patroni nodes, their leader killed and frozen.

    .venv/bin/python -m bench.patroni [killed frozen …]

Needs root, Debian's `etcd-server`, `postgresql-15` and `python3-venv`; Patroni itself (4 or later)
is installed from `bench/patroni.txt` into a folder of its own that is removed at the end. Two
`portvakt serve` on an address with three hosts are asked by people who sign in, one after another.
Each sign-in that was acknowledged must have its session in the database afterwards. Takes two to
three minutes for each fault; everything listens on loopback.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg

from bench.house import free_port, port_of, serving, store, user_name, write_settings
from bench.measure import load, table
from bench.pictures import Line, drawn
from bench.visitor import Connection, Visitor
from portvakt.records.migrate import migrate

NODES, PEOPLE, WALKERS = 3, 8_000, 4
"""Nobody signs in twice within one fault: a code of an app counts once in thirty seconds."""
BEFORE, AFTER, FROZEN = 10.0, 15.0, 45.0
"""Seconds of load before a fault and after it, and for how long a leader stays frozen."""
READY = 120.0
TTL, LOOP, RETRY = 20, 2, 3
"""Patroni's own clock: a leader whose machine is gone is replaced after 20 s, its shortest."""
BINARIES = Path("/usr/lib/postgresql/15/bin")
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "failover.png"
NAME = "portvakt"
_PASSWORD = "only-on-loopback"  # noqa: S105 - of a cluster that lives for minutes

CONFIGURATION = """
scope: portvakt
name: n{at}
restapi: {{listen: "127.0.0.1:{rest}", connect_address: "127.0.0.1:{rest}"}}
etcd3: {{hosts: "{etcd}"}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: {loop}
    retry_timeout: {retry}
    primary_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{wal_log_hints: "on", synchronous_commit: "on", max_connections: 100}}
  initdb: [{{encoding: UTF8}}, data-checksums, {{locale: C.UTF-8}}]
postgresql:
  listen: 127.0.0.1:{port}
  connect_address: 127.0.0.1:{port}
  data_dir: {folder}/pg{at}
  bin_dir: {binaries}
  pgpass: {folder}/pgpass{at}
  authentication:
    superuser: {{username: postgres, password: {password}}}
    replication: {{username: replicator, password: {password}}}
    rewind: {{username: rewinder, password: {password}}}
  parameters: {{unix_socket_directories: "{folder}", shared_buffers: 64MB}}
  pg_hba:
    - local all all trust
    - host all all 127.0.0.1/32 scram-sha-256
    - host replication replicator 127.0.0.1/32 scram-sha-256
watchdog: {{mode: "off"}}
"""


@dataclass
class Cluster:
    """Three etcd, three Patroni with a PostgreSQL each, in one folder."""

    folder: Path
    patroni: Path
    etcd: list[tuple[int, int]] = field(default_factory=list)
    postgres: list[int] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose ports."""
        self.etcd = [(free_port(), free_port()) for _ in range(NODES)]
        self.postgres = [free_port() for _ in range(NODES)]
        self.rest = [free_port() for _ in range(NODES)]

    @property
    def url(self) -> str:
        """The address for `database_url`."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.postgres)
        return f"postgresql://postgres@{hosts}/{NAME}"

    def start(self) -> float:
        """Start all of it; return after how many seconds there were a leader and its standby."""
        began = time.monotonic()
        peers = ",".join(f"e{at}=http://127.0.0.1:{peer}" for at, (_, peer) in enumerate(self.etcd))
        for at, (client, peer) in enumerate(self.etcd):
            mine, others = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
            self._run(
                f"etcd{at}",
                *("etcd", "--name", f"e{at}", "--data-dir", f"{self.folder}/etcd{at}"),
                *("--listen-client-urls", mine, "--advertise-client-urls", mine),
                *("--listen-peer-urls", others, "--initial-advertise-peer-urls", others),
                *("--initial-cluster", peers, "--initial-cluster-state", "new"),
            )
        for at in range(NODES):
            self.start_patroni(at)
        wait_for(self.whole, READY)
        return time.monotonic() - began

    def start_patroni(self, at: int) -> None:
        """Start one node, anew or again."""
        file = self.folder / f"patroni{at}.yml"
        file.write_text(
            CONFIGURATION.format(
                at=at,
                rest=self.rest[at],
                port=self.postgres[at],
                etcd=",".join(f"127.0.0.1:{client}" for client, _ in self.etcd),
                folder=self.folder,
                binaries=BINARIES,
                password=_PASSWORD,
                ttl=TTL,
                loop=LOOP,
                retry=RETRY,
            ),
            encoding="utf-8",
        )
        self._run(f"patroni{at}", str(self.patroni), str(file))

    def _run(self, name: str, *command: str) -> None:
        owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*owner, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
                start_new_session=True,
            )

    def leader(self) -> int | None:
        """Ask which node leads."""
        return next((at for at in range(NODES) if self._asked(at, "primary") is not None), None)

    def whole(self) -> bool:
        """Whether there is a leader with a synchronous standby, and everybody is well."""
        for at in range(NODES):
            said = self._asked(at, "cluster")
            if said is not None:
                members = said["members"]
                roles = [each["role"] for each in members]
                well = {each["state"] for each in members} <= {"running", "streaming"}
                return len(members) == NODES and well and {"leader", "sync_standby"} <= set(roles)
        return False

    def _asked(self, at: int, path: str) -> dict[str, Any] | None:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self.rest[at]}/{path}"
            with urllib.request.urlopen(address, timeout=1) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        return None

    def processes(self, at: int) -> list[int]:
        """List Patroni and every process of PostgreSQL on one node."""
        file = self.folder / f"pg{at}" / "postmaster.pid"
        first = int(file.read_text(encoding="ascii").split()[0])
        listed = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        return [self.running[f"patroni{at}"].pid, first, *(int(each) for each in listed.split())]

    def remove(self) -> None:
        """End everything that was started."""
        postmasters = []
        for at in range(NODES):
            with contextlib.suppress(OSError):
                postmasters += self.processes(at)[1:]
        for process in reversed(list(self.running.values())):
            process.kill()
            process.wait()
        _signal(postmasters, signal.SIGKILL)


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def wait_for(true: Callable[[], bool], patience: float) -> None:
    """Wait until something is true. Raises TimeoutError."""
    given_up = time.monotonic() + patience
    while not true():
        if time.monotonic() > given_up:
            raise TimeoutError("it did not come about")
        time.sleep(0.2)


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
            _signal(processes, signal.SIGKILL)
            cluster.running[f"patroni{leader}"].wait()
            wait_for(lambda: cluster.leader() is not None, READY)
            time.sleep(AFTER)
            cluster.start_patroni(leader)
        else:
            _signal(processes, signal.SIGSTOP)
            time.sleep(FROZEN)
            _signal(processes[1:] + processes[:1], signal.SIGCONT)
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


def installed(folder: Path) -> Path:
    """Install Patroni into a folder that the user postgres can read; return the program."""
    wanted = Path(__file__).with_name("patroni.txt")
    subprocess.run(["/usr/bin/python3", "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--requirement", str(wanted)]
    subprocess.run(pip, check=True)
    return folder / "bin" / "patroni"


@contextmanager
def clustered() -> Iterator[Cluster]:
    """Have a cluster during the block."""
    folder = Path(tempfile.mkdtemp(prefix="portvakt-patroni-"))
    shutil.chown(folder, "postgres", "postgres")
    passwords = folder / "pgpass"
    passwords.write_text(f"*:*:*:postgres:{_PASSWORD}\n", encoding="ascii")
    passwords.chmod(0o600)
    os.environ["PGPASSFILE"] = str(passwords)
    cluster = Cluster(folder, Path(os.environ.get("PATRONI") or installed(folder / "venv")))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


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
