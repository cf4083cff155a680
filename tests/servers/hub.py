"""JupyterHub with what its own lock file names: a virtual environment that is not the product's."""

import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HUB = Path(__file__).parent / "jupyterhub"
LOCK = HUB / "requirements.txt"
PATIENCE = 60.0


def install() -> Path:
    """Make the environment once for each lock file and Python; return its folder.

    It is kept where programs keep what they can make again, beside the runs: it is 200 MB.
    """
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "portvakt-tests"
    kept.mkdir(parents=True, exist_ok=True)
    stamp = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder, done = kept / f"jupyterhub-{stamp}", kept / f"jupyterhub-{stamp}.done"
    with (kept / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input")
            only = ("--disable-pip-version-check", "--no-deps", "--require-hashes")
            command = [*pip, *only, "-r", str(LOCK)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            assert made.returncode == 0, made.stderr
            done.touch()
    return folder


@contextmanager
def jupyterhub(folder: Path, port: int, ca_file: Path, settings: str) -> Iterator[Path]:
    """Run it with the settings as they were printed; give its log."""
    (folder / "pasted.py").write_text(settings)
    log = folder / "hub.log"
    environ = {
        "PATH": f"{install() / 'bin'}:/usr/bin:/bin",
        "HOME": str(folder),
        "HUB_PORT": str(port),
        "SSL_CERT_FILE": str(ca_file),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [install() / "bin" / "jupyterhub", "--config", HUB / "around.py"],
            cwd=folder,
            env=environ,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(port, process, log)
        yield log
    finally:
        process.kill()  # it has nothing to put in order
        process.wait(PATIENCE)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
