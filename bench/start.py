"""What a start costs, what a server holds when it is idle, and what commands cost.

    .venv/bin/python -m bench.start [ROUNDS]

A start is timed from the launch of `portvakt serve` on a migrated database until `/readyz` says
yes. Its wall time depends on what else the machine does, so it stands beside the wall time of a
bare `python -c pass` and beside its own CPU, which does not.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.house import (
    DATABASES,
    database,
    serving,
    store,
    wait_until_ready,
    write_settings,
)
from bench.house import port_of as port
from bench.measure import ROUNDS, Figure, Goal, cpu_ms, load, pss_mb, table, written

SECONDS, MEMORY = Goal(1.0, 1.5), Goal(80, 110)
PEOPLE, SIGN_INS = 50, 200
SETTLED = 6.0
"""Seconds after which nothing of the start is still going on."""
COMMANDS = (("--help",), ("--version",), ("check-config",), ("serve", "--help"))


def start(file: Path, walls: list[float]) -> float:
    """Start a server and stop it again; CPU until it was ready, in milliseconds."""
    command = [sys.executable, "-m", "portvakt", "serve", "--config", str(file)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(port(file), process)
        walls.append((time.perf_counter() - began) * 1000)
        return cpu_ms(process.pid)
    finally:
        process.terminate()
        process.wait()


def command_cpu(*words: str) -> float:
    """CPU of one command from its start to its end, in milliseconds."""
    before = _children()
    subprocess.run([sys.executable, *words], capture_output=True, check=True)
    return (_children() - before) * 1000


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(file: Path) -> tuple[float, float, float]:
    """Return PSS in MB after the start and after many sign-ins, and idle CPU in ms a second."""
    with serving(file) as server:
        time.sleep(SETTLED)
        fresh = pss_mb(server.pid)
        before = cpu_ms(server.pid)
        time.sleep(SETTLED)
        idle = (cpu_ms(server.pid) - before) / SETTLED
        people = server.visitors(0, PEOPLE)
        for number in range(SIGN_INS):
            people[number % PEOPLE].sign_in()
        time.sleep(1)
        return fresh, pss_mb(server.pid), idle


def rounds_of(act: Callable[[], float], rounds: int) -> Figure:
    """Measure alone, after one that warms up."""
    return Figure(tuple(act() for _ in range(rounds + 1))[1:])


def measure(kind: str, rounds: int) -> list[str]:
    """Return one column of the table."""
    with ExitStack() as stack:
        on = stack.enter_context(database(kind))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = write_settings(folder, on.url)
        asyncio.run(store(file, PEOPLE))
        walls: list[float] = []
        bare: list[float] = []

        def once() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            bare.append((time.perf_counter() - began) * 1000)
            return start(file, walls)

        cpu = rounds_of(once, rounds)
        wall, alone = Figure(tuple(walls[1:])), Figure(tuple(bare[1:]))
        fresh, used, idle = memory(file)
    return [
        f"**{written(cpu.middle / 1000)}** ({cpu.spread} ms)",
        SECONDS.verdict(cpu.middle / 1000),
        f"{written(wall.middle / 1000)} ({wall.spread} ms)",
        f"{wall.middle / alone.middle:.0f}",
        f"**{fresh:.0f}**",
        MEMORY.verdict(fresh),
        f"{used:.0f} ({MEMORY.verdict(used)})",
        written(idle),
    ]


LINES = (
    "start to ready, CPU s (goal 1.0, floor 1.5)",
    "reached",
    "start to ready, wall s at this load",
    "ratio to a bare `python -c pass`",
    "idle memory of one `serve`, PSS MB (goal 80, floor 110)",
    "reached",
    f"the same after {SIGN_INS} sign-ins with their hashes",
    "idle CPU, ms a second",
)


def commands(rounds: int) -> str:
    """Measure the commands that people wait for."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_settings(folder, f"sqlite:///{folder}/portvakt.db")
        os.environ["PORTVAKT_CONFIG"] = str(file)
        rows = [("`python -c pass`", rounds_of(partial(command_cpu, "-c", "pass"), rounds))]
        for words in COMMANDS:
            act = partial(command_cpu, "-m", "portvakt", *words)
            rows.append((f"`portvakt {' '.join(words)}`", rounds_of(act, rounds)))
    head = ("command", "CPU ms", "least to most")
    return table(head, [(name, figure, figure.spread) for name, figure in rows])


def report(rounds: int = ROUNDS) -> str:
    """Measure and return the tables."""
    before = load()
    columns = [measure(kind, rounds) for kind in DATABASES]
    rows = [(name, *cells) for name, *cells in zip(LINES, *columns, strict=True)]
    told = f"Load {before} before, {load()} after; {rounds} rounds."
    return "\n\n".join((told, table(("", *DATABASES), rows), commands(rounds)))


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
