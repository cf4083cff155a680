"""Clocks, rounds and tables that the benchmarks share.

CPU is user and system time of whole processes, threads included, read from the kernel's own clock
of each process: nanoseconds, where `/proc/PID/stat` counts in ticks of ten milliseconds. What is
compared is measured in turn (A B A B), so that what else the machine does falls on all of it.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROUNDS = 5


def cpu_ms(*pids: int) -> float:
    """CPU that these processes have used since they began, in milliseconds."""
    return sum(time.clock_gettime_ns(_clock_of(pid)) for pid in pids) / 1e6


def _clock_of(pid: int) -> int:
    """Name a process's CPU clock as `clock_getcpuclockid(3)` does on Linux."""
    return (~pid << 3) | 2


def pss_mb(pid: int) -> float:
    """Memory of a process in MB (10^6 bytes), what it shares with others counted by its part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise AssertionError("the kernel told no PSS")


def load() -> str:
    """Say how busy the machine is."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


@dataclass(frozen=True, slots=True)
class Figure:
    """The same thing measured in several rounds."""

    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> str:
        """The least and the most."""
        return f"{written(min(self.rounds))} to {written(max(self.rounds))}"

    def __str__(self) -> str:
        return written(self.middle)


def written(value: float) -> str:
    """Write a figure with as many digits as mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def in_turn(acts: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[Figure]:
    """Measure each once in every round; the first round warms up and is thrown away."""
    laps = [[act() for act in acts] for _ in range(rounds + 1)][1:]
    return [Figure(tuple(figures)) for figures in zip(*laps, strict=True)]


def each(pids: Iterable[int], act: Callable[[], object], times: int) -> float:
    """CPU of these processes for one call of `act`, in milliseconds."""
    watched = tuple(pids)
    before = cpu_ms(*watched)
    for _ in range(times):
        act()
    return (cpu_ms(*watched) - before) / times


def here(act: Callable[[], object], times: int) -> float:
    """CPU of this process for one call of `act`, in milliseconds."""
    return each([os.getpid()], act, times)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is aimed at, and what would be a defect."""

    goal: float
    floor: float

    def verdict(self, measured: float) -> str:
        """Say how a figure stands."""
        if measured <= self.goal:
            return "goal"
        return "floor" if measured <= self.floor else "**missed**"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
