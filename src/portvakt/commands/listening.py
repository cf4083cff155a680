"""Sockets that whoever starts us has open already, as systemd does (sd_listen_fds(3)).

They stay open while `serve` is restarted: the kernel keeps whoever comes meanwhile in its queue.
"""

import os
import socket
from collections.abc import Mapping

from portvakt.commands.shell import CommandError

_FIRST = 3
"""The number of the first one: SD_LISTEN_FDS_START."""
_FAMILIES = (socket.AF_INET, socket.AF_INET6)  # who comes by another has no address


def handed_over(environ: Mapping[str, str]) -> list[socket.socket]:
    """Return the sockets that were handed over to this process; none where nobody did.

    Raises `CommandError` for what does not listen for TCP.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [
        listening_for_tcp(number) for number in range(_FIRST, _FIRST + int(environ["LISTEN_FDS"]))
    ]


def listening_for_tcp(number: int) -> socket.socket:
    """Return the socket of a file descriptor. Raises `CommandError` where it is no such one."""
    try:
        given = socket.socket(fileno=number)
        listens = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CommandError(f"what was handed over as {number}: {error.strerror}") from error
    if not listens or given.family not in _FAMILIES:
        given.close()
        raise CommandError(f"what was handed over as {number} does not listen for TCP")
    given.set_inheritable(False)
    return given


def named(given: socket.socket) -> str:
    """Say where it listens."""
    host, port = given.getsockname()[:2]
    return f"[{host}]:{port}" if given.family is socket.AF_INET6 else f"{host}:{port}"
