"""A socket that stays open while `serve` is restarted, as systemd keeps one: nobody is lost."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portvakt.commands.listening import handed_over, listening_for_tcp, named
from portvakt.commands.shell import CommandError
from tests.cli.box import Box
from tests.cli.test_serve import answer, new
from tests.servers.handing_over import handing_over


@contextlib.contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        given.listen()
        yield given, f"http://{named(given)}"


@contextlib.contextmanager
def serving_on(box: Box, number: int) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        (box.folder / "said").open("a") as said,
        subprocess.Popen(
            handing_over(number, sys.executable, "-m", "portvakt", "serve"),
            env=os.environ | {"PORTVAKT_CONFIG": str(box.config)},
            pass_fds=[number],
            stderr=said,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()  # killed, it would leave the processes that it has started


class Askers:
    """Ask again and again, one on a connection that is kept and one anew each time."""

    def __init__(self, url: str) -> None:
        self.seen: list[object] = []
        self._url = url
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(headers,), daemon=True)
            for headers in ({}, {"connection": "close"})
        ]
        for each in self._threads:
            each.start()

    def wait_for_more(self) -> None:
        """Wait until twenty more were answered."""
        wanted = len(self.seen) + 20
        until = time.monotonic() + 60
        while len(self.seen) < wanted:
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self) -> None:
        self._enough.set()
        for each in self._threads:
            each.join()

    def _ask(self, headers: dict[str, str]) -> None:
        with httpx.Client(headers=headers, timeout=60, trust_env=False) as client:
            while not self._enough.is_set():
                try:
                    self.seen.append(client.get(f"{self._url}/healthz").status_code)
                except httpx.TransportError as error:
                    self.seen.append(error)


def nobody_is_turned_away(box: Box) -> None:
    with listening() as (given, url), serving_on(box, given.fileno()) as first:
        assert answer(f"{url}/readyz", 60).status_code == 200
        askers = Askers(url)
        askers.wait_for_more()
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
        with serving_on(box, given.fileno()):
            askers.wait_for_more()
            askers.stop()
    assert set(askers.seen) == {200}


@pytest.mark.slow
def test_nobody_is_turned_away_while_another_takes_over(tmp_path: Path) -> None:
    nobody_is_turned_away(new(tmp_path, f"sqlite:///{tmp_path}/p.db"))


@pytest.mark.slow
def test_nobody_is_turned_away_while_several_take_over(tmp_path: Path, postgresql_url: str) -> None:
    nobody_is_turned_away(Box.make(tmp_path, postgresql_url, "[server]\nworkers = 2\n"))


@pytest.mark.slow
def test_what_does_not_listen_is_refused(tmp_path: Path) -> None:
    box = new(tmp_path, f"sqlite:///{tmp_path}/p.db")
    with box.config.open() as file, serving_on(box, file.fileno()) as process:
        assert process.wait(30) == 1
    said = (box.folder / "said").read_text().splitlines()
    assert said[-1] == "portvakt serve: what was handed over as 3: Socket operation on non-socket"


def test_a_socket_that_nobody_can_connect_to_is_refused() -> None:
    with pytest.raises(CommandError, match="does not listen for TCP"):
        listening_for_tcp(socket.socket().detach())


def test_what_was_meant_for_another_process_is_left_alone() -> None:
    assert handed_over({}) == []
    assert handed_over({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == []


def test_an_address_of_either_kind_is_named() -> None:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        four.bind(("127.0.0.1", 0))
        six.bind(("::1", 0))
        assert named(four) == f"127.0.0.1:{four.getsockname()[1]}"
        assert named(six) == f"[::1]:{six.getsockname()[1]}"
