"""Argon2id, in a bounded pool of threads.

Parameters are OWASP's (19 MiB, two passes, one lane: ASVS 11.4.2). The work is done by libsodium,
which was the cheapest of the implementations measured by `bench/hashing.py`. A hash in flight holds
its 19 MiB, so the bound of the pool is also a bound on memory; over it the caller gets `Busy` at
once instead of a place in a queue that grows. Who has a place is served in the order that
`core.lanes` says: known browsers first.
"""

import asyncio
import base64
import binascii
import contextlib
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

import nacl.exceptions
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from nacl.pwhash import argon2id

from portvakt.core.lanes import Lane, line_of, turn_of
from portvakt.core.secret import Secret

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1

MAX_BYTES = 1024
"""Longer input is refused before it is hashed (policy number pw.max)."""

MAX_MEMORY_KIB = 256 * 1024
MAX_PASSES = 16
MAX_LANES = 16
_VERSION = 19  # Argon2 1.3, RFC 9106
_SALT_BYTES = range(8, 65)  # RFC 9106 section 3.1 asks for 8 or more
_HASH_BYTES = range(16, 129)
_SODIUM_LONGEST = 127  # libsodium's fixed buffer for a PHC string

THREADS = 2  # two threads keep two cores busy; more only queue (measured)
WAITING = 64  # less than a second of work for two threads
KEPT = 4  # one place in so many is kept from strangers, so that whoever is known is soon served
LONGEST = 0.6  # seconds of hashing in front of whoever is last; a slow machine has a shorter line
WHOLE_WAY = 2  # times as long for all of it, reading and counting before the hash included
NICE = 5  # by which hashing gives way to everything short
LATELY = 16  # hashes that the mean looks back
RETRY_AFTER = 2

_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$/qoy5CJYB4uzf+97NOYn3g$wnnImKacQPnQMq+XUJ7ITeq395o9W3/gr8m43urct2M"
)
"""The hash of 64 random bytes nobody kept: verifying against it is the work of a real one."""

T = TypeVar("T")


class Busy(Exception):  # noqa: N818 - it says what is the case; the web part answers 503 with it
    """All places in the pool are taken. Nothing was hashed; try again in `retry_after` seconds."""

    def __init__(self, retry_after: int = RETRY_AFTER) -> None:
        super().__init__("the hash pool is full")
        self.retry_after = retry_after


class BrokenHashError(ValueError):
    """A PHC string that cannot be used: not Argon2id, damaged, or of an absurd price."""


class TooLongError(ValueError):
    """The input is over `MAX_BYTES` after NFC. Forms refuse it before it comes here."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a PHC string asks for."""

    memory_kib: int
    passes: int
    lanes: int


def parameters_of(phc: str) -> Parameters:
    """Read a PHC string's parameters and check all of it, without hashing.

    Raises `BrokenHashError` where it is not Argon2id 1.3, is damaged, or asks for more than 256 MiB
    or 16 passes: such a string would let whoever wrote it stop every sign-in.
    """
    match phc.split("$"):
        case ["", "argon2id", version, prices, salt, digest]:
            found = _prices(prices)
        case _:
            raise BrokenHashError("not an Argon2id hash in PHC form")
    if version != f"v={_VERSION}":
        raise BrokenHashError("not Argon2 version 1.3")
    if len(_unpadded(salt)) not in _SALT_BYTES or len(_unpadded(digest)) not in _HASH_BYTES:
        raise BrokenHashError("salt or hash has an unusable length")
    affordable = (
        8 * found.lanes <= found.memory_kib <= MAX_MEMORY_KIB
        and 1 <= found.passes <= MAX_PASSES
        and 1 <= found.lanes <= MAX_LANES
    )
    if not affordable:
        raise BrokenHashError("parameters are outside what is accepted")
    return found


