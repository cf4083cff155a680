"""What may happen once happens once, though eight processes try it at the same moment."""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.records.spendable import SPENDABLE
from tests.records.stored import with_anna
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]
PROCESSES = 8
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Contest:
    """Eight processes on one database."""

    url: str
    processes: list[subprocess.Popen[str]]
    numbers: Iterator[int]

    def race(self, thing: str) -> list[str]:
        """Make one, let everybody take it at once, and return what each says."""
        number = next(self.numbers)

        async def put() -> None:
            async with with_anna(self.url) as records:
                await records.write(lambda unit: SPENDABLE[thing].put(unit, number))

        asyncio.run(put())
        moment = time.time() + 0.1
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(f"{thing} {number} {moment}\n")
            process.stdin.flush()
        return [said(process) for process in self.processes]


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "a contender died"
    return line


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def contest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Contest]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("contest") / "portvakt.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        url = f"sqlite:///{path}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.fresh("migrated"))
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.records.contender", url]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            assert said(process) == "here"
        yield Contest(url, processes, itertools.count(1_000))
    finally:
        for process in processes:
            process.communicate()


@pytest.mark.parametrize("thing", SPENDABLE)
def test_of_eight_processes_exactly_one_wins(contest: Contest, thing: str) -> None:
    for _ in range(ROUNDS):
        assert sorted(contest.race(thing)) == ["lost"] * (PROCESSES - 1) + ["won"]
