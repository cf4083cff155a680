"""A message centre of SMPP 3.4 for a test run, by code that is not ours (`smpp_centre/`)."""

import asyncio
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from tests.servers.authority import Authority
from tests.servers.node import install

CENTRE = Path(__file__).parent / "smpp_centre"
SYSTEM_ID, PASSWORD = "portvakt", "simpw"
PATIENCE = 10.0


class MessageCentre:
    """Runs until it is closed. Tests change its `mode` and read what it saw."""

    def __init__(self, folder: Path) -> None:
        """Start it, on ports that the system chooses, with a certificate for `localhost`."""
        authority = Authority(folder)
        files = authority.certificate("localhost")
        self.ca_file = authority.ca_file
        self.seen: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [install(CENTRE), CENTRE / "centre.mjs", files.key, files.certificate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        out = self._process.stdout
        if out is None:
            raise AssertionError("its output is a pipe")
        ports = json.loads(out.readline())
        self.port: int = ports["plain"]
        self.tls_port: int = ports["tls"]
        self._reader = threading.Thread(target=self._read, args=(out,), daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Stop it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def fresh(self, **mode: Any) -> None:
        """Forget what was seen, and behave well but for `mode` (see `centre.mjs`)."""
        self._order(mode)
        self.seen.clear()

    def mode(self, **mode: Any) -> None:
        """Behave well but for `mode`, and remember what was seen."""
        self._order(mode)

    def say(self, **fields: Any) -> None:
        """Send a `deliver_sm` to everybody who is bound."""
        self._order({"say": fields})

    def hang_up(self) -> None:
        """End all lines without a word."""
        self._order({"hang_up": True})

    def take_leave(self) -> None:
        """Unbind everybody, as an operator does before it stops a centre."""
        self._order({"take_leave": True})

    @property
    def texts(self) -> list[dict[str, Any]]:
        """Every text that was handed in until now."""
        self._order({"look": True})  # its words come by another way than its answers
        return self.of("submit")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Every event of a kind."""
        return [event for event in self.seen if event["event"] == kind]

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events of a kind have come. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE):
            while len(found := self.of(kind)) < count:  # noqa: ASYNC110 - another thread reads
                await asyncio.sleep(0.01)
        return found

    def _order(self, order: dict[str, Any]) -> None:
        done = len(self.of("done"))
        if self._process.stdin is None:
            raise AssertionError("its input is a pipe")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        end = time.monotonic() + PATIENCE
        while len(self.of("done")) == done:
            if time.monotonic() > end:
                raise TimeoutError("the message centre does not answer")
            time.sleep(0.001)

    def _read(self, out: Any) -> None:
        for line in out:
            self.seen.append(json.loads(line))
