"""What every test may rely on: coroutine tests run, and there is a database for each that asks."""

import asyncio
import fcntl
import inspect
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hypothesis
import pytest
import structlog

from portvakt.records.migrate import migrate
from tests.servers.kerberos import Realm
from tests.servers.message_centre import MessageCentre
from tests.servers.postgres import Postgres, prepared
from tests.servers.samba import Samba
from tests.servers.sharing import shared
from tests.servers.slapd import Slapd

TEMPLATE = "migrated"
TOP = Path(__file__).parents[1]

# What structlog does without being told draws pictures of tracebacks, at seconds each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


# No test asserts a time, and what must pass before a landing is the same examples each time.
# --hypothesis-profile=search looks for new ones.
SLOW = (hypothesis.HealthCheck.too_slow,)
hypothesis.settings.register_profile(
    "same", deadline=None, derandomize=True, database=None, suppress_health_check=SLOW
)
hypothesis.settings.register_profile(
    "search", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=SLOW
)
hypothesis.settings.load_profile("same")

# Whoever runs the tests in the background of a script has SIGINT ignored, and children inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LAST_LINES = 40
"""What is shown of each kind of output of a test that failed; the reason comes before it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the last lines of what a failed test said: thousands of lines hide which test it was."""
    report = yield
    report.sections[:] = [(name, _last_lines(text)) for name, text in report.sections]
    return report


def _last_lines(text: str) -> str:
    lines = text.splitlines(keepends=True)
    left_out = len(lines) - LAST_LINES
    if left_out <= 0:
        return text
    return f"({left_out} lines before these)\n" + "".join(lines[-LAST_LINES:])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run coroutine tests in a loop of their own; leave all others to pytest."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    given = {name: pyfuncitem.funcargs[name] for name in names}
    if not _has_a_loop():
        asyncio.run(pyfuncitem.obj(**given))
        return True
    # a browser of another test, which this worker keeps, has its own loop in this thread
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(pyfuncitem.obj(**given))).result()
    return True


def _has_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    """The run's PostgreSQL server, with an empty migrated database to copy."""
    with shared(run_folder / "postgres", Postgres, lambda: prepared(migrated)) as server:
        yield server


@pytest.fixture(scope="session")
def wheel(run_folder: Path) -> Path:
    """What is installed: built once in a run, with no network."""
    folder = run_folder / "wheel"
    folder.mkdir(exist_ok=True)
    with (folder / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not list(folder.glob("*.whl")):
            build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
            done = subprocess.run(
                [*build, "--quiet", "--wheel-dir", str(folder), str(TOP)],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )
            assert done.returncode == 0, done.stderr
    (made,) = folder.glob("portvakt-*.whl")
    return made


@pytest.fixture(scope="session")
def samba(run_folder: Path) -> Iterator[Samba]:
    """The run's Active Directory domain controller. Tests that change people add their own."""
    if os.geteuid() != 0:
        pytest.skip("a domain controller needs root")
    with shared(run_folder / "samba", Samba, Samba.region) as server:
        yield server


@pytest.fixture(scope="session")
def realm(samba: Samba, tmp_path_factory: pytest.TempPathFactory) -> Realm:
    """The Kerberos realm of the domain, with hosts of this worker's own."""
    return Realm.of(samba, tmp_path_factory.mktemp("realm"), sys.executable)


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """This worker's OpenLDAP server. Tests that change people add their own."""
    server = Slapd.region()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def message_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MessageCentre]:
    """This worker's message centre of SMPP. Begin with `fresh()`: the test before left its own."""
    centre = MessageCentre(tmp_path_factory.mktemp("message-centre"))
    yield centre
    centre.close()


def migrated(server: Postgres) -> None:
    server.execute(f"CREATE DATABASE {TEMPLATE}")
    migrate(server.url(TEMPLATE), lambda _: None)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{path}", lambda _: None)
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """An empty migrated SQLite database."""
    shutil.copy(migrated_file, tmp_path / "portvakt.db")
    return f"sqlite:///{tmp_path}/portvakt.db"


@pytest.fixture(scope="session")
def worker_database(postgres: Postgres) -> str:
    """A database of this worker's own: emptying it is cheaper than making one for each test."""
    return postgres.fresh(TEMPLATE)


@pytest.fixture
def postgresql_url(postgres: Postgres, worker_database: str) -> str:
    """An empty migrated PostgreSQL database."""
    postgres.wipe(worker_database)
    return postgres.url(worker_database)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty migrated database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