def _prices(text: str) -> Parameters:
    """Read `m=19456,t=2,p=1`, in that order and nothing more."""
    names, numbers = [], []
    for part in text.split(","):
        name, _, number = part.partition("=")
        if not (number.isascii() and number.isdigit() and len(number) <= len("4294967295")):
            raise BrokenHashError("a parameter is not a number")
        names.append(name)
        numbers.append(int(number))
    if names != ["m", "t", "p"]:
        raise BrokenHashError("parameters are not m, t and p")
    return Parameters(*numbers)


def _unpadded(text: str) -> bytes:
    """Decode base64 without padding, strictly."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BrokenHashError("salt or hash is not base64") from error


def _bytes_of(secret: Secret) -> bytes:
    """Return the NFC form in UTF-8 (SP 800-63B-4 section 3.1.1.2), whole: nothing is cut off."""
    text = unicodedata.normalize("NFC", secret.open())
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        raise TooLongError
    return data


def _verify(phc: str, data: bytes) -> bool:
    """Compare, in the calling thread. The string has passed `parameters_of`."""
    if len(phc) > _SODIUM_LONGEST:
        try:
            Argon2id.verify_phc_encoded(data, phc)
        except InvalidKey:
            return False
        return True
    try:
        return argon2id.verify(phc.encode("ascii"), data)
    except nacl.exceptions.InvalidkeyError:
        return False


def _hash(data: bytes) -> str:
    """Hash with today's parameters and a new salt, in the calling thread."""
    return argon2id.str(data, opslimit=PASSES, memlimit=MEMORY_KIB * 1024).decode("ascii")


@dataclass(slots=True)
class _Place:
    """A place in the line, from the door until the hash is done."""

    lane: Lane
    came: float
    given_back: bool = False


_HELD: ContextVar[_Place | None] = ContextVar("place", default=None)


