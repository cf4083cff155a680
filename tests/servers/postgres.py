"""A PostgreSQL server that the tests start, share between workers, and stop.

It listens on a Unix socket in a folder of its own and nowhere else, trusts whoever reaches that
folder, and does not sync to disk: nothing in it outlives the run.
"""

import asyncio
import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "''",
    "shared_buffers": "64MB",
    "max_connections": "150",
    "autovacuum": "off",
    "max_wal_size": "2GB",
}
WIPE = """
DO $$ DECLARE name text; used boolean; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO used;
        IF used THEN EXECUTE format('TRUNCATE %I RESTART IDENTITY CASCADE', name); END IF;
    END LOOP;
END $$
"""
_numbers = itertools.count()


def program_of(name: str) -> Path:
    """Debian keeps the server's programs off the PATH, one folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    path = found[0] if found else shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not here: install the Debian package postgresql")
    return Path(path)


def _as_owner(*command: str) -> list[str]:
    """The server refuses to run as root, so root hands over to the user postgres."""
    if os.geteuid() != 0:
        return list(command)
    ids = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *ids, "--", *command]


def _own_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="portvakt-pg-"))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    return folder


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server with its data and its socket in `folder`."""

    folder: Path

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @classmethod
    def create(cls) -> "Postgres":
        """Lay out an empty server; `start` runs it."""
        folder = _own_folder()
        server = cls(folder)
        locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=postgres"]
        server._run("initdb", "--no-sync", *locale, f"--pgdata={folder}/data")
        return server

    def standby(self) -> "Postgres":
        """Lay out a copy that follows this one, which runs, for as long as it is reached."""
        server = Postgres(_own_folder())
        self._run(
            "pg_basebackup",
            f"--pgdata={server.folder}/data",
            f"--host={self.folder}",
            "--username=postgres",
            "--checkpoint=fast",
            "--write-recovery-conf",
        )
        return server

    @classmethod
    def at(cls, place: str) -> "Postgres":
        """Find one by its `place`."""
        return cls(Path(place))

    @property
    def place(self) -> str:
        """Where it is, in words for `at`."""
        return str(self.folder)

    def start(self, **settings: str) -> None:
        wanted = SETTINGS | settings | {"unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}={value}" for name, value in wanted.items())
        self._control("start", "-w", f"--log={self.folder}/log", f"--options={options}")

    def stop(self, mode: str = "immediate") -> None:
        self._control("stop", f"--mode={mode}")

    def promote(self) -> None:
        """Have a standby take writes from now on."""
        self._control("promote", "-w")

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be down already
            self.stop()
        shutil.rmtree(self.folder)

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url(database))
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(run())

    def fresh(self, template: str = "template1") -> str:
        """Name a new database, a copy of `template`."""
        name = f"fresh_{os.getpid()}_{next(_numbers)}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def wipe(self, database: str) -> None:
        """Empty every table that has something in it; whoever is still connected is thrown out."""
        self.execute(WIPE, database=database)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", f"--pgdata={self.folder}/data", "--silent", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # Nothing is captured: a server that inherits a pipe would keep us waiting for its end.
        command = _as_owner(str(program_of(program)), *arguments)
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, cwd="/", stdin=quiet, stdout=quiet)


def prepared(prepare: Callable[[Postgres], None]) -> Postgres:
    """Start a new one and `prepare` it."""
    server = Postgres.create()
    server.start()
    prepare(server)
    return server
