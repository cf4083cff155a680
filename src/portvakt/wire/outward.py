"""Calls to addresses that apps give: keys, request objects, sign-outs, pictures (M30, SSRF).

An app's address is a stranger's word: it leads to public addresses only, over https only, and to
nothing inside unless the settings name the network (`[outgoing] networks`, for test installations;
http is allowed there, too). The name is looked up once, every address of it is judged, and the line
goes to the very address that was judged; TLS checks the certificate against the name. No redirect
is followed, and size, time and calls at once are bounded, so an app that hangs holds up nobody.

`Outward` is built by the roots, one for each process: `get` returns `Fetched`, or why there is
nothing (`Refused`, `Unknown` of `outcomes`); `post` sends a form and returns an `Outcome`. What an
answer holds is for the caller to judge.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from portvakt.wire.addresses import (
    BadDestinationError,
    Destination,
    Resolve,
    is_public,
    read_address,
)
from portvakt.wire.breaker import Breaker
from portvakt.wire.http import (
    LARGEST_ANSWER,
    TIME_OUT,
    Answer,
    NoAnswer,
    NotSent,
    Request,
    exchange,
)
from portvakt.wire.outcomes import Outcome, Refused, Sent, Unknown
from portvakt.wire.trust import trusting

Clock = Callable[[], datetime]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL: Final = 2000
AT_ONCE: Final = 8
"""Calls under way to one place; more wait a moment for their turn."""
TURN_WITHIN: Final = 1.0
"""Seconds for which a call waits for its turn."""
FAILURES: Final = 3
"""Calls in a row that come to nothing, after which a place is left alone for a while."""
_LOOK_UPS: Final = 32
"""Names looked up at once, in threads of their own: a name server that hangs stops nobody else."""
_FINE: Final = range(200, 300)
_BROKEN: Final = range(500, 600)
_NO: Final = range(400, 600)
_GONE: Final = 410
_BLANKS: Final = frozenset(' \\"<>^`{|}')


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a place answered with 200. Header names are in lower case."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Place(Destination):
    """A place that an app named, and the networks of ours that it may lead to."""

    inside: tuple[Network, ...] = ()

    def admits(self, address: str) -> bool:
        """Say whether the host may lead to this address, however it is written."""
        found = read_address(address)
        if any(found in network for network in self.inside):
            return not (found.is_unspecified or found.is_multicast or found.is_link_local)
        return self.scheme == "https" and is_public(found)


class Outward:
    """Reaches addresses that apps give."""

    def __init__(
        self,
        networks: Iterable[str] = (),
        *,
        clock: Clock,
        resolve: Resolve | None = None,
        ca_file: Path | None = None,
        time_out: float = TIME_OUT,
    ) -> None:
        """Allow public addresses, and those in `networks` (CIDR).

        `resolve` replaces the system's look-up, `ca_file` its certificate authorities; `time_out`
        is in seconds and for one call. Raises `ValueError` where a network is none.
        """
        self._inside = tuple(ipaddress.ip_network(each) for each in networks)
        self._clock = clock
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="outward")
        self._resolve = resolve or self._look_up
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None
        self._time_out = time_out
        self._breaker = Breaker(failures=FAILURES)
        self._turns: dict[str, _Turns] = {}

    async def get(
        self, url: str, most: int = LARGEST_ANSWER, *, accept: str = "*/*"
    ) -> Fetched | Refused | Unknown:
        """Fetch what an address answers with 200, if it is at most `most` bytes."""
        answer = await self._call("GET", url, {"Accept": accept}, b"", most)
        if not isinstance(answer, Answer):
            return answer
        if answer.status != 200:  # noqa: PLR2004  # the one status of a whole answer
            return _declined(answer)
        return Fetched(answer.body, answer.headers)

    async def post(self, url: str, form: Mapping[str, str]) -> Outcome:
        """Send a form. `Sent` is that the other side answered with a status of success."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
        content = urlencode(form).encode("ascii")
        answer = await self._call("POST", url, headers, content, LARGEST_ANSWER)
        if not isinstance(answer, Answer):
            return answer
        return Sent("") if answer.status in _FINE else _declined(answer)

    def close(self) -> None:
        """Let go of the threads. Nothing is called afterwards."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, most: int
    ) -> Answer | Refused | Unknown:
        try:
            place, target = self._read(url)
        except BadDestinationError as error:
            return Refused(f"is no address to call: {error}", retry=False)
        name = str(place)
        async with self._turn(name) as mine:
            if not mine:
                wait = timedelta(seconds=TURN_WITHIN)
                return Refused("enough is on its way there", retry=True, wait=wait)
            wait = self._breaker.pause(name, self._clock())
            if wait:
                return Refused("the place is left alone for a while", retry=True, wait=wait)
            answer = await exchange(
                place,
                Request(method, target, headers, content),
                resolve=self._resolve,
                tls=self._trust() if place.scheme == "https" else None,
                time_out=self._time_out,
                most=most,
            )
        return self._judged(name, answer)

    def _judged(self, name: str, answer: Answer | NotSent | NoAnswer) -> Answer | Refused | Unknown:
        """Note how the place is, and say what a call that came to nothing means."""
        if isinstance(answer, NotSent) and answer.forbidden:
            return Refused("leads to an address that no app may lead to", retry=False)
        if isinstance(answer, Answer) and answer.status not in _BROKEN:
            self._breaker.well(name)
        else:
            self._breaker.failed(name, self._clock())
        if isinstance(answer, NotSent):
            return Refused(answer.why, retry=True)
        return Unknown(answer.why) if isinstance(answer, NoAnswer) else answer

    def _read(self, url: str) -> tuple[_Place, bytes]:
        """Take a URL apart into the place and what is asked of it. Raises `BadDestinationError`."""
        if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
            raise BadDestinationError("too long, or not in ASCII")
        if _BLANKS & set(url) or "#" in url:
            raise BadDestinationError("has characters that an address cannot have")
        found = Destination.of_url(url, private=True)
        if found.scheme == "http" and not self._inside:
            raise BadDestinationError("must be https")
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        place = _Place(found.scheme, found.host, found.port, inside=self._inside)
        return place, target.encode("ascii")

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = trusting(self._ca_file)
        return self._tls

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except UnicodeError as error:  # parts of a name that are empty or too long
            raise OSError(f"{host} is no name") from error
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[bool]:
        """Wait for a turn at a place; False where it does not come soon."""
        turns = self._turns.setdefault(name, _Turns())
        turns.wanted += 1
        mine = False
        try:
            try:
                async with asyncio.timeout(TURN_WITHIN):
                    mine = await turns.free.acquire()
            except TimeoutError:
                mine = False
            yield mine
        finally:
            if mine:
                turns.free.release()
            turns.wanted -= 1
            if not turns.wanted:
                self._turns.pop(name, None)


@dataclass(slots=True)
class _Turns:
    """How many are at a place, or wait to be."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    wanted: int = 0


def _declined(answer: Answer) -> Refused:
    """Say what a status means that is no success; where to come back in seconds, that counts.

    What is wrong at an app may be mended; but what it sends elsewhere, and what is gone, stays so.
    """
    again = answer.status in _NO and answer.status != _GONE
    asked = answer.headers.get("retry-after", "")
    wait = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= len("3600") else 0
    return Refused(f"answers {answer.status}", retry=again, wait=timedelta(seconds=wait))
