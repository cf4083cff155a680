"""One bound connection to a message centre: asks, answers, and notices when nobody is there.

Several questions are under way at once, each known by its number. Whoever asks when the line dies
is told so at once, and cannot know whether the question arrived.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from portvakt.core.secret import Secret
from portvakt.sms.smpp import pdus
from portvakt.sms.smpp.pdus import BadPduError, Delivered, Pdu
from portvakt.wire.addresses import Destination, checked_addresses

OPENING: Final = 5.0
"""Seconds for name, connection, TLS and bind together."""
_LEAVE: Final = 1.0
_CHUNK: Final = 64 * 1024
_TOGETHER: Final = 8
"""PDUs that are written at once: fewer calls of the system, and the centre need not wait long."""
_MOST_DELIVERED: Final = 64
"""Receipts under way at once on one line; a centre with more of them is asked to wait."""
_THROTTLED: Final = 0x58
_FOR_AN_OPERATOR: Final = frozenset({0x0E, 0x0F})
"""Wrong password, wrong `system_id`: asking often can lock us out."""

Deliver = Callable[[Delivered], Awaitable[int]]
"""Takes what a `deliver_sm` holds, and returns the status to answer with."""

_log = structlog.get_logger("portvakt.smpp")


class LineLostError(Exception):
    """The line died, or could not be opened. The words are for the log."""


class NotLetInError(LineLostError):
    """The centre does not know us: for a person to mend."""


@dataclass(frozen=True, slots=True)
class Login:
    """Whom we bind as."""

    system_id: str
    password: Secret
    system_type: str


@dataclass(slots=True, eq=False)
class Line:
    """Made by `open_line`, bound, and read from until it is lost or closed."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    deliver: Deliver
    enquire_every: float
    answer_within: float
    why: str = ""
    """Why it was lost, once it is."""
    _sequence: int = 0
    _heard: float = 0.0
    _out: list[bytes] = field(default_factory=list)
    _waiting: dict[int, asyncio.Future[Pdu | None]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _delivering: int = 0
    _lost: asyncio.Event = field(default_factory=asyncio.Event)
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)
    """Set where an answer did not come: is anybody there?"""

    @property
    def is_lost(self) -> bool:
        """Say whether nothing can be asked any more."""
        return self._lost.is_set()

    async def ask(self, make: Callable[[int], bytes], within: float) -> Pdu:
        """Ask, and return the answer; `make` writes the question with its number.

        Raises `LineLostError` and `TimeoutError`: the question may have arrived.
        """
        self._sequence = self._sequence % pdus.LAST_SEQUENCE + 1
        number = self._sequence
        self._write(make(number))
        answer: asyncio.Future[Pdu | None] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(within):
                found = await answer
        except TimeoutError:
            self._doubt.set()
            raise
        finally:
            del self._waiting[number]
        if found is None:
            raise LineLostError(self.why)
        return found

    async def until_lost(self) -> str:
        """Wait until the line is lost, and return why."""
        await self._lost.wait()
        return self.why

    def start(self) -> None:
        """Begin to read."""
        self._start(self._read())

    def keep_alive(self) -> None:
        """Begin to ask whether anybody is there, whenever nothing is heard."""
        self._start(self._enquire())

    async def close(self, *, politely: bool = True) -> None:
        """Take leave if that is polite, and close."""
        if politely and not self.is_lost:
            try:
                await self.ask(lambda number: pdus.request("unbind", number), _LEAVE)
            except (LineLostError, TimeoutError):
                self.end("closed")  # a centre that does not take leave is left all the same
        self.end("closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(_LEAVE):
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.writer.transport.abort()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, raw: bytes) -> None:
        """Put it on the line, with some of what else is written in this turn of the loop."""
        if self.is_lost:
            raise LineLostError(self.why)
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out.append(raw)
        if len(self._out) >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if self._out:
            self.writer.write(b"".join(self._out))
            self._out.clear()

    def end(self, why: str) -> None:
        """Close the line, once, and tell everybody who waits."""
        if self.is_lost:
            return
        self.why = why
        self._lost.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(None)
        self._flush()
        self.writer.close()

    async def _read(self) -> None:
        why = "broken"
        try:
            await self._read_on()
            why = "the centre hung up"
        except LineLostError as error:
            why = str(error)
        except BadPduError as error:
            why = f"what came is no SMPP: {error}"
        except OSError as error:
            why = _why(error)
        except Exception:  # noqa: BLE001 - a line that nobody reads must not seem to live
            _log.exception("smpp.line_broken")
        finally:
            self.end(why)

    async def _read_on(self) -> None:
        """Take PDUs as they come, however the network has parted them."""
        loop = asyncio.get_running_loop()
        buffer = bytearray()
        while chunk := await self.reader.read(_CHUNK):
            self._heard = loop.time()
            buffer += chunk
            while len(buffer) >= pdus.LENGTH:
                length = pdus.read_length(buffer)
                if len(buffer) < length:
                    break
                raw = bytes(buffer[:length])
                del buffer[:length]
                self._take(pdus.read(raw))

    def _take(self, pdu: Pdu) -> None:
        if pdu.is_answer:
            answer = self._waiting.get(pdu.sequence)
            if answer is not None and not answer.done():
                answer.set_result(pdu)
        elif pdu.delivered is not None and self._delivering < _MOST_DELIVERED:
            self._delivering += 1
            self._start(self._take_delivered(pdu, pdu.delivered))
        elif pdu.delivered is not None:
            self._write(pdus.answer(pdu, _THROTTLED))
        else:
            self._write(pdus.answer(pdu))
            if pdu.command == "unbind":
                raise LineLostError("the centre took leave")

    async def _take_delivered(self, pdu: Pdu, delivered: Delivered) -> None:
        try:
            status = await self.deliver(delivered)
        finally:
            self._delivering -= 1
        if not self.is_lost:  # otherwise the centre delivers it again on the next line
            self._write(pdus.answer(pdu, status))

    async def _enquire(self) -> None:
        """Ask for a sign of life (section 4.11) where nothing was heard, or an answer is late."""
        loop = asyncio.get_running_loop()
        while not self.is_lost:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._heard + self.enquire_every):
                    await self._doubt.wait()
            if not self._doubt.is_set() and loop.time() < self._heard + self.enquire_every:
                continue
            self._doubt.clear()
            try:
                await self.ask(
                    lambda number: pdus.request("enquire_link", number), self.answer_within
                )
            except TimeoutError:
                self.end("the centre gives no sign of life")
            except LineLostError:
                return


