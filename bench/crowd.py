"""The people of a storm, in a process of their own, as cheap as may be.

    python -m bench.crowd PORT RATE SECONDS TURN PEOPLE

It says `ready` when everybody has the page open, begins at a line on its standard input, says
`over`, and then what became of everybody, as JSON. RATE is how many strangers come a second,
whatever became of those before them; 0 is for as many as the server takes, a few at a time.

A stranger sends a right password over one of the proxy's kept connections, from one loop, with what
is sent written beforehand: nine in ten are turned away and must cost this program next to nothing,
because it shares the machine with the server. Whoever is let in goes on in a thread.
"""

import asyncio
import json
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import uvloop

from bench.house import user_name
from bench.visitor import PASSWORD, STEPS, Answer, Connection, Visitor

KNOWN, TOGETHER, GOING_ON = 40, 16, 48
"""How many come in known browsers; how many at once find out what can be done; threads."""
AGAIN = 2.0
"""Seconds after which a person in a known browser who is turned away tries again."""
FULL, LET_IN = 503, 303
BEAT, STEP = 0.01, 30.0
_LENGTH = b"\r\ncontent-length: "
_TOLD_WHEN = b"\r\nretry-after: "


class Line(asyncio.Protocol):
    """One connection that the proxy keeps."""

    def __init__(self) -> None:
        self._got = b""
        self._answer: asyncio.Future[tuple[bytes, bytes]] | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have a way to send."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        """Take in an answer until it is whole."""
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head, size = self._got[: end + 2], 0
        if (at := head.find(_LENGTH)) >= 0:
            size = int(head[at + len(_LENGTH) : head.index(b"\r\n", at + 2)])
        if len(self._got) >= end + 4 + size:
            body, self._got = self._got[end + 4 :], b""
            self._answer.set_result((head, body))

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Send a request; return the head and the body of its answer. Raises OSError."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


@dataclass
class Crowd:
    """People who come to one server, and what became of them; times are in seconds and ms."""

    port: int
    rate: float
    seconds: float
    turn: int
    """Which crowd it is: each begins with other people, whose last code was long ago."""
    people: int
    finished: list[float] = field(default_factory=list)
    """When strangers had their tokens."""
    let_in: list[tuple[float, float]] = field(default_factory=list)
    """When a password was taken, and how long that took."""
    known: list[tuple[float, float]] = field(default_factory=list)
    """The same in known browsers, with every no on the way."""
    known_finished: list[float] = field(default_factory=list)
    known_refused: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    """How many were turned away in each minute."""
    told_when: int = 0
    nobody_left: int = 0
    """How often nobody was free to come: everybody stood in the line or was on the way."""
    other: Counter[str] = field(default_factory=Counter)
    began: float = 0.0
    _requests: dict[str, bytes] = field(default_factory=dict)
    _free: list[Line] = field(default_factory=list)
    _mine: threading.local = field(default_factory=threading.local)

    def run(self) -> None:
        """Let them come, and say what was found."""
        first = self.turn * self.people // 4
        numbers = (number % self.people for number in range(first, first + self.people))
        self._waiting = deque(self._visitor(number) for number in numbers)
        known = [self._visitor(self.people + self.turn * KNOWN + each) for each in range(KNOWN)]
        if self.rate:
            for person in known:
                person.connection = Connection(self.port)
                person.sign_in()
            for stranger in self._waiting:
                self._open_page(stranger)
        print("ready", flush=True)
        sys.stdin.readline()
        used = time.process_time()
        self.began = time.monotonic()
        if self.rate:
            uvloop.run(self._storm(known))
        else:
            self._in_threads([self._one_after_another] * TOGETHER)
        used = time.process_time() - used
        print("over", flush=True)
        print(json.dumps(self._found() | {"used": used}), flush=True)

    def _found(self) -> dict[str, Any]:
        return {
            "finished": self.finished,
            "let_in": self.let_in,
            "known": self.known,
            "known_finished": self.known_finished,
            "known_refused": self.known_refused,
            "refused": dict(self.refused),
            "told_when": self.told_when,
            "nobody_left": self.nobody_left,
            "other": dict(self.other),
        }

    def _visitor(self, number: int) -> Visitor:
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        return Visitor(Connection(self.port), user_name(number), address=address)

    def _in_threads(self, acts: list[Callable[[], None]]) -> None:
        threads = [threading.Thread(target=act) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def _now(self) -> float:
        return time.monotonic() - self.began

    def _open_page(self, visitor: Visitor) -> None:
        """Have somebody open the page in a new browser, as people have it in a tab."""
        visitor.connection = self._connection()
        visitor.cookies.clear()
        visitor.open_app()
        visitor.see_start()
        form = {"name": visitor.name, "password": PASSWORD}
        self._requests[visitor.name] = visitor.written_post("/sign-in", form)

    def _connection(self) -> Connection:
        """Return this thread's own."""
        if not hasattr(self._mine, "connection"):
            self._mine.connection = Connection(self.port)
        connection: Connection = self._mine.connection
        return connection

    def _one_after_another(self) -> None:
        """Sign in whole, one person after another, as fast as the server goes."""
        while self._now < self.seconds:
            visitor = self._waiting.popleft()
            self._goes_on(visitor, lambda person: [step(person) for step in STEPS[:3]])
            self._waiting.append(visitor)

    def _goes_on(self, visitor: Visitor, begin: Callable[[Visitor], object]) -> None:
        """Do the rest of a sign-in; count it where it ends in time."""
        visitor.connection = self._connection()
        try:
            begin(visitor)
            for step in STEPS[3:]:
                step(visitor)
            if self._now <= self.seconds:
                self.finished.append(self._now)
            visitor.cookies.clear()
        except (AssertionError, OSError) as error:
            self._odd(error, visitor)

    def _odd(self, error: Exception, visitor: Visitor) -> None:
        self.other[f"{type(error).__name__} {str(error)[:40]}"] += 1
        visitor.connection.close()

    async def _storm(self, known: list[Visitor]) -> None:
        people = [threading.Thread(target=self._in_known, args=(person,)) for person in known]
        for each in people:
            each.start()
        with ThreadPoolExecutor(GOING_ON) as threads:
            coming: set[asyncio.Task[None]] = set()
            come = 0
            while self._now < self.seconds:
                due = int(self._now * self.rate)
                for _ in range(due - come):
                    if not self._waiting:
                        self.nobody_left += 1
                        continue
                    task = asyncio.create_task(self._comes(self._waiting.popleft(), threads))
                    coming.add(task)
                    task.add_done_callback(coming.discard)
                come = due
                await asyncio.sleep(BEAT)
            await asyncio.gather(*coming)
        for each in people:
            await asyncio.to_thread(each.join)

    async def _comes(self, visitor: Visitor, threads: ThreadPoolExecutor) -> None:
        """Send a password from the page that was open before; go on if let in."""
        loop = asyncio.get_running_loop()
        began = self._now
        try:
            line = await self._line()
            head, body = await line.ask(self._requests[visitor.name])
        except OSError as error:
            self.other[type(error).__name__] += 1
        else:
            self._free.append(line)
            status = int(head[9:12])
            if status == FULL:
                self.refused[int(self._now / 60)] += 1
                self.told_when += _TOLD_WHEN in head
            elif status == LET_IN:
                self.let_in.append((self._now, (self._now - began) * 1000))
                answer = Answer(status, head.decode("latin-1"), body)
                await loop.run_in_executor(threads, self._goes_in, visitor, answer)
            else:
                self.other[f"status {status}"] += 1
        self._waiting.append(visitor)

    async def _line(self) -> Line:
        while self._free:
            line = self._free.pop()
            if not line.lost:
                return line
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Line, "127.0.0.1", self.port))[1]

    def _goes_in(self, visitor: Visitor, answer: Answer) -> None:
        """Go on to the tokens, and open the page for another day in another browser."""
        self._goes_on(visitor, lambda person: person.took(answer))
        try:
            self._open_page(visitor)
        except (AssertionError, OSError) as error:
            self._odd(error, visitor)

    def _in_known(self, visitor: Visitor) -> None:
        """Sign in again and again; a no is tried again from the same page.

        They come spread over half a minute, which is how often their apps have a new code.
        """
        time.sleep(random.uniform(0, min(self.seconds / 2, STEP)))  # noqa: S311 - no secret
        while self._now < self.seconds:
            try:
                visitor.open_app()
                visitor.see_start()
                page, began = visitor.last, self._now
                form = {"name": visitor.name, "password": PASSWORD}
                while visitor.post("/sign-in", form).status == FULL:
                    self.known_refused += 1
                    time.sleep(AGAIN)
                    visitor.last = page
                visitor.last.expect(LET_IN)
                self.known.append((self._now, (self._now - began) * 1000))
                for step in STEPS[3:]:
                    step(visitor)
                if self._now <= self.seconds:
                    self.known_finished.append(self._now)
            except (AssertionError, OSError) as error:
                self._odd(error, visitor)


if __name__ == "__main__":
    given = sys.argv[1:]
    Crowd(int(given[0]), float(given[1]), float(given[2]), int(given[3]), int(given[4])).run()
