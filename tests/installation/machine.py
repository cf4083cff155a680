"""A machine that follows the operators' pages, line by line, inside a folder.

What is typed is what the pages say, but that every place lies in the folder, and that all runs as
whoever runs the tests. What a test must not do to its machine (packages, accounts, systemd) is done
here in its stead: units are read and their commands are run, sockets are opened and handed over.
"""

import os
import re
import shlex
import shutil
import signal
import site
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.servers.handing_over import handing_over
from tests.servers.nginx import nginx
from tests.servers.postgres import Postgres, program_of

TOP = Path(__file__).parents[2]
PAGES = TOP / "docs" / "operators"
PLACES = (
    "/opt/portvakt", "/etc/portvakt", "/etc/nginx/conf.d", "/etc/ssl/portvakt",
    "/etc/systemd/system", "/usr/local/sbin", "/var/backups/portvakt", "/var/lib/portvakt",
)  # fmt: skip
ADDRESS = "127.0.0.1:8000"
PATIENCE = 60


def blocks(page: str) -> list[str]:
    """Return what a page says is typed, block by block."""
    text = (PAGES / page).read_text(encoding="utf-8")
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r"^ +", "", each, flags=re.MULTILINE) for each in found]


class Machine:
    """Types lines. `edits` says what an editor changes, by the name of the file."""

    def __init__(
        self, root: Path, wheel: Path, postgres: Postgres, edits: dict[str, Callable[[str], str]]
    ) -> None:
        self.root = root
        self.said: dict[str, str] = {}
        """What commands said, by their first two words."""
        self._wheel = wheel
        self._postgres = postgres
        self._edits = edits
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._checkout()

    @property
    def backups(self) -> list[str]:
        return sorted(each.name for each in self.at("/var/backups/portvakt").iterdir())

    def at(self, place: str) -> Path:
        """Where a place of the pages lies here."""
        return self.root / place.lstrip("/")

    def type(self, block: str) -> None:
        """Type a block, and stop where a line fails."""
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                self._type(line, words)

    def log(self, unit: str) -> str:
        return (self.root / f"{unit}.log").read_text(encoding="utf-8")

    def backup_of_the_night(self) -> None:
        """Do what the timer begins."""
        for command in self._lines("portvakt-backup.service", "ExecStart"):
            as_typed = command.replace("%%", "%").replace("$$", "$")
            self._run(as_typed, shlex.split(as_typed))

    def stop(self) -> None:
        """End everything that still runs, and ask first: nginx, killed, leaves its workers."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
                process.wait()
        self._socket.close()

    def _checkout(self) -> None:
        """Copy the examples, with the places of this machine."""
        for each in self.at("/etc"), self.at("/etc/nginx/conf.d"), self.at("/etc/systemd/system"):
            each.mkdir(parents=True, exist_ok=True)
        self.at("/usr/local/sbin").mkdir(parents=True)
        examples = self.root / "docs/operators/examples"
        shutil.copytree(PAGES / "examples", examples)
        for file in (each for each in examples.rglob("*") if each.is_file()):
            file.write_text(self._here(file.read_text(encoding="utf-8")), encoding="utf-8")

    def _here(self, text: str) -> str:
        for place in PLACES:
            text = text.replace(place, str(self.at(place)))
        text = text.replace("postgresql:///portvakt?host=/run/postgresql", self._database())
        text = text.replace(ADDRESS, f"127.0.0.1:{self._socket.getsockname()[1]}")
        text = re.sub(r"runuser -u (postgres|portvakt) -- ", "", text)
        return text.replace("-o portvakt -g portvakt ", "")

    def _database(self) -> str:
        return f"postgresql://portvakt@/portvakt?host={self._postgres.folder}"

    def _type(self, line: str, words: list[str]) -> None:
        match words:
            case ["apt-get" | "useradd", *_]:
                pass
            case ["editor", place]:
                file = self.at(place)
                file.write_text(self._edits[file.name](file.read_text(encoding="utf-8")))
            case ["systemctl", what, *rest]:
                self._systemctl(what, [each for each in rest if each != "--now"])
            case ["nginx", "-t"]:
                self._nginx("-t")
            case [python, "-m", "venv", folder]:
                assert Path(python).name == "python3"
                self._venv(self.at(folder))
            case [pip, "install", "--require-hashes", "-r", file]:
                assert self.at(pip).parent.is_dir()
                assert (TOP / file).is_file()  # what it names is here already
            case [pip, "install", "--no-deps", "--no-build-isolation", "."]:
                python = str(self.at(pip).with_name("python"))
                self._pip("--python", python, "install", "--no-deps", str(self._wheel))
            case _:
                self._run(self._here(line), words)

    def _run(self, line: str, words: list[str]) -> None:
        environ = os.environ | {
            "PATH": f"{self.at('/usr/local/sbin')}:{program_of('createdb').parent}:/usr/bin:/bin",
            "PGHOST": str(self._postgres.folder),
            "PGUSER": "postgres",
        }
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.root, env=environ, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        told = done.stdout + done.stderr
        self.said[" ".join(words[:2])] = told
        if words[:2] == ["portvakt", "doctor"]:  # its name is in no name server of the tests
            wrong = re.findall(r"^wrong +(\w+)", told, re.MULTILINE)
            assert wrong == ["public_url"], told
        else:
            assert done.returncode == 0, f"{line}: {told}"

    def _venv(self, folder: Path) -> None:
        """Make one that has what the lock file names, as these tests have it."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "locked.pth").write_text("\n".join(site.getsitepackages()))

    def _pip(self, *words: str) -> None:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *words], check=True, env=os.environ | {"PIP_NO_INDEX": "1"})

    def _systemctl(self, what: str, units: list[str]) -> None:
        if what in {"stop", "restart"}:
            for unit in units:
                self._stop(unit)
        if what in {"enable", "start", "restart"}:
            for unit in units:
                self._start(unit)
        if what == "reload":
            assert units == ["nginx"]
            assert "nginx" not in self._running
            self._running["nginx"] = self._popen(
                "nginx", nginx(self.at("/etc/nginx"), "conf.d/*.conf")
            )

    def _start(self, unit: str) -> None:
        if unit == "portvakt.socket":
            (place,) = self._lines(unit, "ListenStream")
            assert place == f"127.0.0.1:{self._socket.getsockname()[1]}"
            self._socket.listen()
        elif unit.endswith(".service"):
            (command,) = self._lines(unit, "ExecStart")
            words = shlex.split(command)
            if self._lines(unit, "Requires") == ["portvakt.socket"]:
                words = handing_over(self._socket.fileno(), *words)
            self._running[unit] = self._popen(unit, words)

    def _stop(self, unit: str) -> None:
        if unit.endswith(".service"):
            process = self._running.pop(unit)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, self.log(unit)

    def _popen(self, name: str, words: list[str]) -> "subprocess.Popen[bytes]":
        environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        with (self.root / f"{name}.log").open("a") as log:
            return subprocess.Popen(
                words, cwd="/", env=environ, stderr=log, pass_fds=[self._socket.fileno()]
            )

    def _lines(self, unit: str, key: str) -> list[str]:
        text = (self.at("/etc/systemd/system") / unit).read_text(encoding="utf-8")
        return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)

    def _nginx(self, *words: str) -> None:
        done = subprocess.run(
            [*nginx(self.at("/etc/nginx"), "conf.d/*.conf"), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
