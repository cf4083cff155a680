"""A phone for stories that are about the computer's screen: the one at the command line."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SECONDS_FOR_A_REQUEST = 10


class CliPhone:
    """`portvakt phone`, in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / "phone.json"
        self._name = name

    def pair(self, address: str) -> None:
        """Open the address that a camera would read."""
        self._do("pair", "--name", self._name, address)

    def approve(self, number: str) -> None:
        """Type the number of the screen, when the question has come."""
        deadline = time.monotonic() + SECONDS_FOR_A_REQUEST
        while not self._do("list"):
            assert time.monotonic() < deadline, "no question came to the phone"
            time.sleep(0.1)
        self._do("approve", number)

    def deny(self) -> None:
        """Say no."""
        self._do("deny")

    def enable_sign_in(self) -> None:
        """«Aktivera telefoninloggning», with the phone's screen lock."""
        self._do("enable-sign-in")

    def _do(self, *words: str) -> Any:
        portvakt = Path(sys.executable).with_name("portvakt")
        done = subprocess.run(
            [portvakt, "phone", "--phone", self._file, "--json", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None
