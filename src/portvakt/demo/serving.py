"""Several small servers in one process and one loop, started and stopped together."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only where a name and a certificate were given
_LAST_PORT = 65535
_SECONDS_TO_FINISH = 2


class NoPortError(OSError):
    """The port, or every port after it, is taken; the message says which."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate and its key, in PEM files."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Place:
    """One app, the socket it answers on, and its certificate if it has one."""

    app: ASGIApp
    at: socket.socket
    tls: Tls | None = None
    lifespan: bool = False
    own_date: bool = True
    """False for what passes on the date of whoever stands behind it."""


def listen(port: int, *, address: str = LOOPBACK) -> socket.socket:
    """Take exactly this port, or any free one for 0. Raises `NoPortError`."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((address, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise NoPortError(f"port {port} is taken; choose another with --port") from error
        raise
    return taken


def listen_from(port: int, *, address: str = LOOPBACK) -> socket.socket:
    """Take the first free port from this one on, or any free one for 0."""
    while port <= _LAST_PORT:
        with contextlib.suppress(NoPortError):
            return listen(port, address=address)
        port += 1
    raise NoPortError("there is no free port")


def port_of(taken: socket.socket) -> int:
    """Return the port that a socket got."""
    port: int = taken.getsockname()[1]
    return port


class _Server(uvicorn.Server):
    """Leaves the signals to us, since one Ctrl-C stops all servers, and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.begun.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _server(place: Place) -> _Server:
    return _Server(
        uvicorn.Config(
            place.app,
            lifespan="on" if place.lifespan else "off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=place.own_date,
            proxy_headers=False,  # the product reads them itself, and strictly
            ssl_certfile=place.tls.cert if place.tls else None,
            ssl_keyfile=place.tls.key if place.tls else None,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
    )


class Servers:
    """All servers of the demo."""

    def __init__(self, places: Sequence[Place]) -> None:
        """Take what to serve, in the order to start."""
        self._pairs = [(_server(place), place.at) for place in places]
        self._tasks: list[asyncio.Task[None]] = []
        self._asked_to_stop = False

    async def start(self) -> bool:
        """Start them one after the other, and say whether all of them answer."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted)
        for server, at in self._pairs:
            task = asyncio.create_task(server.serve(sockets=[at]))
            self._tasks.append(task)
            await server.begun.wait()
            if not server.started:
                return False
        return True

    def stop(self) -> None:
        """Ask all of them to finish; may be called again."""
        self._asked_to_stop = True
        for server, _ in self._pairs:
            server.should_exit = True

    def _interrupted(self) -> None:
        """Stop; whoever presses Ctrl-C twice does not want to wait."""
        if self._asked_to_stop:
            for server, _ in self._pairs:
                server.force_exit = True
        self.stop()

    async def finished(self) -> int:
        """Wait until somebody stops them (0), or until one fails, which stops the others (1)."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        status = 0 if self._asked_to_stop else 1
        self.stop()
        await asyncio.gather(*self._tasks)
        return status
