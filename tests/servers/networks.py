"""Three networks on this machine: inside, outside, and a proxy between both and the service.

They are network namespaces, which take root: without it, tests that need them are skipped. A proxy
runs in one of them, listens at an address of each side, and reaches the service over a line of its
own.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
CLONE_NEWNET: Final = 0x40000000
INSIDE, OUTSIDE, PROXY = "in", "out", "gw"
INSIDE_NET: Final = "10.99.1.0/24"
AT: Final = {INSIDE: "10.99.1.1", OUTSIDE: "10.99.2.1"}
"""Where the proxy listens, as seen from each side."""
FROM: Final = {INSIDE: "10.99.1.2", OUTSIDE: "10.99.2.2"}


class NoNetworksError(Exception):
    """Namespaces cannot be made here, and why."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The three networks, by their names in `ip netns`."""

    mark: str
    service: str
    """The address at which the service listens for the proxy, on this machine's own network."""
    proxy: str
    """The address that the proxy comes from."""

    def name(self, side: str) -> str:
        return f"pv-{self.mark}-{side}"

    def command(self, side: str, command: list[str]) -> list[str]:
        """Return what runs a command in one of them."""
        return [_ip(), "netns", "exec", self.name(side), *command]

    def within(self, side: str, act: Callable[[], T]) -> T:
        """Do something there: each socket that it makes is of that network."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(self._enter, side, act).result()

    def _enter(self, side: str, act: Callable[[], T]) -> T:
        """Enter, in a thread that ends afterwards (setns(2))."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.name(side)}").open("rb") as file:
            if libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        return act()


@contextmanager
def networks() -> Iterator[Networks]:
    """Make them, and take them away. Raises `NoNetworksError`."""
    number = os.getpid()
    line = f"10.{200 + number % 50}.{number // 50 % 250}"
    found = Networks(str(number), f"{line}.1", f"{line}.2")
    try:
        _make(found)
        yield found
    finally:
        for side in (INSIDE, OUTSIDE, PROXY):
            if Path(f"/run/netns/{found.name(side)}").exists():
                _run("netns", "del", found.name(side))


def _make(found: Networks) -> None:
    for side in (INSIDE, OUTSIDE, PROXY):
        _run("netns", "add", found.name(side))
        _run("-n", found.name(side), "link", "set", "lo", "up")
    gate = found.name(PROXY)
    for side in (INSIDE, OUTSIDE):
        ours, theirs = f"pv{found.mark}{side[0]}0", f"pv{found.mark}{side[0]}1"
        _run("link", "add", ours, "type", "veth", "peer", "name", theirs)
        _run("link", "set", ours, "netns", found.name(side))
        _run("link", "set", theirs, "netns", gate)
        _up(found.name(side), ours, f"{FROM[side]}/24")
        _up(gate, theirs, f"{AT[side]}/24")
    ours, theirs = f"pv{found.mark}s0", f"pv{found.mark}s1"
    _run("link", "add", ours, "type", "veth", "peer", "name", theirs)
    _run("link", "set", theirs, "netns", gate)
    _run("addr", "add", f"{found.service}/30", "dev", ours)
    _run("link", "set", ours, "up")
    _up(gate, theirs, f"{found.proxy}/30")


def _up(namespace: str, link: str, address: str) -> None:
    _run("-n", namespace, "addr", "add", address, "dev", link)
    _run("-n", namespace, "link", "set", link, "up")


def _ip() -> str:
    found = shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise NoNetworksError("there is no `ip` (iproute2)")
    return found


def _run(*words: str) -> None:
    done = subprocess.run([_ip(), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoNetworksError(f"ip {' '.join(words)}: {done.stderr.strip()}")
