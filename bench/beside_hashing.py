"""Whether other answers still come while passwords are hashed at full speed.

    .venv/bin/python -m bench.beside_hashing

`portvakt serve` with its two hash threads, asked for keys and for a signed-in page by one client,
one request after another: while nothing else happens, while two people at a time send passwords (so
that both threads are always busy), and while a hundred do (so that the pool is full and says 503).
These are wall times on a machine that does other things too: look at the ratios.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.house import DATABASES, Server, database, serving, store, user_name, write_settings
from bench.measure import cpu_ms, load, table
from bench.visitor import PASSWORD, Connection, Visitor

PEOPLE, ANSWERS, BREATH = 120, 500, 0.002
FULL, AGAIN = 503, 0.5
"""The answer of a full pool, and after how many seconds our people try again; it asks for two."""
GOAL = 15.0
STORMS = (("nothing else", 0), ("two passwords at a time", 2), ("a hundred at a time", 100))


class Storm:
    """So many people, each at an address of their own, who send their password again and again."""

    def __init__(self, port: int, many: int) -> None:
        self.answers: Counter[int] = Counter()
        self.told_when = 0
        self._going = True
        people = [
            Visitor(Connection(port), user_name(1 + number), address=f"198.51.100.{number}")
            for number in range(many)
        ]
        self._threads = [threading.Thread(target=self._send, args=(each,)) for each in people]

    def rage(self) -> dict[str, int]:
        """Go on until somebody closes standard input; return what was answered how often."""
        for thread in self._threads:
            thread.start()
        sys.stdin.read()
        self._going = False
        for thread in self._threads:
            thread.join()
        return {str(status): many for status, many in self.answers.items()} | {
            "told when": self.told_when
        }

    def _send(self, visitor: Visitor) -> None:
        visitor.get("/sign-in?to=/apps").expect(200)
        page = visitor.last
        while self._going:
            visitor.last = page
            answer = visitor.post("/sign-in", {"name": visitor.name, "password": PASSWORD})
            self.answers[answer.status] += 1
            if answer.status == FULL:
                self.told_when += answer.header("retry-after").isdigit()
                time.sleep(AGAIN)


@contextmanager
def raging(port: int, many: int) -> Iterator[dict[str, int]]:
    """Have a storm in a process of its own during the block; then it has told its answers."""
    found: dict[str, int] = {}
    command = [sys.executable, "-m", "bench.beside_hashing", str(port), str(many)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        time.sleep(2)
        yield found
    finally:
        said, _ = process.communicate()
    found.update(json.loads(said))


def waits(act: Callable[[], object]) -> list[float]:
    """Return how long each answer took, in ms, sorted."""
    found = []
    for _ in range(ANSWERS):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(BREATH)
    return sorted(found)


def _server(stack: ExitStack, kind: str) -> Server:
    on = stack.enter_context(database(kind))
    file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
    asyncio.run(store(file, PEOPLE))
    on.settle()
    return stack.enter_context(serving(file))


def measure(kind: str) -> list[list[str]]:
    """Return the rows of one database."""
    rows = []
    with ExitStack() as stack:
        server = _server(stack, kind)
        reader = server.visitors(0, 1)[0]
        reader.sign_in()
        line = Connection(server.port)
        for name, many in STORMS:
            with raging(server.port, many) as storm:
                began, used = time.perf_counter(), cpu_ms(server.pid)
                keys = waits(lambda: line.ask("GET", "/oidc/jwks").expect(200))
                page = waits(lambda: reader.get("/apps").expect(200))
                busy = (cpu_ms(server.pid) - used) / (time.perf_counter() - began) / 10
            rows.append([kind, name, *_told(keys), *_told(page), f"{busy:.0f} %", _counts(storm)])
    return rows


def _told(found: list[float]) -> tuple[str, str]:
    p99 = found[int(len(found) * 0.99)]
    return f"{statistics.median(found):.1f}", f"**{p99:.1f}**"


def _counts(storm: dict[str, int]) -> str:
    told = storm.pop("told when")
    counted = ", ".join(f"{many} of {status}" for status, many in sorted(storm.items()))
    return counted + (f", {told} with Retry-After" if told else "")


def report() -> str:
    """Measure on both databases and return the table."""
    before = load()
    rows = [row for kind in DATABASES for row in measure(kind)]
    head = (
        *("", "meanwhile", "JWKS, p50 ms", "p99", "`GET /apps`, p50 ms", "p99"),
        *("CPU of the server", "answers to passwords"),
    )
    told = f"Load {before} before, {load()} after; p99 is to stay under {GOAL:g} ms."
    return f"{told}\n\n{table(head, rows)}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(Storm(int(sys.argv[1]), int(sys.argv[2])).rage()))
    else:
        print(report())
