"""What is installed from a wheel: everything the product needs to run, and no Node."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow
TOP = Path(__file__).parents[2]


def test_the_wheel_carries_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src/portvakt"], cwd=TOP, capture_output=True, text=True, check=True
    )
    wanted = {each.removeprefix("src/") for each in tracked.stdout.splitlines()}
    with zipfile.ZipFile(wheel) as archive:
        carried = {each for each in archive.namelist() if ".dist-info/" not in each}
    assert wanted - carried == set()
    strange = {each for each in carried if not each.startswith("portvakt/")}
    assert strange == set()


def test_the_demo_runs_from_the_wheel_on_a_machine_without_node(
    wheel: Path, tmp_path: Path
) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    environ = os.environ | {"PYTHONPATH": str(home), "PATH": str(Path(sys.executable).parent)}
    code = "import portvakt; print(portvakt.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, check=True
    )
    assert where.stdout.decode().startswith(str(home))
    said = tmp_path / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "portvakt", "demo", "--port", "0", "--data", str(data)],
            cwd=tmp_path, env=environ, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while "Ctrl-C" not in said.read_text(encoding="utf-8"):
            assert process.poll() is None, said.read_text(encoding="utf-8")
            assert time.monotonic() < until
            time.sleep(0.05)
        facts = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        for path in ("/readyz", "/sign-in", "/authenticator/", "/reset"):
            shown = httpx.get(f"{facts['portvakt']}{path}", trust_env=False, timeout=20)
            assert shown.status_code == 200, path
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