async def open_line(
    place: Destination,
    tls: ssl.SSLContext | None,
    login: Login,
    deliver: Deliver,
    *,
    enquire_every: float,
    answer_within: float,
) -> Line:
    """Connect to an address that was judged, and bind. Raises `LineLostError`."""
    try:
        async with asyncio.timeout(OPENING):
            reader, writer = await _connected(place, tls)
    except TimeoutError as error:
        raise LineLostError("no connection in time") from error
    except OSError as error:
        raise LineLostError(_why(error)) from error
    line = Line(reader, writer, deliver, enquire_every, answer_within)
    line.start()
    try:
        answer = await line.ask(
            lambda number: pdus.bind(
                number,
                system_id=login.system_id,
                password=login.password.open(),
                system_type=login.system_type,
            ),
            OPENING,
        )
    except TimeoutError as error:
        await line.close(politely=False)
        raise LineLostError("no answer to the bind") from error
    except BaseException:
        await line.close(politely=False)
        raise
    if answer.status != pdus.OK:
        await line.close(politely=False)
        kind = NotLetInError if answer.status in _FOR_AN_OPERATOR else LineLostError
        raise kind(f"the centre does not let us in: {pdus.meaning(answer.status)}")
    line.keep_alive()
    return line


async def _connected(
    place: Destination, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Try the addresses in turn. The certificate is checked against the host's name."""
    last: OSError = OSError("no address")
    for address in await checked_addresses(place):
        try:
            return await asyncio.open_connection(
                address, place.port, ssl=tls, server_hostname=place.host if tls else None
            )
        except OSError as error:
            last = error
    raise last


def _why(error: OSError) -> str:
    """Say what went wrong."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return str(error) or type(error).__name__
