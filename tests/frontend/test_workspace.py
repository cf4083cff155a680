"""What is committed is what the sources make, and the sources pass their own checks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.guards.tree import PACKAGE, TOP

FRONTEND = TOP / "frontend"
COMMITTED = PACKAGE / "authenticator_app"

pytestmark = pytest.mark.slow


def run(*words: str | Path) -> str:
    done = subprocess.run(words, cwd=FRONTEND, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with what package-lock.json names beside it."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.fail("Node is missing; ./test installs it")
    lock = (FRONTEND / "package-lock.json").read_bytes()
    stamp = FRONTEND / "node_modules" / ".portvakt-lock"
    if not stamp.is_file() or stamp.read_bytes() != lock:
        run(npm, "ci", "--no-audit", "--no-fund")
        stamp.write_bytes(lock)
    return found


def test_the_committed_build_is_what_the_sources_make(node: str, tmp_path: Path) -> None:
    """`npm run build` in frontend/ makes it right."""
    run(node, "build.mjs", tmp_path / "built")
    made = {path.name: path.read_bytes() for path in (tmp_path / "built").iterdir()}
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir()}
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []


def test_types_and_the_protocol_layers_own_tests_pass(node: str) -> None:
    said = run(node, "test.mjs")
    assert "# fail 0" in said
    assert "# tests 0" not in said
