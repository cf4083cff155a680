"""Kannel: an SMS gateway that others wrote, between HTTP and a message centre of SMPP."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.servers.message_centre import PASSWORD, SYSTEM_ID

PATIENCE = 20.0
USER, SENDSMS_PASSWORD = "portvakt", "kannelpw"
_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Kannel:
    """A bearerbox, which keeps the line to the centre, and a smsbox, which takes HTTP."""

    def __init__(self, folder: Path, centre_port: int) -> None:
        """Start both, and wait until the line is bound and texts are taken."""
        folder.mkdir(parents=True, exist_ok=True)
        admin, inner, self.port = _free_ports(3)
        file = folder / "kannel.conf"
        file.write_text(_config(folder, admin, inner, self.port, centre_port))
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            for name, port in (("bearerbox", inner), ("smsbox", self.port)):
                program = _found(name)
                with (folder / f"{name}.out").open("wb") as out:
                    started = subprocess.Popen([program, file], stdout=out, stderr=out)
                self._processes.append(started)
                self._wait(started, port)
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Where texts are handed in."""
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def close(self) -> None:
        """Stop both."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(PATIENCE)

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                return


def _found(name: str) -> str:
    program = shutil.which(name, path=_SBIN)
    if program is None:
        raise FileNotFoundError(f"{name} is missing; ./test installs it")
    return program


def _free_ports(count: int) -> list[int]:
    taken = [socket.socket() for _ in range(count)]
    try:
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]
    finally:
        for each in taken:
            each.close()


def _config(folder: Path, admin: int, inner: int, sendsms: int, centre: int) -> str:
    return f"""
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin
smsbox-port = {inner}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 1
dlr-storage = internal
store-type = file
store-location = "{folder}/store"

group = smsc
smsc = smpp
smsc-id = CENTRE
host = 127.0.0.1
port = {centre}
transceiver-mode = true
smsc-username = {SYSTEM_ID}
smsc-password = {PASSWORD}
system-type = ""
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1

group = sendsms-user
username = {USER}
password = {SENDSMS_PASSWORD}
max-messages = 5
concatenation = true
"""
