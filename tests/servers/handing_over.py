"""A socket that is open already, handed to a process as systemd does it (sd_listen_fds(3))."""

import sys

_LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execvp(sys.argv[2], sys.argv[2:])
"""


def handing_over(number: int, *command: str) -> list[str]:
    """Return what starts `command` with this file descriptor, which it must inherit."""
    return [sys.executable, "-c", _LAUNCH, str(number), *command]
