"""Servers of the tests that are written for Node, with what their lock files name."""

import fcntl
import shutil
import subprocess
from pathlib import Path

STAMP = ".portvakt-lock"


def install(folder: Path) -> str:
    """Put what package-lock.json names beside a server, once; return Node. Raises where none is.

    Several processes of a run may come at the same time.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise FileNotFoundError("Node is missing; ./test installs it")
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / STAMP
    with (folder / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_bytes() != lock:
            subprocess.run([npm, "ci"], cwd=folder, check=True, capture_output=True)
            stamp.write_bytes(lock)
    return node
