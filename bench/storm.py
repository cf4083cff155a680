"""Ten times what the machine can do, for some minutes: what still finishes, and what a no costs.

    .venv/bin/python -m bench.storm [--minutes 10] [--times 10] [--kind PostgreSQL]

First `portvakt serve` is asked for whole sign-ins as fast as it gives them: that is what it can do.
Then ten times as many strangers a second send a right password (`bench.crowd`). Whoever is let in
goes on to the tokens, and whoever is turned away leaves; meanwhile forty people in browsers that
they have signed in with before sign in one after another. What it can do is measured again after.

Everything shares the machine, the program with the people too, which takes more of it in a storm
than before. So the share that finishes is told three ways: by the clock as it is; by the clock, of
what the processors that this program left alone can do; and by the CPU of server and database.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.crowd import FULL, KNOWN
from bench.house import (
    DATABASES,
    POSTGRESQL,
    Database,
    Server,
    database,
    serving,
    serving_free,
    store,
    write_settings,
)
from bench.measure import cpu_ms, each, load, pss_mb, table
from bench.pictures import Line, drawn
from bench.visitor import PASSWORD

MINUTES, TIMES, CALM = 10.0, 10.0, 20.0
FEWEST, MOST = 2_000, 4_000
"""Strangers: so many that nobody's turn comes again before their app shows a new code."""
CROWDS, NOES = 4, 300
NEW_CODES = 32.0
"""Seconds after which everybody's app shows a code that was not used in the crowd before."""
MINUTE = 60.0
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "storm.png"


@dataclass
class Watched:
    """What the server uses, told at the beginning, every minute, and at the end."""

    server: Server
    on: Database
    memory: list[float] = field(default_factory=list)
    """MB, at the beginning and at the end of every minute."""

    def cpu(self) -> float:
        """Return the seconds of CPU that server and database have used."""
        return cpu_ms(self.server.pid, *self.on.pids()) / 1000

    def watch(self, over: threading.Event) -> None:
        """Note the memory until it is over."""
        self.memory.append(pss_mb(self.server.pid))
        while not over.wait(MINUTE):
            self.memory.append(pss_mb(self.server.pid))
        self.memory.append(pss_mb(self.server.pid))


@dataclass(frozen=True)
class Found:
    """What a crowd did, and what it cost the server."""

    said: dict[str, Any]
    cpu: float
    """Seconds, of server and database."""
    seconds: float
    memory: list[float]

    @property
    def whole(self) -> int:
        """How many sign-ins ended in time."""
        return len(self.said["finished"]) + len(self.said["known_finished"])

    @property
    def rate(self) -> float:
        """Whole sign-ins a second."""
        return self.whole / self.seconds

    @property
    def left(self) -> float:
        """How many processors the program with the people left alone."""
        return (os.cpu_count() or 1) - float(self.said["used"]) / self.seconds

    @property
    def refused(self) -> int:
        """How many were turned away."""
        return sum(self.said["refused"].values())


def crowd(watched: Watched, rate: float, seconds: float, turn: int, people: int) -> Found:
    """Have people come, in a process of their own."""
    asked = [str(each) for each in (watched.server.port, rate, seconds, turn, people)]
    command = [sys.executable, "-m", "bench.crowd", *asked]
    over = threading.Event()
    watching = threading.Thread(target=watched.watch, args=(over,))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as people_of:
        if people_of.stdin is None or people_of.stdout is None:
            raise AssertionError("both are pipes")
        people_of.stdout.readline()
        watched.memory = []
        watching.start()
        used = watched.cpu()
        people_of.stdin.write("go\n")
        people_of.stdin.flush()
        people_of.stdout.readline()
        used = watched.cpu() - used
        over.set()
        watching.join()
        said = json.loads(people_of.stdout.readline())
    return Found(said, used, seconds, watched.memory)


def no_costs(file: Path) -> float:
    """Measure what it costs to turn somebody away, at a server that has room for nobody."""
    with serving_free(file, "full") as server:
        visitor = server.visitors(0, 1)[0]
        visitor.open_app()
        visitor.see_start()
        page = visitor.last

        def no() -> None:
            visitor.last = page
            form = {"name": visitor.name, "password": PASSWORD}
            visitor.post("/sign-in", form).expect(FULL)

        each([server.pid], no, NOES)
        return each([server.pid], no, NOES)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _two(told: list[list[float]]) -> str:
    took = [ms for _, ms in told]
    return f"{_percentile(took, 0.5):,.0f} / **{_percentile(took, 0.99):,.0f}**"


