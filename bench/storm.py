"""Ten times what the machine can do, for some minutes: what still finishes, and what a no costs.

    .venv/bin/python -m bench.storm [MINUTES [KIND]]

First `portvakt serve` is asked for whole sign-ins as fast as it gives them: that is what it can do.
Then ten times as many strangers a second send a right password, whoever is let in goes on to the
tokens, and whoever is turned away leaves; meanwhile four people in browsers that they have signed
in with before sign in one after another. Everything shares the machine, the people too, so what
the server can do is measured again afterwards. KIND is SQLite or PostgreSQL (which is the default).
"""

import asyncio
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.house import (
    POSTGRESQL,
    database,
    serving,
    serving_free,
    store,
    user_name,
    write_settings,
)
from bench.measure import cpu_ms, each, load, table
from bench.pictures import Line, drawn
from bench.visitor import PASSWORD, STEPS, Connection, Visitor

MINUTES, TIMES, CALM = 2.0, 10, 20.0
STRANGERS, KNOWN, TOGETHER, HANDS = 1_600, 4, 16, 160
"""People of each kind; how many at once find out what can be done; how many wait in a storm."""
TURNS, NOES = 4, 300
AGAIN = 0.5
"""Seconds after which a person in a known browser who is turned away tries again."""
FULL = 503
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "storm.png"


@dataclass
class Load:
    """People who come to one server, in a process of their own; what became of them."""

    port: int
    rate: float
    """Strangers a second; 0 for as many as are let in."""
    seconds: float
    turn: int
    """Which load it is: each begins with other people, whose last code was long ago."""
    finished: list[float] = field(default_factory=list)
    """When strangers had their tokens, in seconds since the beginning."""
    let_in: list[float] = field(default_factory=list)
    """How long the answer to a password took that was taken, in ms."""
    known: list[float] = field(default_factory=list)
    """How long a whole sign-in in a known browser took, with every no on the way, in ms."""
    known_refused: int = 0
    refused: int = 0
    told_when: int = 0
    other: Counter[str] = field(default_factory=Counter)
    began: float = 0.0

    def run(self) -> dict[str, Any]:
        """Let them come, and return what was found."""
        strangers: queue.SimpleQueue[Visitor] = queue.SimpleQueue()
        first = self.turn * STRANGERS // TURNS
        for number in range(STRANGERS):
            strangers.put(self._visitor((first + number) % STRANGERS))
        first = STRANGERS + self.turn * KNOWN
        known = [self._visitor(first + number) for number in range(KNOWN)]
        for person in known:
            self._whole(person)
        hands = HANDS if self.rate else TOGETHER
        if self.rate:
            self._open_pages(strangers)
        tokens: queue.SimpleQueue[str] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._strangers, args=(strangers, tokens)) for _ in range(hands)
        ]
        if self.rate:
            threads += [threading.Thread(target=self._in_known, args=(person,)) for person in known]
        self.began = time.monotonic()
        for thread in threads:
            thread.start()
        self._let_come(tokens, hands)
        for thread in threads:
            thread.join()
        return {
            "finished": self.finished,
            "let_in": self.let_in,
            "known": self.known,
            "known_refused": self.known_refused,
            "refused": self.refused,
            "told_when": self.told_when,
            "other": dict(self.other),
        }

    def _visitor(self, number: int) -> Visitor:
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        return Visitor(Connection(self.port), user_name(number), address=address)

    def _open_pages(self, strangers: "queue.SimpleQueue[Visitor]") -> None:
        """Have everybody open the page before the storm, as people have it in a tab."""
        for _ in range(STRANGERS):
            visitor = strangers.get()
            self._open_page(visitor)
            strangers.put(visitor)

    def _open_page(self, visitor: Visitor) -> None:
        visitor.cookies.clear()
        visitor.open_app()
        visitor.see_start()
        visitor.path = "/sign-in"
        self._pages[visitor.name] = visitor.last

    def _over(self) -> bool:
        return time.monotonic() - self.began > self.seconds

    def _let_come(self, tokens: "queue.SimpleQueue[str]", hands: int) -> None:
        """Call strangers at the rate, however many are still waiting; then send all home."""
        come = 0
        while not self._over():
            due = int((time.monotonic() - self.began) * self.rate)
            for _ in range(due - come):
                tokens.put("come")
            come = due
            time.sleep(0.02)
        for _ in range(hands):
            tokens.put("")

    def _strangers(
        self, strangers: "queue.SimpleQueue[Visitor]", tokens: "queue.SimpleQueue[str]"
    ) -> None:
        while not self._over() and (not self.rate or tokens.get()):
            visitor = strangers.get()
            try:
                self._stranger(visitor)
            except (AssertionError, OSError) as error:
                self.other[type(error).__name__] += 1
                visitor.connection.close()
                visitor.path = ""
            strangers.put(visitor)

    def _stranger(self, visitor: Visitor) -> None:
        """Send a password from the page that was opened before the storm, and go on if let in."""
        if not visitor.path:
            self._open_page(visitor)
        visitor.last = self._pages[visitor.name]
        began = time.monotonic()
        answer = visitor.post("/sign-in", {"name": visitor.name, "password": PASSWORD})
        if answer.status == FULL:
            told = answer.header("retry-after").isdigit()
            self.refused += 1
            self.told_when += told
            return
        answer.expect(303)
        self.let_in.append((time.monotonic() - began) * 1000)
        for step in STEPS[3:]:
            step(visitor)
        self.finished.append(time.monotonic() - self.began)
        visitor.path = ""  # a stranger again: another browser, another day

    _pages: dict[str, Any] = field(default_factory=dict)

    def _whole(self, visitor: Visitor) -> None:
        for step in STEPS:
            step(visitor)

    def _in_known(self, visitor: Visitor) -> None:
        """Sign in again and again; a no is tried again from the same page."""
        while not self._over():
            began = time.monotonic()
            try:
                visitor.open_app()
                visitor.see_start()
                page = visitor.last
                form = {"name": visitor.name, "password": PASSWORD}
                while visitor.post("/sign-in", form).status == FULL:
                    self.known_refused += 1
                    time.sleep(AGAIN)
                    visitor.last = page
                self.known.append((time.monotonic() - began) * 1000)
                for step in STEPS[3:]:
                    step(visitor)
            except (AssertionError, OSError) as error:
                self.other[f"known: {type(error).__name__}"] += 1
                visitor.connection.close()