class PasswordHasher:
    """Hashes and verifies off the event loop.

    `calls` counts the hashes begun, `refused` who was turned away because there was no place.
    """

    def __init__(
        self,
        *,
        threads: int = THREADS,
        waiting: int = WAITING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start a pool of `threads`; at most `waiting` more may stand in line.

        `clock` tells seconds, by which it is known who came first.
        """
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, "argon2", initializer=_step_back)
        self._threads = threads
        self._most = threads + waiting
        self._each = 0.0  # seconds that a hash takes, of late
        self._apart = 0.0  # seconds between one who is done and the next, of late
        self._since = 0.0  # when the last one was, or when the line began
        self._taken = dict.fromkeys(Lane, 0)
        self._line: list[tuple[float, int, Callable[[], Any], Future[Any]]] = []
        """A heap: when it is whose turn, a number that keeps the order of those who are alike."""
        self._numbers = count()
        self._counting = threading.Lock()
        self.calls = 0
        self.refused = 0

    @property
    def under_way(self) -> int:
        """How many are being hashed or stand in line."""
        return sum(self._taken.values())

    def has_room(self, lane: Lane) -> bool:
        """Say whether one more would be taken now; a moment later it may be otherwise."""
        known, other = self._taken[Lane.KNOWN], self._taken[Lane.OTHER]
        line = line_of(
            most=self._most,
            least=2 * self._threads,
            apart=max(self._each / self._threads, self._apart / WHOLE_WAY),
            longest=LONGEST,
            share=KEPT,
        )
        return line.takes(lane, known=known, other=other)

    def look(self, lane: Lane) -> None:
        """Raise `Busy` where one more would not be taken now, and count it as turned away."""
        with self._counting:
            self._look_for_room(lane)

    @contextlib.contextmanager
    def place(self, lane: Lane) -> Iterator[None]:
        """Hold a place for whatever is hashed within; raises `Busy` where there is none.

        It is taken before anything is read for an answer: else a crowd would wait for the database
        first, and find out only there that it came for nothing.
        """
        place = self._enter(lane)
        before = _HELD.set(place)
        try:
            yield
        finally:
            _HELD.reset(before)
            self._leave(place)

    def stand_in(self, lane: Lane) -> None:
        """Move the place that is held to the lane that it should be in; raises `Busy`."""
        place = _HELD.get()
        if place is None or place.given_back or place.lane is lane:
            return
        with self._counting:
            self._look_for_room(lane)
            self._taken[place.lane] -= 1
            self._taken[lane] += 1
            place.lane = lane

    async def verify(self, phc: str | None, secret: Secret, *, lane: Lane = Lane.OTHER) -> bool:
        """Say whether the secret belongs to the hash.

        None stands for a person or a method that does not exist, and costs the same as one that
        does; so does a broken hash (`parameters_of` says what is wrong with one). Raises `Busy` and
        `TooLongError`.
        """
        data = _bytes_of(secret)
        usable = phc is not None and _is_sound(phc)
        against = phc if phc is not None and usable else _NOBODY
        right = await self._run(lambda: _verify(against, data), lane)
        return right and usable

    async def hash(self, secret: Secret, *, lane: Lane = Lane.OTHER) -> str:
        """Return a new PHC string for the secret. Raises `Busy` and `TooLongError`."""
        data = _bytes_of(secret)
        return await self._run(lambda: _hash(data), lane)

    def needs_rehash(self, phc: str) -> bool:
        """Say whether a hash was made with other parameters than today's."""
        return not _is_sound(phc) or parameters_of(phc) != Parameters(MEMORY_KIB, PASSES, LANES)

    def close(self) -> None:
        """Stop the threads; work already begun is finished, and who stands in line goes home."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        while self._line:
            heappop(self._line)[-1].cancel()

    async def _run(self, work: Callable[[], T], lane: Lane) -> T:
        """Run in the pool, at the place that is held, or raise `Busy` at once where there is none.

        A request that goes away gives its place back: a cancelled future is done, too.
        """
        held = _HELD.get()
        place = self._enter(lane) if held is None or held.given_back else held
        future: Future[T] = Future()
        turn = turn_of(place.lane, place.came)
        with self._counting:
            heappush(self._line, (turn, next(self._numbers), work, future))
        self.calls += 1
        future.add_done_callback(lambda _: self._leave(place))
        self._pool.submit(self._next)  # as often as somebody stands in line
        return await asyncio.wrap_future(future)

    def _next(self) -> None:
        """Work for whoever's turn it is, in a thread of the pool."""
        with self._counting:
            _, _, work, future = heappop(self._line)
        if not future.set_running_or_notify_cancel():
            return
        began = self._clock()
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is whoever waits who gets it
            future.set_exception(error)
        else:
            self._note_one_done(self._clock() - began)
            future.set_result(result)

    def _note_one_done(self, took: float) -> None:
        """Keep in mind how fast it goes of late, whatever else the machine does.

        How far apart they come out says so only while others wait: a quiet hour is no slow one.
        """
        with self._counting:
            now = self._clock()
            apart, self._since = now - self._since, now
            self._each = _lately(self._each, took)
            if self.under_way > self._threads:
                self._apart = _lately(self._apart, apart)

    def _enter(self, lane: Lane) -> _Place:
        with self._counting:
            self._look_for_room(lane)
            now = self._clock()
            if not self.under_way:
                self._since = now
            self._taken[lane] += 1
        return _Place(lane, now)

    def _look_for_room(self, lane: Lane) -> None:
        if not self.has_room(lane):
            self.refused += 1
            raise Busy

    def _leave(self, place: _Place) -> None:
        """Give a place back, once; called in whichever thread ended it."""
        with self._counting:
            if not place.given_back:
                place.given_back = True
                self._taken[place.lane] -= 1


def _step_back() -> None:
    """Let everything short go before hashing, on the processors that they share.

    In a storm the loop was seen to wait for a core three quarters of its time, behind hashes, and
    with it whoever had been let in. On Linux each thread has a priority; elsewhere it stays.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # forbidden here: it hashes all the same
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, now + NICE)


def _lately(so_far: float, seconds: float) -> float:
    """Return a mean that forgets; 0 so far is none."""
    return so_far + (seconds - so_far) / LATELY if so_far else seconds


def _is_sound(phc: str) -> bool:
    try:
        parameters_of(phc)
    except BrokenHashError:
        return False
    return True
