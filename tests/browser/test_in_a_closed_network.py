"""Nothing leaves the house: the instruction is followed where there is no network but loopback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards.tree import TOP

STORY = "tests/browser/test_the_document.py::test_the_app_step_3_to_5_and_7"
INSIDE = """
set -eu
ip link set lo up
test "$(ip -o link | wc -l)" = 1
! ip route get 192.0.2.1 2>/dev/null
exec "$@"
"""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_instruction_is_followed_with_loopback_alone(tmp_path: Path) -> None:
    """In a network namespace of its own, with the demo, Chromium and the app inside it."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    apart = ["unshare", "--net", *as_root, "sh", "-c", INSIDE, "sh"]
    pytest_alone = [sys.executable, "-m", "pytest", "-q", STORY]
    folders = ["--basetemp", str(tmp_path / "base"), "-p", "no:cacheprovider"]
    clean = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    path = {"PATH": f"{clean['PATH']}:/usr/sbin:/sbin"}
    ended = subprocess.run(
        [*apart, *pytest_alone, *folders],
        cwd=TOP,
        env=clean | path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