@dataclass(frozen=True)
class Found:
    """What a load did, and what it cost the server."""

    said: dict[str, Any]
    cpu: float
    seconds: float

    @property
    def rate(self) -> float:
        """Whole sign-ins a second."""
        return (len(self.said["finished"]) + len(self.said["known"])) / self.seconds


def loaded(port: int, pid: int, rate: float, seconds: float, turn: int) -> Found:
    """Have people come, in a process of their own."""
    used = cpu_ms(pid)
    asked = [str(port), str(rate), str(seconds), str(turn)]
    command = [sys.executable, "-m", "bench.storm", "load", *asked]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Found(json.loads(done.stdout), cpu_ms(pid) - used, seconds)


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


def _percentile(values: list[float], share: float) -> str:
    ordered = sorted(values) or [0.0]
    return f"{ordered[min(int(len(ordered) * share), len(ordered) - 1)]:,.0f}"


def report(minutes: float = MINUTES, kind: str = POSTGRESQL) -> str:
    """Measure, draw the picture, and return the table."""
    before = load()
    with ExitStack() as stack:
        on = stack.enter_context(database(kind))
        file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
        asyncio.run(store(file, STRANGERS + KNOWN * TURNS))
        on.settle()
        server = stack.enter_context(serving(file))
        loaded(server.port, server.pid, 0, CALM / 4, 0)
        calm = [loaded(server.port, server.pid, 0, CALM, 1)]
        rate = TIMES * calm[0].rate
        storm = loaded(server.port, server.pid, rate, minutes * 60, 2)
        calm.append(loaded(server.port, server.pid, 0, CALM, 3))
        turned_away = no_costs(file)
    could = sum(one.rate for one in calm) / len(calm)
    each_costs = sum(one.cpu / max(one.rate * one.seconds, 1) for one in calm) / len(calm)
    said = storm.said
    per_cpu = (storm.rate * storm.seconds / storm.cpu) * each_costs
    _draw(storm, could)
    rows = [
        ("whole sign-ins a second, nothing else", f"{calm[0].rate:.1f}, {calm[1].rate:.1f} after"),
        ("strangers who came a second", f"{rate:.0f}"),
        ("whole sign-ins a second in the storm", f"{storm.rate:.1f}"),
        ("share of what it could do: by the clock", f"**{storm.rate / could:.0%}**"),
        ("share of what it could do: by the server's CPU", f"**{per_cpu:.0%}**"),
        ("answer to a password that was taken, p50 / p99 ms", _two(said["let_in"])),
        ("turned away, of them told when to come back", f"{said['refused']}, {said['told_when']}"),
        ("CPU ms of a no to a new browser", f"**{turned_away:.2f}**"),
        (
            "sign-ins in known browsers, turned away",
            f"{len(said['known'])}, {said['known_refused']}",
        ),
        ("until the password was taken there, p50 / p99 ms", _two(said["known"])),
        ("anything else", json.dumps(said["other"])),
    ]
    told = f"{kind}, {minutes:g} minutes. Load {before} before, {load()} after."
    return f"{told}\n\n{table(('', 'measured'), rows)}"


def _two(values: list[float]) -> str:
    return f"{_percentile(values, 0.5)} / **{_percentile(values, 0.99)}**"


def _draw(storm: Found, could: float) -> None:
    """Draw how many sign-ins ended in every five seconds of the storm."""
    step = 5
    counts = [0.0] * (int(storm.seconds) // step)
    for at in storm.said["finished"]:
        if at < len(counts) * step:
            counts[int(at) // step] += 1 / step
    times = [at * step for at in range(len(counts))]
    lines = [
        Line("what it could do", [(at, could) for at in times]),
        Line("in the storm", list(zip(map(float, times), counts, strict=True))),
    ]
    drawn(PICTURE, "Whole sign-ins per second", "seconds of the storm", lines)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load", port, rate, seconds, turn]:
            print(json.dumps(Load(int(port), float(rate), float(seconds), int(turn)).run()))
        case [minutes, kind]:
            print(report(float(minutes), kind))
        case [minutes]:
            print(report(float(minutes)))
        case _:
            print(report())
