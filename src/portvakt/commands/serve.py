"""`portvakt serve`: answers requests until it is told to stop, finishing those under way."""

import asyncio
import ctypes
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socket
from ssl import SSLContext, SSLError
from stat import S_IRWXO
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from portvakt import log, worker
from portvakt.app import Beside, build, system_clock
from portvakt.commands.listening import handed_over, named
from portvakt.commands.opening import (
    is_embedded,
    leave_what_is_loaded,
    make_ready,
    read_keys,
    refuse_what_is_not_ours,
)
from portvakt.commands.shell import CommandError, Shell
from portvakt.settings import Settings, load_settings
from portvakt.settings.checks import is_place_to_listen
from portvakt.web.server import UVICORN_OPTIONS, Server
from portvakt.web.tls import server_context

EXAMPLE = "portvakt serve --config /etc/portvakt/portvakt.toml"
STOPPING = 10
"""Seconds that requests under way get to end when the process is told to stop."""
IDLE = 65
"""Seconds a connection from the proxy is kept: longer than the proxy's own 60, so that it is the
proxy that closes and no request meets a closing connection."""


def arguments(parser: ArgumentParser) -> None:
    """Take where to listen, where neither the settings nor who starts us shall say."""
    parser.add_argument(
        "--listen", type=_place, metavar="HOST:PORT", help="instead of [server] listen"
    )


def _place(text: str) -> str:
    if not is_place_to_listen(text):
        raise ArgumentTypeError(f"“{text}” is not an address and a port, such as 127.0.0.1:8000")
    return text


def run(args: Namespace, shell: Shell) -> int:
    """Serve until SIGINT or SIGTERM. Everything that would stop it later is found out first."""
    settings = shell.settings()
    make_ready(settings, shell.clock().date())
    asyncio.run(refuse_what_is_not_ours(settings, shell))
    read_keys(settings)
    log.configure(settings.log.format, settings.log.level)
    signal.signal(signal.SIGTERM, lambda *_: None)  # what uvicorn raises again at its end is ours
    given = [] if args.listen else handed_over(shell.environ)
    listen = args.listen or settings.server.listen
    where = ", ".join(map(named, given)) or listen
    tls = tls_of(settings)
    with suppress(OSError):  # a log that cannot be written keeps nobody out
        print(f"portvakt: {settings.public_url} on {where}", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        if settings.server.workers > 1:
            return _serve_many(settings, listen, tls, given, shell)
        server = Server(
            uvicorn.Config(
                build(settings, clock=shell.clock, beside=beside_of(settings)),
                **options(listen, tls),
            )
        )
        leave_what_is_loaded()
        server.run(given or None)
        return 0 if server.started else 1
    return 0


Tls = tuple[Path, Path]
"""A certificate and its key."""


def tls_of(settings: Settings) -> Tls | None:
    """Return what TLS is spoken with, once it was tried; None where a proxy does it.

    Raises `CommandError` for files that cannot be used.
    """
    certificate, key = settings.server.tls_certificate_file, settings.server.tls_key_file
    if certificate is None or key is None:
        return None
    files = Path(certificate), Path(key)
    try:
        if files[1].stat().st_mode & S_IRWXO:
            raise CommandError(f"{key}: everybody may read it; do `chmod o= {key}`")
        server_context(*files)
    except SSLError as error:
        raise CommandError(f"{certificate} and {key}: {error.reason or error}") from error
    except OSError as error:
        raise CommandError(f"{error.filename or certificate}: {error.strerror}") from error
    return files


def _context(files: Tls, *_: object) -> SSLContext:
    """Make it in each process that serves; uvicorn asks."""
    return server_context(*files)


def options(listen: str, tls: Tls | None = None) -> Mapping[str, Any]:
    """Return how uvicorn serves us. Addresses behind proxies are our own business (rule R7)."""
    host, _, port = listen.rpartition(":")
    return {
        "host": host.strip("[]"),
        "port": int(port),
        **UVICORN_OPTIONS,
        "lifespan": "on",
        "log_config": None,
        "timeout_keep_alive": IDLE,
        "timeout_graceful_shutdown": STOPPING,
        "ssl_context_factory": None if tls is None else partial(_context, tls),
    }


def beside_of(settings: Settings) -> Beside | None:
    """Say what runs beside the server: on the embedded database, all background work."""
    if not is_embedded(settings):
        return None
    return lambda chosen, house: worker.beside(
        chosen, records=house.records, keys=house.keys, hasher=house.hasher
    )


def _serve_many(
    settings: Settings, listen: str, tls: Tls | None, given: list[socket], shell: Shell
) -> int:
    """Start several processes; each builds the application from the same file."""
    os.environ["PORTVAKT_CONFIG"] = str(shell.config.resolve())
    os.environ[_PARENT] = str(os.getpid())
    config = uvicorn.Config(
        "portvakt.commands.serve:application",
        factory=True,
        workers=settings.server.workers,
        **options(listen, tls),
    )
    Multiprocess(config, given or [config.bind_socket()]).run()
    return 0


_PARENT = "_PORTVAKT_PARENT"
"""Where a process that `serve` starts finds the id of the one that did."""
_PR_SET_PDEATHSIG = 1


def _end_with(parent: int) -> None:
    """Have the kernel stop this process when its parent is gone, however it went (prctl(2)).

    Left alone it would go on to serve, with the settings of a while ago, and keep the database in
    use. On other systems than Linux whoever killed the parent sees to that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it went before
            os.kill(os.getpid(), signal.SIGTERM)


def application() -> Any:
    """Build the application in a process that `serve` started."""
    _end_with(int(os.environ[_PARENT]))
    settings = load_settings(Path(os.environ["PORTVAKT_CONFIG"]), os.environ)
    log.configure(settings.log.format, settings.log.level)
    leave_what_is_loaded()
    return build(settings, clock=system_clock)
