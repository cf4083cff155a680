"""Three Patroni nodes with etcd on loopback, for the failover that `bench/patroni.py` measures."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.house import free_port

NODES = 3
READY = 120.0
TTL, LOOP, RETRY = 20, 2, 3
"""Patroni's own clock: a leader whose machine is gone is replaced after 20 s, its shortest."""
BINARIES = Path("/usr/lib/postgresql/15/bin")
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
        send(postmasters, signal.SIGKILL)


def send(processes: list[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
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