def report(minutes: float, times: float, kind: str) -> str:
    """Measure, draw the picture, and return the tables."""
    before, people = load(), int(min(MOST, max(FEWEST, MOST * minutes / 2)))
    with ExitStack() as stack:
        on = stack.enter_context(database(kind))
        file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
        asyncio.run(store(file, people + KNOWN * CROWDS))
        on.settle()
        watched = Watched(stack.enter_context(serving(file)), on)
        crowd(watched, 0, CALM / 4, 0, people)
        calm = [crowd(watched, 0, CALM, 1, people)]
        rate = times * calm[0].rate
        time.sleep(NEW_CODES)
        storm = crowd(watched, rate, minutes * MINUTE, 2, people)
        time.sleep(NEW_CODES)
        calm.append(crowd(watched, 0, CALM, 3, people))
        turned_away = no_costs(file)
    could = sum(one.rate for one in calm) / len(calm)
    _draw(storm, could)
    told = f"{kind}, {minutes:g} minutes. Load {before} before, {load()} after."
    rows = [
        ("whole sign-ins a second, nothing else", f"{calm[0].rate:.1f}, {calm[1].rate:.1f} after"),
        ("strangers who came a second", f"{rate:.0f}"),
        ("whole sign-ins a second in the storm", f"{storm.rate:.1f}"),
        *_shares(calm, storm, could),
        ("answer to a password that was taken, p50 / p99 ms", _two(storm.said["let_in"])),
        (
            "turned away, of them told when to come back",
            f"{storm.refused}, {storm.said['told_when']}",
        ),
        ("CPU ms of a no to a new browser", f"**{turned_away:.2f}**"),
        (
            "sign-ins in known browsers, turned away",
            f"{len(storm.said['known_finished'])}, {storm.said['known_refused']}",
        ),
        ("a password taken there, p50 / p99 ms", _two(storm.said["known"])),
        ("memory of the server, MB", f"{storm.memory[0]:.0f} to {storm.memory[-1]:.0f}"),
        ("nobody was free to come", storm.said["nobody_left"]),
        ("anything else", json.dumps(storm.said["other"])),
    ]
    return f"{told}\n\n{table(('', 'measured'), rows)}\n\n{_by_minute(storm, minutes)}"


def _shares(calm: list[Found], storm: Found, could: float) -> list[tuple[str, str]]:
    """Say three ways how much of what it could do it still did."""
    left = sum(one.left for one in calm) / len(calm)
    each_costs = sum(one.cpu for one in calm) / max(sum(one.whole for one in calm), 1)
    clock = storm.rate / could
    by_cpu = storm.whole * each_costs / storm.cpu
    return [
        ("share of what it could do: by the clock", f"**{clock:.0%}**"),
        (
            f"the same on what the people's program left: {left:.2f}, then {storm.left:.2f} cores",
            f"**{clock * left / storm.left:.0%}**",
        ),
        ("the same by the CPU of server and database", f"**{by_cpu:.0%}**"),
    ]


def _by_minute(storm: Found, minutes: float) -> str:
    """Tell every minute apart: what falls off with time would show here."""
    said, rows = storm.said, []
    for minute in range(max(1, round(minutes))):
        seconds = min(MINUTE, storm.seconds - minute * MINUTE)
        within = [at for at in said["finished"] if int(at / MINUTE) == minute]
        let_in = [one for one in said["let_in"] if int(one[0] / MINUTE) == minute]
        known = [one for one in said["known"] if int(one[0] / MINUTE) == minute]
        memory = storm.memory[min(minute + 1, len(storm.memory) - 1)]
        turned_away = said["refused"].get(str(minute), 0)
        rows.append(
            (
                minute + 1,
                f"{len(within) / seconds:.1f}",
                turned_away,
                _two(let_in),
                f"{len(known)}, {_two(known)}",
                f"{memory:.0f}",
            )
        )
    head = (
        "minute",
        "strangers' sign-ins a second",
        "turned away",
        "taken p50 / p99 ms",
        "known browsers: taken, p50 / p99 ms",
        "MB",
    )
    return table(head, rows)


def _draw(storm: Found, could: float) -> None:
    """Draw how many sign-ins ended in every five seconds of the storm."""
    step = 5
    counts, known = ([0.0] * (int(storm.seconds) // step) for _ in range(2))
    for name, into in (("finished", counts), ("known_finished", known)):
        for at in storm.said[name]:
            if at < len(into) * step:
                into[int(at) // step] += 1 / step
    times = [float(at * step) for at in range(len(counts))]
    lines = [
        Line("what it could do", [(at, could) for at in times]),
        Line("strangers in the storm", list(zip(times, counts, strict=True))),
        Line("known browsers", list(zip(times, known, strict=True))),
    ]
    drawn(PICTURE, "Whole sign-ins per second", "seconds of the storm", lines)


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m bench.storm")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--times", type=float, default=TIMES)
    parser.add_argument("--kind", choices=DATABASES, default=POSTGRESQL)
    given = parser.parse_args()
    print(report(given.minutes, given.times, given.kind))
